"""What changed from one revision of a data set to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import SPLIT
from heldout.datasets.table import ID

ANNOTATIONS = "annotations"  # Stands in `changed` for any annotation of the example.
_KEY = "annotation_id"


@dataclass(frozen=True, slots=True, eq=False)
class Diff:
    """The way from one data set to another.

    Attributes:
        added: Ids that are new.
        removed: Ids that are gone.
        changed: `example_id` and `what`: the columns that differ, `annotations` among them. An example
            that only moved between splits is not here.
        moved: `example_id`, `before` and `after`: the splits.
        annotations: How many annotations were `added`, `removed` and `changed`, those of added and
            removed examples included.
        columns: Columns of the examples that were `added` and `removed`.
        categories: Names of categories that were `added`, `removed` and `changed`.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: pl.DataFrame
    moved: pl.DataFrame
    annotations: dict[str, int]
    columns: dict[str, list[str]]
    categories: dict[str, list[str]]

    def __bool__(self) -> bool:
        parts = (self.added, self.removed, self.changed.height, self.moved.height)
        counts = [*self.annotations.values(), *self.columns.values(), *self.categories.values()]
        return any(map(bool, [*parts, *counts]))

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain lists and mappings."""
        return {
            "added": list(self.added),
            "removed": list(self.removed),
            "changed": self.changed.to_dicts(),
            "moved": self.moved.to_dicts(),
            "annotations": self.annotations,
            "columns": self.columns,
            "categories": self.categories,
        }


def diff(before: DataSet, after: DataSet) -> Diff:
    """Return what was added, removed, changed and moved between splits.

    Examples are the same if their ids are; annotations if they belong to the same example and have the
    same id.
    """
    old, new = before.examples, after.examples
    made = _compare_annotations(before.annotations, after.annotations)
    kept = new[ID].filter(new[ID].is_in(old[ID].implode()))
    changed = _changed_columns(old, new)
    touched = made.filter(pl.col(ID).is_in(kept.implode()))[ID].unique(maintain_order=True)
    changed = pl.concat(
        [changed, pl.DataFrame({ID: touched, "what": [ANNOTATIONS] * len(touched)}, changed.schema)]
    )
    return Diff(
        added=_only_in(new, old),
        removed=_only_in(old, new),
        changed=changed.group_by(ID, maintain_order=True).agg("what"),
        moved=_moved(old, new),
        annotations={
            name: made.filter(pl.col("change") == name).height
            for name in ("added", "removed", "changed")
        },
        columns={
            "added": [name for name in new.columns if name not in old.columns],
            "removed": [name for name in old.columns if name not in new.columns],
        },
        categories=_compare_categories(before, after),
    )


def _only_in(frame: pl.DataFrame, other: pl.DataFrame) -> tuple[str, ...]:
    return tuple(frame.filter(~pl.col(ID).is_in(other[ID].implode()))[ID])


def _changed_columns(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return a row of `example_id` and `what` for each cell that differs."""
    names = [name for name in old.columns if name in new.columns and name not in (ID, SPLIT)]
    pairs = _texts(old, names, [ID]).join(_texts(new, names, [ID]), on=ID, suffix=" ")
    found = [
        pairs.filter(pl.col(name).ne_missing(pl.col(f"{name} "))).select(
            ID, pl.lit(name).alias("what")
        )
        for name in names
    ]
    return pl.concat([pl.DataFrame(schema={ID: pl.String, "what": pl.String}), *found])


def _texts(frame: pl.DataFrame, names: Sequence[str], keys: Sequence[str]) -> pl.DataFrame:
    """Return the columns in a form that compares; lists as text."""
    listed = [name for name in names if frame[name].dtype.is_nested()]
    plain = [name for name in names if name not in listed]
    return frame.select(
        *keys,
        *(pl.col(name).cast(pl.String) for name in plain),
        *(pl.struct(name).struct.json_encode().alias(name) for name in listed),
    )


def _moved(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    empty = pl.DataFrame(schema={ID: pl.String, "before": pl.String, "after": pl.String})
    if SPLIT not in old.columns or SPLIT not in new.columns:
        return empty
    pairs = new.select(ID, pl.col(SPLIT).alias("after")).join(
        old.select(ID, pl.col(SPLIT).alias("before")), on=ID, maintain_order="left"
    )
    return pairs.filter(pl.col("before").ne_missing(pl.col("after"))).select(empty.columns)


def _compare_annotations(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return `example_id` and `change` for each annotation that differs."""
    keys = [ID, _KEY]
    names = [name for name in old.columns if name not in keys]
    before, after = _texts(old, names, keys), _texts(new, names, keys)
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name} ")) for name in names)
    parts = {
        "added": after.join(before, on=keys, how="anti"),
        "removed": before.join(after, on=keys, how="anti"),
        "changed": before.join(after, on=keys, suffix=" ").filter(differs),
    }
    return pl.concat(
        [frame.select(ID, pl.lit(name).alias("change")) for name, frame in parts.items()]
    )


def _compare_categories(before: DataSet, after: DataSet) -> dict[str, list[str]]:
    old = {one.name: one for one in before.categories}
    new = {one.name: one for one in after.categories}
    return {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and new[name] != old[name]],
    }
