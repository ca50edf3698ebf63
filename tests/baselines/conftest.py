"""A published challenge on the digits, without its answers."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from heldout.datasets.digits import write_digits
from heldout.datasets.holdout import hold_out
from heldout.datasets.splits import Stratified, split

DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Published:
    """A folder of public data and, apart from it, the answers it must not need."""

    data: Path
    answers: dict[str, pl.DataFrame]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("digits")
    table = write_digits(folder / "raw")
    fractions = {"train": 0.6, "val": 0.2, "test": 0.2}
    splits = split(table, fractions=fractions, seed=1, by=Stratified())
    data, answers = folder / "data", folder / "answers"
    hold_out(splits, held_out=["val", "test"], data=data, answers=answers)
    hidden = {name: pl.read_parquet(answers / f"{name}.parquet") for name in ("val", "test")}
    shutil.rmtree(answers)  # Whoever reads them from here on fails.
    shutil.rmtree(folder / "raw")
    return Published(data, hidden)
