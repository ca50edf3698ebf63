"""Finds what would give held-out answers away: columns that determine them, ids that contain them.

Each finding is about a whole column, never about one example, and says what to do instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import polars as pl

from heldout.datasets.table import ID, REFERENCE, ExampleTable
from heldout.errors import Problem

_FEWEST_ROWS = 10
_NEARLY_ALL = 0.9
_CLEARLY_MORE = 0.4
_SIGMAS = 6.0
_LINEAR = 1 - 1e-9
_SORTED = "have an order in which neighbours have alike answers"
_NEW_IDS = "publish new ids instead"
_KEEP_BACK = "keep the column back, or declare that it is meant to be known"


def find_giveaways(
    table: ExampleTable,
    *,
    public: Collection[str],
    new_ids: bool,
    answers: Sequence[str] = (REFERENCE,),
) -> list[Problem]:
    """Return what in the public view of a held-out split gives its answers away.

    Found are: a column equal to the reference or, for numbers, a linear function of it; a column
    whose repeated values each go with one answer only; text that contains the row's own answer far
    more often than another row's; ids that contain it, or that sort examples by it.

    With fewer than 10 rows nothing but equality can be told from chance.

    Args:
        table: The split with its references.
        public: The metadata columns that will be published.
        new_ids: Whether the ids will be replaced, so that they need no check.
        answers: The columns that hold answers; those that the table lacks are passed over.
    """
    held = [table.frame[name] for name in answers if name in table.frame.columns]
    found = (one for column in held for one in _giveaways(table, column, public, new_ids))
    return list(dict.fromkeys(found))


def _giveaways(
    table: ExampleTable, answers: pl.Series, public: Collection[str], new_ids: bool
) -> list[Problem]:
    if answers.n_unique() < 2:
        return []
    problems = [
        Problem(f'column "{name}"', finding, _KEEP_BACK)
        for name in table.metadata
        if name in public and (finding := _finding(table.frame[name], answers))
    ]
    if not new_ids and (finding := _id_finding(table.frame[ID], answers)):
        problems.append(Problem("ids", finding, _NEW_IDS))
    return problems


def _finding(cells: pl.Series, answers: pl.Series) -> str:
    if _is_equal(cells, answers):
        return "is the held-out answer"
    if len(cells) < _FEWEST_ROWS:
        return ""
    if cells.dtype.is_numeric() and answers.dtype.is_numeric():
        return "is a linear function of the held-out answer" if _is_linear(cells, answers) else ""
    if _determines(cells, answers):
        return "determines the held-out answer: each of its repeated values goes with one answer"
    return "contains the held-out answer" if _contains(cells, answers) else ""


def _id_finding(ids: pl.Series, answers: pl.Series) -> str:
    if len(ids) < _FEWEST_ROWS:
        return ""
    in_order = answers.gather(sorted(range(len(ids)), key=lambda row: _natural(ids[row])))
    if answers.dtype.is_numeric():
        return _SORTED if _drifts(in_order) else ""
    if _contains(ids, answers):
        return "contain the held-out answer"
    return _SORTED if _clusters(_text(in_order)) else ""


def _text(cells: pl.Series) -> pl.Series:
    if isinstance(cells.dtype, pl.List):
        cells = cells.cast(pl.List(pl.String)).list.sort().list.join("|")
    return cells.cast(pl.String).str.to_lowercase().str.strip_chars()


def _is_equal(cells: pl.Series, answers: pl.Series) -> bool:
    if cells.dtype.is_numeric() and answers.dtype.is_numeric():
        return bool((cells == answers).all()) and not cells.has_nulls()
    return bool((_text(cells) == _text(answers)).all()) and not cells.has_nulls()


def _is_linear(cells: pl.Series, answers: pl.Series) -> bool:
    correlation = pl.select(pl.corr(cells, answers)).item()
    return correlation is not None and abs(correlation) >= _LINEAR


def _determines(cells: pl.Series, answers: pl.Series) -> bool:
    frame = pl.DataFrame({"cell": _text(cells), "answer": _text(answers)}).drop_nulls()
    values = frame.group_by("cell").agg(
        pl.len(), pl.col("answer").n_unique(), first=pl.first("answer")
    )
    repeated = values.filter(pl.col("len") > 1)
    return (
        int(repeated["len"].sum()) >= max(_FEWEST_ROWS, len(cells) // 2)
        and bool((repeated["answer"] == 1).all())
        and repeated["first"].n_unique() > 1
    )


def _contains(cells: pl.Series, answers: pl.Series) -> bool:
    """Whether texts contain their own row's answer far more often than another row's."""
    if not isinstance(cells.dtype, pl.String):
        return False
    texts, words = _text(cells).to_list(), _text(answers).to_list()
    own = _share_containing(texts, words)
    shifts = (len(words) // 3 or 1, len(words) // 2 or 1)
    others = max(_share_containing(texts, words[shift:] + words[:shift]) for shift in shifts)
    return own >= _NEARLY_ALL and own - others >= _CLEARLY_MORE


def _share_containing(texts: Sequence[str | None], words: Sequence[str | None]) -> float:
    found = [
        _has_word(text, word) for text, word in zip(texts, words, strict=True) if text and word
    ]
    return sum(found) / len(found) if found else 0.0


def _has_word(text: str, word: str) -> bool:
    """Whether the word stands in the text and is not part of a longer word or number."""
    at = text.find(word)
    while at != -1:
        before, after = text[at - 1 : at] if at else "", text[at + len(word) : at + len(word) + 1]
        if not _joins(before, word[0]) and not _joins(word[-1], after):
            return True
        at = text.find(word, at + 1)
    return False


def _joins(left: str, right: str) -> bool:
    """Whether two neighbouring characters belong to one word or to one number."""
    return (left.isalpha() and right.isalpha()) or (left.isdigit() and right.isdigit())


def _clusters(answers: pl.Series) -> bool:
    """Whether neighbours share their answer mostly, and far more often than by chance."""
    pairs = len(answers) - 1
    same = int((answers[1:] == answers[:-1]).sum())
    counts = answers.value_counts()["count"]
    chance = float(((counts / len(answers)) ** 2).sum())
    deviation = (pairs * chance * (1 - chance)) ** 0.5
    return same / pairs > 0.5 and same - pairs * chance > _SIGMAS * deviation


def _drifts(answers: pl.Series) -> bool:
    """Whether the ranks of neighbouring numbers go together, far more than by chance."""
    ranks = answers.rank()
    together = pl.select(pl.corr(ranks[1:], ranks[:-1])).item()
    return together is not None and together > max(0.5, _SIGMAS / len(ranks) ** 0.5)


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
