"""A new challenge folder: complete, sound, and whole or not there."""

import stat
from datetime import UTC, datetime

import polars as pl
import pytest
from PIL import Image

from heldout.challenge.check import check
from heldout.challenge.folder import load
from heldout.challenge.recipe import Recipe
from heldout.challenge.template import Wishes, create, create_skeleton, slug
from heldout.datasets.manifest import read_manifest
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput

NOW = datetime(2026, 11, 22, 10, 34, tzinfo=UTC)


@pytest.fixture
def images(tmp_path):
    """Forty different small images in two class folders."""
    for number in range(40):
        path = tmp_path / "images" / ("cat" if number % 2 else "dog") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), number * 6).save(path)
    return tmp_path / "images"


def image_recipe(**changes):
    return Recipe(task=find_task("image-classification"), **changes)


def test_a_folder_of_images_becomes_a_sound_challenge(images, tmp_path):
    folder = tmp_path / "cats-or-dogs"
    manifest = create(folder, source=images, recipe=image_recipe(), now=NOW)
    assert check(folder, decode=True).problems == ()
    definition = load(folder).definition
    assert definition.challenge.id == "cats-or-dogs"
    assert definition.challenge.title == "Cats or dogs"
    assert definition.challenge.classes == ("cat", "dog")
    assert definition.data.media == "image"
    assert [(phase.id, phase.split) for phase in definition.phases] == [
        ("dev", "val"),
        ("test", "test"),
    ]
    assert manifest.examples == {"train": 24, "val": 8, "test": 8}
    assert read_manifest(folder / "data").content == manifest.content


def test_the_classes_are_in_the_same_proportion_in_every_split(images, tmp_path):
    create(tmp_path / "c", source=images, recipe=image_recipe(), now=NOW)
    for split, size in (("val", 4), ("test", 4)):
        answers = pl.read_parquet(tmp_path / f"c/answers/{split}.parquet")
        assert answers["reference"].value_counts()["count"].to_list() == [size, size]


def test_the_phases_are_open_when_the_folder_is_made(images, tmp_path):
    create(tmp_path / "c", source=images, recipe=image_recipe(), now=NOW)
    for phase in load(tmp_path / "c").definition.phases:
        assert phase.opens <= NOW < phase.closes


def test_the_pages_state_the_facts(images, tmp_path):
    wishes = Wishes(license="CC-BY-4.0", title='Cats "and" dogs')
    create(tmp_path / "c", source=images, recipe=image_recipe(), wishes=wishes, now=NOW)
    readme = (tmp_path / "c/README.md").read_text()
    assert '# Cats "and" dogs' in readme
    assert "| train | 24 | public |" in readme
    assert "| test | 8 | held out |" in readme
    datasheet = (tmp_path / "c/datasheet.md").read_text()
    assert "40 examples of 2 classes" in datasheet
    assert "CC-BY-4.0" in datasheet


def test_only_the_owner_can_read_the_answers(images, tmp_path):
    create(tmp_path / "c", source=images, recipe=image_recipe(), now=NOW)
    assert stat.S_IMODE((tmp_path / "c/answers").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "c/answers/test.parquet").stat().st_mode) == 0o600


def test_two_splits_make_one_phase(images, tmp_path):
    recipe = image_recipe(fractions={"train": 0.5, "test": 0.5})
    create(tmp_path / "c", source=images, recipe=recipe, now=NOW)
    assert [phase.id for phase in load(tmp_path / "c").definition.phases] == ["test"]


def test_columns_of_a_table_to_predict_from_are_public(made):
    public = pl.read_parquet(made / "data/test.parquet")
    assert public.columns == ["example_id", "size"]
    private = pl.read_parquet(made / "answers/test.parquet")
    assert set(private.columns) == {"example_id", "reference", "colour", "owner"}


