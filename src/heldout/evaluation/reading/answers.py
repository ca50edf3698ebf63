"""Answers to questions about images: the files of VQA v2 and of VizWiz."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from heldout.datasets.tasks import Task
from heldout.decoding import decode
from heldout.errors import Problems
from heldout.evaluation.data import MISSING, Floats, Places
from heldout.evaluation.language.data import AnswerPredictions, AnswerReferences
from heldout.evaluation.reading.entries import Id, as_table, decode_list, read_list, refuse
from heldout.evaluation.reading.expected import Expected, Missing
from heldout.evaluation.reading.faults import Faults
from heldout.evaluation.reading.rows import arrange, match_rows, read_ids
from heldout.evaluation.vision.json_entries import read_bytes

QUESTION, IMAGE = "question_id", "image"
COLUMNS = ("image_id", "question_type", "answer_type")


class Answer(msgspec.Struct):
    """What one person answered."""

    answer: str


class Annotation(msgspec.Struct):
    """One question of either format."""

    answers: list[Answer]
    question_id: Id | None = None
    image: Id | None = None
    image_id: Id | None = None
    question_type: str | None = None
    answer_type: str | None = None
    answerable: int | None = None


class Annotations(msgspec.Struct):
    """The file of VQA v2; VizWiz's is the list alone."""

    annotations: msgspec.Raw


class Result(msgspec.Struct):
    """One prediction of either format."""

    question_id: Id | None = None
    image: Id | None = None
    answer: str | None = None
    answerable: float | None = None


def read_references(path: Path, *, task: Task, classes: Sequence[str] | None) -> AnswerReferences:
    """Read VQA v2's object of annotations, or VizWiz's list; examples are questions or images."""
    problems = Problems()
    entries = decode_list(_annotations(read_bytes(path)), Annotation, problems, path.name)
    rows = entries.rows
    key = QUESTION if any(row.question_id is not None for row in rows) else IMAGE
    table = as_table(entries, path.name, ids=key)
    faults = Faults.of(table)
    ids = read_ids(table, faults, key)
    _refuse(
        faults,
        [not row.answers for row in rows],
        "the list of answers is empty",
        "list one at least",
    )
    judged = [row.answerable for row in rows]
    whole = all(value is not None for value in judged)
    _refuse(
        faults,
        [value not in (0, 1, None) for value in judged],
        "answerable is neither 0 nor 1",
        "give 0 or 1",
    )
    refuse(faults, problems)
    return AnswerReferences(
        ids.alias("example_id"),
        _columns(rows),
        answers=[[one.answer for one in row.answers] for row in rows],
        types=[row.answer_type or "" for row in rows],
        answerable=np.array(judged, dtype=np.float64) if whole else None,
        key=key,
    )


def read_predictions(path: Path, *, task: Task, expected: Expected) -> AnswerPredictions:
    """Read `[{question_id | image, answer | answerable}]`; what one entry has all must have."""
    key = expected.public
    assert isinstance(key, str), "expected.public is the references' public"
    problems = Problems()
    entries = read_list(path, Result, problems)
    table = as_table(entries, path.name, ids=key)
    faults = Faults.of(table)
    known = replace(expected, missing=Missing.WRONG) if problems else expected
    rows = match_rows(table, faults, known, column=key)
    answers = [row.answer for row in entries.rows]
    sure = [row.answerable for row in entries.rows]
    answered, judged = _any(answers), _any(sure)
    if answered or not judged:
        _refuse(faults, [value is None for value in answers], "no answer", "answer every question")
    if judged:
        outside = [value is not None and not 0 <= value <= 1 for value in sure]
        _refuse(faults, [value is None for value in sure], "no answerable", "give the confidence")
        _refuse(faults, outside, "answerable is not between 0 and 1", "give the confidence")
    refuse(faults, problems)
    return AnswerPredictions(
        example_ids=expected.example_ids,
        missing=rows == MISSING,
        places=Places(rows, table.place),
        answers=[None if row == MISSING else answers[row] for row in rows] if answered else None,
        answerable=_arranged(sure, rows) if judged else None,
    )


def _annotations(data: bytes) -> bytes:
    """Return the list of annotations as bytes, whichever format the file has."""
    try:
        return bytes(decode(data, Annotations).annotations)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data


def _refuse(faults: Faults, wrong: Sequence[bool], message: str, remedy: str) -> None:
    faults.at(np.flatnonzero(wrong), lambda _: (message, remedy))


def _any(values: Sequence[object]) -> bool:
    return any(value is not None for value in values)


def _arranged(values: Sequence[float | None], rows: np.ndarray) -> Floats:
    arranged: Floats = arrange(np.array(values, dtype=np.float64), rows, absent=np.nan)
    return arranged


def _columns(rows: Sequence[Annotation]) -> pl.DataFrame:
    given = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    return pl.DataFrame(
        {
            name: pl.Series([None if one is None else str(one) for one in values], dtype=pl.String)
            for name, values in given.items()
            if _any(values)
        }
    )
