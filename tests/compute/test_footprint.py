"""The closed form against traces at the batch itself."""

import numpy as np
import pytest

from benchmarks.compute_truth import Case
from heldout.compute.footprint import Lines, fit, line_through
from heldout.compute.setup import Precision
from heldout.compute.tracing import trace_training

CASES = [
    Case("GPT-mini", 8, "sgd"),
    Case("GPT-mini", 8, "sgd", Precision.BF16, checkpointing=True),
    Case("MLP", 64, "sgd"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_two_traces_give_every_other_batch(case):
    small, large, itself = trace_training(case.recipe, batches=[2, 4, case.batch])
    footprint = fit(small, large)
    assert footprint.live.at(case.batch).sum(axis=1).max() == max(
        sum(row[1:]) for row in itself.timeline
    )
    assert footprint.operations.total_flops(case.batch) == sum(op.flops for op in itself.operations)


def test_no_line_that_matters_is_dropped(perceptron):
    small, large = trace_training(perceptron.recipe, batches=[2, 4])
    footprint = fit(small, large)
    every = line_through(
        np.array([row[1:] for row in small.timeline], dtype=float),
        np.array([row[1:] for row in large.timeline], dtype=float),
        batches=(2, 4),
    )
    assert len(footprint.phases) < len(small.timeline)
    for batch in (1, 2, 7, 100, 10_000):
        assert footprint.live.at(batch).sum(axis=1).max() == every.at(batch).sum(axis=1).max()


def test_traces_of_different_operations_are_fitted_by_their_peaks(perceptron):
    small, large = trace_training(perceptron.recipe, batches=[2, 4])
    large.operations.append(large.operations[-1])
    footprint = fit(small, large)
    assert any("different operations" in note for note in footprint.notes)
    assert len(footprint.phases) == 3
    assert footprint.live.at(4).sum(axis=1).max() == max(sum(row[1:]) for row in large.timeline)


def test_a_line_goes_through_its_two_points():
    lines = line_through(np.array([10.0, 5.0]), np.array([16.0, 5.0]), batches=(2, 4))
    assert isinstance(lines, Lines)
    assert lines.at(2).tolist() == [10, 5]
    assert lines.at(4).tolist() == [16, 5]
    assert lines.at(0).tolist() == [4, 5]
