"""`heldout score`, `compare` and `metrics`: numbers on stdout, problems on stderr, exit codes."""

import json
import subprocess
import sys

import pytest

CLASSES = ("cat", "dog", "zebra")
TASK = ("--task", "image-classification")


def score(run, files, *options, predictions="good.csv"):
    return run(
        "score", *TASK, "--references", files / "refs.csv", "--predictions", files / predictions,
        *options,
    )  # fmt: skip


def test_json_has_the_metric_asked_for_and_each_of_its_numbers(run, files):
    ran = score(run, files, "--metric", "top-k:k=1", "--metric", "f1", "--json", "--seed", "7")
    assert ran.code == 0
    report = ran.json
    assert list(report) == ["n", "scores", "subgroups", "problems"]
    assert report["n"] == 120
    assert [(one["metric"], one["name"]) for one in report["scores"]] == [
        ("top-k:k=1", "top-1"),
        ("f1", "macro"),
        ("f1", "micro"),
    ]
    for one in report["scores"]:
        assert one["low"] < one["value"] < one["high"]
        assert (one["n"], one["seed"]) == (120, 7)
        assert one["version"]
    assert report["subgroups"] == report["problems"] == []


def test_the_value_is_the_share_of_right_predictions(run, files):
    lines = [(files / f"{name}.csv").read_text().splitlines()[1:] for name in ("refs", "good")]
    right = sum(a.split(",")[1] == b.split(",")[1] for a, b in zip(*lines, strict=True))
    (found,) = score(run, files, "--metric", "accuracy", "--json").json["scores"]
    assert found["value"] == pytest.approx(right / 120)


def test_subgroups_and_their_intersections_are_scored_apart(run, files):
    ran = score(
        run, files, "--metric", "accuracy", "--subgroup", "ink", "--json", "--smallest-group", "5"
    )
    groups = ran.json["subgroups"]
    assert [group["subgroup"] for group in groups] == [{"ink": "dark"}, {"ink": "light"}]
    assert sum(group["n"] for group in groups) == 120


def test_without_json_there_is_a_table(run, files):
    ran = score(run, files, "--metric", "accuracy", "--subgroup", "ink")
    assert ran.out.splitlines()[0].split() == ["metric", "number", "value", "low", "high", "n"]
    assert "ink: dark" in ran.out


def test_the_score_without_leaked_examples_stands_beside_the_whole(run, files, tmp_path):
    lines = [(files / f"{name}.csv").read_text().splitlines()[1:] for name in ("refs", "good")]
    pairs = [(a.split(",")[:2], b.split(",")[1]) for a, b in zip(*lines, strict=True)]
    leaked = [name for (name, _), _ in pairs[:30]]
    listed = tmp_path / "leaks.csv"
    rows = [f"test,{one},train,x,same bytes," for one in leaked]
    rows.append(f"test,{pairs[40][0][0]},train,y,same group,photographer")
    head = "split,example_id,other_split,other_id,how,evidence"
    listed.write_text("\n".join([head, *rows, ""]))
    (found,) = score(
        run,
        files,
        "--metric",
        "accuracy",
        "--leaks",
        listed,
        "--json",
        "--html",
        tmp_path / "r.html",
    ).json["without_leaks"]
    rest = pairs[30:]
    assert found["n"] == 90
    assert found["value"] == pytest.approx(sum(a == b for (_, a), b in rest) / len(rest))
    assert "Without 30 leaked examples" in (tmp_path / "r.html").read_text()
    assert "Without 30 leaked examples" in score(run, files, "--leaks", listed).out


@pytest.mark.parametrize("head", ["id,verdict", "split,example_id"])
def test_a_list_of_leaks_that_is_none_is_refused(run, files, tmp_path, head):
    (tmp_path / "leaks.csv").write_text(f"{head}\n")
    ran = score(run, files, "--leaks", tmp_path / "leaks.csv")
    assert ran.code != 0
    assert 'has no column "other_split"' in ran.err


