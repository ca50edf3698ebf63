"""Answers, captions and matches as arrays and texts, in the order of the expected examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from heldout.evaluation.data import Floats, Predictions, References


@dataclass(frozen=True, eq=False)
class AnswerPredictions(Predictions):
    """One answer per question, or how surely there is one.

    Attributes:
        answers: None for a missing example; None altogether where the file has no answers.
        answerable: (n,) the confidence that the question can be answered, NaN for a missing
            example; None where the file does not say.
    """

    answers: Sequence[str | None] | None
    answerable: Floats | None


@dataclass(frozen=True, eq=False)
class AnswerReferences(References):
    """What several people answered.

    Attributes:
        answers: Of each question, in the order of the file.
        types: `yes/no`, `number`, `other` …; empty where the file does not say.
        answerable: (n,) 1 where the question can be answered; None where the file does not say.
        key: What names an example in the files: `question_id` or `image`.
    """

    answers: Sequence[Sequence[str]]
    types: Sequence[str]
    answerable: Floats | None
    key: str

    @property
    def public(self) -> str:
        """The key that predictions name their examples by."""
        return self.key


@dataclass(frozen=True, eq=False)
class CaptionPredictions(Predictions):
    """One caption per image; empty for a missing one."""

    captions: Sequence[str]


@dataclass(frozen=True, eq=False)
class CaptionReferences(References):
    """What several people wrote about each image; at least one caption each."""

    captions: Sequence[Sequence[str]]


@dataclass(frozen=True, eq=False)
class MatchPredictions(Predictions):
    """How well captions and images match, or which items each query finds, or both.

    Attributes:
        scores: (n, 2, 2) the score of caption c with image i at [c, i], NaN for a missing example;
            None where the file has none.
        ranked: Lists of items, best first, null for a missing example; None where the file has
            none.
    """

    scores: Floats | None = None
    ranked: pl.Series | None = None


@dataclass(frozen=True, eq=False)
class MatchReferences(References):
    """Which items are relevant to each query; of captions with images there is no more than ids.

    Attributes:
        relevant: Lists of items, none of them empty; None where the file has none.
        gains: How relevant each of them is, above 0, in the same order; 1 where the file is silent.
    """

    relevant: pl.Series | None = None
    gains: pl.Series | None = None
