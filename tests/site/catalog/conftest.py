"""Data sets that stand on their own, built without a reader: tables as they are."""

from collections.abc import Callable

import polars as pl
import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.utils import timezone
from PIL import Image

from heldout.challenge.datasheet import questions
from heldout.datasets.annotations import Category, DataSet, annotation_frame, save_dataset
from heldout.site.accounts.models import User
from heldout.site.catalog import models
from heldout.site.catalog.datasheets import Given, save
from heldout.site.catalog.services import Table, add_revision, store
from heldout.site.worker import drain

CATEGORIES = (Category("cat", ("animal",)), Category("dog", ("animal",)), Category("car"))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A data folder: 60 examples in two splits, ten real pictures, boxes, places and incomes."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "media").mkdir()
    for number in range(10):
        picture = Image.new("RGB", (120, 80), (number * 20, 90, 160))
        picture.save(folder / f"media/{number:064x}.png")
    for split, n in (("train", 40), ("test", 20)):
        pl.DataFrame(
            {
                "example_id": [f"{split}/{one:02}" for one in range(n)],
                "image": [f"media/{one % 10:064x}.png" for one in range(n)],
                "caption": [
                    ("A red bus", "Two dogs & <b>", "A quiet street")[one % 3] for one in range(n)
                ],
                "country": [("Kenya", "Nepal", "Peru", None)[one % 4] for one in range(n)],
                "income": [30.0 * 1.2**one for one in range(n)],
                "lat": [-30.0 + one for one in range(n)],
                "lng": [10.0 + 2 * one for one in range(n)],
            }
        ).write_parquet(folder / f"{split}.parquet")
    ids = [f"train/{one:02}" for one in range(20)]
    annotations = annotation_frame(
        {
            "example_id": ids * 2,
            "annotation_id": [str(one) for one in range(40)],
            "kind": ["object"] * 40,
            "category": ["cat", "dog"] * 20,
            "x0": [10.0] * 40,
            "y0": [5.0] * 40,
            "x1": [60.5] * 40,
            "y1": [70.0] * 40,
            "origin": ["human"] * 20 + ["machine"] * 20,
        }
    )
    save_dataset(DataSet(pl.DataFrame({"example_id": ids}), annotations, CATEGORIES), folder)
    (folder / "examples.parquet").unlink()
    return folder


@pytest.fixture
def owner(organiser) -> User:
    return organiser


@pytest.fixture
def add_dataset(owner, pictures) -> Callable[..., models.DataSet]:
    """Add the pictures as a data set of its own and build its indexes."""

    def add(slug="pictures", *, folder=pictures, layout=None, built=True, **changes):
        dataset = models.DataSet.objects.create(
            slug=slug,
            **{"title": "Some pictures", "owner": owner, "license": "CC-BY-4.0"} | changes,
        )
        digest, place = store(slug=slug, source=folder)
        tables = {
            path.name: Table(path.name, path.stem, len(pl.read_parquet(path)))
            for path in folder.glob("*.parquet")
            if path.stem != "annotations"
        }
        add_revision(
            dataset=dataset,
            digest=digest,
            folder=place,
            tables=tables,
            now=timezone.now(),
            layout={"media": "image", **(layout or {})},
        )
        if built:
            drain()
        return dataset

    return add


@pytest.fixture
def dataset(add_dataset) -> models.DataSet:
    return add_dataset()


@pytest.fixture
def complete() -> Callable[[models.DataSet], None]:
    """Answer every required question of a data set's datasheet."""

    def answer(dataset):
        required = [one.id for one in questions() if one.required]
        given = {name: Given(f"Said of {name}.", 0) for name in required}
        save(dataset=dataset, given=given, by=None, now=timezone.now())

    return answer


@pytest.fixture
def fetch():
    """Get an address: the response, and what was sent, with its file closed."""

    def get(client, address):
        response = client.get(address)
        content = b"".join(response) if response.streaming else response.content
        # Closing a response must not close the connection that holds the test's transaction.
        request_finished.disconnect(close_old_connections)
        response.close()
        request_finished.connect(close_old_connections)
        return response, content

    return get
