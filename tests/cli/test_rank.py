"""`heldout rank`: stored results in order, which of them differ, and several metrics at once."""

import pytest

TASK = ("--task", "image-classification")


@pytest.fixture
def stored(run, files):
    """Keep `good` twice and `bad` once, with two metrics."""
    for name, predictions in (("good", "good"), ("copy", "good"), ("bad", "bad")):
        ran = run(
            "score", *TASK, "--references", files / "refs.csv", "--predictions",
            files / f"{predictions}.csv", "--metric", "accuracy", "--metric", "f1",
            "--save", files / name, "--replicates", "100",
        )  # fmt: skip
        assert ran.code == 0
    return [files / name for name in ("bad", "copy", "good")]


def test_results_stand_best_first_with_ranks_and_groups(run, stored):
    found = run("rank", *stored, "--json").json
    assert [(row["rank"], row["entrant"]) for row in found["rows"]] == [
        (1, "copy"),
        (1, "good"),
        (3, "bad"),
    ]
    assert [(row["rank_low"], row["rank_high"]) for row in found["rows"]] == [
        (1, 2),
        (1, 2),
        (3, 3),
    ]
    assert found["groups"] == [["copy", "good"], ["bad"]]
    assert all(row["low"] < row["value"] < row["high"] for row in found["rows"])


def test_every_pair_is_tested_with_all_comparisons_in_mind(run, stored):
    pairs = run("rank", *stored, "--json").json["pairs"]
    assert [(one["first"], one["second"]) for one in pairs] == [
        ("copy", "good"),
        ("copy", "bad"),
        ("good", "bad"),
    ]
    assert pairs[0]["p_value"] == 1
    assert all(one["p_value"] <= one["holm"] < 0.05 for one in pairs[1:])


def test_several_metrics_make_mean_rank_borda_and_pareto_front(run, stored):
    found = run("rank", *stored, "--metric", "f1/micro", "--metric", "accuracy", "--json").json
    assert found["rows"][0]["name"] == "micro"
    assert found["together"]["good"] == {"mean_rank": 1.5, "borda": 3.0, "pareto": True}
    assert found["together"]["bad"] == {"mean_rank": 3.0, "borda": 0.0, "pareto": False}


def test_without_json_there_are_tables_and_a_warning_about_intervals(run, stored):
    ran = run("rank", *stored, "--metric", "accuracy", "--metric", "f1")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].split() == ["rank", "range", "entrant", "accuracy", "low", "high", "n", "group"]
    assert lines[1].split()[-1] == "a"
    assert lines[3].split()[-1] == "b"
    assert "good - bad" in ran.out
    assert "Borda" in ran.out
    assert "do not compare their intervals by eye" in ran.err


def test_one_result_cannot_be_ranked(run, stored):
    ran = run("rank", stored[0])
    assert ran.code == 2
    assert "give two or more folders" in ran.err


def test_a_metric_or_number_that_was_not_scored_is_refused_with_those_there_are(run, stored):
    assert 'did you mean "accuracy"' in run("rank", *stored, "--metric", "acuracy").err
    ran = run("rank", *stored, "--metric", "f1/weighted")
    assert ran.code == 2
    assert 'f1 has no number "weighted": give one of macro, micro' in ran.err.replace("; ", ": ")


def test_a_folder_that_holds_no_result_is_refused(run, stored, tmp_path):
    ran = run("rank", stored[0], tmp_path)
    assert ran.code == 2
    assert "is not a stored evaluation" in ran.err


def test_reports_are_put_in_order_and_no_test_is_claimed(run, files):
    for name in ("good", "bad"):
        ran = run(
            "score", "--task", "image-classification", "--references", files / "refs.csv",
            "--predictions", files / f"{name}.csv", "--metric", "accuracy",
            "--json",
        )  # fmt: skip
        (files / f"{name}.json").write_text(ran.out)
    ran = run("rank", files / "bad.json", files / "good.json", "--json")
    assert [(row["rank"], row["entrant"]) for row in ran.json["rows"]] == [(1, "good"), (2, "bad")]
    assert list(ran.json) == ["rows"]
    told = run("rank", files / "bad.json", files / "good.json")
    assert "to test differences, rank folders of --save" in told.err
    assert run("rank", files / "bad.json", files / "good.json", "--metric", "f1").code == 2
    assert "is not a report" in run("rank", files / "refs.csv", files / "good.json").err


def test_two_results_are_compared_by_further_tests_too(run, files):
    ran = run(
        "compare", files / "good.csv", files / "bad.csv", "--task", "image-classification",
        "--references", files / "refs.csv", "--metric", "accuracy",
    )  # fmt: skip
    for test in ("permutation", "mcnemar exact", "mcnemar mid-p"):
        assert test in ran.out
