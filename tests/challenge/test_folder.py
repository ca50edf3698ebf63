"""Finding the files of a challenge folder."""

import pytest

from heldout.challenge.folder import find_table, load, tables_in
from heldout.errors import BadInput


def test_the_folder_or_its_definition_may_be_named(folder):
    assert load(folder).definition == load(folder / "challenge.toml").definition


def test_splits_are_the_tables_of_the_public_folder(challenge):
    assert challenge.splits() == ("train", "val", "test")


def test_a_split_is_found_in_any_table_format_parquet_first(tmp_path):
    for name in ("test.jsonl", "test.csv", "other.csv", ".hidden.csv", "notes.txt"):
        (tmp_path / name).touch()
    assert find_table(tmp_path, "test").name == "test.csv"
    (tmp_path / "test.parquet").touch()
    assert find_table(tmp_path, "test").name == "test.parquet"
    assert find_table(tmp_path, "train") is None
    assert [path.name for path in tables_in(tmp_path)] == [
        "other.csv",
        "test.csv",
        "test.jsonl",
        "test.parquet",
    ]


def test_answers_may_be_a_json_file_or_a_folder_of_files(challenge):
    answers = challenge.answers
    (answers / "a.json").touch()
    (answers / "masks").mkdir()
    assert challenge.answers_path("a").name == "a.json"
    assert challenge.answers_path("masks").name == "masks"
    assert challenge.answers_path("none") is None


def test_pages_are_text_and_a_page_that_is_not_there_is_empty(challenge):
    assert challenge.page("terms").startswith("# Rules")
    (challenge.root / "datasheet.md").unlink()
    assert challenge.page("datasheet") == ""


def test_the_only_phase_needs_no_name_and_one_of_several_does(challenge):
    with pytest.raises(BadInput, match="choose one of dev, test"):
        challenge.the_phase(None)
    assert challenge.the_phase("test").split == "test"
    one = challenge.definition.model_copy(update={"phases": challenge.definition.phases[:1]})
    assert type(challenge)(challenge.root, one).the_phase(None).id == "dev"
