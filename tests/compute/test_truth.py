"""Peak memory and FLOPs against independent truth: the CPU's allocator, and counting by hand."""

import pytest

from benchmarks.compute_truth import CI_CASES, measured_peak, predicted_peak
from heldout.compute.memory import Phase
from heldout.compute.models.language import GPT
from heldout.compute.setup import Input, Variant


@pytest.mark.timeout(240)
@pytest.mark.parametrize("case", CI_CASES, ids=str)
def test_predicted_peak_memory_is_that_of_the_allocator(case):
    assert predicted_peak(case) == pytest.approx(measured_peak(case), rel=0.03)


def test_training_flops_of_a_perceptron_are_counted_exactly(perceptron):
    layers = [(8, 32), (32, 16), (16, 4)]
    operations = perceptron.training(Variant()).operations
    forward = sum(2 * a * b for a, b in layers)
    assert operations.total_flops(1, Phase.FORWARD) == forward
    into_weights, into_inputs = forward, sum(2 * a * b for a, b in layers[1:])
    assert operations.total_flops(1, Phase.BACKWARD) == into_weights + into_inputs
    assert operations.total_flops(100) == 100 * operations.total_flops(1)


def test_checkpointing_computes_the_blocks_twice(traced):
    width, tokens, depth, vocabulary = 32, 16, 3, 50

    def build():
        return GPT(vocabulary=vocabulary, context=tokens, width=width, depth=depth, heads=4)

    source = traced(build, Input((tokens,), integer=True, classes=vocabulary))
    plain = source.training(Variant()).operations.total_flops(1)
    again = source.training(Variant(checkpointing=True)).operations.total_flops(1)
    block = 2 * tokens * (12 * width * width + 2 * tokens * width)
    last_product = 2 * tokens * 4 * width * width
    assert plain + depth * (block - last_product) <= again <= plain + depth * block
