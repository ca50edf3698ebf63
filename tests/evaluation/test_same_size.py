from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from heldout.datasets.tasks import Family
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.metrics.coco_bbox import CocoBbox
from heldout.evaluation.metrics.ece import ExpectedCalibrationError
from heldout.evaluation.same_size import depends_on_size, same_size
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.subgroups import disaggregate

Make = dict[Family, Callable[..., tuple]]


def measured(make: Make, sizes: dict[str, int], metric: object) -> tuple:
    names = [name for name, size in sizes.items() for _ in range(size)]
    case = make[Family.LABEL](len(names), 3)
    stats = metric.per_example(*case)
    groups = disaggregate(
        stats, pl.DataFrame({"ink": names}), metric=metric, by=["ink"], seed=1, smallest_group=5
    )
    return stats, same_size(stats, groups, metric=metric, seed=1)


def test_it_is_the_mean_over_random_subsets_of_the_groups_size(make: Make) -> None:
    stats, found = measured(make, {"a": 300, "b": 60}, Accuracy())
    values = stats.array("terms")
    for one in found:
        # Of draws without replacement: the whole's mean, and the spread of the hypergeometric.
        error = np.sqrt(values.var() / one.n * (360 - one.n) / 359)
        assert one.mean == pytest.approx(values.mean(), abs=4 * error / np.sqrt(one.subsets))
        assert (one.high - one.low) / 2 == pytest.approx(1.96 * error, rel=0.35)


def test_a_number_that_is_biased_on_few_examples_is_larger_on_small_subsets() -> None:
    """Of a model that is as right as it is sure, whose true calibration error is 0."""
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.4, 1, 1000)
    metric = ExpectedCalibrationError()
    stats = ExampleStats(
        metric,
        pl.Series(np.arange(1000)).cast(pl.String),
        {
            "bin": np.minimum(confidence * 15, 14).astype(np.int32),
            "gap": confidence - (rng.random(1000) < confidence),
        },
    )
    groups = disaggregate(
        stats, pl.DataFrame({"ink": ["a"] * 940 + ["b"] * 60}), metric=metric, by=["ink"], seed=1
    )
    large, small = same_size(stats, groups, metric=metric, seed=1)
    assert small.mean > 2 * large.mean > 0


def test_a_withheld_group_has_no_yardstick(make: Make) -> None:
    _, found = measured(make, {"a": 100, "b": 4}, ExpectedCalibrationError())
    assert [one.subgroup for one in found] == [{"ink": "a"}]


def test_the_same_seed_draws_the_same_subsets(make: Make) -> None:
    sizes = {"a": 100, "b": 40}
    metric = ExpectedCalibrationError()
    assert measured(make, sizes, metric)[1] == measured(make, sizes, metric)[1]


def test_average_precision_depends_on_size_and_accuracy_does_not() -> None:
    assert depends_on_size(CocoBbox())
    assert not depends_on_size(Accuracy())
