from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as scipy_stats
from sklearn.metrics import f1_score

from heldout.datasets.tasks import Family, find_task
from heldout.errors import BadInput
from heldout.evaluation.metric import Method
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.metrics.ece import ExpectedCalibrationError
from heldout.evaluation.metrics.f1 import F1
from heldout.evaluation.metrics.kappa import Kappa
from heldout.evaluation.metrics.mae import MeanAbsoluteError
from heldout.evaluation.metrics.r2 import R2
from heldout.evaluation.registry import find_metric
from heldout.evaluation.scoring import score

Make = dict[Family, Callable[..., tuple]]
LABELS = find_task("image-classification")


def test_a_proportion_has_the_interval_of_wilson(make: Make) -> None:
    case = make[Family.LABEL](200, 1)
    (found,) = score(*case, [Accuracy()], seed=1).scores
    right = int(np.sum(case[0].labels == case[1].labels))
    theirs = scipy_stats.binomtest(right, 200).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert (found.method, found.n, found.version) == ("wilson", 200, "1")


def test_no_interval_leaves_the_bounds_of_its_number(make: Make) -> None:
    class Wide(F1):
        interval = Method.STANDARD_ERROR

    predictions, references = make[Family.LABEL](60, 1)
    nearly = references.labels.copy()
    nearly[0] = (nearly[0] + 1) % len(references.classes)
    case = replace(predictions, labels=nearly), references
    macro = score(*case, [Wide()], seed=1).scores[0]
    assert macro.low < macro.value < macro.high == 1


def test_a_bootstrap_interval_is_near_that_of_scipy(make: Make) -> None:
    predictions, references = make[Family.LABEL](300, 2)
    macro = score(predictions, references, [F1()], seed=1, replicates=4000).scores[0]
    theirs = scipy_stats.bootstrap(
        (references.labels, predictions.labels),
        lambda truth, guess: f1_score(truth, guess, average="macro"),
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=1000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert (macro.low, macro.high) == pytest.approx((theirs.low, theirs.high), abs=0.012)
    assert macro.method == str(Method.CLASSES)


def test_the_interval_of_a_mean_is_that_of_theory(make: Make) -> None:
    predictions, references = make[Family.NUMBER](2000, 3)
    (found,) = score(predictions, references, [MeanAbsoluteError()], seed=1, replicates=2000).scores
    errors = np.abs(predictions.values - references.values)
    half = 1.96 * errors.std() / np.sqrt(2000)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.08)
    assert (found.low + found.high) / 2 == pytest.approx(errors.mean(), abs=half / 5)


@pytest.mark.parametrize("family", [Family.LABEL, Family.NUMBER])
def test_the_same_seed_gives_the_same_intervals(make: Make, family: Family) -> None:
    metrics = {Family.LABEL: Kappa(), Family.NUMBER: R2()}
    one, same, other = (
        score(*make[family](100, 1), [metrics[family]], seed=seed).scores for seed in (1, 1, 2)
    )
    assert one == same
    assert one[0].low != other[0].low


def test_clusters_widen_the_interval_of_what_repeats_within_them(make: Make) -> None:
    predictions, references = make[Family.LABEL](60, 1)
    again = np.repeat(np.arange(60), 10)
    repeated = (
        replace(predictions, labels=predictions.labels[again], missing=np.zeros(600, bool)),
        replace(
            references, labels=references.labels[again], example_ids=references.example_ids[again]
        ),
    )
    narrow, wide = (
        score(*repeated, [Accuracy()], seed=1, clusters=clusters).scores[0]
        for clusters in (np.arange(600), again)
    )
    single = score(predictions, references, [Accuracy()], seed=1).scores[0]
    assert wide.method == "percentile bootstrap"
    assert wide.high - wide.low > 2.5 * (narrow.high - narrow.low)
    assert wide.high - wide.low == pytest.approx(single.high - single.low, rel=0.15)


