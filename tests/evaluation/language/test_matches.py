"""Winoground by its definition; retrieval against scikit-learn and sums by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from heldout.challenge.adhoc import evaluate_files
from heldout.errors import BadInput
from heldout.evaluation.metrics.retrieval import weighted_median
from heldout.evaluation.reading import Missing
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.storage import load_stats, save_stats

WINOGROUND = {"task": "image-text-matching", "metric": "winoground", "suffix": ".csv"}
RETRIEVAL = WINOGROUND | {"metric": "retrieval"}
HEADER = "example_id,c0_i0,c1_i0,c0_i1,c1_i1\n"
Stats = Callable[..., ExampleStats]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ("3,1,2,4", (1, 1, 1)),
        ("3,1,4,5", (1, 0, 0)),  # Image 1 fits caption 0 better than its own image does.
        ("3,4,2,5", (0, 1, 0)),
        ("1,2,3,0", (0, 0, 0)),
        ("1,1,1,1", (0, 0, 0)),  # Equal is not higher.
        ("3,3,2,4", (0, 1, 0)),
        ("3,1,3,4", (1, 0, 0)),
    ],
)
def test_winoground_needs_strictly_higher_scores(
    stats_of: Stats, scores: str, expected: tuple[int, ...]
) -> None:
    stats = stats_of("example_id\n7\n", f"{HEADER}7,{scores}\n", **WINOGROUND)
    assert tuple(stats.reduce()) == expected
    assert stats.metric.names == ("text", "image", "group")


@settings(max_examples=50)
@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=20))
def test_winoground_equals_its_definition(stats_of: Stats, rows: list[Any]) -> None:
    lines = [f"{i},{','.join(map(str, row))}\n" for i, row in enumerate(rows)]
    ids = "example_id\n" + "".join(f"{i}\n" for i in range(len(rows)))
    text = [c0_i0 > c1_i0 and c1_i1 > c0_i1 for c0_i0, c1_i0, c0_i1, c1_i1 in rows]
    image = [c0_i0 > c0_i1 and c1_i1 > c1_i0 for c0_i0, c1_i0, c0_i1, c1_i1 in rows]
    group = [both == (True, True) for both in zip(text, image, strict=True)]
    told = stats_of(ids, HEADER + "".join(lines), **WINOGROUND).reduce()
    np.testing.assert_allclose(told, np.mean([text, image, group], axis=1), atol=1e-12)


def test_winoground_needs_no_references(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"{HEADER.strip()},tag\n1,3,1,2,4,noun\n2,1,1,1,1,verb\n")
    evaluation = evaluate_files(
        task=WINOGROUND["task"], references=None, predictions=path, subgroups=[("tag",)]
    )
    assert [score.value for score in evaluation.report.scores] == [0.5, 0.5, 0.5]
    assert len(evaluation.report.subgroups) == 6


def test_other_tasks_need_references(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--references: is not given"):
        evaluate_files(task="regression", references=None, predictions=tmp_path / "p.csv")


def rankings(n: int, seed: int, *, cut: int | None = None) -> tuple[str, str, list[Any]]:
    """Queries over twelve items with one to three relevant ones of gain 1 to 3."""
    rng = np.random.default_rng(seed)
    items = [f"i{i}" for i in range(12)]
    truth, found, plain = ["example_id,reference,relevance"], ["example_id,prediction"], []
    for query in range(n):
        relevant = rng.choice(items, int(rng.integers(1, 4)), replace=False).tolist()
        gains = rng.integers(1, 4, len(relevant)).tolist()
        ranked = rng.permutation(items)[:cut].tolist()
        truth.append(f"q{query},{'|'.join(relevant)},{'|'.join(map(str, gains))}")
        found.append(f"q{query},{'|'.join(ranked)}")
        plain.append((dict(zip(relevant, gains, strict=True)), ranked))
    return "\n".join(truth), "\n".join([found[0], *found[:0:-1]]), plain


@settings(max_examples=40)
@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_retrieval_equals_scikit_learn_and_its_definition(
    stats_of: Stats, n: int, seed: int
) -> None:
    truth, found, plain = rankings(n, seed)
    told = dict(zip(NAMES, stats_of(truth, found, **RETRIEVAL).reduce(), strict=True))
    ranks = [min(ranked.index(item) + 1 for item in gains) for gains, ranked in plain]
    gain = [[gains.get(item, 0) for item in ranked] for gains, ranked in plain]
    score = -np.arange(12.0)
    expected = {f"recall@{k}": np.mean(np.array(ranks) <= k) for k in (1, 5, 10)}
    expected |= {
        "median_rank": np.median(ranks),
        "mAP": np.mean([average_precision_score(np.array(row) > 0, score) for row in gain]),
        "nDCG": np.mean([ndcg_score([row], [score]) for row in gain]),
        "MRR": np.mean(1 / np.array(ranks)),
    }
    assert told == pytest.approx(expected, abs=1e-9)


NAMES = ("recall@1", "recall@5", "recall@10", "median_rank", "mAP", "nDCG", "MRR")


def test_recall_can_be_the_share_of_the_relevant_items(stats_of: Stats) -> None:
    truth, found, plain = rankings(20, 3)
    asked = RETRIEVAL | {"metric": "retrieval:recall=share"}
    told = stats_of(truth, found, **asked).reduce()[:3]
    shares = [
        np.mean([np.mean([item in ranked[:k] for item in gains]) for gains, ranked in plain])
        for k in (1, 5, 10)
    ]
    np.testing.assert_allclose(told, shares, atol=1e-12)


def test_what_a_list_leaves_out_is_not_found(stats_of: Stats) -> None:
    truth = "example_id,reference\n1,a\n2,b|c\n3,d\n"
    found = "example_id,prediction\n1,x|a\n2,c|x|y\n3,x\n"
    told = dict(zip(NAMES, stats_of(truth, found, **RETRIEVAL).reduce(), strict=True))
    best = 1 + 1 / np.log2(3)
    assert told == pytest.approx(
        {
            "recall@1": 1 / 3,
            "recall@5": 2 / 3,
            "recall@10": 2 / 3,
            "median_rank": 2,
            "mAP": (1 / 2 + 1 / 2 + 0) / 3,
            "nDCG": (1 / np.log2(3) + 1 / best + 0) / 3,
            "MRR": (1 / 2 + 1 + 0) / 3,
        }
    )


def test_the_median_rank_is_undefined_where_half_find_nothing(stats_of: Stats) -> None:
    truth = "example_id,reference\n1,a\n2,b\n"
    told = stats_of(truth, "example_id,prediction\n1,a\n", missing=Missing.WRONG, **RETRIEVAL)
    assert np.isnan(told.reduce()[3])
    assert told.reduce()[0] == 0.5


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), min_size=1).filter(
        lambda pairs: any(weight for _, weight in pairs)
    )
)
def test_the_weighted_median_is_that_of_repeated_values(pairs: list[tuple[int, int]]) -> None:
    values, weights = np.array(pairs, dtype=float).T
    expected = np.median(np.repeat(values, weights.astype(int)))
    assert weighted_median(weights[None], values) == pytest.approx([expected])


@pytest.mark.parametrize("how", [WINOGROUND, RETRIEVAL], ids=lambda how: how["metric"])
def test_weights_are_repetitions_and_statistics_survive_a_file(
    stats_of: Stats, tmp_path: Path, how: dict[str, str]
) -> None:
    rng = np.random.default_rng(0)
    truth, found, _ = rankings(30, 1, cut=9)
    if how is WINOGROUND:
        scores = [f"q{i},{','.join(map(str, rng.integers(0, 5, 4)))}" for i in range(30)]
        found = HEADER + "\n".join(scores)
    stats = stats_of(truth, found, **how)
    weights = rng.integers(0, 4, 30)
    repeated = stats.take(np.repeat(np.arange(30), weights))
    np.testing.assert_allclose(repeated.reduce(), stats.reduce(weights), rtol=1e-12)
    np.testing.assert_allclose(stats.take(rng.permutation(30)).reduce(), stats.reduce(), rtol=1e-12)
    assert np.isnan(stats.reduce(np.zeros(30))).all()
    assert np.isnan(stats.take(np.array([], dtype=int)).reduce()).all()
    save_stats(stats, tmp_path / "stats.parquet")
    np.testing.assert_array_equal(load_stats(tmp_path / "stats.parquet").reduce(), stats.reduce())


def test_lists_may_be_native_and_items_numbers(tmp_path: Path, stats_of_files: Stats) -> None:
    files = tmp_path / "r.parquet", tmp_path / "p.parquet"
    pl.DataFrame({"example_id": [1, 2], "reference": [[7], [8, 9]]}).write_parquet(files[0])
    pl.DataFrame({"example_id": [2, 1], "prediction": [[9, 7], [9, 7]]}).write_parquet(files[1])
    how = {"task": RETRIEVAL["task"], "metric": "retrieval", "missing": Missing.REFUSE}
    assert stats_of_files(*files, **how).array("rank").tolist() == [2, 1]


def test_every_fault_of_ranked_lists_is_told_at_once(refusal_of: Callable[..., Any]) -> None:
    truth = "example_id,reference\n1,a\n2,b\n3,c\n"
    found = "example_id,prediction\n1,a|a\n2,\n9,c\n3,a||b\n"
    assert refusal_of(truth, found, **RETRIEVAL) == [
        'line 2: "a" is there more than once; name each item once',
        "line 3: no items in prediction; name one at least",
        'line 4: "9" is not the id of an example; leave the row out, or correct the id',
        "line 5: an item in prediction is empty; leave it out",
    ]


def test_every_fault_of_relevant_items_is_told_at_once(refusal_of: Callable[..., Any]) -> None:
    truth = "example_id,reference,relevance\n1,a,1|2\n2,b,0\n3,c,x\n4,,\n"
    assert refusal_of(truth, "example_id,prediction\n1,a\n", **RETRIEVAL) == [
        "line 2: 2 numbers in relevance for 1 items; give one number per item",
        "line 3: relevance holds something that is not above 0; leave such items out",
        "line 4: relevance holds something that is not above 0; leave such items out",
        "line 5: no items in reference; name one at least",
    ]


def test_a_metric_says_what_it_misses(refusal_of: Callable[..., Any]) -> None:
    ids, ranked = "example_id\n1\n", "example_id,prediction\n1,a\n"
    scores = f"{HEADER}1,1,2,3,4\n"
    assert "needs scores of captions with images" in refusal_of(ids, ranked, **WINOGROUND)[0]
    assert "needs ranked items" in refusal_of(ids, scores, **RETRIEVAL)[0]
    assert "needs references" in refusal_of(ids, ranked, **RETRIEVAL)[0]
    told = refusal_of(ids, "example_id,c0_i0,c1_i0\n1,1,nan\n", **WINOGROUND)
    assert [line.split(";")[0] for line in told] == [
        'predictions.csv: there is no column "c0_i1"',
        'predictions.csv: there is no column "c1_i1"',
    ]
    assert refusal_of(ids, f"{HEADER}1,1,nan,x,\n", **WINOGROUND) == [
        'line 2: "x" is not a finite number; give a number',
        'line 2: "nan" is not a finite number; give a number',
        "line 2: no c1_i1; give a number",
    ]
