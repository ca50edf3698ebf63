"""What the examples of a challenge leave open or contradict about who may use them."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from heldout.challenge.folder import Challenge
from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import annotation_frame
from heldout.datasets.profile.rights import (
    licence_conflicts,
    missing_fields,
    opt_outs,
    tell_missing,
)
from heldout.datasets.table import REFERENCE, ExampleTable
from heldout.errors import Problem


def rights(challenge: Challenge, tables: Iterable[ExampleTable]) -> list[Problem]:
    """Return what to look at: licences, authors and sources left out, licences that contradict.

    A field that no table has a column for is not asked after.
    """
    frames = [table.frame.drop(REFERENCE, strict=False) for table in tables]
    if not frames:
        return []
    dataset = DataSet(pl.concat(frames, how="diagonal_relaxed"), annotation_frame({}))
    asked = missing_fields(dataset).table.filter(pl.col("column").is_not_null())
    conflicts = licence_conflicts(dataset, stated=challenge.definition.challenge.license)
    place, remedy = challenge.definition.data.examples, "`heldout profile` lists them"
    alarms = tell_missing(asked) + conflicts.alarms + opt_outs(dataset).alarms
    return [Problem(place, alarm.removesuffix("."), remedy) for alarm in alarms]
