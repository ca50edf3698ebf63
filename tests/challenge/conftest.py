import re
import shutil
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from heldout.challenge.folder import load
from heldout.challenge.recipe import Recipe
from heldout.challenge.template import Wishes, create
from heldout.datasets.splits import Grouped
from heldout.datasets.tasks import find_task

NOW = datetime(2026, 11, 22, 10, 34, tzinfo=UTC)
CLASSES = ("cat", "dog", "zebra")


@pytest.fixture(scope="session")
def example(root) -> str:
    """The complete example of the reference page."""
    page = (root / "docs/reference/challenge-toml.md").read_text()
    return re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1]


@pytest.fixture(scope="session")
def animals() -> pl.DataFrame:
    """240 animals of 40 owners, with a label that can be guessed from their size."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 240)
    return pl.DataFrame(
        {
            "example_id": [f"a{number:03d}" for number in rng.permutation(240)],
            "reference": [CLASSES[label] for label in labels],
            "size": labels + rng.normal(0, 0.8, 240),
            "colour": rng.choice(["black", "white"], 240),
            "owner": [f"o{number}" for number in rng.integers(0, 40, 240)],
        }
    )


@pytest.fixture(scope="session")
def made(tmp_path_factory, animals):
    folder = tmp_path_factory.mktemp("made")
    animals.write_parquet(folder / "animals.parquet")
    create(
        folder / "animals",
        source=folder / "animals.parquet",
        recipe=Recipe(
            task=find_task("tabular-classification"),
            by=Grouped("owner"),
            public=("size",),
            seed=1,
        ),
        wishes=Wishes(subgroups=(("colour",),), cluster="owner", organisers=("me@example.org",)),
        now=NOW,
    )
    return folder / "animals"


@pytest.fixture
def folder(made, tmp_path):
    """A complete challenge that a test may damage."""
    return shutil.copytree(made, tmp_path / "animals")


@pytest.fixture
def challenge(folder):
    return load(folder)


@pytest.fixture
def perfect(folder, tmp_path):
    """A file of right predictions for the test split."""
    answers = pl.read_parquet(folder / "answers/test.parquet")
    path = tmp_path / "perfect.csv"
    answers.select("example_id", prediction="reference").write_csv(path)
    return path


@pytest.fixture
def guesses(folder, tmp_path):
    """A file of predictions that are guessed from the size."""
    public = pl.read_parquet(folder / "data/test.parquet")
    labels = np.clip(np.rint(public["size"].to_numpy()), 0, 2).astype(int)
    path = tmp_path / "guesses.csv"
    named = pl.Series([CLASSES[label] for label in labels])
    public.select("example_id", prediction=named).write_csv(path)
    return path
