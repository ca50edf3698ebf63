"""Collects examples and annotations one by one, for formats that are read entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from heldout.datasets.annotations.dataset import Category, Licence
from heldout.datasets.annotations.schema import ANNOTATIONS, BOX, annotation_frame
from heldout.datasets.formats.format import PLACE, Draft
from heldout.datasets.table import ID, MEDIA
from heldout.decoding import decode


@dataclass(slots=True)
class Rows:
    """Rows of a draft in the making; keys that a row lacks are null."""

    examples: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)

    def example(self, place: str, example_id: str, image: str | None, /, **columns: Any) -> None:
        """Add an example."""
        self.examples.append({**columns, PLACE: place, ID: example_id, MEDIA: image})

    def annotation(self, place: str, example_id: str, kind: str, /, **columns: Any) -> None:
        """Add an annotation; `attributes` may be a mapping, and `box` its four corners."""
        box = columns.pop("box", None)
        if box is not None:
            columns |= dict(zip(BOX, box, strict=True))
        attributes = columns.get("attributes")
        if isinstance(attributes, Mapping):
            columns["attributes"] = as_json(attributes)
        self.annotations.append({PLACE: place, ID: example_id, "kind": kind, **columns})

    def draft(
        self,
        *,
        root: Path | None,
        categories: Iterable[Category] | None = None,
        licences: Iterable[Licence] = (),
        info: Mapping[str, str] | None = None,
    ) -> Draft:
        """Return everything that was added."""
        named = {name: [row.get(name) for row in self.annotations] for name in ANNOTATIONS}
        places = pl.Series(PLACE, [row[PLACE] for row in self.annotations], dtype=pl.String)
        return Draft(
            examples=self._examples(),
            annotations=annotation_frame(named).with_columns(places),
            categories=None if categories is None else tuple(categories),
            licences=tuple(licences),
            info=info or {},
            root=root,
        )

    def _examples(self) -> pl.DataFrame:
        if not self.examples:
            return pl.DataFrame(schema=dict.fromkeys((PLACE, ID, MEDIA), pl.String))
        frame = pl.DataFrame(self.examples, infer_schema_length=None, strict=False)
        return frame.with_columns(pl.col(ID, MEDIA).cast(pl.String))


def as_json(attributes: Mapping[str, Any]) -> str | None:
    """Return what is known as a JSON object, or None if nothing is."""
    known = {key: value for key, value in attributes.items() if value is not None}
    return msgspec.json.encode(known).decode() if known else None


def from_json(text: object) -> dict[str, Any]:
    """Return the attributes of an annotation."""
    found: dict[str, Any] = decode(text) if isinstance(text, str) else {}
    return found
