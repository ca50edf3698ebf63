"""The dataset card's head is YAML that names every file of every split."""

import pytest
import yaml

from heldout.cards.huggingface import _size_category, dataset_card


@pytest.fixture(scope="module")
def head(facts):
    return yaml.safe_load(dataset_card(facts).split("---\n")[1])


def test_every_split_is_in_a_configuration_and_its_file_exists(head, facts, shades):
    named = {
        file["path"]: file["split"] for config in head["configs"] for file in config["data_files"]
    }
    assert set(named) == {f"data/{split.file}" for split in facts.splits}
    assert all((shades.data.parent / path).is_file() for path in named)
    assert set(named.values()) == {"train", "validation", "test"}


def test_splits_of_one_configuration_have_the_same_columns(head):
    configs = {config["config_name"]: config["data_files"] for config in head["configs"]}
    assert [file["split"] for file in configs["default"]] == ["train"]
    assert {file["split"] for file in configs["held_out"]} == {"validation", "test"}


def test_the_head_says_licence_task_and_size(head):
    assert head["license"] == "cc-by-4.0"
    assert head["task_categories"] == ["image-classification"]
    assert head["size_categories"] == ["n<1K"]
    assert head["pretty_name"] == "Shades"


def test_a_title_cannot_break_the_head(facts):
    import msgspec

    odd = msgspec.structs.replace(facts, title='Shades: "dark"\n---\nx: 1')
    head = yaml.safe_load(dataset_card(odd).split("\n---\n\n")[0].removeprefix("---\n"))
    assert head["pretty_name"] == 'Shades: "dark"\n---\nx: 1'


@pytest.mark.parametrize(
    ("examples", "category"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (10**8, "n>100M")],
)
def test_sizes_have_the_hubs_names(examples, category):
    assert _size_category(examples) == category