def test_the_gap_between_the_public_share_and_the_rest_is_told(run, files, tmp_path):
    lines = [(files / f"{name}.csv").read_text().splitlines()[1:] for name in ("refs", "good")]
    rows = [(a.split(",")[:2], b.split(",")[1]) for a, b in zip(*lines, strict=True)]
    right = [(name, true == guess) for (name, true), guess in rows]
    public = tmp_path / "public.csv"
    public.write_text("\n".join(["example_id", *(name for name, _ in right[:40]), ""]))
    page = tmp_path / "r.html"
    options = ("--metric", "accuracy", "--public", public)
    (found,) = score(run, files, *options, "--json", "--html", page).json["share_gaps"]
    told, rest = (sum(hit for _, hit in part) / len(part) for part in (right[:40], right[40:]))
    assert (found["public"], found["private"]) == pytest.approx((told, rest))
    assert (found["n_public"], found["n_private"]) == (40, len(right) - 40)
    assert found["gap"] == pytest.approx(told - rest)
    assert found["low"] < found["gap"] < found["high"]
    sentence = "chance alone may explain the gap"
    assert sentence in page.read_text()
    assert sentence in score(run, files, *options).out


def test_a_public_share_of_everything_is_refused(run, files, tmp_path):
    ran = score(run, files, "--public", files / "refs.csv")
    assert ran.code == 2
    assert "all examples are on one side" in ran.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name\na\n", 'there is no column "example_id"'),
        ("example_id\nstranger\n", 'not those of examples: "stranger"'),
        ("example_id\n", "the file has no rows"),
    ],
)
def test_a_public_share_that_is_none_is_refused(run, files, tmp_path, content, told):
    (tmp_path / "public.csv").write_text(content)
    ran = score(run, files, "--public", tmp_path / "public.csv")
    assert ran.code == 2
    assert told in ran.err


def test_replicates_0_leaves_intervals_out(run, files):
    (found,) = score(run, files, "--metric", "accuracy", "--replicates", "0", "--json").json[
        "scores"
    ]
    assert found["low"] is None
    assert found["reason"]


def test_everything_wrong_with_the_predictions_is_listed_and_the_code_is_2(run, files):
    lines = (files / "good.csv").read_text().splitlines()
    lines[3] = "e2,zebr"
    lines[4] = "e4,cat"
    (files / "bad.csv").write_text("\n".join(lines[:-1]))
    options = ("--metric", "accuracy", "--classes", "cat,dog,zebra", "--json")
    ran = score(run, files, *options, predictions="bad.csv")
    assert ran.code == 2
    listed = [" ".join(problem.values()) for problem in ran.json["problems"]]
    assert any("zebr" in text and 'did you mean "zebra"?' in text for text in listed)
    assert any('"e3"' in text and '"e119"' in text for text in listed)
    assert any('"e4"' in text for text in listed)
    assert len(ran.err.splitlines()) == len(listed)


def test_without_a_challenge_the_classes_are_those_of_the_references_and_the_nearest_is_named(
    run, files
):
    (files / "bad.csv").write_text((files / "good.csv").read_text().replace(",zebra", ",zebr", 1))
    ran = score(run, files, "--metric", "accuracy", predictions="bad.csv")
    assert ran.code == 2
    assert 'label "zebr" is not one of the 3 classes; did you mean "zebra"?' in ran.err


def test_all_that_is_not_given_is_named_at_once(run, tmp_path):
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file in files:
        file.write_text("example_id,prediction\n1,a\n")
    ran = run("compare", *files)
    assert ran.code == 2
    assert all(f"{file}: is a file, and its answers are not given" in ran.err for file in files)
    ran = run("score")
    assert ran.code == 2
    assert "--task: is not given" in ran.err
    assert "--references: is not given" in ran.err
    assert "--predictions: is not given" in run("score").err
    matching = run("score", "--task", "image-text-matching").err
    assert matching == "--predictions: is not given; see --help\n"


def test_nothing_that_a_challenge_decides_can_be_said_beside_it(run):
    options = ("--missing", "wrong", "--smallest-group", "1", "--id-column", "i", "--seed", "0")
    ran = run("score", "challenge", "p.csv", *options)
    assert ran.code == 2
    refused = [line.partition(":")[0] for line in ran.err.splitlines()]
    assert refused == ["--smallest-group", "--missing", "--id-column", "--seed"]
    assert "is not for use with a challenge" in ran.err