def test_too_few_examples_have_a_score_without_an_interval(make: Make) -> None:
    macro = score(*make[Family.LABEL](9, 1), [F1()], seed=1).scores[0]
    assert macro.value is not None
    assert (macro.low, macro.high, macro.method) == (None, None, str(Method.NONE))
    assert macro.reason == "9 examples are too few for an interval (fewest: 10)"


def test_too_few_clusters_have_no_interval(make: Make) -> None:
    clusters = np.arange(100) % 3
    (found,) = score(*make[Family.LABEL](100, 1), [Accuracy()], seed=1, clusters=clusters).scores
    assert found.low is None
    assert "3 clusters are too few" in found.reason


def test_an_undefined_number_is_none_with_its_reason(make: Make) -> None:
    predictions, references = make[Family.NUMBER](50, 1)
    flat = replace(references, values=np.full(50, 3.0))
    (found,) = score(predictions, flat, [R2()], seed=1).scores
    assert (found.value, found.low) == (None, None)
    assert found.reason == "all references are equal"


def test_no_examples_is_the_reason_where_there_are_none(make: Make) -> None:
    (found,) = score(*make[Family.NUMBER](0, 1), [R2()], seed=1).scores
    assert (found.value, found.n, found.reason) == (None, 0, "there are no examples")


def test_a_number_undefined_on_many_resamples_has_no_interval(make: Make) -> None:
    predictions, references = make[Family.NUMBER](12, 1)
    nearly_flat = replace(references, values=np.array([4.0] + [3.0] * 11))
    (found,) = score(predictions, nearly_flat, [R2()], seed=1).scores
    assert found.value is not None
    assert found.low is None
    assert found.reason == "too many resamples are undefined: all references are equal"


def test_a_perfect_score_is_not_certain(make: Make) -> None:
    case = make[Family.LABEL](80, 1, perfect=True)
    right, macro, micro, kappa = score(*case, [Accuracy(), F1(), Kappa()], seed=1).scores
    theirs = scipy_stats.binomtest(80, 80).proportion_ci(method="wilson").low
    assert (right.low, micro.low) == pytest.approx((theirs, theirs))
    assert theirs - 0.01 < macro.low < macro.high == 1
    assert (kappa.value, kappa.low, kappa.high) == (1.0, None, None)
    assert kappa.reason.startswith("all resamples give the same number")


def test_a_class_of_few_examples_leaves_its_mean_without_an_interval(make: Make) -> None:
    predictions, references = make[Family.LABEL](80, 1)
    rare = np.where(np.arange(80) < 6, 3, references.labels % 3).astype(np.int32)
    macro, micro = score(predictions, replace(references, labels=rare), [F1()], seed=1).scores
    assert macro.value is not None
    assert (macro.low, macro.method) == (None, str(Method.NONE))
    assert macro.reason == ("too many classes have too few examples for an interval (fewest: 10)")
    assert micro.low < micro.value < micro.high


def test_the_calibration_error_needs_examples_in_its_bins(make: Make) -> None:
    few, enough = (
        score(*make[Family.LABEL](n, 1), [ExpectedCalibrationError(bins=5)], seed=1).scores[0]
        for n in (99, 100)
    )
    assert few.reason == "99 examples are too few for an interval (fewest: 100)"
    assert enough.low is not None


def test_an_error_that_one_example_decides_has_a_wide_interval(make: Make) -> None:
    predictions, references = make[Family.NUMBER](200, 1, noise=1.0)
    one = replace(predictions, values=predictions.values + np.eye(200)[0] * 1000)
    plain, decided = (
        score(case, references, [MeanAbsoluteError()], seed=1).scores[0]
        for case in (predictions, one)
    )
    assert plain.method == decided.method == "jackknife"
    assert plain.high / plain.low < 1.4
    assert decided.high / decided.low > 1000


