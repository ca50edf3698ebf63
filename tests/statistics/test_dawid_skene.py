"""The posterior of several annotators, against a plain version in loops and planted truth."""

import math
from collections import Counter

import numpy as np
import pytest

from heldout.statistics.dawid_skene import dawid_skene


def plain(votes: list[tuple[int, int, int]], classes: int, rounds: int) -> dict[int, list[float]]:
    """Dawid and Skene's two steps as printed, in loops over labels."""
    items, people = {item for item, _, _ in votes}, {who for _, who, _ in votes}
    belief = {}
    for item in items:
        said = Counter(label for one, _, label in votes if one == item)
        belief[item] = [said[place] / sum(said.values()) for place in range(classes)]
    for _ in range(rounds):
        prior = [sum(b[place] for b in belief.values()) / len(items) for place in range(classes)]
        table = {who: [[0.01] * classes for _ in range(classes)] for who in people}
        for item, who, label in votes:
            for true in range(classes):
                table[who][true][label] += belief[item][true]
        for rows in table.values():
            for true, row in enumerate(rows):
                rows[true] = [cell / sum(row) for cell in row]
        for item in items:
            weights = [
                prior[true]
                * math.prod(table[who][true][label] for one, who, label in votes if one == item)
                for true in range(classes)
            ]
            belief[item] = [weight / sum(weights) for weight in weights]
    return belief


def crowd(seed: int, skills: list[float]) -> tuple[np.ndarray, list[tuple[int, int, int]]]:
    """Annotators of given skill, who guess where they do not know, label 60 items of 3 classes."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, 60)
    votes = [
        (item, who, int(truth[item] if rng.random() < skill else rng.integers(0, 3)))
        for item in range(60)
        for who, skill in enumerate(skills)
    ]
    return truth, votes


def test_the_posterior_is_that_of_the_printed_steps() -> None:
    _, votes = crowd(3, [0.9, 0.6, 0.3])
    found = dawid_skene(*zip(*votes, strict=True), classes=3, rounds=7, tolerance=0)
    expected = plain(votes, 3, 7)
    assert found.rounds == 7
    np.testing.assert_allclose(found.posterior, [expected[item] for item in range(60)], atol=1e-9)


def test_two_who_know_outvote_five_who_guess() -> None:
    truth, votes = crowd(5, [0.97, 0.97, 0.1, 0.1, 0.1, 0.1, 0.1])
    found = dawid_skene(*zip(*votes, strict=True), classes=3)
    shares = np.zeros((60, 3))
    for item, _, label in votes:
        shares[item, label] += 1
    assert (found.posterior.argmax(axis=1) == truth).mean() > 0.93
    assert (found.posterior.argmax(axis=1) == truth).mean() > (
        shares.argmax(axis=1) == truth
    ).mean()
    sure = found.confusion[:, range(3), range(3)].mean(axis=1)
    assert min(sure[:2]) > 0.9 > 0.6 > max(sure[2:])


def test_an_item_nobody_labelled_is_not_known() -> None:
    found = dawid_skene([0, 2], [0, 0], [1, 1], classes=2)
    assert np.isnan(found.posterior[1]).all()
    assert found.posterior[0] == pytest.approx([0, 1], abs=0.02)


def test_no_labels_are_no_items() -> None:
    assert dawid_skene([], [], [], classes=2).posterior.shape == (0, 2)
