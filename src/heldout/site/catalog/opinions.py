"""What several people said of one example, and how far they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from heldout.datasets.annotations import Kind
from heldout.datasets.index.marks import Mark


class Opinion(NamedTuple):
    """One answer and how many gave it."""

    text: str
    times: int
    share: float
    annotators: str


class Opinions(NamedTuple):
    """All answers of one kind; `agreement` is None where fewer than two answered.

    Agreement is the share of pairs of annotators who said the same, up to case and spaces.
    """

    title: str
    opinions: tuple[Opinion, ...]
    total: int
    agreement: float | None


_TITLES = {Kind.ANSWER: "Answers", Kind.LABEL: "Labels"}


def opinions_of(marks: Iterable[Mark]) -> list[Opinions]:
    known = list(marks)
    each = ((title, [one for one in known if one.kind == kind]) for kind, title in _TITLES.items())
    return [_summed(title, some) for title, some in each if some]


def _summed(title: str, marks: list[Mark]) -> Opinions:
    said = [_same(mark.text or mark.category) for mark in marks]
    counts, n = Counter(said), len(said)
    shown = {_same(mark.text or mark.category): mark.text or mark.category for mark in marks[::-1]}
    opinions = tuple(
        Opinion(shown[text], count, count / n, _who(marks, text))
        for text, count in counts.most_common()
    )
    same = sum(count * (count - 1) for count in counts.values())
    return Opinions(title, opinions, n, same / (n * (n - 1)) if n > 1 else None)


def _same(text: str) -> str:
    return " ".join(text.casefold().split())


def _who(marks: list[Mark], text: str) -> str:
    names = [mark.annotator for mark in marks if _same(mark.text or mark.category) == text]
    return ", ".join(dict.fromkeys(filter(None, names)))
