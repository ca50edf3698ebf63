"""Held-out answers that public files of a challenge give away."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from heldout.challenge.columns import wanted_columns
from heldout.challenge.folder import TABLE_SUFFIXES, Challenge, tables_in
from heldout.datasets.giveaways import find_giveaways
from heldout.datasets.images import IMAGE_SUFFIXES
from heldout.datasets.manifest import FILE_NAME as MANIFEST
from heldout.datasets.table import ID, MEDIA, REFERENCE, ExampleTable
from heldout.errors import BadInput, Problem
from heldout.evaluation.data import (
    CustomReferences,
    LabelReferences,
    NumberReferences,
    References,
    SetReferences,
)
from heldout.evaluation.reading.table import read_table

_PATH = "path of the medium"
_LARGEST_SCANNED = 50_000_000
_MANY = 0.5


class Giveaways(NamedTuple):
    """What gives answers away for certain, and what seems to."""

    problems: list[Problem]
    notes: list[Problem]


def giveaways(
    table: ExampleTable, references: References, challenge: Challenge, split: str
) -> Giveaways:
    """Look for answers in the public table of a held-out split."""
    place = f"{challenge.definition.data.examples}/{split}"
    if table.has_reference:
        remedy = f"move the column to {challenge.definition.data.answers}/{split}"
        message = f'the column "{REFERENCE}" publishes the held-out answers'
        return Giveaways([Problem(place, message, remedy)], [])
    columns = _columns_of(references, challenge)
    findings = dict.fromkeys(
        one for answers in columns for one in _find(table, references.example_ids, answers)
    )
    certain = [finding for finding in findings if "is the held-out answer" in finding.message]
    return Giveaways(
        [_placed(finding, place) for finding in certain],
        [_placed(finding, place) for finding in findings if finding not in certain],
    )


def _columns_of(references: References, challenge: Challenge) -> list[pl.Series]:
    if isinstance(references, CustomReferences):
        groups = wanted_columns(challenge.definition.data)
        return [column for column in references.columns if column.name not in groups]
    answers = answers_of(references)
    return [] if answers is None else [answers]


def _find(table: ExampleTable, ids: pl.Series, answers: pl.Series) -> list[Problem]:
    private = pl.DataFrame({ID: ids, REFERENCE: answers})
    frame = table.frame.rename({MEDIA: _PATH}, strict=False).join(private, on=ID)
    public = [name for name in frame.columns if name not in (ID, REFERENCE)]
    joined = ExampleTable(frame, table.task, table.classes)
    return find_giveaways(joined, public=public, new_ids=False)


def _placed(finding: Problem, place: str) -> Problem:
    return Problem(f"{place}: {finding.place}", finding.message, finding.remedy)


def answers_of(references: References) -> pl.Series | None:
    """Return references as a column: text, lists of text, or numbers; None for other kinds."""
    if isinstance(references, LabelReferences):
        return pl.Series(REFERENCE, references.names, dtype=pl.String).gather(references.labels)
    if isinstance(references, SetReferences):
        sets = [
            [name for name, member in zip(references.names, row, strict=True) if member]
            for row in references.sets
        ]
        return pl.Series(REFERENCE, sets, dtype=pl.List(pl.String))
    if isinstance(references, NumberReferences):
        return pl.Series(REFERENCE, references.values)
    return None


def stray_files(challenge: Challenge, answers: Mapping[str, References]) -> list[Problem]:
    """Look for held-out examples in public files where they have no business."""
    name = challenge.definition.data.examples
    own = set(tables_in(challenge.data))
    problems = []
    for path in _public_files(challenge.data):
        place = f"{name}/{path.relative_to(challenge.data).as_posix()}"
        if path.is_symlink():
            problems.append(Problem(place, "is a link", "copy the file here"))
        elif path.suffix.lower() not in IMAGE_SUFFIXES and path.name != MANIFEST:
            held = {
                split: ref
                for split, ref in answers.items()
                if path not in own or path.stem != split
            }
            problems += _mentions(path, place, held)
    return problems


def _public_files(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        linked = [name for name in folders if (Path(parent) / name).is_symlink()]
        yield from (Path(parent) / name for name in sorted([*files, *linked]))


def _mentions(path: Path, place: str, answers: Mapping[str, References]) -> Iterator[Problem]:
    for split, references in answers.items():
        share = _share_named(path, references.example_ids)
        if share > (0 if path.suffix.lower() in TABLE_SUFFIXES else _MANY):
            message = f'names examples of the held-out split "{split}"'
            yield Problem(place, message, "participants get this file: take them out, or remove it")


def _share_named(path: Path, ids: pl.Series) -> float:
    """Return which share of the ids a file names; a table names them as whole cells."""
    if path.suffix.lower() in TABLE_SUFFIXES:
        try:
            frame = read_table(path).frame
        except BadInput:
            return 0.0  # It is unreadable, which is a problem of its own.
        named = [cells for cells in frame if cells.dtype == pl.String or cells.dtype.is_integer()]
        words = pl.concat([cells.cast(pl.String) for cells in named]) if named else pl.Series([""])
        return float(ids.is_in(words.implode()).mean() or 0)  # type: ignore[arg-type]
    if path.stat().st_size > _LARGEST_SCANNED:
        return 0.0
    tokens = set(re.findall(rb"[\w.-]+", path.read_bytes()))
    return sum(name.encode() in tokens for name in ids) / max(1, len(ids))
