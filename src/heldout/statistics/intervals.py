"""A range of values."""

from __future__ import annotations

from typing import NamedTuple


class Interval(NamedTuple):
    """A closed range, both ends in the unit of the number it belongs to."""

    low: float
    high: float
