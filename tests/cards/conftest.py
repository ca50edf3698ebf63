import shutil
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from PIL import Image

from heldout.cards.datasheet import fill_in
from heldout.cards.facts import collect_facts
from heldout.challenge.datasheet import questions, read_answers, write_form
from heldout.challenge.folder import load
from heldout.challenge.recipe import Recipe
from heldout.challenge.template import Wishes, create
from heldout.datasets.tasks import find_task

NAMES = ("dark", "light")


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A challenge of 60 small pictures, two of them the same, with a datasheet in the form."""
    folder = tmp_path_factory.mktemp("cards")
    rng = np.random.default_rng(5)
    rows = []
    for number in range(60):
        shade = number % 2
        pixels = rng.integers(0, 100, (6, 8)).astype("uint8") + np.uint8(100 * shade)
        if number == 2:
            pixels = np.zeros((6, 8), "uint8")
        if number == 4:
            pixels = np.zeros((6, 8), "uint8")
        Image.fromarray(pixels).save(folder / f"{number}.png")
        lamp = None if number % 5 == 0 else "warm" if number % 3 else "cold"
        rows.append((f"s{number}", f"{number}.png", NAMES[shade], lamp, number / 7))
    table = pl.DataFrame(
        rows, ["example_id", "image", "reference", "lamp", "minutes"], orient="row"
    )
    table.write_csv(folder / "table.csv")
    create(
        folder / "shades",
        source=folder,
        recipe=Recipe(task=find_task("image-classification"), public=("lamp", "minutes"), seed=1),
        wishes=Wishes(
            title="Shades",
            summary="Dark or light?",
            license="CC-BY-4.0",
            organisers=("me@example.org",),
            subgroups=(("lamp",),),
        ),
        now=datetime(2026, 11, 1, tzinfo=UTC),
    )
    challenge = load(folder / "shades")
    answers = {question.id: f"About {question.id}." for question in questions()}
    sheet = fill_in(collect_facts(challenge), write_form("Shades", answers))
    (folder / "shades/datasheet.md").write_text(sheet)
    return folder / "shades"


@pytest.fixture(scope="session")
def shades(made):
    """The challenge; nothing may be written into its folder."""
    return load(made)


@pytest.fixture(scope="session")
def facts(shades):
    return collect_facts(shades)


@pytest.fixture(scope="session")
def answered(shades):
    return read_answers(shades.page("datasheet"))


@pytest.fixture
def damaged(made, tmp_path):
    """The challenge's folder, for a test to damage."""
    return shutil.copytree(made, tmp_path / "shades")
