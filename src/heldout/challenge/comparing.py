"""Whether one of two evaluations is better, by the paired test."""

from __future__ import annotations

from heldout.challenge.protocol import Evaluation
from heldout.errors import BadInput, Problem, did_you_mean
from heldout.ranking.comparison import PairedTest, compare

CERTAINTY = 0.05


def compare_evaluations(
    first: Evaluation, second: Evaluation, *, metric: str | None, name: str | None, replicates: int
) -> PairedTest:
    """Compare two evaluations of the same examples.

    Args:
        first: One of them.
        second: The other.
        metric: A metric both were scored with; the first one's first if None.
        name: Which of its numbers; the metric's first if None.
        replicates: Number of resamples.

    Raises:
        BadInput: They have no such metric or number, or other examples.
    """
    chosen = metric or next(iter(first.stats))
    for evaluation in (first, second):
        if chosen not in evaluation.stats:
            known = ", ".join(evaluation.stats)
            remedy = did_you_mean(chosen, evaluation.stats) or f"there are {known}"
            raise BadInput([Problem("--metric", f"{chosen} was not scored", remedy)])
    return compare(
        first.stats[chosen],
        second.stats[chosen],
        name=name,
        seed=first.seed,
        replicates=replicates,
        clusters=None if first.clusters is None else first.clusters.to_numpy(),
    )


def is_distinguishable(test: PairedTest) -> bool:
    """Whether a difference this large is rarer than 1 in 20 where there is none."""
    return test.p_value is not None and test.p_value < CERTAINTY
