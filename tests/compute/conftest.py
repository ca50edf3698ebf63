"""Small models that every test of the planner may trace."""

import pytest
import torch
from torch import nn

from heldout.compute.losses import standard_loss
from heldout.compute.setup import Input
from heldout.compute.sources import TracedModel
from heldout.compute.tracing import Recipe


@pytest.fixture(scope="session")
def traced():
    """Make a source from a function that builds a module."""

    def make(build, *inputs, name="test"):
        shapes = inputs or (Input((8,)),)
        return TracedModel(name, Recipe(build, tuple(shapes), standard_loss))

    return make


@pytest.fixture(scope="session")
def perceptron(traced):
    """A small network whose numbers can be counted by hand: 8-32-16-4."""

    def build():
        layers = [nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 4)]
        return nn.Sequential(*layers)

    return traced(build, name="perceptron")


@pytest.fixture
def real_step():
    """Run one real step of a model and return its loss."""

    def run(build, *shapes):
        loss = standard_loss(build()(*(torch.randn(shape) for shape in shapes)))
        loss.backward()
        return float(loss)

    return run
