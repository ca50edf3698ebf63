"""Shares of countries against published totals and counts by hand."""

from collections import Counter

import polars as pl
import pytest

from heldout.datasets.annotations import DataSet
from heldout.datasets.profile import income_groups, profile, rows_behind, world_population
from heldout.datasets.profile.countries import IncomeGroup, countries, find_country
from heldout.datasets.profile.world import country_column


def placed(*values, column="country"):
    ids = [str(place) for place in range(len(values))]
    return DataSet(pl.DataFrame({"example_id": ids, column: list(values)}))


def test_the_table_adds_up_to_what_was_published():
    people = sum(one.people for one in countries().values())
    assert people == pytest.approx(8162, abs=2)  # The United Nations' total of 2024.
    groups = Counter(one.income for one in countries().values())
    # The World Bank counts 26, 51 and 54; Tuvalu and the Marshall Islands are too small for the table.
    assert [groups[group] for group in list(IncomeGroup)[:3]] == [26, 51, 52]
    assert all(len(code) == 3 and code.isupper() for code in countries())
    assert len({one.name for one in countries().values()}) == len(countries())


@pytest.mark.parametrize("text", ["DEU", "de", " Germany ", "GERMANY"])
def test_a_country_is_known_by_code_and_by_name(text):
    assert find_country(text).code == "DEU"


def test_shares_are_counted_against_all_people():
    data = placed("India", "India", "DE", None, "Atlantis")
    found = world_population(data, "country")
    world = sum(one.people for one in countries().values())
    rows = {row["code"]: row for row in found.table.rows(named=True)}
    assert (rows["IND"]["examples"], rows["DEU"]["examples"], rows["CHN"]["examples"]) == (2, 1, 0)
    assert rows["IND"]["ratio"] == pytest.approx((2 / 3) / (1450.9 / world))
    absent = 1 - (1450.9 + 84.6) / world
    assert f"{100 * absent:.1f} % of all people live where no example is from" in found.note
    distance = (2 / 3 - 1450.9 / world) + (1 / 3 - 84.6 / world)
    assert f"{100 * distance:.1f} % of the examples would have to be from elsewhere" in found.note
    assert "Not known as countries: Atlantis." in found.note
    assert "1 examples do not say" in found.note
    assert found.table["code"].to_list()[:2] == ["IND", "CHN"]
    assert rows_behind(found, data, row=0)["example_id"].to_list() == ["0", "1"]


def test_income_groups_alarm_where_people_are_missing():
    found = income_groups(placed("DEU", "DEU", "USA", "IND"), "country")
    assert found.table["income"].to_list() == ["low", "lower-middle", "upper-middle", "high"]
    assert found.table["examples"].to_list() == [0, 1, 0, 3]
    assert sum(found.table["people_share"]) == pytest.approx(1)
    assert [alarm.split(" have")[0] for alarm in found.alarms] == [
        "Countries of low income",
        "Countries of upper-middle income",
    ]


def test_the_rows_behind_an_income_group_are_of_its_countries_however_they_are_written():
    data = placed("DEU", "Germany", "USA", "IND", "Atlantis")
    found = income_groups(data, "country")
    high = found.table["income"].to_list().index("high")
    behind = rows_behind(found, data, row=high)["country"].to_list()
    assert len(behind) == found.table["examples"][high]
    assert {"DEU", "Germany"} <= {*behind}
    assert not {"IND", "Atlantis"} & {*behind}
    assert rows_behind(found, data, row=0).is_empty()


def test_a_column_of_other_words_is_no_column_of_countries():
    assert country_column(placed("north", "south", "DEU")) is None
    assert country_column(placed("DEU", "FRA", column="iso3")) == "iso3"
    made = [one.id for one in profile(placed("DEU", "FRA", column="iso3"))]
    assert {"world-population", "income-groups"} <= set(made)


def test_every_country_of_dollar_street_is_known(cases):
    names = pl.read_csv(cases / "datasets/dollarstreet_meta/metadata.csv")["country"].unique()
    assert len(names) == 54
    assert not [name for name in names if find_country(name) is None]
