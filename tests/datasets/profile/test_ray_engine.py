"""Statistics by Ray, with a stand-in for the nine functions of Ray and Ray Data that are called.

Like a cluster it sends everything from process to process as bytes, works in another folder than the
one it is called from, and ends blocks in any order.
"""

import pickle
import sys
from contextlib import chdir, suppress
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from PIL import Image
from polars.testing import assert_frame_equal

from heldout.datasets.annotations import DataSet
from heldout.datasets.profile import class_balance, image_quality, profile, ray_engine
from heldout.datasets.profile.label_noise import noise_by_probabilities
from heldout.datasets.vectors import Vectors
from heldout.errors import BadInput, MissingExtra, Problem


def sent(value):
    return pickle.loads(pickle.dumps(value))


class Rows:
    """A data set of Ray Data: blocks of rows, or tables, and what is still to be done to them."""

    def __init__(self, blocks):
        self.blocks = blocks

    def map(self, function, *, fn_kwargs):
        function, kwargs = sent((function, fn_kwargs))
        with chdir("/"):
            return Rows([[function(sent(row), **kwargs) for row in block] for block in self.blocks])

    def map_batches(self, function, *, batch_size, batch_format):
        assert (batch_size, batch_format) == (None, "pyarrow")
        with chdir("/"):
            return Rows([sent(function)(sent(block)).to_pylist() for block in self.blocks])

    def take_all(self):
        return [sent(row) for block in reversed(self.blocks) for row in block]


class StandIn:
    """The module `ray`, with its `data`."""

    def __init__(self):
        self.store, self.made, self.joined, self.left = [], [], None, False
        context = SimpleNamespace(get_current=lambda: self.context)
        self.context = SimpleNamespace(enable_progress_bars=True)
        self.data = SimpleNamespace(
            from_items=self.from_items, from_arrow=self.from_arrow, DataContext=context
        )

    def put(self, value):
        self.store.append(pickle.dumps(value))
        return len(self.store) - 1

    def get(self, reference):
        return pickle.loads(self.store[reference])

    def from_items(self, rows, *, override_num_blocks):
        assert override_num_blocks == len(rows)
        return self.keep([[sent(row)] for row in rows])

    def from_arrow(self, tables):
        return self.keep(tables)

    def keep(self, blocks):
        self.made.append(len(blocks))
        return Rows(blocks)

    def init(self, *, address, log_to_driver, logging_level):
        if "://" in address:
            raise ValueError("the client is not installed")
        if address != "auto":
            raise ConnectionError("nobody there")
        self.joined = address

    def shutdown(self):
        self.left = True


@pytest.fixture
def ray(monkeypatch):
    module = StandIn()
    monkeypatch.setitem(sys.modules, "ray", module)
    monkeypatch.setitem(sys.modules, "ray.data", module.data)
    return module


@pytest.fixture
def engine(ray):
    return ray_engine.Ray(ray)


def pictures(folder, ids):
    """An image for each example but the first; that of the last is no image."""
    rng = np.random.default_rng(7)
    for name in ids:
        grey = rng.integers(0, 256, (8, 6), dtype=np.uint8)
        Image.fromarray(grey).save(folder / f"{name}.png")
    (folder / f"{ids[-1]}.png").write_bytes(b"no image")
    return [None, *(f"{name}.png" for name in ids[1:])]


def same(found, expected):
    assert [one.id for one in found] == [one.id for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert_frame_equal(one.table, other.table, check_exact=True)
        for name in ("title", "note", "query", "chart", "alarms"):
            assert getattr(one, name) == getattr(other, name)


@pytest.fixture
def illustrated(animals, tmp_path):
    """The animals in two splits, with images."""
    examples = animals.examples.with_columns(
        pl.Series("image", pictures(tmp_path, animals.examples["example_id"])),
        pl.Series("split", ["train", "test", "train", "test"]),
    )
    return replace(animals, examples=examples, root=tmp_path)


def test_a_cluster_gives_the_same_statistics_in_the_same_order(
    engine, ray, illustrated, monkeypatch
):
    monkeypatch.setattr(ray_engine, "BLOCK", 2)
    wanted = {"media": True, "two_sample_seed": 3, "stated": "CC0-1.0", "subgroups": [["sex"]]}
    here = profile(illustrated, **wanted)
    same(profile(illustrated, engine=engine, **wanted), here)
    # Two blocks of images. The quality is no row, and opt-outs are one though there are none to tell.
    assert ray.made == [2, len(here) - 1 + 1]


def test_a_data_set_is_sent_once_for_all_its_statistics(engine, ray, animals):
    profile(animals, engine=engine)
    assert len(ray.store) == 1


def test_images_under_a_relative_path_are_found_from_any_folder(
    engine, illustrated, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    relative = replace(illustrated, root=None)
    found = profile(relative, media=True, engine=engine)
    same(found, profile(illustrated, media=True))
    assert found[-1].table.height == 2


def test_a_data_set_without_images_asks_for_no_blocks(engine, ray, animals):
    assert image_quality(animals, measure=engine.measure).table.is_empty()
    assert not ray.made


def test_the_error_of_the_first_statistic_that_fails_comes_through_as_its_own(engine, animals):
    vectors = Vectors("p.csv", ("a",), ("cat",), np.ones((1, 1)))
    with pytest.raises(BadInput) as local:
        noise_by_probabilities(animals, vectors)
    calls = [
        partial(class_balance, animals),
        partial(noise_by_probabilities, animals, vectors),
        partial(class_balance, None),
    ]
    with pytest.raises(BadInput) as raised:
        engine.count(calls)
    assert raised.value.problems == local.value.problems
    assert "noise_by_probabilities" in raised.value.__notes__[0]
    with pytest.raises(AttributeError, match="categories"):
        engine.count(calls[2:])


@pytest.mark.parametrize(
    "error",
    [
        BadInput([Problem("a.csv", "is empty", "fill it")], unlisted=3),
        MissingExtra(feature="reading", extra="scale"),
    ],
)
def test_errors_survive_the_way_from_process_to_process(error):
    found = sent(error)
    assert (type(found), str(found), found.args) == (type(error), str(error), error.args)
    assert vars(found) == vars(error)


def test_a_cluster_is_left_again_whatever_happens(ray):
    with suppress(ZeroDivisionError), ray_engine.cluster("auto"):
        assert ray.joined == "auto"
        assert not ray.context.enable_progress_bars
        raise ZeroDivisionError
    assert ray.left


def test_an_address_without_a_cluster_is_refused_with_the_way_out(ray):
    with pytest.raises(BadInput, match=r"--address: no Ray cluster .* ray start --head"):
        ray_engine.cluster("host:6379").__enter__()
    with pytest.raises(BadInput, match="--address: the client is not installed"):
        ray_engine.cluster("ray://host:10001").__enter__()


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(MissingExtra, match="scale"):
        ray_engine.cluster("auto").__enter__()


def test_a_data_set_stays_what_it_is_on_its_way(animals):
    found = sent(animals)
    assert isinstance(found, DataSet)
    assert_frame_equal(found.annotations, animals.annotations)
    assert found.categories == animals.categories
