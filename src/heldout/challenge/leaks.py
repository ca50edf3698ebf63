"""Examples of a challenge that stand on both sides of a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import polars as pl

from heldout.challenge.folder import Challenge
from heldout.datasets.leaks.finding import PairOfSplits, Part, find_leaks, part_of
from heldout.datasets.table import REFERENCE
from heldout.datasets.tables import format_of
from heldout.datasets.vectors import Vectors
from heldout.errors import Problem, Problems, did_you_mean

_SENTENCE = 20


def find_in_challenge(
    challenge: Challenge,
    *,
    groups: Sequence[str] = (),
    embeddings: Vectors | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> list[PairOfSplits]:
    """Compare the splits of a challenge: their media, their texts and their groups.

    Args:
        groups: Columns whose values must not stand on both sides, beside the challenge's cluster.
        embeddings: Of the examples of every split, to be compared too.

    Raises:
        BadInput: A table cannot be read, no table has a group's column, or an example has no
            embedding.
    """
    tables = {name: _read(challenge, name) for name in challenge.splits()}
    cluster = challenge.definition.data.cluster
    wanted = [*groups, *([cluster] if cluster else [])]
    _refuse_unknown(groups, tables.values())
    parts = [_part(challenge, name, table, wanted) for name, table in tables.items()]
    if embeddings is not None:
        parts = [replace(part, embeddings=embeddings.of(part.ids)) for part in parts]
    return find_leaks(parts, progress=progress)


def same_media(challenge: Challenge) -> list[Problem]:
    """Return which held-out splits have media that another split has too: a look at names alone.

    Media are named by their content, so the same name means the same file.
    """
    column = challenge.definition.data.media
    if column is None:
        return []
    tables = {name: _read(challenge, name) for name in challenge.splits()}
    used = {
        name: table[column].drop_nulls()
        if column in table.columns
        else pl.Series([], dtype=pl.String)
        for name, table in tables.items()
    }
    notes = []
    for name in dict.fromkeys(phase.split for phase in challenge.definition.phases):
        for other in used:
            if name in used and other != name:
                shared = int(used[name].is_in(used[other].implode()).sum())
                if shared:
                    share = shared / max(1, len(used[name]))
                    message = (
                        f"{shared:,} examples ({share:.1%}) have an image that {other} has too"
                    )
                    notes.append(Problem(f"split {name}", message, "`heldout leaks` lists them"))
    return notes


def _read(challenge: Challenge, split: str) -> pl.DataFrame:
    path = challenge.table_path(split)
    form = format_of(path.suffix) if path else None
    assert path is not None
    assert form is not None
    problems = Problems()
    table = form.read(path, problems)
    problems.refuse_if_any()
    assert table is not None
    return table.frame


def _part(challenge: Challenge, name: str, table: pl.DataFrame, groups: Sequence[str]) -> Part:
    data = challenge.definition.data
    return part_of(
        name,
        table,
        id_column=data.id,
        root=challenge.data,
        media=data.media,
        texts=_sentences(table, but={data.id, data.media, REFERENCE, *groups}),
        groups=groups,
    )


def _sentences(table: pl.DataFrame, *, but: set[str | None]) -> list[str]:
    """Return the columns of texts that are long enough to be compared."""
    texts = (cells for cells in table if cells.dtype == pl.String and cells.name not in but)
    return [cells.name for cells in texts if _typical_length(cells) >= _SENTENCE]


def _typical_length(cells: pl.Series) -> float:
    length = cells.str.len_chars().median()
    return float(length) if isinstance(length, int | float) else 0.0


def _refuse_unknown(groups: Sequence[str], tables: Iterable[pl.DataFrame]) -> None:

    known = dict.fromkeys(name for table in tables for name in table.columns)
    problems = Problems()
    for name in groups:
        if name not in known:
            problems.add("--group", f'no split has a column "{name}"', did_you_mean(name, known))
    problems.refuse_if_any()
