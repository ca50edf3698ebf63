"""What is known of a data set's purpose, and what must not be in its bundle.

A data set of its own is described on its pages. Those of a challenge are described by the challenge,
which registers here how: this app knows nothing of challenges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import polars as pl

from heldout.cards.facts import Subject
from heldout.cards.scan import TELLING, Secrets
from heldout.datasets.index.views import Part, Role, view_for
from heldout.datasets.table import ID, MEDIA
from heldout.site.catalog.models import DataRevision, DataSet
from heldout.site.catalog.reading import categories, layout_of, public_parts


class Supplier(Protocol):
    """What another app says of the revisions of its data sets."""

    def supplies(self, dataset: DataSet) -> bool:
        """Whether the data set is one of its own."""

    def subject(self, revision: DataRevision, data: Path, tables: Mapping[str, Path]) -> Subject:
        """What the facts are about, with the public data in this folder."""

    def datasheet(self, revision: DataRevision) -> str:
        """The datasheet that came with the data."""

    def overview(self, revision: DataRevision) -> str:
        """The text that the card of the data begins with."""

    def secrets(self, revision: DataRevision) -> list[Secrets]:
        """What must not be in the public bundle."""


class OwnData:
    """Data sets that stand on their own."""

    def supplies(self, dataset: DataSet) -> bool:
        return True

    def subject(self, revision: DataRevision, data: Path, tables: Mapping[str, Path]) -> Subject:
        dataset, layout = revision.dataset, layout_of(revision)
        return Subject(
            id=dataset.slug,
            title=dataset.title,
            data=data,
            tables=tables,
            summary=dataset.summary,
            license=dataset.license,
            organisers=_makers(dataset),
            classes=[one.name for one in categories(revision)],
            media_column=MEDIA if layout.media else None,
        )

    def datasheet(self, revision: DataRevision) -> str:
        return ""

    def overview(self, revision: DataRevision) -> str:
        return ""

    def secrets(self, revision: DataRevision) -> list[Secrets]:
        return [*hidden_columns(revision), hidden_rows(revision)]


def _makers(dataset: DataSet) -> list[str]:
    """Who made the data; an address of the owner's is nobody's business."""
    made_by = dataset.about.get("creator") or (dataset.owner.handle if dataset.owner else "")
    return [str(made_by)] if made_by else []


def hidden_columns(revision: DataRevision) -> Iterator[Secrets]:
    """Each column that not everybody sees, beside the ids of the examples that everybody sees."""
    layout, parts = layout_of(revision), public_parts(revision)
    view = view_for(Role.PUBLIC, parts, access=layout.access)
    shown, seen = _texts(view.parts), {one.split for one in view.parts}
    for name in (name for name, role in layout.columns.items() if role > Role.PUBLIC):
        having = [one for one in parts if one.split in seen and name in one.frame.columns]
        by_split = {one.split: _by_id(one, name) for one in having}
        texts = {text for known in by_split.values() for text in known.values()}
        yield Secrets(by_split=by_split, telling=frozenset(_telling(texts) - shown))


def hidden_rows(revision: DataRevision) -> Secrets:
    """The long texts of splits and annotations that not everybody sees, if nothing visible has them."""
    layout, parts = layout_of(revision), public_parts(revision)
    view = view_for(Role.PUBLIC, parts, access=layout.access)
    shown = _texts(view.parts) | _said(view.parts)
    seen = {one.split for one in view.parts}
    hidden = _texts(one for one in parts if one.split not in seen) | _said(parts)
    return Secrets(telling=frozenset(_telling(hidden) - shown))


def _by_id(part: Part, column: str) -> dict[str, str]:
    known = part.frame.select(ID, pl.col(column).cast(pl.String, strict=False)).drop_nulls()
    return dict(known.iter_rows())


def _telling(texts: set[str]) -> set[str]:
    return {text for text in texts if len(text) >= TELLING}


def _texts(parts: Iterable[Part]) -> set[str]:
    frames = (cells for one in parts for cells in one.frame.iter_columns())
    kept = (cells for cells in frames if cells.dtype == pl.String and cells.name != MEDIA)
    return {text for cells in kept for text in cells.drop_nulls()}


def _said(parts: Iterable[Part]) -> set[str]:
    return {text for one in parts for text in one.annotations["text"].drop_nulls()}


_SUPPLIERS: list[Supplier] = [OwnData()]


def register(supplier: Supplier) -> None:
    """The one registered last is asked first."""
    _SUPPLIERS.insert(0, supplier)


def supplier_of(dataset: DataSet) -> Supplier:
    return next(one for one in _SUPPLIERS if one.supplies(dataset))
