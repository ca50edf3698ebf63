"""From a row of a statistic to the query for its examples."""

import polars as pl
import pytest
from django.http import QueryDict

from heldout.datasets.annotations import DataSet, annotation_frame
from heldout.datasets.index.describe import describe
from heldout.datasets.index.marks import CLASSES
from heldout.datasets.index.query import Query
from heldout.datasets.profile import cooccurrence, profile
from heldout.site.catalog.asking import address, read
from heldout.site.catalog.behind import behind


@pytest.fixture(scope="module")
def frame():
    return pl.DataFrame(
        {
            "example_id": [str(one) for one in range(40)],
            "country": ["Kenya", "Peru"] * 20,
            "licence": (["CC0"] * 3 + [None]) * 10,
            "income": [10.0 + one for one in range(40)],
        }
    )


@pytest.fixture(scope="module")
def asked(frame):
    """By statistic: the query of each row of its table."""
    columns = {one.name: one for one in describe(frame)}
    return {
        one.id: [(row, behind(one, row, columns)) for row in one.table.iter_rows(named=True)]
        for one in profile(DataSet(frame))
    }


def test_a_country_is_found_as_the_data_write_it(asked):
    rows = {row["country"]: query for row, query in asked["world-population"]}
    assert rows["Kenya"] == Query.of(chosen={"country": ["Kenya"]})
    assert rows["Nepal"] is None


def test_an_income_group_is_its_countries_as_the_data_write_them(asked):
    rows = {row["income"]: query for row, query in asked["income-groups"]}
    assert rows["lower-middle"] == Query.of(chosen={"country": ["Kenya"]})
    assert rows["upper-middle"] == Query.of(chosen={"country": ["Peru"]})
    assert rows["low"] is None


def test_two_classes_that_stand_together_are_both_wanted():
    frame = pl.DataFrame({"example_id": ["a", "b", "c"], CLASSES: [["x", "y"], ["x"], ["y"]]})
    columns = {one.name: one for one in describe(frame)}
    annotations = annotation_frame(
        {
            "example_id": ["a", "a", "b", "c"],
            "annotation_id": ["1", "2", "3", "4"],
            "kind": ["object"] * 4,
            "category": ["x", "y", "x", "y"],
        }
    )
    found = cooccurrence(DataSet(frame.select("example_id"), annotations))
    (row,) = found.table.rows(named=True)
    query = behind(found, row, columns)
    assert query == Query.of(chosen={CLASSES: ["x"]}, every=[(CLASSES, "y")])
    asked = QueryDict(address(query, columns)[1:])
    assert read(asked, columns).query == query


def test_a_quantile_is_of_those_of_its_group_that_say_the_number(asked):
    rows = {row["group"]: query for row, query in asked["quantiles"]}
    assert dict(rows["Kenya"].chosen) == {"country": ("Kenya",)}
    (bounds,) = (bounds for name, bounds in rows["Kenya"].ranges if name == "income")
    assert (bounds.low, bounds.high) == (10.0, 48.0)


def test_a_field_without_a_column_is_missing_everywhere(asked):
    rows = {row["field"]: query for row, query in asked["missing-fields"]}
    assert rows["author"] == Query()


def test_a_licence_and_a_group_are_their_values(asked):
    (licence,) = (query for row, query in asked["licence-conflicts"] if row["licence"] == "CC0")
    assert licence == Query.of(chosen={"licence": ["CC0"]})
    groups = {row["country"]: query for row, query in asked["subgroup-coverage"]}
    assert groups["Peru"] == Query.of(chosen={"country": ["Peru"]})
