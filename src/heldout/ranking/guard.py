"""Reuse of one test set: what may be told after each submission, so that its answers stay held out.

Every score that is told is a measurement of the answers. Enough of them, put together, are a model
of the test set. The functions here say less: a state and a score go in, the next state and what may
be told come out; who keeps the state decides nothing. Scores are means over the examples, and more
is better; turn a loss around first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from heldout.evaluation.data import Floats


def ladder(best: float | None, score: float, *, step: float) -> float:
    """Return what may be told, which is also the next `best`: the Ladder with a fixed step.

    A score that does not pass the best one told so far by `step` changes nothing; one that does is
    told rounded to the step. With a good step, the best score told after k submissions on n examples
    is off by an order of (log(kn) / n)^(1/3) however they were chosen; telling every score in full
    lets an attacker gain an order of (k / n)^(1/2).

    Source: A. Blum and M. Hardt, "The Ladder: a reliable leaderboard for machine learning
    competitions", ICML (2015), algorithm 1.

    Args:
        best: What was told last; None before the first submission.
        score: Of this submission.
        step: Least improvement worth telling, in the score's unit.

    Raises:
        ValueError: `step` is not positive, or the score is undefined.
    """
    if not step > 0 or math.isnan(score):
        raise ValueError(f"a step of {step} and a score of {score}")
    if best is not None and score <= best + step:
        return best
    return round(score / step) * step


@dataclass(frozen=True, eq=False)
class BestTold:
    """What the parameter-free Ladder keeps.

    Attributes:
        score: The best score told.
        terms: (n,), each example's term of the entry that had it. They give the answers away.
    """

    score: float
    terms: Floats


def free_ladder(best: BestTold | None, terms: ArrayLike) -> BestTold:
    """Return the next state of the parameter-free Ladder; its `score` may be told.

    The step follows from the data: the standard error of the paired difference to the best entry.
    An improvement counts where it is larger, and is told to the nearest 1/n.

    Source: Blum and Hardt (2015), algorithm 2.

    Args:
        best: What was returned last; None before the first submission.
        terms: (n,), the terms of this submission, whose mean is its score.

    Raises:
        ValueError: There are no examples, a term is undefined, or there are not as many as before.
    """
    values = np.asarray(terms, dtype=np.float64)
    if values.ndim != 1 or not len(values) or np.isnan(values).any():
        raise ValueError("the terms are one defined number per example")
    score, n = float(values.mean()), len(values)
    told = BestTold(round(score * n) / n, values)
    if best is None:
        return told
    if len(best.terms) != n:
        raise ValueError(f"{n} terms after {len(best.terms)}")
    step = float((values - best.terms).std()) / math.sqrt(n)
    return told if score > best.score + step else best


@dataclass(frozen=True)
class Budget:
    """What Thresholdout keeps.

    Attributes:
        threshold: The noisy gap up to which the public score is told.
        left: How many more gaps may be told.
    """

    threshold: float
    left: int


@dataclass(frozen=True)
class Thresholdout:
    """Tell the score on public data as long as the held-out one agrees with it.

    Only a gap between the two spends the budget; then a noisy held-out score is told.

    Source: C. Dwork, V. Feldman, M. Hardt, T. Pitassi, O. Reingold and A. Roth, "The reusable
    holdout: preserving validity in adaptive data analysis", Science 349 (2015).

    Attributes:
        threshold: The gap that matters, before noise.
        noise: Scale of the Laplace noise; the paper sets a fraction of the threshold.
        budget: How many gaps may be told in all.
    """

    threshold: float = 0.04
    noise: float = 0.01
    budget: int = 100

    def __post_init__(self) -> None:
        if not (self.threshold > 0 and self.noise > 0 and self.budget >= 0):
            raise ValueError("threshold and noise are positive, the budget is not negative")

    def start(self, rng: np.random.Generator) -> Budget:
        """Return the state before the first submission."""
        return Budget(self._renewed(rng), self.budget)

    def tell(
        self, state: Budget, *, public: float, held_out: float, rng: np.random.Generator
    ) -> tuple[Budget, float | None]:
        """Return the next state and what may be told; None once the budget is spent.

        Args:
            state: What was returned last.
            public: The score on data whose answers are public.
            held_out: The score on held-out data.
            rng: Of the noise; its seed is a secret as long as scores are told.
        """
        if state.left <= 0:
            return state, None
        if abs(public - held_out) <= state.threshold + float(rng.laplace(0, 4 * self.noise)):
            return state, public
        told = held_out + float(rng.laplace(0, self.noise))
        return Budget(self._renewed(rng), state.left - 1), told

    def _renewed(self, rng: np.random.Generator) -> float:
        return self.threshold + float(rng.laplace(0, 2 * self.noise))
