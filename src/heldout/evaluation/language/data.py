"""Answers, captions and matches as arrays and texts, in the order of the expected examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from heldout.evaluation.data import Floats, Predictions, References
from heldout.evaluation.stats import Ragged


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
    """How well captions and images match, or which items a query finds.

    Attributes:
        scores: (n, 2, 2) the score of caption c with image i at [c, i], NaN for a missing example;
            None where the file has none.
        ranked: The items each query finds, best first, as codes of `items`; None where the file
            has none.
        items: What the codes stand for.
    """

    scores: Floats | None = None
    ranked: Ragged | None = None
    items: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class MatchReferences(References):
    """Which items are relevant to each query; of captions with images there is no more than ids.

    Attributes:
        relevant: The items of each query; None where the file has none.
        gains: How relevant each of them is, above 0, in the same order.
    """

    relevant: Sequence[Sequence[str]] | None = None
    gains: Sequence[Sequence[float]] | None = None
