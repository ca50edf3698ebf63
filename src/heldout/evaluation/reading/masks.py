"""Folders or ZIP archives of PNG masks, one class per pixel, named by their example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl

from heldout.datasets.tasks import Task
from heldout.errors import Problems
from heldout.evaluation.data import AnyArray, Places
from heldout.evaluation.reading.expected import Expected, Missing
from heldout.evaluation.vision.pictures import Pictures, open_pictures, read_codes
from heldout.evaluation.vision.semantic import (
    IGNORE,
    MaskLayout,
    MaskPredictions,
    MaskReferences,
)

CODES = 255  # Classes where none are declared: every value but the one that is ignored.
INSTANCES = "_instanceIds"
LABELS = "_labelIds"
ANNOTATED = ("_gtFine", "_gtCoarse")
OTHER_KINDS = ("_color", "_labelTrainIds", "_instanceTrainIds", INSTANCES)


def read_references(path: Path, *, task: Task, classes: Sequence[str] | None) -> MaskReferences:
    """Read the masks of a folder or archive.

    Of Cityscapes' files the ones with label ids are the masks, and `<city>_<sequence>_<frame>` is
    the example. Without declared classes the pixel values 0 to 254 name themselves.
    """
    pictures = open_pictures(path)
    masks = [name for name in pictures.names if not _stem(name).endswith(OTHER_KINDS)]
    problems = Problems()
    ids = list(map(_example, masks))
    for example, count in Counter(ids).items():
        if count > 1:
            problems.add(path.name, f'{count} masks are named "{example}"', "keep one")
    if not masks:
        problems.add(path.name, "there is no mask in it", "give PNG masks, one per example")
    names = tuple(classes) if classes else tuple(map(str, range(CODES)))
    sizes = [_check(pictures, name, len(names), None, problems) for name in masks]
    problems.refuse_if_any()
    example_ids = pl.Series("example_id", ids, dtype=pl.String)
    known = set(pictures.names)
    instances = [name.replace(LABELS, INSTANCES) for name in masks]
    return MaskReferences(
        example_ids,
        pl.DataFrame(),
        pictures=pictures,
        files=masks,
        instances=[
            one if one in known and one != name else ""
            for one, name in zip(instances, masks, strict=True)
        ],
        names=names,
        layout=MaskLayout(example_ids, np.array(sizes, np.int64).reshape(-1, 2), len(names)),
    )


def read_predictions(path: Path, *, task: Task, expected: Expected) -> MaskPredictions:
    """Read the masks of a folder or archive; a name may go on after the example's and a `_`."""
    layout = expected.public
    assert isinstance(layout, MaskLayout), "expected.public is the references' public"
    pictures = open_pictures(path)
    problems = Problems()
    files = _assign(pictures.names, layout.example_ids.to_list(), problems)
    missing = np.array([not name for name in files], np.bool_)
    if missing.any() and expected.missing is Missing.REFUSE:
        named = ", ".join(layout.example_ids.filter(pl.Series(missing))[:10])
        message = f"no mask for {missing.sum():,} of the examples: {named}"
        problems.add(path.name, message, "predict every example")
    for name, size in zip(files, layout.sizes, strict=True):
        if name:
            _check(pictures, name, layout.classes, size, problems)
    problems.refuse_if_any()
    return MaskPredictions(
        layout.example_ids,
        missing,
        Places(np.arange(len(files)), lambda row: files[row] or layout.example_ids[row]),
        pictures=pictures,
        files=files,
    )


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _example(name: str) -> str:
    stem = _stem(name).removesuffix(LABELS)
    for ending in ANNOTATED:
        stem = stem.removesuffix(ending)
    return stem


def _assign(names: Sequence[str], examples: Sequence[str], problems: Problems) -> list[str]:
    """Return the file of each example, an empty name where there is none."""
    found: dict[str, str] = {}
    known = set(examples)
    for name in names:
        example = _owner(_stem(name), known)
        if example is None:
            remedy = "name it like its example, or like it and then _"
            problems.add(name, "is not named like one of the examples", remedy)
        elif example in found:
            problems.add(name, f'"{found[example]}" is a mask of the same example', "keep one")
        else:
            found[example] = name
    return [found.get(example, "") for example in examples]


def _owner(stem: str, examples: set[str]) -> str | None:
    """Return the longest example whose name the file's is, or begins with before a `_`."""
    parts = stem.split("_")
    for length in range(len(parts), 0, -1):
        if (candidate := "_".join(parts[:length])) in examples:
            return candidate
    return None


def _check(
    pictures: Pictures, name: str, classes: int, size: AnyArray | None, problems: Problems
) -> tuple[int, int] | None:
    codes = read_codes(pictures, name, problems)
    if codes is None:
        return None
    if size is not None and codes.shape != tuple(size):
        message = f"a mask of height {codes.shape[0]} and width {codes.shape[1]}"
        problems.add(name, f"{message} for an image of {size[0]} and {size[1]}", "resize it")
    values = np.unique(codes)
    for value in values[((values < 0) | (values >= classes)) & (values != IGNORE)][:10]:
        remedy = f"values count the classes from 0; {IGNORE} is no class"
        problems.add(name, f"the pixel value {value} is not one of {classes} classes", remedy)
    return int(codes.shape[0]), int(codes.shape[1])