def test_a_missing_example_counts_as_wrong_where_asked_for(run, files):
    lines = (files / "good.csv").read_text().splitlines()
    (files / "few.csv").write_text("\n".join(lines[:61]))
    ran = score(
        run, files, "--metric", "accuracy", "--missing", "wrong", "--json", predictions="few.csv"
    )
    assert ran.json["scores"][0]["value"] < 0.6
    assert score(run, files, "--missing", "ignore").code == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["score"], "--task: is not given"),
        (["score", *TASK], "--references: is not given"),
        (["score", "--task", "regresion", "--references", "r", "--predictions", "p"], "regression"),
        (["score", "nowhere", "p.csv"], "nowhere: there is no such folder"),
        (["score", "nowhere"], "PREDICTIONS: is not given"),
        (["score", "c", "p.csv", "--metric", "f1", *TASK], "is not for use with a challenge"),
    ],
)
def test_a_question_that_lacks_something_says_what(run, arguments, expected):
    ran = run(*arguments)
    assert ran.code == 2
    assert expected in ran.err
    assert "Traceback" not in ran.err


def test_scoring_imports_no_torch_no_django_and_no_numba(files):
    code = (
        "import sys\nfrom heldout.cli import main\n"
        f"try: main(['score', *{TASK}, '--references', 'refs.csv', '--predictions', 'good.csv',"
        " '--metric', 'accuracy', '--json'])\nexcept SystemExit: pass\n"
        "print([n for n in ('torch', 'django', 'numba', 'sklearn') if n in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=files, check=True, capture_output=True, text=True
    )
    assert ran.stdout.rstrip().endswith("[]")


def compare(run, files, first, second, *options):
    return run(
        "compare", files / first, files / second, *TASK, "--references", files / "refs.csv",
        *options,
    )  # fmt: skip


def test_a_report_cannot_be_compared_and_every_fault_of_the_two_is_told(run, files, tmp_path):
    report = tmp_path / "report.json"
    scored = run("score", *TASK, "--references", files / "refs.csv", "--predictions",
                 files / "good.csv", "--json")  # fmt: skip
    report.write_text(scored.out)
    told = run("compare", report, tmp_path / "none").err
    assert "report.json: is a report, which says nothing of single examples; compare what" in told
    assert "none: there is no such file or folder" in told
    assert "its answers are not given" in run("compare", files / "good.csv", report).err


def test_results_that_differ_exit_0_and_equal_ones_1(run, files):
    differing = compare(run, files, "good.csv", "bad.csv", "--json")
    assert differing.code == 0
    assert differing.json["distinguishable"] is True
    assert differing.json["low"] > 0
    same = compare(run, files, "good.csv", "good.csv", "--json")
    assert same.code == 1
    assert same.json["distinguishable"] is False
    assert same.json["p_value"] == 1


def test_kept_results_compare_without_the_answers(run, files):
    for name in ("good", "bad"):
        score(run, files, "--metric", "accuracy", "--save", files / name, predictions=f"{name}.csv")
    direct = compare(run, files, "good.csv", "bad.csv", "--metric", "accuracy", "--json").json
    (files / "refs.csv").unlink()
    ran = run("compare", files / "good", files / "bad", "--json")
    assert ran.code == 0
    assert ran.json == direct
    assert json.loads((files / "good/report.json").read_text())["n"] == 120


def test_a_table_of_the_comparison_says_it_in_words(run, files):
    ran = compare(run, files, "good.csv", "bad.csv", "--metric", "f1", "--name", "micro")
    assert "micro" in ran.out
    assert "they differ" in ran.err


def test_the_list_of_metrics_can_be_for_one_task(run):
    everything = run("metrics", "--json").json["metrics"]
    some = run("metrics", "--task", "regression", "--json").json["metrics"]
    assert {"mae", "rmse", "r2", "spearman"} <= {metric["id"] for metric in some}
    assert "accuracy" not in {metric["id"] for metric in some}
    assert len(some) < len(everything)
    shown = run("metrics").out
    assert "macro, micro" in shown
    assert "Wilson interval" in shown
    assert "from 0 " in shown
    assert "up to 1 " in shown
    assert " inf" not in shown
    assert run("metrics", "--task", "regresion").code == 2


def test_the_list_of_metrics_tells_range_direction_interval_source_and_tasks(run):
    lines = {tuple(line.split("  ", 1)): line for line in run("metrics").out.splitlines()}
    told = {name: line for (name, *_), line in lines.items() if name in ("mae", "counting")}
    for part in ("from 0", "lower", "jackknife", "mean_absolute_error", "regression"):
        assert part in told["mae"]
    counting = [line for (name, *_), line in lines.items() if name == "counting"]
    assert ["MAE, RMSE" in line and "from 0" in line for line in counting] == [True, False]
    assert ["exact" in line and "0 to 1" in line for line in counting] == [False, True]


