"""VQA v2: questions in one JSON file, the answers of ten people to each in another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import QUESTION, SPLIT, Kind
from heldout.datasets.formats.exporting import (
    by_split,
    place_images,
    rows_by_example,
    whole_ids,
    write_json,
)
from heldout.datasets.formats.finding import find_images, json_files, split_of, top_keys
from heldout.datasets.formats.format import Draft, Format, Source, Trait
from heldout.datasets.formats.losses import FILE_NAME
from heldout.datasets.formats.rows import Rows, from_json
from heldout.datasets.table import ID, MEDIA
from heldout.decoding import decode
from heldout.errors import Problems

_TYPES = ("question_type", "answer_type", "multiple_choice_answer")


class Answer(msgspec.Struct, omit_defaults=True):
    """What one person answered."""

    answer: str
    answer_confidence: str | None = None
    answer_id: int | None = None


class _Question(msgspec.Struct):
    question_id: int | str
    image_id: int | str
    question: str
    image: str | None = None


class _Questions(msgspec.Struct):
    questions: list[_Question]
    data_subtype: str = ""
    info: dict[str, Any] = {}


class _Answers(msgspec.Struct):
    question_id: int | str
    answers: list[Answer]
    question_type: str | None = None
    answer_type: str | None = None
    multiple_choice_answer: str | None = None


class _Annotations(msgspec.Struct):
    annotations: list[_Answers]


def _recognise(path: Path) -> bool:
    keys = [top_keys(file) for file in json_files(path, "annotations")]
    return any("questions" in one or {"annotations", "question_id"} <= one for one in keys)


def _read(source: Source, problems: Problems) -> Draft | None:
    files = json_files(source.path, "annotations")
    if source.path.is_file():
        files = json_files(source.path.parent, "annotations")
        files = [one for one in files if split_of(one) == split_of(source.path)]
    asked = [file for file in files if "questions" in top_keys(file)]
    answered = [file for file in files if "question_id" in top_keys(file)]
    answers = {
        str(one.question_id): (one, file.name)
        for file in answered
        for one in _read_answers(file, problems)
    }
    rows = Rows()
    root: Path | None = None
    for file in asked:
        start = len(rows.examples)
        _read_questions(file, answers, rows, problems)
        names = [row[FILE_NAME] for row in rows.examples[start:]]
        root, paths = find_images(names, file, source)
        for row, path in zip(rows.examples[start:], paths, strict=True):
            row[MEDIA] = path
    if not asked:
        problems.add(source.path.name, "has no file with questions beside the answers")
    known = {row[ID] for row in rows.examples}
    for number in [one for one in answers if one not in known] if asked else []:
        problems.add(answers[number][1], f"answers question {number}, which nobody asks")
    return rows.draft(root=root, categories=()) if rows.examples else None


def _read_answers(file: Path, problems: Problems) -> list[_Answers]:
    try:
        return decode(file.read_bytes(), _Annotations).annotations
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        problems.add(file.name, f"is no file of answers: {error}")
        return []


def _read_questions(
    file: Path, answers: Mapping[str, tuple[_Answers, str]], rows: Rows, problems: Problems
) -> None:
    try:
        document = decode(file.read_bytes(), _Questions)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        problems.add(file.name, f"is no file of questions: {error}")
        return
    split = split_of(Path(document.data_subtype)) or split_of(file)
    for one in document.questions:
        number = str(one.question_id)
        place = f"{file.name} question {number}"
        found = answers[number][0] if number in answers else None
        types = {name: getattr(found, name) if found else None for name in _TYPES}
        columns = {"image_id": str(one.image_id), QUESTION: one.question, **types}
        columns |= {FILE_NAME: one.image or _image_name(one, document.data_subtype)}
        rows.example(place, number, None, **columns, **({SPLIT: split} if split else {}))
        add_answers(found.answers if found else [], place, number, rows)


def _image_name(one: _Question, subset: str) -> str:
    """Return the name COCO gives the image of a question."""
    number = f"{one.image_id:012d}" if isinstance(one.image_id, int) else str(one.image_id)
    return f"COCO_{subset}_{number}.jpg" if subset else f"{number}.jpg"


def add_answers(answers: list[Answer], place: str, example_id: str, rows: Rows) -> None:
    """Add what several people answered; each is known by the place of the answer only."""
    for number, one in enumerate(answers, 1):
        rows.annotation(
            f"{place}, answer {number}",
            example_id,
            Kind.ANSWER,
            annotation_id=f"{example_id}-{number}",
            text=one.answer,
            annotator=None if one.answer_id is None else str(one.answer_id),
            attributes={"answer_confidence": one.answer_confidence},
        )


def answers_of(annotations: list[dict[str, Any]]) -> list[Answer]:
    """Return the answers among an example's annotations."""
    made = [one for one in annotations if one["kind"] == Kind.ANSWER]
    return [_answer(one) for one in made]


def _answer(one: Mapping[str, Any]) -> Answer:
    annotator = one["annotator"]
    number = int(annotator) if annotator is not None and annotator.isdecimal() else None
    return Answer(one["text"], from_json(one["attributes"]).get("answer_confidence"), number)


def _write(dataset: DataSet, folder: Path) -> None:
    shared = place_images(dataset, folder / "images")
    chosen = dict(zip(dataset.examples[ID], shared, strict=True))
    numbered = whole_ids(dataset) or list(range(1, len(dataset) + 1))
    ids = dict(zip(dataset.examples[ID], numbered, strict=True))
    images = {name: place for place, name in enumerate(dict.fromkeys(shared), 1)}
    annotations = rows_by_example(dataset.annotations)
    for split, part in by_split(dataset):
        asked, answered = [], []
        for row in part.examples.iter_rows(named=True):
            name = chosen[row[ID]]
            image_id = str(row.get("image_id") or images[name])
            common = {
                "question_id": ids[row[ID]],
                "image_id": int(image_id) if image_id.isdecimal() else image_id,
            }
            image = name or row.get(FILE_NAME)
            asked.append({**common, "question": row.get(QUESTION) or "", "image": image})
            types = {key: row[key] for key in _TYPES if row.get(key) is not None}
            answers = answers_of(annotations.get(row[ID], []))
            if answers:
                answered.append({**common, "answers": answers, **types})
        subset = {"data_subtype": split, "info": dict(dataset.info)}
        write_json({**subset, "questions": asked}, folder / f"questions_{split}.json")
        write_json({**subset, "annotations": answered}, folder / f"annotations_{split}.json")


FORMAT = Format(
    id="vqa",
    title="VQA v2",
    layout="a folder with a JSON file of questions and one of answers, and images",
    holds=frozenset(
        {Trait.SPLITS, Trait.ANSWERS, Trait.QUESTIONS, Trait.ANNOTATORS, Trait.LOOSE_EXAMPLES}
    ),
    recognise=_recognise,
    read=_read,
    write=_write,
)
