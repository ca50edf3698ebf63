"""What a person types, and a sentence for each way it can be wrong."""

import sys

import pytest

from heldout.compute.loading import load_model, read_inputs
from heldout.compute.setup import Input, Variant
from heldout.errors import BadInput

MODULE = """
from torch import nn

def small():
    return nn.Linear(8, 4)

def broken():
    raise RuntimeError("weights are missing")

def number():
    return 3

class Net(nn.Linear):
    def __init__(self):
        super().__init__(8, 4)

def leaves():
    raise SystemExit(3)

def frozen():
    return nn.Linear(8, 4).requires_grad_(False)

class Speaks(nn.Linear):
    def __init__(self):
        super().__init__(8, 4)

    def forward(self, numbers):
        return "hello"

built = nn.Linear(8, 4)

constant = 5
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "mymodels.py").write_text(MODULE)
    (tmp_path / "unfinished.py").write_text("import does_not_exist_anywhere\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("mymodels", None)


def refusal(text, input_text="8"):
    with pytest.raises(BadInput) as refused:
        load_model(text, input_text=input_text).training(Variant())
    return str(refused.value)


@pytest.mark.parametrize("name", ["small", "Net"])
def test_a_function_or_a_class_of_ones_own_is_traced(name):
    footprint = load_model(f"mymodels:{name}", input_text="8").training(Variant())
    assert footprint.weights.total == 8 * 4 + 4


def test_a_factory_that_fails_is_told_with_its_reason():
    assert "the factory mymodels:broken failed: RuntimeError: weights are missing" in refusal(
        "mymodels:broken"
    )


def test_a_factory_must_return_a_module():
    assert "mymodels:number returned int; it must return a torch.nn.Module" in refusal(
        "mymodels:number"
    )


def test_a_missing_factory_names_the_nearest():
    assert 'did you mean "small"?' in refusal("mymodels:smal")


def test_what_is_no_factory_is_refused():
    assert "has no factory" in refusal("mymodels:constant")


def test_a_module_that_cannot_be_imported_says_why():
    assert "No module named 'does_not_exist_anywhere'" in refusal("unfinished:small")


def test_an_unknown_name_names_the_nearest_and_the_way_to_ones_own():
    text = refusal("resnet-50")
    assert 'did you mean "resnet50"?' in text
    assert "package.module:factory" in text


def test_a_model_of_ones_own_needs_an_input():
    assert "give the shape of one example" in refusal("mymodels:small", "")


@pytest.mark.parametrize("text", ["3x", "a", "3x-4", "3.5", "0x3", "1024:float", "99999x99999x99"])
def test_an_impossible_shape_is_refused(text):
    with pytest.raises(BadInput, match="--input"):
        read_inputs(text)


def test_shapes_are_read_with_their_kinds():
    assert read_inputs("3x224x224, 77:int") == (Input((3, 224, 224)), Input((77,), integer=True))


def test_a_shape_that_does_not_suit_the_model_names_the_layer():
    assert "does not accept the shape 2x9" in refusal("mymodels:small", "9")


def test_a_named_model_says_which_layer_refuses_a_wrong_image():
    text = refusal("resnet18", "4x224x224")
    assert "layer stem.0 (Conv2d): does not accept the shape 2x4x224x224" in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mymodels:leaves", "the factory mymodels:leaves failed: SystemExit: 3"),
        ("mymodels:frozen", "all of its parameters are frozen, so there is nothing to train"),
        ("mymodels:Speaks", "it returns str without a tensor of numbers to minimise"),
        ("mymodels:built", "mymodels:built is a model that is built already"),
        ("torch.nn:Identity", "it has no parameters, so there is nothing to train"),
        ("./mymodels.py:small", "name the module: mymodels:small"),
    ],
)
def test_what_cannot_be_trained_is_told_in_a_sentence(text, reason):
    assert reason in refusal(text)


def test_only_the_perceptron_takes_layers():
    with pytest.raises(BadInput, match=r"--layers: resnet50 has fixed layers"):
        load_model("resnet50", widths=(3, 4, 2))