def test_a_wrong_metric_and_absent_files_are_told_at_once(run):
    ran = run("score", "--task", "regression", "--references", "no.csv", "--predictions",
              "none.csv", "--metric", "mea", "--metric", "accuracy", "--json")  # fmt: skip
    assert ran.code == 2
    assert [problem["place"] for problem in ran.json["problems"]] == [
        "metric mea", "metric accuracy", "no.csv", "none.csv",
    ]  # fmt: skip


def test_an_unknown_task_and_an_absent_file_are_told_at_once(run, files):
    ran = run("score", "--task", "regresion", "--references", files / "refs.csv", "--predictions",
              "none.csv", "--json")  # fmt: skip
    assert [problem["place"] for problem in ran.json["problems"]] == ["task", "none.csv"]


def test_details_are_in_the_json_only_when_asked_for(run, files):
    lines = [(files / f"{name}.csv").read_text().splitlines()[1:] for name in ("refs", "good")]
    pairs = [(a.split(",")[1], b.split(",")[1]) for a, b in zip(*lines, strict=True)]
    plain = score(run, files, "--subgroup", "ink", "--json").json
    assert list(plain) == ["n", "scores", "subgroups", "problems", "disparities"]
    found = score(run, files, "--details", "--json").json["details"]
    cells = {
        (c["reference"], c["prediction"]): c["n"] for c in map(as_cell, found["confusion"]["cells"])
    }
    assert cells == {pair: pairs.count(pair) for pair in set(pairs)}
    recall = {row["class"]: row["recall"] for row in found["classes"]}
    for name in CLASSES:
        own = [guess for truth, guess in pairs if truth == name]
        assert recall[name] == pytest.approx(own.count(name) / len(own))


def as_cell(row):
    return dict(zip(("reference", "prediction", "n"), row, strict=True))


def test_scores_along_a_number_are_told_in_a_sentence(run, files):
    lines = (files / "refs.csv").read_text().splitlines()
    aged = [f"{line},{i or 'age'}" for i, line in enumerate(lines)]
    (files / "refs.csv").write_text("\n".join(aged) + "\n")
    ran = score(run, files, "--metric", "accuracy", "--along", "age", "--replicates", "100")
    assert "accuracy along age" in ran.out
    assert "each point is made of the 36 nearest of 120 examples" in ran.out
    refused = score(run, files, "--along", "ink")
    assert refused.code == 2
    assert 'the column "ink" of refs.csv is not of numbers' in refused.err


def test_text_tells_the_worst_group_and_the_most_confused(run, files):
    ran = score(run, files, "--metric", "accuracy", "--subgroup", "ink", "--details")
    for title in ("Differences between groups", "Most confused", "Rates of error by group"):
        assert title in ran.out


def test_a_page_with_plots_is_written_where_asked_for(run, files):
    ran = score(run, files, "--metric", "accuracy", "--html", files / "report.html")
    assert ran.code == 0
    page = (files / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "Confusion matrix" in page
    assert "report.html" in ran.err


def test_pairs_tell_what_one_changed_attribute_changes(run, files):
    rows = [f"p{i}{sex},cat,p{i},{sex}" for i in range(40) for sex in ("he", "she")]
    (files / "refs.csv").write_text("\n".join(["example_id,reference,input,sex", *rows]) + "\n")
    guess = [f"p{i}{sex},{'dog' if sex == 'she' and i < 10 else 'cat'}"
             for i in range(40) for sex in ("he", "she")]  # fmt: skip
    (files / "good.csv").write_text("\n".join(["example_id,prediction", *guess]) + "\n")
    options = ("--classes", "cat,dog", "--metric", "accuracy", "--pairs", "input,sex")
    (found,) = score(run, files, *options, "--json").json["counterfactuals"]
    assert (found["first"], found["second"], found["n"]) == ("he", "she", 40)
    assert found["difference"] == found["flipped"] == pytest.approx(0.25)
    page = files / "pairs.html"
    assert "one attribute changed" in score(run, files, *options, "--html", page).out
    assert "one attribute changed" in page.read_text()
    assert score(run, files, "--pairs", "input").code == 2
