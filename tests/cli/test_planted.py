"""The faults planted in the demo's second challenge are found, by their counts and no others."""

from datetime import UTC, datetime

import polars as pl
import pytest

from heldout.baselines.entrants import fit
from heldout.baselines.features import read_features
from heldout.challenge.evaluate import evaluate
from heldout.challenge.folder import load
from heldout.cli.demo import make_homes
from heldout.datasets.homes import PLANTED

SAME_FILE, COPIES, NO_LICENCE, NON_COMMERCIAL, OPTED_OUT = 4, 12, 14, 9, 2


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted") / "homes"
    make_homes(folder, datetime(2026, 1, 1, tzinfo=UTC))
    return folder


def statistics(run, homes):
    return {one["id"]: one for one in run("profile", homes, "--json").json["statistics"]}


def test_the_overview_counts_what_was_planted(homes):
    told = (homes / "README.md").read_text()
    for words in (
        f"{PLANTED.same_file} test pictures are files of the training split",
        f"{PLANTED.copies} are training pictures that were cropped",
        f"{PLANTED.divided_homes} homes have pictures in both splits",
        f"{PLANTED.no_licence} pictures have no licence",
        f"{PLANTED.non_commercial} have one that forbids commercial use",
        f"{PLANTED.opted_out} authors opted out",
        "between {} and {}".format(*PLANTED.gap),
    ):
        assert words in told


def test_planted_leaks_are_all_found_and_nothing_else_is_called_one(run, homes):
    ran = run("leaks", homes, "--json")
    assert ran.code == 1
    (pair,) = ran.json["pairs"]
    assert (pair["first"], pair["second"]) == ("test", "train")
    assert pair["by_tier"] == {"same bytes": SAME_FILE, "same picture": COPIES, "same group": 9}
    assert pair["leaked"] == SAME_FILE + COPIES
    groups = {one["evidence"] for one in pair["leaks"] if one["tier"] == "same group"}
    assert len(groups) == PLANTED.divided_homes


def test_planted_gaps_in_rights_are_all_found(run, homes):
    found = statistics(run, homes)
    missing = {row["field"]: row["missing"] for row in found["missing-fields"]["table"]}
    assert (missing["licence"], missing["author"], missing["source"]) == (NO_LICENCE, 0, 0)
    conflicts = {
        row["licence"]: row["examples"]
        for row in found["licence-conflicts"]["table"]
        if row["conflict"]
    }
    assert conflicts == {"CC-BY-NC-4.0": NON_COMMERCIAL}
    assert len(found["opt-outs"]["table"]) == OPTED_OUT
    assert [row["pattern"] for row in found["personal-patterns"]["table"]] == ["e-mail"]


def test_the_gap_between_incomes_is_found(run, homes):
    alarms = statistics(run, homes)["quantiles"]["alarms"]
    assert "No example's income lies between 300 and 900, a factor of 3.0." in alarms


def test_check_notes_copied_files_and_rights(run, homes):
    ran = run("check", homes, "--json")
    assert (ran.code, ran.json["problems"]) == (0, [])
    notes = " ".join(note["message"] for note in ran.json["notes"])
    assert f"{SAME_FILE} examples (2.0%) have an image that train has too" in notes
    assert f"{NO_LICENCE} examples say no licence" in notes
    assert f"{NON_COMMERCIAL} examples are under CC-BY-NC-4.0" in notes
    assert f"{OPTED_OUT} examples are opted out" in notes


def test_accuracy_falls_with_income_and_the_score_says_so(homes, tmp_path):
    challenge = load(homes)
    classes = challenge.definition.challenge.classes
    features = read_features(challenge.data, task=challenge.task, classes=classes, splits=["test"])
    guesses = fit("nearest-neighbours", features, seed=1).predict("test")
    guesses.write_csv(tmp_path / "guesses.csv")
    report = evaluate(challenge, phase="test", predictions=tmp_path / "guesses.csv").report

    (curve,) = (one for one in report.profiles if one.metric == "accuracy")
    poorest, richest = curve.points[0], curve.points[-1]
    assert curve.column == "income"
    assert poorest.high < richest.low

    rows = pl.read_parquet(homes / "answers/test.parquet", columns=["example_id", "reference"])
    rows = rows.join(pl.read_parquet(homes / "data/test.parquet"), on="example_id")
    right = (
        rows.join(guesses, on="example_id")
        .group_by("income_band")
        .agg((pl.col("prediction") == pl.col("reference")).mean())
    )
    (bands,) = (
        one for one in report.disparities if (one.metric, one.by) == ("accuracy", ("income_band",))
    )
    assert bands.worst == {"income_band": "below 300"}
    shares = dict(right.rows())
    assert shares["from 900"] - shares["below 300"] > 0.3
    assert bands.gap.observed == pytest.approx(shares["from 900"] - shares["below 300"])
    assert bands.gap.interval.low > 0
