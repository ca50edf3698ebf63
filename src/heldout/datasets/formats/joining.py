"""Several annotation files into one data set: splits side by side, captions onto the same images."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from heldout.datasets.annotations.dataset import Category, Licence
from heldout.datasets.formats.format import Draft
from heldout.datasets.table import ID, MEDIA


def join_drafts(drafts: Sequence[Draft]) -> Draft | None:
    """Return one draft of all, or None if there are none.

    An example that several files describe is the same one if it names the same image; an object that
    several files describe (boxes here, keypoints there) is kept where it says most.
    """
    if len(drafts) < 2:
        return drafts[0] if drafts else None
    categories: dict[str, Category] = {}
    licences: dict[str, Licence] = {}
    for one in drafts:
        for category in one.categories or ():
            known = categories.get(category.name)
            if known is None or (category.keypoints and not known.keypoints):
                categories[category.name] = category
        licences |= {licence.name: licence for licence in one.licences}
    info = {key: value for one in reversed(drafts) for key, value in one.info.items()}
    return Draft(
        examples=_join_examples([one.examples for one in drafts]),
        annotations=_join_annotations([one.annotations for one in drafts]),
        categories=tuple(categories.values()),
        licences=tuple(licences.values()),
        info=info,
        root=drafts[0].root,
    )


def _join_examples(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat(frames, how="diagonal_relaxed")
    keys = [name for name in (ID, MEDIA, "split") if name in whole.columns]
    return whole.unique(subset=keys, keep="first", maintain_order=True)


def _join_annotations(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat(frames).with_row_index("row")
    keys = [ID, "annotation_id", "kind", "category"]
    numbered = pl.col("annotation_id").is_not_null()
    fullest = whole.sort(pl.col("keypoints").is_null(), maintain_order=True)
    kept = fullest.filter(~numbered | pl.struct(keys).is_first_distinct()).sort("row")
    return kept.drop("row")
