"""Where statistics are counted: in this process, or wherever an engine of one's own has it done."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Protocol

import polars as pl

from heldout.datasets.profile.media import measure_images
from heldout.datasets.profile.statistic import Statistic

Call = partial[Statistic]


class Engine(Protocol):
    """Runs what a profile consists of; each gives what `Local` gives, in the same order."""

    def count(self, calls: Iterable[Call]) -> list[Statistic]:
        """Return what the calls return, or raise what the first that fails raises."""

    def measure(self, images: pl.DataFrame) -> pl.DataFrame:
        """Return `measure_images` of a table of images."""


class Local:
    """One after the other, in this process."""

    def count(self, calls: Iterable[Call]) -> list[Statistic]:
        """Return what the calls return."""
        return [call() for call in calls]

    def measure(self, images: pl.DataFrame) -> pl.DataFrame:
        """Return `measure_images`."""
        return measure_images(images)
