"""How often a true gain is found by looking for a gap between intervals, and by the paired test.

Two entries with a known true difference answer the same examples, over and over: their shared and
their own mistakes are drawn from a known table. There is no peer: the truth is the peer.
"""

from __future__ import annotations

import argparse

import numpy as np

from heldout.statistics.mcnemar import mcnemar
from heldout.statistics.proportions import wilson

ACCURACY, GAIN, DISAGREE = 0.7, 0.008, 0.145


def draw(rng: np.random.Generator, *, n: int, gain: float, trials: int) -> np.ndarray:
    """Return how many examples both, only the second, only the first, and neither got right."""
    only_first = (DISAGREE - gain) / 2
    both = ACCURACY - only_first
    cells = [both, only_first + gain, only_first, 1 - both - DISAGREE]
    return rng.multinomial(n, cells, size=trials)


def found(counts: np.ndarray, *, n: int) -> tuple[bool, bool]:
    """Tell whether the intervals are apart, and whether McNemar's test (mid-p) finds a gain."""
    both, only_second, only_first, _ = map(int, counts)
    worse, better = wilson(both + only_first, n), wilson(both + only_second, n)
    apart = better.low > worse.high or worse.low > better.high
    return apart, mcnemar(only_first, only_second).mid_p < 0.05


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=20_000)
    options.add_argument("--examples", type=int, default=10_000)
    given = options.parse_args()
    rng = np.random.default_rng(2026)
    print(f"{given.examples:,} examples, {ACCURACY:.1%} right, {DISAGREE:.1%} disagreement")
    for gain in (GAIN, 0.0):
        trials = draw(rng, n=given.examples, gain=gain, trials=given.trials)
        apart, tested = np.mean([found(row, n=given.examples) for row in trials], axis=0)
        print(f"true gain {gain:.1%}: intervals apart {apart:.1%}, McNemar {tested:.1%}")


if __name__ == "__main__":
    main()
