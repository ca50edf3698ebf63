"""Leaks of a challenge folder, by library and by command."""

import csv
import json
import shutil

import numpy as np
import polars as pl
import pytest

from heldout.challenge.check import check
from heldout.challenge.folder import load
from heldout.challenge.leaks import find_in_challenge
from heldout.cli import main
from heldout.datasets.leaks.finding import Tier
from heldout.errors import BadInput


@pytest.fixture
def leaky(folder):
    """Two rows of test have the text of a row of train, one of them in other letters."""
    tables = {name: pl.read_parquet(folder / f"data/{name}.parquet") for name in ("train", "test")}
    for name, table in tables.items():
        words = [
            f"{name} animal number {row:05d} was seen near the river" for row in range(len(table))
        ]
        if name == "test":
            words[3] = "Train animal, number 00007: was seen near the river!"
            words[4] = "train animal number 00008 was seen near the river"
        table.with_columns(remark=pl.Series(words)).write_parquet(folder / f"data/{name}.parquet")
    (folder / "data/manifest.json").unlink()
    return folder


def test_texts_and_the_cluster_are_compared(leaky):
    pairs = {(pair.first, pair.second): pair for pair in find_in_challenge(load(leaky))}
    found = pairs["test", "train"].counts()
    assert found[Tier.TEXT] == 2
    assert Tier.GROUP not in found  # The splits were grouped by owner.


def test_a_group_that_was_not_kept_together_is_found(folder):
    pairs = find_in_challenge(load(folder), groups=["size"])
    assert all(Tier.GROUP not in pair.counts() for pair in pairs)
    with pytest.raises(BadInput, match='did you mean "size"'):
        find_in_challenge(load(folder), groups=["sizes"])


def test_the_command_lists_counts_and_writes_pairs(leaky, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["leaks", str(leaky), "--out", str(tmp_path / "pairs.csv")])
    assert ended.value.code == 1
    assert "same text" in capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "pairs.csv").read_text().splitlines()))
    assert {row["how"] for row in rows} >= {"same text"}
    assert {row["split"] for row in rows if row["how"] == "same text"} == {"test"}


def test_a_clean_challenge_ends_with_0(folder, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["leaks", str(folder), "--json"])
    assert ended.value.code == 0
    assert all(pair["leaked"] == 0 for pair in json.loads(capsys.readouterr().out)["pairs"])


def test_check_notes_an_image_that_stands_in_two_splits(tmp_path, shades_with_copy):
    folder = shutil.copytree(shades_with_copy, tmp_path / "shades")
    notes = [str(note) for note in check(folder).notes]
    assert any("have an image that train has too" in note for note in notes)


@pytest.fixture(scope="module")
def shades_with_copy(tmp_path_factory):
    from datetime import UTC, datetime

    from PIL import Image

    from heldout.challenge.recipe import Recipe
    from heldout.challenge.template import Wishes, create
    from heldout.datasets.tasks import find_task

    source = tmp_path_factory.mktemp("copies")
    rng = np.random.default_rng(1)
    for number in range(40):
        name = ("dark", "light")[number % 2]
        (source / name).mkdir(exist_ok=True)
        pixels = np.zeros((8, 8), "uint8") if name == "dark" else rng.integers(0, 255, (8, 8))
        Image.fromarray(pixels.astype("uint8")).save(source / name / f"{number}.png")
        (source / name / f"{number}.png").touch()
    create(
        source.parent / "with-copies",
        source=source,
        recipe=Recipe(task=find_task("image-classification"), seed=1),
        wishes=Wishes(organisers=("me@example.org",)),
        now=datetime(2026, 11, 1, tzinfo=UTC),
    )
    return source.parent / "with-copies"


def test_passed_embeddings_find_their_own_leaks(folder, tmp_path, capsys):
    rng, rows = np.random.default_rng(4), {}
    for name in ("train", "val", "test"):
        for example in pl.read_parquet(folder / f"data/{name}.parquet")["example_id"]:
            rows[example] = rng.normal(0, 1, 32).tolist()
    test, train = (
        pl.read_parquet(folder / f"data/{n}.parquet")["example_id"][0] for n in ("test", "train")
    )
    rows[test] = [2 * value for value in rows[train]]
    frame = pl.DataFrame({"example_id": list(rows), "embedding": list(rows.values())})
    frame.write_parquet(tmp_path / "e.parquet")
    with pytest.raises(SystemExit) as ended:
        main(["leaks", str(folder), "--embeddings", str(tmp_path / "e.parquet"), "--json"])
    assert ended.value.code == 1
    found = [
        leak for pair in json.loads(capsys.readouterr().out)["pairs"] for leak in pair["leaks"]
    ]
    assert [(one["first"], one["second"], one["tier"]) for one in found] == [
        (test, train, "near embedding")
    ]
