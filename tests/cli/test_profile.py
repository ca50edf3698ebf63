"""`heldout profile` as a person runs it."""

import sys
from contextlib import nullcontext

import pytest

from heldout.datasets.profile import ray_engine
from heldout.datasets.profile.engine import Local


@pytest.fixture
def table(tmp_path):
    lines = ["example_id,region,licence,income,label"]
    for row in range(40):
        region, income = ("Asia", 100 + row) if row < 30 else ("Europe", 5000 + row)
        licence = "" if row % 8 == 0 else "CC-BY-NC-2.0"
        lines.append(f"e{row},{region},{licence},{income},{'cat' if row % 4 else 'dog'}")
    path = tmp_path / "animals.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_planted_missing_licences_and_an_income_gap_are_found_in_a_table(run, table):
    ran = run("profile", table, "--licence", "CC-BY-4.0")
    assert ran.code == 0
    assert "5 examples say no licence (12.5 %)." in ran.out
    assert "35 examples are under CC-BY-NC-2.0 (non-commercial)" in ran.out
    assert "No example's income lies between 129 and 5,030" in ran.out


def test_json_has_each_statistic_with_its_table_and_query(run, table):
    found = {one["id"]: one for one in run("profile", table, "--json").json["statistics"]}
    assert found["class-balance"]["table"][0]["annotations"] == 30
    assert "examples" in found["missing-fields"]["query"]


def test_an_unknown_subgroup_is_refused_with_a_suggestion(run, table):
    ran = run("profile", table, "--subgroup", "regoin")
    assert ran.code == 2
    assert 'did you mean "region"?' in ran.err


def test_a_page_is_written(run, table, tmp_path):
    run("profile", table, "--html", tmp_path / "out.html")
    assert "Look at this first" in (tmp_path / "out.html").read_text()


def test_answers_of_a_scored_split_are_never_counted(run, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").write_text(
        "example_id,reference,ink\na,cat,red\nb,dog,blue\n"
    )
    (tmp_path / "data" / "test.csv").write_text("example_id,reference,ink\nc,cat,red\nd,cat,red\n")
    (tmp_path / "challenge.toml").write_text(
        """
[challenge]
id = "inks"
title = "Inks"
task = "tabular-classification"
classes = ["cat", "dog"]
license = "CC-BY-4.0"
[[metrics]]
id = "accuracy"
primary = true
[[phases]]
id = "test"
split = "test"
opens = 2026-01-01T00:00:00Z
closes = 2026-02-01T00:00:00Z
"""
    )
    ran = run("profile", tmp_path, "--json")
    assert ran.json["examples"] == 4
    (balance,) = (one for one in ran.json["statistics"] if one["id"] == "class-balance")
    assert [row["annotations"] for row in balance["table"]] == [1, 1]


def test_passed_probabilities_and_a_two_sample_test_are_told_and_drawn(run, tmp_path):
    rows = ["example_id,split,reference,size"]
    shares = ["example_id,score_cat,score_dog"]
    for row in range(60):
        split, label = ("train", "cat") if row < 30 else ("test", "dog")
        rows.append(f"e{row},{split},{label},{row}")
        shares.append(f"e{row},0.9,0.1" if row < 31 else f"e{row},0.1,0.9")
    (tmp_path / "pets.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "shares.csv").write_text("\n".join(shares) + "\n")
    options = ("--probabilities", tmp_path / "shares.csv", "--two-sample", "--seed", 3)
    ran = run("profile", tmp_path / "pets.csv", *options, "--html", tmp_path / "p.html", "--json")
    found = {one["id"]: one for one in ran.json["statistics"]}
    assert [row["example_id"] for row in found["label-noise"]["table"]] == ["e30"]
    assert found["two-sample-test"]["table"][0]["accuracy"] > 0.9
    page = (tmp_path / "p.html").read_text()
    assert "Can a classifier tell the splits apart?" in page
    assert "Labels that are probably wrong" in page


def test_a_challenge_makes_its_own_out_of_fold_probabilities(run, images, tmp_path):
    run("new", tmp_path / "c", "--from", images)
    ran = run("profile", tmp_path / "c", "--out-of-fold", "--json")
    assert "label-noise" in [one["id"] for one in ran.json["statistics"]]
    ran = run("profile", tmp_path / "c", "--out-of-fold", "--probabilities", images / "x.csv")
    assert ran.code == 2
    assert "is not for use with --probabilities" in ran.err


def test_a_new_challenge_is_scored_along_the_numbers_asked_for(run, table, tmp_path):
    options = ("--task", "tabular-classification", "--reference-column", "label")
    ran = run("new", tmp_path / "c", "--from", table, *options, "--along", "income")
    assert ran.code == 0
    assert 'along = ["income"]' in (tmp_path / "c/challenge.toml").read_text()
    ran = run("new", tmp_path / "d", "--from", table, *options, "--along", "incme")
    assert ran.code == 2
    assert 'did you mean "income"?' in ran.err


def test_another_engine_counts_the_same(run, table, monkeypatch):
    addresses = []

    def cluster(address):
        addresses.append(address)
        return nullcontext(Local())

    monkeypatch.setattr(ray_engine, "cluster", cluster)
    elsewhere = run("profile", table, "--engine", "ray", "--address", "host:6379", "--json")
    assert elsewhere.out == run("profile", table, "--json").out
    assert addresses == ["host:6379"]


def test_without_ray_the_extra_is_named_before_anything_is_read(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    ran = run("profile", tmp_path / "not-there.csv", "--engine", "ray")
    assert ran.code != 0
    assert "the engine ray needs an extra: pip install 'heldout[scale]'" in ran.err


def test_an_unknown_engine_is_refused(run, table):
    ran = run("profile", table, "--engine", "celery")
    assert ran.code == 2
    assert "write local or ray" in ran.err
