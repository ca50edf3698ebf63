"""The drawn homes: what was planted is there, and a run later draws the same."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from heldout.datasets.homes import LICENCE, OTHER_LICENCE, PLANTED, THINGS, write_homes


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_homes(tmp_path_factory.mktemp("homes"), seed=7)


@pytest.fixture(scope="module")
def rows(homes: dict[str, Path]) -> pl.DataFrame:
    tables = [pl.read_parquet(path).with_columns(split=pl.lit(s)) for s, path in homes.items()]
    return pl.concat(tables)


def test_the_bytes_are_the_same_every_time(homes: dict[str, Path], tmp_path: Path) -> None:
    again = write_homes(tmp_path, seed=7)
    for split, path in homes.items():
        assert pl.read_parquet(path).equals(pl.read_parquet(again[split]))
    for name in ("0000.png", "copy-05.jpg"):
        assert (tmp_path / name).read_bytes() == (homes["test"].parent / name).read_bytes()


def test_each_fault_occurs_as_often_as_it_was_planted(rows: pl.DataFrame) -> None:
    assert rows["licence"].null_count() == PLANTED.no_licence
    assert (rows["licence"] == OTHER_LICENCE).sum() == PLANTED.non_commercial
    assert (rows["opt_out"] == "yes").sum() == PLANTED.opted_out
    assert rows["note"].str.contains("@").sum() == PLANTED.e_mails
    assert (rows["licence"] == LICENCE).sum() == len(rows) - 14 - 9
    low, high = PLANTED.gap
    assert rows.filter((pl.col("income") > low) & (pl.col("income") < high)).is_empty()
    test, train = (set(rows.filter(split=name)["home"]) for name in ("test", "train"))
    assert len(test & train) == PLANTED.divided_homes


def test_every_home_has_each_thing_once_but_for_the_copies(rows: pl.DataFrame) -> None:
    counts = rows.group_by("home").agg(pl.len(), pl.col("reference").n_unique())
    assert set(counts["reference"]) == {len(THINGS)}
    extra = (counts["len"] - len(THINGS)).sum()
    assert extra == PLANTED.same_file + PLANTED.copies
    assert rows["example_id"].n_unique() == len(rows)


def test_poor_homes_are_dim(homes: dict[str, Path], rows: pl.DataFrame) -> None:
    folder, test = homes["test"].parent, rows.filter(split="test")
    light = [np.asarray(Image.open(folder / name)).mean() for name in test["image"]]
    poor = test["income"] < PLANTED.gap[1]
    assert np.mean([one for one, is_poor in zip(light, poor, strict=True) if is_poor]) < 0.6 * (
        np.mean([one for one, is_poor in zip(light, poor, strict=True) if not is_poor])
    )
