"""What `heldout check` finds in a challenge folder, each fault planted in a sound one."""

import json

import polars as pl
import pytest

from heldout.challenge.check import check
from heldout.challenge.datasheet import questions, write_form


def problems(folder, **options):
    return [str(problem) for problem in check(folder, **options).problems]


def notes(folder):
    """The notes, apart from those on the pages nobody has written yet."""
    return [str(note) for note in check(folder).notes if "still says" not in note.message]


def rewrite(path, change):
    """Change a table, and leave no manifest that says so."""
    change(pl.read_parquet(path)).write_parquet(path)
    path.with_name("manifest.json").unlink(missing_ok=True)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_new_challenge_has_no_problems(folder):
    report = check(folder)
    assert report.ok
    assert report.problems == ()
    assert [note.place.split(".")[-1] for note in report.notes] == ["overview", "datasheet"]
    assert all("still says" in note.message for note in report.notes)
    assert sum(report.examples.values()) == 240


def test_faults_of_the_definition_come_with_their_keys(folder):
    edit(folder / "challenge.toml", 'id = "accuracy"', 'id = "acuracy"')
    assert "metrics[0].id" in problems(folder)[0]


def test_all_faults_of_the_files_come_at_once(folder):
    (folder / "README.md").unlink()
    (folder / "terms.md").write_text(" \n")
    (folder / "answers/val.parquet").unlink()
    (folder / "answers/manifest.json").unlink()
    assert problems(folder) == [
        'challenge.toml: challenge.overview: there is no file "README.md"; '
        "write it, even if it is short",
        "challenge.toml: challenge.terms: terms.md is empty",
        "challenge.toml: phases[0].split: there is no answers/val.parquet; "
        "`heldout split` and `heldout new` make it",
    ]


def test_a_phase_without_its_split_is_a_problem(folder):
    edit(folder / "challenge.toml", 'split = "test"', 'split = "final"')
    assert problems(folder) == [
        'challenge.toml: phases[1].split: there is no split "final" in data/; '
        "the splits are test, train, val",
        "challenge.toml: phases[1].split: there is no answers/final.parquet; "
        "`heldout split` and `heldout new` make it",
    ]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('subgroups = ["colour"]', 'subgroups = ["color"]', "data.subgroups[0]"),
        ('cluster = "owner"', 'cluster = "ownr"', "data.cluster"),
    ],
)
def test_a_column_that_is_nowhere_is_a_problem_with_the_nearest(folder, old, new, key):
    edit(folder / "challenge.toml", old, new)
    found = problems(folder)
    assert len(found) == 2  # One for each split that is scored.
    assert all(problem.startswith(f"challenge.toml: {key}: the split ") for problem in found)
    assert all("did you mean" in problem for problem in found)


def test_answers_and_data_must_have_the_same_examples(folder):
    rewrite(folder / "answers/test.parquet", lambda frame: frame[1:])
    rewrite(folder / "data/test.parquet", lambda frame: frame[:-2])
    found = problems(folder)
    assert any(p.startswith("answers/test: lacks 1 examples of the split") for p in found)
    assert any(p.startswith("data/test: lacks 2 examples of the split") for p in found)


def test_a_class_that_is_not_declared_is_a_problem(folder):
    edit(folder / "challenge.toml", '"cat", "dog", "zebra"', '"cat", "dog"')
    assert any("zebra" in p and p.startswith("answers/test") for p in problems(folder))


def test_a_table_that_cannot_be_read_is_a_problem_of_that_file(folder):
    (folder / "data/test.parquet").write_bytes(b"PAR1 and no more")
    (folder / "data/manifest.json").unlink()
    assert any(p.startswith("data/test.parquet: ") for p in problems(folder))


def test_a_public_table_with_the_answers_is_a_problem(folder):
    answers = pl.read_parquet(folder / "answers/test.parquet")
    rewrite(
        folder / "data/test.parquet",
        lambda frame: frame.join(answers.select("example_id", "reference"), on="example_id"),
    )
    assert problems(folder) == [
        'data/test: the column "reference" publishes the held-out answers; '
        "move the column to answers/test"
    ]


def test_the_answers_under_another_name_are_a_problem(folder):
    answers = pl.read_parquet(folder / "answers/test.parquet")
    column = answers.select("example_id", species=pl.col("reference").str.to_uppercase())
    rewrite(folder / "data/test.parquet", lambda frame: frame.join(column, on="example_id"))
    assert problems(folder) == [
        'data/test: column "species": is the held-out answer; '
        "keep the column back, or declare that it is meant to be known"
    ]


