"""Metrics against independent implementations: scikit-learn, scipy, and published numbers."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from sklearn import metrics as sk

from heldout.datasets.tasks import Family, Task, find_task
from heldout.evaluation.reading import Expected, read_predictions, read_references
from heldout.evaluation.registry import find_metric
from heldout.evaluation.scoring import score
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.subgroups import disaggregate

Make = dict[Family, Callable[..., tuple]]
LABELS, SETS, NUMBERS = (
    find_task(task) for task in ("image-classification", "multi-label-classification", "regression")
)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(20, 60)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Let scikit-learn warn of classes that do not occur."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def numbers_of(spec: str, task: Task, case: tuple) -> list[float]:
    metric = find_metric(spec, task=task)
    return metric.per_example(*case).reduce().tolist()


def close(value: float) -> object:
    return pytest.approx(value, abs=1e-9, rel=1e-9, nan_ok=True)


LABEL_ORACLES = {
    "accuracy": lambda y, p, s: [sk.accuracy_score(y, p)],
    "balanced-accuracy": lambda y, p, s: [sk.balanced_accuracy_score(y, p)],
    "f1": lambda y, p, s: [sk.f1_score(y, p, average=how) for how in ("macro", "micro")],
    "kappa": lambda y, p, s: [sk.cohen_kappa_score(y, p)],
    "kappa:weights=linear": lambda y, p, s: [
        sk.cohen_kappa_score(y, p, weights="linear", labels=range(4))
    ],
    "kappa:weights=quadratic": lambda y, p, s: [
        sk.cohen_kappa_score(y, p, weights="quadratic", labels=range(4))
    ],
    "log-loss": lambda y, p, s: [sk.log_loss(y, y_proba=s, labels=range(4))],
    "brier": lambda y, p, s: [sk.brier_score_loss(y, s, labels=range(4))],
    "top-k:k=1": lambda y, p, s: [sk.top_k_accuracy_score(y, s, k=1, labels=range(4))],
    "top-k:k=2": lambda y, p, s: [sk.top_k_accuracy_score(y, s, k=2, labels=range(4))],
    "top-k:k=3": lambda y, p, s: [sk.top_k_accuracy_score(y, s, k=3, labels=range(4))],
}


@pytest.mark.parametrize("spec", LABEL_ORACLES)
@settings(max_examples=30)
@given(n=sizes, seed=seeds)
def test_label_metrics_are_those_of_scikit_learn(make: Make, spec: str, n: int, seed: int) -> None:
    predictions, references = make[Family.LABEL](n, seed)
    theirs = LABEL_ORACLES[spec](references.labels, predictions.labels, predictions.scores)
    assert numbers_of(spec, LABELS, (predictions, references)) == close(theirs)


@settings(max_examples=30)
@given(n=sizes, seed=seeds)
def test_auroc_is_that_of_scikit_learn(make: Make, n: int, seed: int) -> None:
    predictions, references = make[Family.LABEL](n, seed)
    found = np.unique(references.labels)
    theirs = np.mean(
        [sk.roc_auc_score(references.labels == one, predictions.scores[:, one]) for one in found]
    )
    assert numbers_of("auroc", LABELS, (predictions, references)) == close([theirs])
    if len(found) == 4:
        whole = sk.roc_auc_score(references.labels, predictions.scores, multi_class="ovr")
        assert theirs == close(whole)


@settings(max_examples=30)
@given(n=sizes, seed=seeds)
def test_with_two_classes_auroc_and_brier_are_the_binary_ones(make: Make, n, seed) -> None:
    predictions, references = make[Family.LABEL](n, seed)
    scores = predictions.scores[:, :2] / predictions.scores[:, :2].sum(axis=1, keepdims=True)
    binary = replace(references, labels=references.labels % 2, names=("no", "yes"))
    predictions = replace(predictions, scores=scores)
    truth = binary.labels
    assert numbers_of("brier", LABELS, (predictions, binary)) == close(
        [sk.brier_score_loss(truth, scores[:, 1])]
    )
    if len(set(truth)) == 2:
        assert numbers_of("auroc", LABELS, (predictions, binary)) == close(
            [sk.roc_auc_score(truth, scores[:, 1])]
        )


@settings(max_examples=30)
@given(n=sizes, seed=seeds, bins=st.integers(1, 20))
def test_calibration_error_is_the_sum_over_bins_written_out(make: Make, n, seed, bins) -> None:
    predictions, references = make[Family.LABEL](n, seed)
    confidence = predictions.scores.max(axis=1)
    right = predictions.scores.argmax(axis=1) == references.labels
    theirs = 0.0
    edges = np.linspace(0, 1, bins + 1)
    for low, high in pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            theirs += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert numbers_of(f"ece:bins={bins}", LABELS, (predictions, references)) == close([theirs])


@settings(max_examples=30)
@given(n=sizes, seed=seeds)
def test_label_set_metrics_are_those_of_scikit_learn(make: Make, n: int, seed: int) -> None:
    predictions, references = make[Family.LABEL_SET](n, seed)
    truth, guess = references.sets, predictions.sets
    theirs = [
        sk.f1_score(truth, guess, average=how, zero_division=np.nan) for how in ("macro", "micro")
    ]
    assert numbers_of("f1", SETS, (predictions, references)) == close(theirs)
    present = truth.any(axis=0)
    average = sk.average_precision_score(
        truth[:, present], predictions.scores[:, present], average="macro"
    )
    assert numbers_of("mean-average-precision", SETS, (predictions, references)) == close([average])


@pytest.mark.parametrize(
    ("spec", "oracle"),
    [
        ("mae", sk.mean_absolute_error),
        ("rmse", sk.root_mean_squared_error),
        ("r2", sk.r2_score),
        ("spearman", lambda y, p: scipy_stats.spearmanr(y, p).statistic),
    ],
)
@settings(max_examples=30)
@given(n=sizes, seed=seeds)
def test_number_metrics_are_those_of_scikit_learn(make: Make, spec, oracle, n, seed) -> None:
    predictions, references = make[Family.NUMBER](n, seed)
    theirs = oracle(references.values, predictions.values)
    assert numbers_of(spec, NUMBERS, (predictions, references)) == close([theirs])


def test_real_probabilities_with_ties_get_the_published_numbers(
    cases: Path, tmp_path: Path
) -> None:
    folder = cases / "metrics" / "classification"
    published = msgspec.json.decode((folder / "expected.json").read_bytes())
    with np.load(folder / "probs.npz") as arrays:
        scores, truth = arrays["P"].astype(np.float64), arrays["y"]
    names = [f"{one:02}" for one in range(scores.shape[1])]
    example_ids = [f"img{one}" for one in range(len(truth))]
    pl.DataFrame({"example_id": example_ids, "scores": scores.tolist()}).write_parquet(
        tmp_path / "predictions.parquet"
    )
    pl.DataFrame({"example_id": example_ids, "reference": [names[one] for one in truth]}).write_csv(
        tmp_path / "references.csv"
    )
    references = read_references(tmp_path / "references.csv", task=LABELS, classes=names)
    predictions = read_predictions(
        tmp_path / "predictions.parquet",
        task=LABELS,
        expected=Expected(references.example_ids, tuple(names)),
    )
    specs = ["accuracy", "top-k:k=5", "f1", "balanced-accuracy", "ece", "log-loss"]
    metrics = [find_metric(spec, task=LABELS) for spec in specs]
    scored = score(predictions, references, metrics, seed=1, replicates=0).scores
    ours = {(one.metric, one.name): one.value for one in scored}
    assert ours["accuracy", "accuracy"] == close(published["top1"])
    assert ours["top-k:k=5", "top-5"] == close(published["top5"])
    assert ours["f1", "macro"] == close(published["macro_f1"])
    assert ours["balanced-accuracy", "balanced-accuracy"] == close(published["balanced_acc"])
    in_single_precision = pytest.approx(published["ece15_torchmetrics"], abs=1e-7)
    assert ours["ece", "ece"] == in_single_precision
    assert ours["log-loss", "log-loss"] == pytest.approx(published["log_loss"], abs=1e-8)


def test_subgroups_of_a_real_table_are_the_accuracies_of_its_rows(cases: Path) -> None:
    table = pl.read_csv(cases / "metrics" / "classification" / "intersectional.csv")
    example_ids = pl.Series([str(row) for row in range(len(table))])
    metric = find_metric("accuracy", task=LABELS)
    correct = (table["y"] == table["yhat"]).to_numpy()
    stats = ExampleStats(metric, example_ids, {"terms": correct.astype(np.uint8)})
    groups = disaggregate(
        stats, table, metric=metric, by=["skin", ["skin", "gender"]], seed=1, replicates=0
    )
    for group in groups:
        rows = table.filter([pl.col(name) == value for name, value in group.subgroup.items()])
        assert group.n == len(rows)
        assert group.value == close(sk.accuracy_score(rows["y"], rows["yhat"]))
    assert len(groups) == table["skin"].n_unique() + table.select("skin", "gender").n_unique()
