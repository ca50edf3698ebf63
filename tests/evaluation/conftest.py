"""Made-up predictions and references for every family of metrics, and files of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from heldout.datasets.tasks import Family, Task, find_task
from heldout.evaluation.data import (
    CustomPredictions,
    CustomReferences,
    LabelPredictions,
    LabelReferences,
    NumberPredictions,
    NumberReferences,
    Places,
    Predictions,
    References,
    SetPredictions,
    SetReferences,
)

CLASSES = ("ant", "bee", "cat", "dog")
Case = tuple[Predictions, References]


def about(n: int) -> dict[str, object]:
    """What predictions of any family say of themselves."""
    return {
        "example_ids": ids(n),
        "missing": np.zeros(n, dtype=np.bool_),
        "places": Places(np.arange(n), lambda row: f"line {row + 2}"),
    }


def ids(n: int) -> pl.Series:
    return pl.Series([f"x{i}" for i in range(n)], dtype=pl.String)


def noisy_scores(truth: np.ndarray, rng: np.random.Generator, noise: float) -> np.ndarray:
    """Rows that sum to 1, with ties: all are multiples of a twentieth before they are scaled."""
    raw = np.round(20 * rng.random(truth.shape) * noise) / 20 + truth + 0.05
    return raw / raw.sum(axis=1, keepdims=True)


def make_labels(n: int, seed: int, *, noise: float = 2.0, perfect: bool = False) -> Case:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES), n).astype(np.int32)
    truth = np.eye(len(CLASSES))[labels]
    scores = truth if perfect else noisy_scores(truth, rng, noise)
    ranked = np.argsort(-scores, axis=1, kind="stable").astype(np.int32)
    predictions = LabelPredictions(**about(n), labels=ranked[:, 0], ranked=ranked, scores=scores)
    return predictions, LabelReferences(ids(n), pl.DataFrame(), labels, CLASSES)


def make_sets(n: int, seed: int, *, noise: float = 2.0, perfect: bool = False) -> Case:
    rng = np.random.default_rng(seed)
    sets = rng.random((n, len(CLASSES))) < 0.4
    scores = np.round(
        np.clip(sets + (0 if perfect else noise) * (rng.random(sets.shape) - 0.5), 0, 1), 1
    )
    predictions = SetPredictions(**about(n), sets=scores >= 0.5, scores=scores)
    return predictions, SetReferences(ids(n), pl.DataFrame(), sets, CLASSES)


def make_numbers(n: int, seed: int, *, noise: float = 2.0, perfect: bool = False) -> Case:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(50, 3, n))
    guesses = values if perfect else np.round(values + rng.normal(0, noise, n), 1)
    predictions = NumberPredictions(**about(n), values=guesses)
    return predictions, NumberReferences(ids(n), pl.DataFrame(), values)


def make_rows(n: int, seed: int, *, noise: float = 2.0, perfect: bool = False) -> Case:
    """A word and a number of each, of which some are empty."""
    rng = np.random.default_rng(seed)
    words = [(*CLASSES, None)[code] for code in rng.integers(0, 5, n)]
    true = pl.DataFrame(
        {"word": pl.Series(words, dtype=pl.String), "size": rng.integers(0, 9, n) / 4}
    )
    wrong = pl.Series(rng.random(n) < (0 if perfect else noise / 10), dtype=pl.Boolean)
    said = pl.when(wrong).then(pl.lit("elk")).otherwise(pl.col("word"))
    predictions = CustomPredictions(
        **about(n), columns=true.with_columns(said.alias("word")), answers=("word", "size")
    )
    return predictions, CustomReferences(ids(n), true)


MAKERS: dict[Family, Callable[..., Case]] = {
    Family.LABEL: make_labels,
    Family.LABEL_SET: make_sets,
    Family.NUMBER: make_numbers,
    Family.CUSTOM: make_rows,
}


@pytest.fixture(scope="session")
def make() -> dict[Family, Callable[..., Case]]:
    """Makers of a case by family: `make[family](n, seed, perfect=False)`."""
    return MAKERS


@pytest.fixture
def labels() -> Task:
    return find_task("image-classification")


@pytest.fixture
def label_sets() -> Task:
    return find_task("multi-label-classification")


@pytest.fixture
def numbers() -> Task:
    return find_task("regression")


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file with this name and content."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
