"""Statistics of real data, against its published numbers and independent counts."""

import csv
import json
import statistics
from collections import Counter
from pathlib import Path

import pytest

from heldout.datasets.annotations import DataSet
from heldout.datasets.annotations.dataset import merge
from heldout.datasets.formats import read_dataset
from heldout.datasets.profile import (
    class_balance,
    concentration,
    licence_conflicts,
    missing_fields,
    quantiles,
)
from heldout.errors import Problems


@pytest.fixture(scope="module")
def coco(cases: Path) -> DataSet:
    folder = cases / "datasets" / "coco256"
    return merge(
        [
            read_dataset(
                folder / f"instances_from_panoptic_{split}2017.json",
                images=folder / "images",
                decode=False,
                problems=Problems(),
            )
            for split in ("train", "val")
        ]
    )


@pytest.fixture(scope="module")
def streets(cases: Path) -> DataSet:
    path = cases / "datasets" / "dollarstreet_meta" / "metadata.csv"
    return read_dataset(path, decode=False, problems=Problems())


def test_147_of_200_licensed_images_forbid_commerce_or_derivatives(coco):
    found = licence_conflicts(coco, stated="CC-BY-4.0")
    assert found.note.startswith("147 of 200 licensed examples forbid")
    assert found.alarms


def test_images_without_a_licence_are_those_the_json_lacks(coco):
    missing = dict(missing_fields(coco).table.select("field", "missing").rows())
    assert missing["licence"] == len(coco) - 200


def test_classes_are_counted_as_in_the_json(coco, cases):
    counted: Counter[str] = Counter()
    for split in ("train", "val"):
        path = cases / "datasets" / "coco256" / f"instances_from_panoptic_{split}2017.json"
        raw = json.loads(path.read_text())
        names = {one["id"]: one["name"] for one in raw["categories"]}
        counted.update(names[one["category_id"]] for one in raw["annotations"])
    table = class_balance(coco).table
    found = {name: n for name, n in table.select("category", "annotations").rows() if n}
    assert found == counted


def test_54_countries_and_their_incomes(streets, cases):
    with (cases / "datasets/dollarstreet_meta/metadata.csv").open() as file:
        rows = list(csv.DictReader(file))
    countries = Counter(row["country"] for row in rows)
    found = concentration(streets, "country")
    assert found.table.height == 54
    assert dict(found.table.select("value", "examples").rows()) == countries
    income = quantiles(streets, "income", by="region")
    africa = [float(row["income"]) for row in rows if row["region"] == "Africa"]
    (row,) = income.table.filter(group="Africa").rows(named=True)
    assert row["50%"] == pytest.approx(statistics.median(africa))
    lowest, highest = income.table["0%"].min(), income.table["100%"].max()
    assert (round(lowest), round(highest)) == (27, 10098)
