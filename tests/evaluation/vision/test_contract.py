"""What every metric of native formats must hold; those of tables are tested in the folder above."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heldout.evaluation.storage import load_stats, save_stats
from heldout.statistics.weights import Resampling

KINDS = [("coco-bbox", "object-detection"), ("coco-segm", "instance-segmentation")]
every_metric = pytest.mark.parametrize(("metric", "task"), KINDS)


@pytest.fixture
def stats(metric: str, task: str, stats_of: Any, make_problem: Any) -> Any:
    truth, results = make_problem(
        4, images=12, distinct_scores=True, with_masks=task == "instance-segmentation"
    )
    return stats_of(truth, results, task, metric)


@every_metric
def test_numbers_stay_within_their_bounds(stats: Any) -> None:
    for value, number in zip(stats.reduce(), stats.metric.numbers, strict=True):
        assert np.isnan(value) or number.low <= value <= number.high


@every_metric
def test_the_order_of_examples_does_not_matter(stats: Any) -> None:
    order = np.random.default_rng(0).permutation(len(stats))
    np.testing.assert_allclose(stats.take(order).reduce(), stats.reduce(), atol=1e-12)


@every_metric
def test_a_weight_is_a_repetition(stats: Any) -> None:
    weights = np.random.default_rng(0).integers(0, 4, len(stats))
    repeated = stats.take(np.repeat(np.arange(len(stats)), weights))
    np.testing.assert_allclose(repeated.reduce(), stats.reduce(weights), atol=1e-12)


@every_metric
def test_nothing_has_no_value(stats: Any) -> None:
    assert np.isnan(stats.reduce(np.zeros(len(stats)))).all()
    assert np.isnan(stats.take(np.array([], dtype=int)).reduce()).all()


@every_metric
def test_statistics_survive_a_file(stats: Any, tmp_path: Path) -> None:
    save_stats(stats, tmp_path / "stats.parquet")
    found = load_stats(tmp_path / "stats.parquet")
    assert found.metric == stats.metric
    np.testing.assert_array_equal(found.reduce(), stats.reduce())


@every_metric
def test_single_precision_tells_the_same_spread(stats: Any) -> None:
    """The draws are the shared ones, so every resample can be compared with itself."""
    resampling = Resampling(len(stats), seed=3, replicates=300)
    fast = stats.metric.resampled(stats, resampling)
    exact = np.concatenate([stats.reduce(block) for block in resampling.blocks()])
    assert fast.dtype == np.float64
    np.testing.assert_array_equal(np.isnan(fast), np.isnan(exact))
    np.testing.assert_allclose(fast, exact, atol=0.03)
    assert np.nanmean(np.abs(fast - exact)) < 1e-3
    np.testing.assert_allclose(np.nanstd(fast, axis=0), np.nanstd(exact, axis=0), 0.02, 1e-9)
