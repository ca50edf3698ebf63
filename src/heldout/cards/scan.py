"""A last look at a bundle before it is offered: is any held-out answer in it?

`heldout check` compares tables column by column. This looks at files as they will be handed out, the
documents too: a copy of an answers file, a line or row that names a held-out example and its answer, and
an answer so long that it stands nowhere by chance.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from heldout.cards.facts import read_split
from heldout.challenge.evaluate import read_answers
from heldout.challenge.folder import TABLE_SUFFIXES, Challenge
from heldout.challenge.giveaways import answers_of
from heldout.datasets.manifest import hash_files
from heldout.datasets.table import REFERENCE
from heldout.datasets.tables import format_of
from heldout.decoding import decode
from heldout.errors import Problem, Problems
from heldout.evaluation.data import CustomReferences

#: Answers of at least so many characters are looked for by themselves.
TELLING = 12
_START = 8
_WORD = re.compile(r"[\w.-]+")
_ANSWER_KEYS = frozenset({"answer", "multiple_choice_answer", "caption"})


@dataclass(frozen=True)
class Secrets:
    """What must not be in a bundle.

    Attributes:
        files: SHA-256 of every file of answers.
        by_split: Answers as text by example id, where a table holds them.
        telling: Long answers that no public split shows.
    """

    files: frozenset[str] = frozenset()
    by_split: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    telling: frozenset[str] = frozenset()


def secrets_of(challenge: Challenge) -> Secrets:
    """Collect the held-out answers of a challenge.

    Raises:
        BadInput: The answers cannot be read.
    """
    by_split, texts, held = {}, set[str](), {REFERENCE}
    for split in dict.fromkeys(phase.split for phase in challenge.definition.phases):
        references = read_answers(challenge, split)
        answers = answers_of(references)
        if answers is not None:
            by_split[split] = dict(
                zip(references.example_ids.to_list(), _as_text(answers), strict=True)
            )
            texts |= set(by_split[split].values())
        if isinstance(references, CustomReferences):
            held.update(references.columns.columns)
            texts |= {text for column in references.columns for text in _as_text(column)}
        path = challenge.answers_path(split)
        if path is not None and path.suffix == ".json":
            texts |= set(_said(decode(path.read_bytes())))
    files = frozenset(hash_files(challenge.answers).values())
    telling = {text for text in texts if len(text) >= TELLING} - _public_answers(challenge, held)
    return Secrets(files, by_split, frozenset(telling))


def _public_answers(challenge: Challenge, columns: Collection[str]) -> set[str]:
    shown = set(challenge.definition.challenge.classes)
    for split in challenge.splits():
        table = read_split(challenge, split)[1]
        for name in columns:
            if name in table.columns:
                shown |= set(_as_text(table[name]))
    return shown


def _said(value: Any) -> Iterator[str]:
    """Yield the answers and captions in a JSON file of references."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _ANSWER_KEYS and isinstance(item, str):
                yield item
            else:
                yield from _said(item)
    elif isinstance(value, list):
        for item in value:
            yield from _said(item)


def scan(bundle: Path, secrets: Secrets) -> list[Problem]:
    """Return where a bundle holds held-out answers; the messages quote none.

    A split's own table is only searched for long answers: that a short one stands in one of its columns
    is chance, or is found by `heldout check`, which weighs the whole column.
    """
    problems = list[Problem]()
    for name, digest in hash_files(bundle).items():
        path = bundle / name
        own = path.stem if path.parent == bundle / "data" else None
        pairs = {
            example: answer
            for split, answers in secrets.by_split.items()
            if split != own
            for example, answer in answers.items()
        }
        if digest in secrets.files:
            problems.append(Problem(name, "is a copy of a file of answers", "take it out"))
        elif path.suffix in TABLE_SUFFIXES:
            problems += _scan_table(path, name, pairs, secrets.telling)
        else:
            problems += _scan_text(path, name, pairs, secrets.telling)
    return problems


def _scan_table(
    path: Path, name: str, pairs: Mapping[str, str], telling: frozenset[str]
) -> list[Problem]:
    form = format_of(path.suffix)
    assert form is not None
    problems = Problems()
    table = form.read(path, problems)
    texts = [_as_text(cells) for cells in table.frame] if table else []
    rows = sum(_gives_away(row, pairs) for row in zip(*texts, strict=True))
    found = len(telling.intersection(cell for cells in texts for cell in cells))
    return [*problems, *_findings(name, rows, found)]


def _as_text(cells: pl.Series) -> list[str]:
    plain = cells.list.join("|") if cells.dtype == pl.List(pl.String) else cells
    if plain.dtype.is_nested():
        return [str(cell) for cell in plain]
    texts: list[str] = plain.cast(pl.String, strict=False).fill_null("").to_list()
    return texts


def _scan_text(
    path: Path, name: str, pairs: Mapping[str, str], telling: frozenset[str]
) -> list[Problem]:
    content = path.read_bytes()
    found = len(_standing_in(content, telling))
    rows = 0
    if b"\0" not in content[:4096]:
        lines = content.decode("utf-8", "replace").splitlines()
        rows = sum(_gives_away(_words(line), pairs) for line in lines)
    return list(_findings(name, rows, found))


def _words(line: str) -> set[str]:
    """The words of a line, with and without the full stop of a sentence."""
    found = _WORD.findall(line)
    return {*found, *(word.rstrip(".-") for word in found)}


def _standing_in(content: bytes, telling: frozenset[str]) -> set[str]:
    """Return the answers that stand in a file; one look at the file, however many answers there are."""
    by_start: dict[bytes, list[str]] = {}
    for answer in telling:
        by_start.setdefault(answer.encode()[:_START], []).append(answer)
    if not by_start or len(content) < _START:
        return set()
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(content, np.uint8), _START)
    starts = np.ascontiguousarray(windows).view(f"S{_START}").ravel()
    wanted = np.array(sorted(by_start), f"S{_START}")
    return {
        answer
        for place in np.flatnonzero(np.isin(starts, wanted))
        for answer in by_start.get(content[place : place + _START], ())
        if content.startswith(answer.encode(), place)
    }


def _gives_away(words: Iterable[str], pairs: Mapping[str, str]) -> bool:
    given = tuple(words)
    return any(pairs[word] in given for word in given if word in pairs and pairs[word] != word)


def _findings(name: str, rows: int, found: int) -> Iterator[Problem]:
    if rows:
        message = f"names {rows:,} held-out examples together with their answers"
        yield Problem(name, message, "take the answers out")
    if found:
        yield Problem(name, f"holds {found:,} held-out answers word for word", "take them out")