def test_splits_that_were_made_elsewhere_stay_as_they_are(animals, tmp_path):
    sizes = {"train": animals[:150], "test": animals[150:]}
    for name, part in sizes.items():
        part.write_csv(tmp_path / f"{name}.csv")
    sources = {name: tmp_path / f"{name}.csv" for name in sizes}
    recipe = Recipe(task=find_task("tabular-classification"))
    manifest = create(tmp_path / "c", source=sources, recipe=recipe, now=NOW)
    assert manifest.split.method == "given"
    answers = pl.read_parquet(tmp_path / "c/answers/test.parquet")
    assert set(answers["example_id"]) == set(animals[150:]["example_id"])
    assert load(tmp_path / "c").definition.challenge.classes == ("cat", "dog", "zebra")


def test_splits_that_share_an_example_are_refused(animals, tmp_path):
    animals[:100].write_csv(tmp_path / "train.csv")
    animals[99:].write_csv(tmp_path / "test.csv")
    sources = {name: tmp_path / f"{name}.csv" for name in ("train", "test")}
    with pytest.raises(BadInput, match="both contain the example"):
        create(
            tmp_path / "c",
            source=sources,
            recipe=Recipe(task=find_task("tabular-classification")),
            now=NOW,
        )


def test_a_regression_table_becomes_a_challenge(tmp_path):
    rows = "\n".join(f"x{i},{(i * 37 % 101) / 10},{i % 7}" for i in range(100))
    (tmp_path / "t.csv").write_text(f"example_id,reference,weight\n{rows}\n")
    recipe = Recipe(task=find_task("regression"))
    create(tmp_path / "c", source=tmp_path / "t.csv", recipe=recipe, now=NOW)
    assert check(tmp_path / "c").ok
    assert load(tmp_path / "c").definition.primary.spec == "mae"


def test_a_metric_with_several_numbers_ranks_by_its_first(images, tmp_path):
    wishes = Wishes(metrics=("f1", "top-k:k=1"))
    create(tmp_path / "c", source=images, recipe=image_recipe(), wishes=wishes, now=NOW)
    definition = load(tmp_path / "c").definition
    assert definition.primary == ("f1", "macro")
    assert definition.metric_specs == ("f1", "top-k:k=1")


def test_wishes_that_do_not_fit_are_all_refused_and_nothing_is_left(animals, tmp_path):
    animals.write_csv(tmp_path / "animals.csv")
    wishes = Wishes(metrics=("acc",), subgroups=(("color",),), cluster="nobody")
    recipe = Recipe(task=find_task("tabular-classification"), held_out=("tset",))
    with pytest.raises(BadInput) as caught:
        create(
            tmp_path / "c",
            source=tmp_path / "animals.csv",
            recipe=recipe,
            wishes=wishes,
            now=NOW,
        )
    assert [problem.place for problem in caught.value.problems] == [
        "metric acc",
        "subgroup",
        "cluster",
        "held out",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["animals.csv"]


def test_data_that_gives_answers_away_makes_no_challenge(animals, tmp_path):
    leaking = animals.with_columns(kind=pl.col("reference"))
    leaking.write_csv(tmp_path / "animals.csv")
    recipe = Recipe(task=find_task("tabular-classification"))
    with pytest.raises(BadInput, match="is the held-out answer"):
        create(tmp_path / "c", source=tmp_path / "animals.csv", recipe=recipe, now=NOW)
    assert not (tmp_path / "c").exists()


def test_a_folder_in_use_is_refused(images, tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c/thesis.tex").touch()
    with pytest.raises(BadInput, match="is there already"):
        create(tmp_path / "c", source=images, recipe=image_recipe(), now=NOW)


@pytest.mark.parametrize("task", ["image-classification", "regression"])
def test_a_skeleton_lacks_nothing_but_its_data(tmp_path, task):
    create_skeleton(tmp_path / "new", task=task, now=NOW)
    found = check(tmp_path / "new").problems
    assert [problem.place for problem in found] == [
        "challenge.toml: phases[0].split",
        "challenge.toml: phases[0].split",
        "challenge.toml: phases[1].split",
        "challenge.toml: phases[1].split",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Cats & Dogs 2026", "cats-dogs-2026"), ("Größe", "gr-e"), ("???", "challenge")],
)
def test_an_id_is_made_of_the_folders_name(name, expected):
    assert slug(name) == expected
