"""Entries made by chance, with a known true value."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from heldout.evaluation.metric import Metric
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.stats import ExampleStats


@pytest.fixture
def right() -> Callable[..., ExampleStats]:
    """Accuracy statistics of a row of 0 and 1."""

    def build(correct: object, metric: Metric | None = None) -> ExampleStats:
        terms = np.asarray(correct, dtype=np.uint8)
        example_ids = pl.Series([f"x{i}" for i in range(len(terms))], dtype=pl.String)
        return ExampleStats(metric or Accuracy(), example_ids, {"terms": terms})

    return build
