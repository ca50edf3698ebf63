"""The named models, by the sizes their papers and torchvision publish."""

import pytest

from heldout.compute.loading import load_model
from heldout.compute.named import MODELS
from heldout.compute.setup import Variant


@pytest.fixture(scope="module")
def inference():
    """Trace the forward pass of a named model once."""

    def trace(name, input_text="", widths=()):
        return load_model(name, input_text=input_text, widths=widths).inference(Variant())

    return trace


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("lenet", 61_706),
        ("alexnet", 61_100_840),
        ("vgg16", 138_357_544),
        ("resnet18", 11_689_512),
        ("resnet50", 25_557_032),
        ("resnet152", 60_192_808),
        ("vit_b_16", 86_567_656),
        ("gpt2", 124_439_808),
        ("llama-7b", 6_738_415_616),
    ],
)
def test_a_named_model_has_its_published_number_of_parameters(name, parameters):
    from heldout.compute.tracing import fake_tensors, prepare
    from heldout.compute.weights import measure_weights

    with fake_tensors():
        model = prepare(load_model(name).recipe)
    assert measure_weights(model).total == parameters


@pytest.mark.parametrize(
    ("name", "input_text", "gigamacs"),
    [
        ("alexnet", "", 0.714188),
        ("resnet50", "", 4.089184),
        ("vit_b_16", "", 17.5638),
        ("gpt2", "256", 32.8322),
    ],
)
def test_a_named_model_has_its_published_multiply_adds(inference, name, input_text, gigamacs):
    operations = inference(name, input_text).operations
    assert operations.total_flops(1) / 2e9 == pytest.approx(gigamacs, abs=6e-5)


@pytest.mark.parametrize(
    ("widths", "weights", "biases"), [((3, 4, 2), 20, 6), ((3, 4, 4, 1), 32, 9)]
)
def test_the_lecture_perceptrons_have_the_lecture_numbers(inference, widths, weights, biases):
    counted = inference("mlp", widths=widths).weights
    assert (counted.total - counted.biases, counted.biases) == (weights, biases)


def test_gpt2_is_counted_exactly_as_by_hand(inference):
    tokens, width, depth, vocabulary = 256, 768, 12, 50257
    linear = depth * (12 * width * width) * tokens + vocabulary * width * tokens
    attention = depth * 2 * tokens * tokens * width
    assert inference("gpt2", "256").operations.total_flops(1) == 2 * (linear + attention)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "llama-7b"])
def test_no_operation_of_a_named_model_is_uncounted(inference, name):
    assert inference(name).uncounted == {}
