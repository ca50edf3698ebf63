"""How a problem of language is asked: from files, as a person would."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heldout.datasets.tasks import find_task
from heldout.errors import BadInput
from heldout.evaluation.reading import Expected, Missing, read_predictions, read_references
from heldout.evaluation.registry import find_metric
from heldout.evaluation.scoring import check_needs
from heldout.evaluation.stats import ExampleStats

Content = Any  # What is written as JSON, or text as it is.


@pytest.fixture(scope="session")
def stats_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ExampleStats]:
    """Write references and predictions, read them, and keep what the metric keeps."""

    def ask(
        references: Content,
        predictions: Content,
        *,
        task: str,
        metric: str,
        missing: Missing = Missing.REFUSE,
        suffix: str = ".json",
    ) -> ExampleStats:
        folder = tmp_path_factory.mktemp("language")
        files = folder / f"references{suffix}", folder / f"predictions{suffix}"
        for path, content in zip(files, (references, predictions), strict=True):
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return stats_from(*files, task=task, metric=metric, missing=missing)

    return ask


@pytest.fixture(scope="session")
def stats_of_files() -> Callable[..., ExampleStats]:
    return stats_from


@pytest.fixture(scope="session")
def refusal_of(stats_of: Callable[..., ExampleStats]) -> Callable[..., list[str]]:
    """Return what is wrong with references or predictions, a line each."""

    def ask(references: Content, predictions: Content, **how: Any) -> list[str]:
        with pytest.raises(BadInput) as refused:
            stats_of(references, predictions, **how)
        return str(refused.value).splitlines()

    return ask


def stats_from(
    references: Path, predictions: Path, *, task: str, metric: str, missing: Missing
) -> ExampleStats:
    chosen = find_task(task)
    true = read_references(references, task=chosen)
    expected = Expected(true.example_ids, true.classes, missing=missing, public=true.public)
    found = read_predictions(predictions, task=chosen, expected=expected)
    asked = find_metric(metric, task=chosen)
    check_needs(found, [asked])
    return asked.per_example(found, true)
