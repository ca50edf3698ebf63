"""Coverage, concentration, quantiles and rights, against numbers counted by hand."""

import math
import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats

from heldout.datasets.annotations import DataSet
from heldout.datasets.profile import (
    Term,
    concentration,
    licence_conflicts,
    missing_fields,
    opt_outs,
    profile,
    quantiles,
    rows_behind,
    smallest_gap,
    subgroup_coverage,
    terms_of,
)


def test_the_smallest_gap_is_found_as_often_as_its_power_says():
    n, others, base = 200, 800, 0.8
    gap = smallest_gap(n, others, base=base)
    rng = np.random.default_rng(4)
    low, high = rng.binomial(n, base - gap, 20000), rng.binomial(others, base, 20000)
    mean = (low + high) / (n + others)
    z = (high / others - low / n) / np.sqrt(mean * (1 - mean) * (1 / n + 1 / others))
    assert (z > stats.norm.ppf(0.975)).mean() == pytest.approx(0.8, abs=0.02)


def test_two_equal_groups_need_the_size_that_the_textbook_formula_gives():
    base, gap = 0.8, 0.1
    low, mean = base - gap, base - gap / 2
    sure, strong = stats.norm.ppf(0.975), stats.norm.ppf(0.8)
    spread = strong * math.sqrt(low * (1 - low) + base * (1 - base))
    size = (sure * math.sqrt(2 * mean * (1 - mean)) + spread) ** 2 / gap**2
    assert smallest_gap(size, size, base=base) == pytest.approx(gap, rel=1e-6)


def test_a_group_of_one_shows_no_gap_at_all():
    assert math.isnan(smallest_gap(1, 1000))
    assert math.isnan(smallest_gap(0, 1000))


def test_coverage_lists_the_empty_cells_of_an_intersection(animals):
    found = subgroup_coverage(animals, ["region", "sex"])
    assert found.table.select("region", "sex", "examples").rows() == [
        ("Asia", "man", 0),
        ("Asia", "woman", 2),
        ("Europe", "man", 1),
        ("Europe", "woman", 0),
    ]
    assert found.alarms == ("Nobody is in Asia · man, Europe · woman.",)
    assert "1 examples do not say theirs" in found.note
    assert rows_behind(found, animals, row=1)["example_id"].to_list() == ["a", "b"]


def test_concentration_is_the_sum_of_squared_shares(animals):
    found = concentration(animals, "author")
    assert found.table.rows() == [("O'Hara", 2, 2 / 3), ("Li", 1, 1 / 3)]
    assert f"Herfindahl {4 / 9 + 1 / 9:.3f}" in found.note
    assert rows_behind(found, animals, row=0)["example_id"].to_list() == ["a", "b"]


def test_quantiles_are_numpys(animals):
    rng = np.random.default_rng(2)
    income = rng.lognormal(5, 1, 301)
    dataset = DataSet(pl.DataFrame({"example_id": [str(i) for i in range(301)], "income": income}))
    row = quantiles(dataset).table.row(0, named=True)
    for q in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1):
        assert row[f"{q:.0%}"] == pytest.approx(np.quantile(income, q))


def test_a_planted_gap_of_incomes_is_found():
    income = [*np.linspace(30, 200, 50), *np.linspace(2000, 9000, 50)]
    dataset = DataSet(pl.DataFrame({"example_id": [str(i) for i in range(100)], "income": income}))
    (alarm,) = quantiles(dataset).alarms
    assert alarm == "No example's income lies between 200 and 2,000, a factor of 10.0."


def test_groups_far_apart_in_income_are_named(animals):
    found = quantiles(animals, "income", by="region")
    assert found.table["group"].to_list() == ["Asia", "Europe"]
    assert "The median income of Europe is 13.3 times that of Asia." in found.alarms


@pytest.mark.parametrize(
    ("licence", "terms"),
    [
        ("CC-BY-4.0", {Term.ATTRIBUTION}),
        ("http://creativecommons.org/licenses/by-nc-sa/2.0/", {*Term} - {Term.NO_DERIVATIVES}),
        ("Attribution-NonCommercial-NoDerivs License", {*Term} - {Term.SHARE_ALIKE}),
        ("CC0 1.0", set()),
        ("Vendor terms", set()),
    ],
)
def test_a_licence_says_what_it_asks_for(licence, terms):
    assert terms_of(licence) == terms


def test_a_licence_stricter_than_the_stated_one_is_a_conflict(animals):
    found = licence_conflicts(animals, stated="CC-BY-4.0")
    assert found.alarms == (
        "1 example is under CC BY-NC 2.0 (non-commercial), but the whole is stated as CC-BY-4.0.",
    )
    assert not licence_conflicts(animals, stated="CC-BY-NC-4.0").alarms
    assert not licence_conflicts(animals).alarms


def test_planted_missing_licences_are_counted_and_listed(animals):
    found = missing_fields(animals)
    missing = dict(found.table.select("field", "missing").rows())
    assert (missing["licence"], missing["author"], missing["source"]) == (2, 1, 4)
    assert found.alarms[0] == "2 examples say no licence (50.0 %)."
    assert rows_behind(found, animals, row=0)["example_id"].to_list() == ["c", "d"]
    assert rows_behind(found, animals, row=2).height == 4


def test_an_opt_out_alarms(animals):
    examples = animals.examples.with_columns(pl.Series("opt_out", ["no", "robots.txt", None, ""]))
    asked = replace(animals, examples=examples)
    found = opt_outs(asked)
    assert found.alarms == ("1 example is opted out.",)
    assert "1 of them without the source or the date" in found.note
    assert rows_behind(found, asked, row=0)["example_id"].to_list() == ["b"]
    assert "opt-outs" in [one.id for one in profile(asked)]


def test_an_opt_out_is_listed_with_its_source_and_date(animals):
    examples = animals.examples.with_columns(
        pl.Series("noai", ["yes", None, "FALSE", None]),
        pl.Series("opt_out_source", ["letter", None, None, "robots.txt"]),
        pl.Series("opt_out_date", ["2026-02-01", None, None, " "]),
    )
    assert opt_outs(replace(animals, examples=examples)).table.rows() == [
        ("a", "yes", "letter", "2026-02-01"),
        ("d", None, "robots.txt", None),
    ]


def test_nobody_opted_out_where_no_column_says_so(animals):
    assert opt_outs(animals).table.height == 0
    assert not opt_outs(animals).alarms


def test_each_statistic_the_columns_allow_is_made(animals):
    made = [one.id for one in profile(animals, stated="CC0-1.0")]
    assert made == [
        *("class-balance", "co-occurrence", "objects-per-image", "box-sizes", "box-positions"),
        *("subgroup-coverage", "subgroup-coverage", "concentration", "concentration", "quantiles"),
        *("missing-fields", "licence-conflicts", "personal-patterns"),
    ]


def test_a_table_of_ids_alone_has_nothing_but_its_missing_fields(animals):
    bare = replace(animals, examples=animals.examples.select("example_id"))
    bare = replace(bare, annotations=bare.annotations.clear())
    assert [one.id for one in profile(bare)] == [
        *("missing-fields", "licence-conflicts", "personal-patterns")
    ]


def test_every_statistic_has_its_entry_in_the_reference(root):
    page = (root / "docs/reference/statistics.md").read_text()
    known = set(re.findall(r"^## (.+)$", page, re.MULTILINE))
    source = root / "src/heldout/datasets/profile"
    made = {
        name
        for path in source.glob("*.py")
        for name in re.findall(r'^        id="(.+)",$', path.read_text(), re.MULTILINE)
    }
    assert made == known
