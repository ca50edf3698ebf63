"""Traces travel as JSON, and a hostile file does no harm."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.compute.budget import training_budget
from heldout.compute.loading import load_model
from heldout.compute.named import MODELS, SHIPPED_VARIANTS
from heldout.compute.setup import Precision, TrainingSetup, Variant
from heldout.compute.sources import RecordedFirst
from heldout.compute.trace_files import LARGEST_FILE, read_trace, shipped_trace, write_trace
from heldout.errors import BadInput


@pytest.fixture(scope="module")
def content(perceptron):
    return write_trace(perceptron, [Variant(), Variant(Precision.BF16)])


def test_a_trace_read_gives_the_numbers_of_the_model(perceptron, content):
    recorded = read_trace(content)
    setup = TrainingSetup(batch=16)
    assert recorded.name == perceptron.name
    assert recorded.inputs[0].shape == perceptron.inputs[0].shape
    for source in (recorded, perceptron):
        budget = training_budget(source.training(Variant()), setup)
        assert budget.peak(16) == training_budget(perceptron.training(Variant()), setup).peak(16)
    flops = [
        source.inference(Variant()).operations.total_flops(7) for source in (recorded, perceptron)
    ]
    assert flops[0] == flops[1]


def test_a_variant_that_was_not_traced_is_named(content):
    with pytest.raises(BadInput, match=r"not traced with fp32 \+ checkpointing"):
        read_trace(content).training(Variant(checkpointing=True))


def change(content, **changes):
    file = json.loads(content)
    file["footprints"][0] |= changes
    return json.dumps(file).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"lines": []},
        {"lines": [{"phase": 9, "constant": [0, 0, 0, 0], "slope": [0, 0, 0, 0]}]},
        {"lines": [{"phase": 0, "constant": [0], "slope": [0]}]},
        {"lines": [{"phase": 0, "constant": [1e40, 0, 0, 0], "slope": [0, 0, 0, 0]}]},
        {"precision": "fp7"},
        {"surprise": 1},
        {"notes": 3},
    ],
)
def test_impossible_content_is_refused(content, changes):
    with pytest.raises(BadInput, match="trace"):
        read_trace(change(content, **changes))


def test_a_number_that_is_too_large_for_json_is_refused(content):
    with pytest.raises(BadInput):
        read_trace(content.replace(b'"constant":[', b'"constant":[1e999,', 1))


@given(st.binary(max_size=200))
def test_noise_is_refused(noise):
    with pytest.raises(BadInput):
        read_trace(noise)


def test_another_version_says_which_one_is_read(content):
    with pytest.raises(BadInput, match="heldout-trace-1"):
        read_trace(content.replace(b"heldout-trace-1", b"heldout-trace-2"))


def test_a_huge_file_is_refused_before_it_is_read():
    with pytest.raises(BadInput, match="larger than any trace"):
        read_trace(b" " * (LARGEST_FILE + 1))


@pytest.mark.parametrize("name", ["mlp", "lenet", "resnet18"])
def test_the_traces_that_come_with_heldout_are_those_of_the_models(name):
    fresh, shipped = load_model(name), shipped_trace(name)
    assert shipped.inputs == fresh.inputs
    for variant in (Variant(), Variant(Precision.BF16, checkpointing=True)):
        ours, theirs = fresh.training(variant), shipped.training(variant)
        assert ours.weights == theirs.weights
        for batch in (1, 100):
            assert ours.live.at(batch).sum(axis=1).max() == theirs.live.at(batch).sum(axis=1).max()
            assert ours.operations.total_flops(batch) == theirs.operations.total_flops(batch)


def test_what_was_recorded_is_not_traced_and_the_rest_is():
    asked = []

    def trace():
        asked.append("lenet")
        return load_model("lenet")

    source, fresh = RecordedFirst(shipped_trace("lenet"), trace), load_model("lenet")
    source.training(Variant(Precision.BF16, accumulating=True))
    source.inference(Variant(checkpointing=True))
    assert asked == []
    for _ in range(2):
        traced = source.training(Variant(Precision.FP16))
        assert traced.live.at(3) == pytest.approx(
            fresh.training(Variant(Precision.FP16)).live.at(3)
        )
    assert asked == ["lenet"]


@pytest.mark.parametrize("name", MODELS)
def test_every_named_model_can_be_planned_without_torch(name):
    recorded = shipped_trace(name)
    for variant in SHIPPED_VARIANTS:
        assert recorded.training(variant).weights.total > 0
    assert recorded.inference(Variant()).operations.total_flops(1) > 0


def test_accumulation_follows_from_the_plain_trace(perceptron, content):
    recorded, fresh = read_trace(content), perceptron.training(Variant(accumulating=True))
    derived = recorded.training(Variant(accumulating=True))
    assert derived.live.at(64).sum(axis=1).max() == pytest.approx(
        fresh.live.at(64).sum(axis=1).max(), rel=0.05
    )
