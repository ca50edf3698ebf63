"""VizWiz: one JSON list per split, an entry per image with its question and ten answers."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import QUESTION, SPLIT
from heldout.datasets.formats.exporting import by_split, place_images, rows_by_example, write_json
from heldout.datasets.formats.finding import find_images, json_files, split_of
from heldout.datasets.formats.format import Draft, Format, Source, Trait
from heldout.datasets.formats.losses import FILE_NAME
from heldout.datasets.formats.rows import Rows
from heldout.datasets.formats.vqa import Answer, add_answers, answers_of
from heldout.datasets.table import ID
from heldout.decoding import decode
from heldout.errors import Problems


class _Entry(msgspec.Struct):
    image: str
    question: str
    answers: list[Answer] | None = None
    answer_type: str | None = None
    answerable: int | None = None


def _entries(file: Path) -> list[_Entry] | str:
    try:
        return decode(file.read_bytes(), list[_Entry])
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        return str(error)


def _recognise(path: Path) -> bool:
    found = map(_entries, json_files(path, "annotations")[:3])
    return any(isinstance(one, list) and bool(one) for one in found)


def _read(source: Source, problems: Problems) -> Draft | None:
    rows = Rows()
    root: Path | None = None
    for file in json_files(source.path, "annotations"):
        entries = _entries(file)
        if isinstance(entries, str):
            problems.add(file.name, f"is no file of VizWiz: {entries}")
            continue
        split = split_of(file)
        root, paths = find_images([one.image for one in entries], file, source)
        for number, (one, path) in enumerate(zip(entries, paths, strict=True), 1):
            place = f"{file.name} entry {number}"
            example_id = PurePosixPath(one.image).stem
            columns = {
                QUESTION: one.question,
                "answer_type": one.answer_type,
                "answerable": one.answerable,
                FILE_NAME: one.image,
            }
            rows.example(place, example_id, path, **columns, **({SPLIT: split} if split else {}))
            add_answers(one.answers or [], place, example_id, rows)
    return rows.draft(root=root, categories=()) if rows.examples else None


def _write(dataset: DataSet, folder: Path) -> None:
    shared = place_images(dataset, folder / "images")
    chosen = dict(zip(dataset.examples[ID], shared, strict=True))
    annotations = rows_by_example(dataset.annotations)
    for split, part in by_split(dataset):
        entries = []
        for row in part.examples.iter_rows(named=True):
            entry = {
                "image": chosen[row[ID]] or row.get(FILE_NAME) or f"{row[ID]}.jpg",
                "question": row.get(QUESTION) or "",
                "answers": answers_of(annotations.get(row[ID], [])) or None,
                "answer_type": row.get("answer_type"),
                "answerable": row.get("answerable"),
            }
            entries.append({key: value for key, value in entry.items() if value is not None})
        write_json(entries, folder / f"{split}.json")


FORMAT = Format(
    id="vizwiz",
    title="VizWiz",
    layout="a JSON list per split, and images",
    holds=frozenset(
        {Trait.SPLITS, Trait.ANSWERS, Trait.QUESTIONS, Trait.ANNOTATORS, Trait.LOOSE_EXAMPLES}
    ),
    recognise=_recognise,
    read=_read,
    write=_write,
)
