from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from heldout.datasets.tasks import Family, find_task
from heldout.errors import BadInput
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.registry import find_metric
from heldout.evaluation.stats import ExampleStats, Ragged
from heldout.evaluation.storage import load_stats, save_stats


def test_a_metric_comes_back_as_it_was_asked_for(make: dict, tmp_path: Path) -> None:
    metric = find_metric("top-k:k=2", task=find_task("image-classification"))
    save_stats(metric.per_example(*make[Family.LABEL](9, 1)), tmp_path / "s.parquet")
    found = load_stats(tmp_path / "s.parquet").metric
    assert found == metric
    assert found.key == "top-k:k=2"


def test_several_rows_per_example_come_back(tmp_path: Path) -> None:
    ragged = Ragged(np.array([0.5, 0.25, 0.125]), np.array([0, 2, 2, 3]))
    stats = ExampleStats(Accuracy(), pl.Series(["a", "b", "c"]), {"scores": ragged})
    save_stats(stats, tmp_path / "s.parquet")
    found = load_stats(tmp_path / "s.parquet").arrays["scores"]
    assert isinstance(found, Ragged)
    assert found.values.tolist() == ragged.values.tolist()
    assert found.offsets.tolist() == ragged.offsets.tolist()


def test_statistics_of_another_version_are_refused(
    make: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_stats(Accuracy().per_example(*make[Family.LABEL](9, 1)), tmp_path / "s.parquet")
    monkeypatch.setattr(Accuracy, "version", "2")
    with pytest.raises(BadInput, match="made by version 1 of accuracy, now 2; score"):
        load_stats(tmp_path / "s.parquet")


def test_another_file_is_refused(tmp_path: Path, file: Callable[..., Path]) -> None:
    pl.DataFrame({"example_id": ["a"]}).write_parquet(tmp_path / "other.parquet")
    for path in (tmp_path / "other.parquet", file("noise.parquet", "noise"), tmp_path / "gone"):
        with pytest.raises(BadInput, match="not a file of per-example statistics"):
            load_stats(path)