@pytest.mark.parametrize("name", ["all.csv", "backup/old.parquet"])
def test_held_out_examples_in_another_public_table_are_a_problem(folder, name):
    answers = pl.read_parquet(folder / "answers/test.parquet")
    path = folder / "data" / name
    path.parent.mkdir(exist_ok=True)
    some = answers[:3].select("example_id", "reference")
    some.write_csv(path) if path.suffix == ".csv" else some.write_parquet(path)
    (folder / "data/manifest.json").unlink()
    assert any(
        p.startswith(f'data/{name}: names examples of the held-out split "test"')
        for p in problems(folder)
    )


def test_a_copy_of_the_answers_in_any_text_file_is_a_problem(folder):
    answers = pl.read_parquet(folder / "answers/val.parquet")
    pairs = dict(zip(answers["example_id"], answers["reference"], strict=True))
    (folder / "data/notes.json").write_text(json.dumps(pairs))
    (folder / "data/manifest.json").unlink()
    assert problems(folder) == [
        'data/notes.json: names examples of the held-out split "val"; '
        "participants get this file: take them out, or remove it"
    ]


def test_a_link_from_the_public_data_is_a_problem(folder):
    (folder / "data/more").symlink_to(folder / "answers")
    (folder / "data/manifest.json").unlink()
    assert "data/more: is a link; copy the file here" in problems(folder)


def test_a_file_that_changed_since_the_manifest_is_a_problem(folder):
    table = folder / "data/train.parquet"
    pl.read_parquet(table)[::-1].write_parquet(table)
    assert problems(folder) == ["data/train.parquet: has changed; copy it again from its source"]


def test_data_without_a_manifest_gets_a_note(folder):
    (folder / "data/manifest.json").unlink()
    assert problems(folder) == []
    assert notes(folder) == [
        "data/manifest.json: no hashes say what the files were; "
        "`heldout new` and `heldout split` write one"
    ]


def test_a_challenge_that_names_no_organiser_gets_a_note(folder):
    edit(folder / "challenge.toml", 'organisers = ["me@example.org"]', "organisers = []")
    assert [note.split(":")[1].strip() for note in notes(folder)] == ["challenge.organisers"]


def test_a_metric_that_refuses_plain_labels_gets_a_note(folder):
    edit(folder / "challenge.toml", "[[phases]]", '[[metrics]]\nid = "log-loss"\n\n[[phases]]')
    assert problems(folder) == []
    assert notes(folder) == [
        "challenge.toml: metrics[3]: log-loss needs probabilities: a file of labels alone will be "
        "refused; say so on the overview page"
    ]


def test_licences_left_out_and_contradicting_and_opt_outs_get_notes(folder):
    edit(folder / "challenge.toml", 'license = ""', 'license = "CC-BY-4.0"')

    def spoil(table):
        licences = [None, "CC-BY-NC-4.0", *["CC-BY-4.0"] * (len(table) - 2)]
        refused = [None, None, "yes", *[None] * (len(table) - 3)]
        return table.with_columns(
            licence=pl.Series(licences), opt_out=pl.Series(refused, dtype=pl.String)
        )

    for split in ("train", "val", "test"):
        rewrite(folder / f"data/{split}.parquet", spoil)
    assert [note for note in notes(folder) if note.startswith("data: ")] == [
        "data: 3 examples say no licence (1.2 %); `heldout profile` lists them",
        "data: 3 examples are under CC-BY-NC-4.0 (non-commercial), but the whole is stated as "
        "CC-BY-4.0; `heldout profile` lists them",
        "data: 3 examples are opted out; `heldout profile` lists them",
    ]


def test_a_datasheet_with_a_required_question_left_blank_is_a_problem(folder):
    (folder / "datasheet.md").write_text(write_form("Pets", {"purpose": "To learn."}))
    found = problems(folder)
    assert found[0].startswith("datasheet.md: creators: is not answered")
    assert len(found) == sum(question.required for question in questions()) - 1


def test_no_folder_is_one_problem(tmp_path):
    assert problems(tmp_path / "nowhere")[0].endswith(
        "there is no such folder; `heldout new` makes one"
    )
