from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from heldout.errors import BadInput
from heldout.evaluation.metrics.ece import ExpectedCalibrationError
from heldout.evaluation.metrics.f1 import F1
from heldout.evaluation.stats import ExampleStats
from heldout.ranking import replicates
from heldout.ranking.replicates import paired_replicates, refuse_unaligned
from heldout.statistics.weights import Resampling

IDS = pl.Series([f"x{i}" for i in range(50)])


def calibration(seed: int) -> ExampleStats:
    rng = np.random.default_rng(seed)
    arrays = {"bin": rng.integers(0, 15, 50), "gap": rng.normal(size=50)}
    return ExampleStats(ExpectedCalibrationError(), IDS, arrays)


def labels(seed: int) -> ExampleStats:
    rng = np.random.default_rng(seed)
    arrays = {"reference": np.arange(50) % 3, "prediction": rng.integers(0, 3, 50)}
    return ExampleStats(F1(), IDS, arrays, ("a", "b", "c"))


@pytest.mark.parametrize(("build", "name"), [(calibration, "ece"), (labels, "macro")])
def test_every_entry_is_reduced_under_the_same_weights(
    build: Callable[[int], ExampleStats], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicates, "CHUNK_BYTES", 15_000)  # Two entries at a time.
    stats = [build(seed) for seed in range(5)]
    resampling = Resampling(50, seed=3, replicates=130)
    drawn = paired_replicates(stats, name=name, resampling=resampling)
    weights = np.concatenate(list(resampling.blocks()))
    for column, one in enumerate(stats):
        np.testing.assert_allclose(drawn[:, column], one.reduce(weights)[:, 0], atol=1e-12)


def test_entries_of_other_examples_or_metrics_are_refused() -> None:
    shuffled = labels(1).take(np.arange(50)[::-1])
    refuse_unaligned([labels(1), labels(2)])
    for odd in (shuffled, labels(1).take(np.arange(10)), calibration(1)):
        with pytest.raises(BadInput, match="1 of 3 entries have other examples"):
            refuse_unaligned([labels(1), labels(2), odd])
