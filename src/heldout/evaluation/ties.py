"""Running sums of weights in the order of scores, on which every ranking metric rests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.data import Flags, Floats
from heldout.evaluation.metric import ratio

Positions = NDArray[np.intp]


class Order(NamedTuple):
    """Examples in ascending order of a value, with ties.

    Attributes:
        examples: (n,), the examples in order.
        before: (n,), how many have a smaller value than each example.
        through: (n,), how many have a smaller value or the same.
    """

    examples: Positions
    before: Positions
    through: Positions


def order_of(values: Floats) -> Order:
    """Sort values (n,)."""
    examples = np.argsort(values, kind="stable")
    ordered = values[examples]
    before = np.searchsorted(ordered, values, side="left")
    return Order(examples, before, np.searchsorted(ordered, values, side="right"))


def running_sums(weights: Floats, examples: Positions) -> Floats:
    """Return the weight (r, k + 1) of the first 0, 1, … k of these examples, in their order."""
    sums = np.zeros((len(weights), len(examples) + 1))
    np.cumsum(np.take(weights, examples, axis=1), axis=1, out=sums[:, 1:])
    return sums


def midranks(weights: Floats, order: Order, examples: Positions | slice) -> Floats:
    """Return the mean rank of some examples among their equals, less a half: (r, examples).

    An example of weight w takes w ranks, as if it stood there w times.
    """
    sums = running_sums(weights, order.examples)
    return (sums[:, order.before[examples]] + sums[:, order.through[examples]]) / 2


def average_precision(weights: Floats, scores: Floats, flags: Flags) -> Floats:
    """Return the mean precision at each flagged example, best scores first: (r,).

    There is no interpolation, and examples of equal score come in together. NaN where no flagged
    example has a weight.
    """
    positive = np.flatnonzero(flags)
    if not len(positive):
        return np.full(len(weights), np.nan)
    order = order_of(-scores)
    through = order.through[positive]
    found = np.append(0, np.cumsum(flags[order.examples]))[through]
    hits = running_sums(weights, order.examples[flags[order.examples]])
    precision = ratio(hits[:, found], running_sums(weights, order.examples)[:, through])
    own = weights[:, positive]
    return ratio(np.where(own > 0, own * precision, 0).sum(axis=1), own.sum(axis=1))


def average_precision_moved(scores: Floats, flags: Flags) -> tuple[float, Floats]:
    """Return the average precision, and how far each example moves it to first order: (n,).

    One more example changes the precision at itself and at every flagged example below it, by its
    own flag less that precision, over how many examples come before.
    """
    order = order_of(-scores)
    through = order.through
    found = np.append(0, np.cumsum(flags[order.examples]))[through]
    precision, positives = found / through, flags.sum()
    value = float(precision[flags].mean())
    reached = flags[order.examples]

    def below(each: Floats) -> Floats:
        """Sum over the flagged examples that stand with or below each example."""
        sums = np.append(np.cumsum(np.where(reached, each[order.examples], 0)[::-1])[::-1], 0)
        return np.asarray(sums[order.before])

    counted = below(1 / through)
    moved = flags * (precision - value) + flags * counted - below(precision / through)
    return value, moved / positives
