"""What an attacker gains from 400 random submissions and a vote, under each guard.

Every submission is a row of coin flips, so its true accuracy is 0.5. The attacker keeps, or turns
around, each row by what was told about it, and submits the majority of all (Blum and Hardt 2015).
What the vote scores on the test set beyond 0.5 is what was learned of its answers.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from heldout.ranking.guard import Thresholdout, free_ladder, ladder

STEP = 0.01
Teller = Callable[[np.ndarray, np.ndarray], float]


def full(right: np.ndarray, public: np.ndarray) -> float:
    return float(right.mean())


def rounded(right: np.ndarray, public: np.ndarray) -> float:
    return round(float(right.mean()), 2)


def fixed_ladder() -> Teller:
    best: float | None = None

    def tell(right: np.ndarray, public: np.ndarray) -> float:
        nonlocal best
        best = ladder(best, float(right.mean()), step=STEP)
        return best

    return tell


def parameter_free() -> Teller:
    best = None

    def tell(right: np.ndarray, public: np.ndarray) -> float:
        nonlocal best
        best = free_ladder(best, right)
        return best.score

    return tell


def thresholdout(rng: np.random.Generator) -> Teller:
    guard = Thresholdout()
    state = guard.start(rng)

    def tell(right: np.ndarray, public: np.ndarray) -> float:
        nonlocal state
        scores = {"public": float(public.mean()), "held_out": float(right.mean())}
        state, told = guard.tell(state, **scores, rng=rng)
        return 0.5 if told is None else told

    return tell


def votes(told: np.ndarray) -> Iterator[np.ndarray]:
    """Yield weights of the submissions: by what was told of each, and by whether it moved."""
    yield np.sign(told - 0.5)
    yield np.append(0.0, np.diff(told) > 0)


def attack(tell: Callable[[], Teller], rng: np.random.Generator, *, n: int, k: int) -> np.ndarray:
    """Return the accuracy of the vote on the test set and what is told of it, at its best."""
    guesses = rng.integers(2, size=(k, 2 * n), dtype=np.int8)
    truth = rng.integers(2, size=2 * n, dtype=np.int8)
    guard = tell()
    told = np.array([guard(right[:n], right[n:]) for right in guesses == truth])
    found = []
    for weights in votes(told):
        ballots = weights @ (2.0 * guesses - 1) + rng.uniform(-0.5, 0.5, 2 * n)
        right = (ballots > 0) == truth
        found.append((right[:n].mean(), guard(right[:n], right[n:])))
    return np.array(max(found))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--examples", type=int, default=8000)
    options.add_argument("--submissions", type=int, default=400)
    options.add_argument("--trials", type=int, default=20)
    given = options.parse_args()
    rng = np.random.default_rng(2026)
    guards: dict[str, Callable[[], Teller]] = {
        "full precision": lambda: full,
        "rounded to two decimals": lambda: rounded,
        f"Ladder, step {STEP}": fixed_ladder,
        "Ladder, parameter-free": parameter_free,
        "Thresholdout": lambda: thresholdout(rng),
    }
    print(f"{given.submissions} random submissions on {given.examples:,} examples, then a vote")
    for title, tell in guards.items():
        runs = [
            attack(tell, rng, n=given.examples, k=given.submissions) for _ in range(given.trials)
        ]
        right, told = np.mean(runs, axis=0)
        print(f"{title:24} vote right {right:.3f}, told {told:.3f}")


if __name__ == "__main__":
    main()
