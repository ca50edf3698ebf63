"""A data set that has one of everything, cut to what a format holds."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from heldout.datasets.annotations import (
    Category,
    DataSet,
    Kind,
    Licence,
    annotation_frame,
    run_lengths,
)
from heldout.datasets.formats.format import Trait
from heldout.datasets.images import open_image

WIDTH, HEIGHT = 20, 16
BY = Licence("CC BY 4.0", url="https://creativecommons.org/licenses/by/4.0/", number=4)

Make = Callable[..., DataSet]


def a_mask(top: int, left: int, bottom: int, right: int) -> dict[str, Any]:
    """A rectangle of set pixels as run lengths, with its box and area."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[top:bottom, left:right] = True
    return {
        "mask": run_lengths.text_of(run_lengths.counts_of_pixels(mask)),
        "mask_height": HEIGHT,
        "mask_width": WIDTH,
        "area": float(mask.sum()),
    } | dict(zip(("x0", "y0", "x1", "y1"), map(float, (left, top, right, bottom)), strict=True))


def box(x0: float, y0: float, x1: float, y1: float) -> dict[str, Any]:
    return {"x0": x0, "y0": y0, "x1": x1, "y1": y1, "area": (x1 - x0) * (y1 - y0)}


TRIANGLE = {"polygons": [[1.0, 1.0, 9.5, 1.0, 1.0, 8.25]], **box(1, 1, 9.5, 8.25)}
SEVERAL = {
    "polygons": [[1.0, 1.0, 5.0, 1.0, 1.0, 5.0], [10.0, 9.0, 14.0, 9.0, 14.0, 15.0]],
    **box(1, 1, 14, 15),
}
POINTS = {"keypoints": [3.0, 4.0, 2.0, 0.0, 0.0, 0.0, 8.0, 9.5, 2.0], **box(2, 3, 9, 10)}


def _annotations(holds: Collection[Trait]) -> list[dict[str, Any]]:
    """One annotation for each trait, on the four examples in turn."""
    found: dict[Trait, dict[str, Any]] = {
        Trait.LABELS: {"kind": Kind.LABEL, "category": "cat"},
        Trait.SEVERAL_LABELS: {"kind": Kind.LABEL, "category": "dog"},
        Trait.BOXES: {"category": "dog", **box(2.5, 3, 11, 12.75)},
        Trait.ROTATION: {"category": "cat", **box(6, 5, 12, 9), "rotation": 30.0},
        Trait.POLYGONS: {"category": "cat", **TRIANGLE},
        Trait.SEVERAL_POLYGONS: {"category": "cat", **SEVERAL},
        Trait.MASKS: {"category": "dog", **a_mask(2, 3, 9, 12)},
        Trait.CROWDS: {"category": "dog", **a_mask(4, 3, 15, 12), "crowd": True},
        Trait.KEYPOINTS: {"category": "person", **POINTS},
        Trait.CAPTIONS: {"kind": Kind.CAPTION, "text": "A cat, “asleep” | on a mat"},
        Trait.ANSWERS: {"kind": Kind.ANSWER, "text": "no"},
        Trait.ANNOTATORS: {"kind": Kind.ANSWER, "text": "yes", "annotator": "7"},
    }
    if Trait.SEGMENTS in holds:
        found[Trait.SEGMENTS] = {"kind": Kind.SEGMENT, "category": "dog", **a_mask(0, 0, 9, 12)}
        if Trait.BOXES not in holds:
            found[Trait.CROWDS]["kind"] = Kind.SEGMENT
    if Trait.ANSWERS not in holds:
        found.pop(Trait.ANNOTATORS)
    extra = {"category": "cat", **box(4, 4, 8, 8)}
    found[Trait.ATTRIBUTES] = extra | {"attributes": '{"colour":"red"}'}
    found[Trait.ORIGINS] = extra | {"origin": "verified"}
    found[Trait.SCORES] = extra | {"origin": "machine", "score": 0.75, "annotator": "net"}
    return [{"kind": Kind.OBJECT} | row for trait, row in found.items() if trait in holds]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a data set of four images that has the traits asked for and no others."""
    return maker(tmp_path)


def maker(tmp_path: Path) -> Make:
    """As `make`, with the images in this folder."""

    def build(holds: Collection[Trait]) -> DataSet:
        rng = np.random.default_rng(3)
        for number in range(4):
            pixels = rng.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        examples: dict[str, list[Any]] = {
            "example_id": ["a", "b", "c", "d"],
            "image": [f"{number}.png" for number in range(4)],
            "width": [WIDTH] * 4,
            "height": [HEIGHT] * 4,
            "split": ["train", "train", "val", "val"],
        }
        if Trait.LICENCES in holds:
            examples |= {
                "licence": [BY.name, None, BY.name, None],
                "author": ["Ada", "Bea", None, None],
                "source": ["https://example.org/1", None, None, None],
            }
        if Trait.QUESTIONS in holds:
            examples["question"] = ["What is it?", "Is it?", "Wo ist es?", "?"]
        if Trait.METADATA in holds:
            examples |= {"city": ["Graz", None, "Łódź", "Graz"], "income": [1.5, 2.0, None, 7.0]}
        rows = _annotations(holds)
        located = [row for row in rows if row["kind"] != Kind.LABEL]
        labels = [row for row in rows if row["kind"] == Kind.LABEL]
        placed = [row | {"example_id": "abcd"[place % 4]} for place, row in enumerate(located)]
        placed += [row | {"example_id": "a"} for row in labels]
        if labels:
            placed += [labels[0] | {"example_id": one, "category": "dog"} for one in "bcd"]
        for number, row in enumerate(placed, 1):
            row["annotation_id"] = str(number)
        columns = {name: [row.get(name) for row in placed] for name in _columns(placed)}
        return DataSet(
            examples=pl.DataFrame(examples),
            annotations=annotation_frame(columns),
            categories=_categories(holds),
            licences=(BY,) if Trait.LICENCES in holds else (),
            root=tmp_path,
        )

    return build


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _categories(holds: Collection[Trait]) -> tuple[Category, ...]:
    parents = ("animal",) if Trait.HIERARCHY in holds else ()
    points = ("nose", "left", "right") if Trait.KEYPOINTS in holds else ()
    skeleton = ((0, 1), (0, 2)) if points else ()
    coded = Trait.NUMBERS in holds
    named = [Category("cat", parents=parents), Category("dog", parents=parents)]
    if points:
        named.append(Category("person", keypoints=points, skeleton=skeleton))
    return tuple(
        Category(
            one.name,
            parents=one.parents,
            number=10 * place if coded else None,
            keypoints=one.keypoints,
            skeleton=one.skeleton,
        )
        for place, one in enumerate(named, 1)
    )


def shown(dataset: DataSet) -> dict[bytes, tuple[Any, ...]]:
    """What is known of each image, by its pixels, whatever the ids and file names are."""
    annotations = dataset.annotations.drop("annotation_id")
    found = {}
    for row, path in zip(
        dataset.examples.iter_rows(named=True), dataset.media_paths(), strict=True
    ):
        with open_image(path) as image:
            key = np.asarray(image.convert("L")).tobytes()
        made = annotations.filter(pl.col("example_id") == row["example_id"]).drop("example_id")
        known = {
            name: value
            for name, value in row.items()
            if name not in ("example_id", "image", "file_name", "image_id") and value is not None
        }
        found[key] = (known, sorted(map(_plain, made.iter_rows(named=True)), key=str))
    return found


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what is null, numbers rounded."""
    return {name: _rounded(value) for name, value in row.items() if value is not None}


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, 6) + 0.0 if isinstance(value, float) else value
