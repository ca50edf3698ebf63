"""What a metric can ask of predictions beyond a label, with the way out where it is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from heldout.errors import Problem
from heldout.evaluation.data import Flags, Floats, LabelPredictions, SetPredictions
from heldout.evaluation.language.data import AnswerPredictions

LISTED = 10  # Rows named for one fault; the message says how many there are.
SUMS = (0.5, 1.5)  # Rounding to one decimal moves a sum this far; a missing softmax moves it more.


def require_scores(key: str, predictions: LabelPredictions | SetPredictions) -> Iterator[Problem]:
    """Yield a problem where there are no scores of every class."""
    if predictions.scores is None:
        yield Problem(
            f"metric {key}",
            "needs a score for every class",
            "give columns score_<class>, or a column of lists called scores",
        )


def require_answers(key: str, predictions: AnswerPredictions) -> Iterator[Problem]:
    """Yield a problem where there are no answers."""
    if predictions.answers is None:
        yield Problem(f"metric {key}", "needs the key answer", "give an answer to every question")


def require_probabilities(key: str, predictions: LabelPredictions) -> Iterator[Problem]:
    """Yield problems where scores are not probabilities, naming the first of their rows."""
    yield from require_scores(key, predictions)
    if predictions.scores is None:
        return
    scores = np.where(predictions.missing[:, None], 0, predictions.scores)
    outside = np.any((scores < 0) | (scores > 1), axis=1)
    sums = scores.sum(axis=1)
    off = ~outside & ~predictions.missing & ((sums < SUMS[0]) | (sums > SUMS[1]))
    yield from _named(key, predictions, outside, scores, _describe_outside)
    yield from _named(key, predictions, off, scores, _describe_sum)


def _named(
    key: str,
    predictions: LabelPredictions,
    wrong: Flags,
    scores: Floats,
    describe: Callable[[Floats], str],
) -> Iterator[Problem]:
    examples = np.flatnonzero(wrong)
    for example in examples[:LISTED]:
        place = predictions.places[int(example)]
        yield Problem(place, describe(scores[example]), f"metric {key} needs probabilities")
    if len(examples) > LISTED:
        more = len(examples) - LISTED
        yield Problem(f"metric {key}", f"{more:,} more rows do not hold probabilities")


def _describe_outside(row: Floats) -> str:
    value = row[(row < 0) | (row > 1)][0]
    return f"the score {value:g} is not between 0 and 1"


def _describe_sum(row: Floats) -> str:
    return f"the scores sum to {row.sum():.3g}, not to 1"