def test_without_resamples_there_are_scores_without_intervals(make: Make) -> None:
    for found in score(*make[Family.LABEL](50, 1), [Accuracy(), F1()], seed=1, replicates=0).scores:
        assert found.value is not None
        assert (found.low, found.reason) == (None, "intervals were not asked for")


def test_retired_examples_count_nothing_but_stay_in_the_statistics(make: Make) -> None:
    predictions, references = make[Family.LABEL](80, 1)
    keep = np.arange(80) % 4 != 0
    scoring = score(predictions, references, [Accuracy(), F1()], seed=1, keep=keep)
    right = (predictions.labels == references.labels)[keep]
    assert scoring.scores[0].value == pytest.approx(right.mean())
    assert {one.n for one in scoring.scores} == {60}
    assert len(scoring.stats["accuracy"]) == 80


def test_a_metric_asked_for_twice_is_scored_once(make: Make) -> None:
    scoring = score(*make[Family.LABEL](30, 1), [Accuracy(), Accuracy()], seed=1)
    assert len(scoring.scores) == 1


def test_all_lacks_of_the_predictions_are_told_at_once(make: Make) -> None:
    predictions, references = make[Family.LABEL](30, 1)
    bare = replace(predictions, scores=None, ranked=None)
    metrics = [find_metric(spec, task=LABELS) for spec in ("accuracy", "log-loss", "top-k:k=3")]
    with pytest.raises(BadInput) as caught:
        score(bare, references, metrics, seed=1)
    assert str(caught.value).splitlines() == [
        "metric log-loss: needs a score for every class; give columns score_<class>, or a column "
        "of lists called scores",
        "metric top-k:k=3: needs 3 labels per example, and the file has 1 label; give columns "
        "prediction_1 … prediction_3, or scores",
    ]


def test_scores_that_are_not_probabilities_are_refused_where_they_must_be(make: Make) -> None:
    predictions, references = make[Family.LABEL](30, 1)
    scores = predictions.scores.copy()
    scores[3, 1], scores[4] = 1.5, 0.01
    damaged = replace(predictions, scores=scores)
    score(damaged, references, [find_metric("auroc", task=LABELS)], seed=1, replicates=0)
    with pytest.raises(BadInput) as caught:
        score(damaged, references, [find_metric("brier", task=LABELS)], seed=1)
    assert str(caught.value).splitlines() == [
        "line 5: the score 1.5 is not between 0 and 1; metric brier needs probabilities",
        "line 6: the scores sum to 0.04, not to 1; metric brier needs probabilities",
    ]


def test_a_missing_example_is_wrong_or_refused_as_the_metric_can(make: Make) -> None:
    predictions, references = make[Family.LABEL](30, 1, perfect=True)
    gone = np.arange(30) < 3
    partly = replace(predictions, missing=gone, labels=np.where(gone, -1, predictions.labels))
    assert score(partly, references, [Accuracy()], seed=1).scores[0].value == pytest.approx(0.9)
    assert score(partly, references, [F1()], seed=1).scores[1].value == pytest.approx(0.9)
    kappa = find_metric("kappa", task=LABELS)
    assert 0.7 < score(partly, references, [kappa], seed=1).scores[0].value < 0.9
    top = find_metric("top-k:k=1", task=LABELS)
    assert score(partly, references, [top], seed=1).scores[0].value == pytest.approx(0.9)
    with pytest.raises(BadInput, match="cannot count 3 missing examples as wrong"):
        score(partly, references, [find_metric("log-loss", task=LABELS)], seed=1)


def test_a_constant_vector_of_scores_is_not_always_among_the_first(make: Make) -> None:
    predictions, references = make[Family.LABEL](400, 1)
    constant = replace(predictions, scores=np.full((400, 4), 0.25))
    top = find_metric("top-k:k=2", task=LABELS)
    assert score(constant, references, [top], seed=1).scores[0].value == pytest.approx(0.5, abs=0.1)
