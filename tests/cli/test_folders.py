"""`heldout new`, `split` and `check`: from data to a challenge folder."""

import pytest


def test_new_makes_a_challenge_that_check_passes_and_score_reads(run, images, tmp_path):
    folder = tmp_path / "pets"
    made = run("new", folder, "--from", images, "--title", "Pets", "--organiser", "me@example.org")
    assert made.code == 0
    assert made.out == ""
    assert "train 36, val 12, test 12; answers held out: val, test" in made.err
    checked = run("check", folder, "--decode", "--json")
    assert checked.code == 0
    assert checked.json == {
        "ok": True,
        "problems": [],
        "notes": checked.json["notes"],
        "examples": {"test": 12, "train": 36, "val": 12},
    }
    (tmp_path / "p.csv").write_text("example_id,prediction\nx,cat\n")
    scored = run("score", folder, tmp_path / "p.csv", "--phase", "test")
    assert scored.code == 2
    assert '"x" is not the id of an example' in scored.err
    assert run("score", folder, tmp_path / "p.csv").err.startswith("phase: there are several")


def test_new_prints_the_manifest_as_json(run, images, tmp_path):
    options = ("--fractions", "train=0.5,test=0.5", "--seed", "3", "--json")
    manifest = run("new", tmp_path / "pets", "--from", images, *options).json["manifest"]
    assert manifest["examples"] == {"train": 30, "test": 30}
    assert manifest["held_out"] == ["test"]
    assert manifest["split"]["seed"] == 3


def test_new_takes_splits_that_are_there_already(run, files):
    lines = (files / "refs.csv").read_text().splitlines()
    for name, part in (("train", lines[1:71]), ("final", lines[71:])):
        (files / f"{name}.csv").write_text("\n".join([lines[0], *part]))
    options = ["--task", "tabular-classification", "--public", "", "--json"]
    for name in ("train", "final"):
        options += ["--split", f"{name}={files / name}.csv"]
    manifest = run("new", files / "c", *options).json["manifest"]
    assert manifest["examples"] == {"train": 70, "final": 50}
    assert manifest["held_out"] == ["final"]
    both = run("new", files / "d", "--from", files / "refs.csv", *options)
    assert both.code == 2
    assert run("new", files / "d", "--split", "train").code == 2


def test_an_organiser_is_an_address_and_the_refusal_says_how_they_get_in(run, images, tmp_path):
    names = ("--organiser", "me", "--organiser", "me@example.org", "--organiser", "you")
    for given in (("--from", images), ()):
        refused = run("new", tmp_path / "pets", *given, *names)
        assert refused.code == 2
        assert '--organiser: "me" is not an e-mail address; write the address' in refused.err
        assert '"you" is not an e-mail address' in refused.err
        assert "heldout serve SITE --sign-in ADDRESS" in refused.err
        assert not (tmp_path / "pets").exists()


def test_new_without_data_makes_a_skeleton_and_says_what_to_fill_in(run, tmp_path):
    ran = run("new", tmp_path / "later")
    assert ran.code == 0
    assert 'there is no split "val" in data/' in ran.err
    assert len(run("new", tmp_path / "again", "--json").json["to_fill_in"]) == 4


def test_check_exits_1_and_lists_all_problems(run, images, tmp_path):
    folder = tmp_path / "pets"
    run("new", folder, "--from", images, "--organiser", "me@example.org")
    (folder / "terms.md").unlink()
    (folder / "data/extra.txt").write_text("hello")
    ran = run("check", folder)
    assert ran.code == 1
    assert [line for line in ran.err.splitlines() if not line.startswith("note: ")] == [
        'challenge.toml: challenge.terms: there is no file "terms.md"; '
        "write it, even if it is short",
        "data/extra.txt: is not in the manifest; remove it",
        "2 problems",
    ]
    assert run("check", folder, "--json").json["ok"] is False
    assert run("check", tmp_path / "nowhere").code == 2


