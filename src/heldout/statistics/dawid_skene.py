"""Several annotators' labels into one posterior, each annotator weighed by how they label."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

_PSEUDO = 0.01


class Consensus(NamedTuple):
    """What is believed of items and of annotators.

    Attributes:
        posterior: The probability of each class, of shape (items, classes); NaN without a label.
        confusion: What an annotator says of an item of each class, of shape (annotators, true class,
            class said).
        rounds: How many were needed.
    """

    posterior: Floats
    confusion: Floats
    rounds: int


def dawid_skene(
    items: ArrayLike,
    annotators: ArrayLike,
    labels: ArrayLike,
    *,
    classes: int,
    rounds: int = 100,
    tolerance: float = 1e-6,
) -> Consensus:
    """Estimate the classes of items and the confusion matrix of each annotator, in turn.

    Expectation maximisation from the shares of votes: classes are as frequent, and annotators as
    often confused, as the posterior says; the posterior is Bayes' under both. A hundredth of a label
    is added to each cell of a confusion matrix, so that one label rules nothing out.

    Source: A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using
    the EM algorithm", Applied Statistics 28 (1979).

    Args:
        items: The number of the item of each label, of shape (labels,).
        annotators: Who gave it, likewise.
        labels: The class that was said, likewise.
        classes: How many there are.
        rounds: At most.
        tolerance: The change of any probability below which it ends.
    """
    item, who, said = (np.asarray(given, np.int64) for given in (items, annotators, labels))
    shape = int(item.max(initial=-1)) + 1, int(who.max(initial=-1)) + 1
    votes = np.zeros((shape[0], classes))
    np.add.at(votes, (item, said), 1)
    labelled = votes.sum(axis=1) > 0
    posterior = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)
    confusion, done = np.zeros((shape[1], classes, classes)), 0
    while len(item) and done < rounds:
        confusion = _confusion(posterior[item], who, said, shape[1])
        prior, previous, done = posterior[labelled].mean(axis=0), posterior, done + 1
        posterior = _expect(prior, confusion, (item, who, said), votes.shape)
        if abs(posterior - previous)[labelled].max() < tolerance:
            break
    return Consensus(np.where(labelled[:, None], posterior, np.nan), confusion, done)


def _confusion(beliefs: Floats, who: Places, said: Places, annotators: int) -> Floats:
    classes = beliefs.shape[1]
    counts = np.full((annotators, classes, classes), _PSEUDO)
    np.add.at(counts.transpose(0, 2, 1), (who, said), beliefs)
    return np.asarray(counts / counts.sum(axis=2, keepdims=True))


def _expect(
    prior: Floats, confusion: Floats, given: tuple[Places, Places, Places], shape: tuple[int, ...]
) -> Floats:
    item, who, said = given
    likely = np.tile(np.log(np.maximum(prior, 1e-300)), (shape[0], 1))
    np.add.at(likely, item, np.log(confusion[who, :, said]))
    likely = np.exp(likely - likely.max(axis=1, keepdims=True))
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))