def test_split_writes_two_folders_that_the_seed_decides(run, images, tmp_path):
    def split(name, seed):
        folders = ("--data", tmp_path / name / "d", "--answers", tmp_path / name / "a")
        return run("split", images, *folders, "--seed", seed, "--json").json

    first, again, other = split("1", 4), split("2", 4), split("3", 5)
    assert first["content"] == again["content"] != other["content"]
    assert (tmp_path / "1/a/test.parquet").is_file()
    assert not list((tmp_path / "1/d").rglob("*cat*"))


def test_rows_without_a_group_are_what_the_organiser_says(run, tmp_path):
    rows = [f"e{i},{i % 2},{f'p{i // 3}' if i < 30 else ''}" for i in range(60)]
    table = tmp_path / "eyes.csv"
    table.write_text("\n".join(["example_id,reference,patient", *rows]))

    def split(name, *options):
        folders = ("--data", tmp_path / name / "d", "--answers", tmp_path / name / "a")
        return run("split", table, *folders, "--task", "tabular-classification", "--public", "",
                   "--new-ids", "--group", "patient", *options, "--json")  # fmt: skip

    assert split("1").code == 2
    assert "30 examples" in split("1").err
    alone, together = split("2", "--ungrouped", "alone"), split("3", "--ungrouped", "together")
    assert alone.json["split"]["options"] == {"unknown": "alone"}
    assert alone.json["examples"] == {"train": 36, "val": 12, "test": 12}
    assert max(together.json["examples"].values()) >= 30
    assert '"each" is not one of refuse, alone, together' in split("4", "--ungrouped", "each").err
    assert "--ungrouped: is for use with --group" in run(
        "split", table, "--data", "d", "--answers", "a", "--task", "regression", "--ungrouped", "alone"
    ).err  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--fractions", "train=0.5,test"], '--fractions: "test" is not a share'),
        (["--fractions", "train=0.5,test=0.4"], "they sum to 0.9"),
        (["--random", "--group", "owner"], "exclude each other"),
        (["--group", "owner"], 'there is no column "owner"'),
        (["--held-out", "tset"], 'there is no split "tset"'),
        (["--task", "image-clasification"], 'did you mean "image-classification"'),
    ],
)
def test_options_that_do_not_fit_are_refused_and_leave_nothing(
    run, images, tmp_path, options, expected
):
    for command in (
        ("new", tmp_path / "pets", "--from", images),
        ("split", images, "--data", tmp_path / "d", "--answers", tmp_path / "a"),
    ):
        ran = run(*command, *options)
        assert ran.code == 2
        assert expected in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_a_table_needs_its_task(run, files):
    ran = run("new", files / "c", "--from", files / "refs.csv")
    assert ran.code == 2
    assert "--task: is not given" in ran.err
    options = ("--task", "tabular-classification", "--subgroup", "ink", "--public", "")
    assert run("new", files / "c", "--from", files / "refs.csv", *options).code == 0


def test_what_the_data_lacks_is_told_with_the_option_that_names_it(run, tmp_path):
    table = tmp_path / "wine.csv"
    rows = (f"{n},{n % 12},{n / 3}\n" for n in range(60))
    table.write_text("bottle,shop,quality\n" + "".join(rows))
    ran = run(
        "new", tmp_path / "wine", "--from", table,
        "--task", "regression", "--reference-column", "qualty",
    )  # fmt: skip
    assert ran.code == 2
    assert "say which it is with --id-column" in ran.err
    assert 'did you mean "quality"?; say which it is with --reference-column' in ran.err


@pytest.mark.parametrize("before", [("check",), ("new", "made", "--from"), ("score",)])
def test_a_mistyped_folder_is_answered_with_the_nearest_beside_it(run, tmp_path, before):
    (tmp_path / "wild-birds").mkdir()
    ran = run(*before, tmp_path / "wild-brids", *(["p.csv"] if before == ("score",) else []))
    assert ran.code == 2
    assert 'did you mean "wild-birds"?' in ran.err


def test_a_folder_of_no_folder_is_answered_without_a_guess(run, tmp_path):
    ran = run("check", tmp_path / "nowhere" / "birds")
    assert ran.code == 2
    assert "there is no such folder" in ran.err
    assert "did you mean" not in ran.err
