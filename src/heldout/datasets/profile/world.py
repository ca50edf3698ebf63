"""Where examples are from, against where people live and what they earn."""

from __future__ import annotations

import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.profile.countries import (
    INCOME_SOURCE,
    PEOPLE_SOURCE,
    IncomeGroup,
    countries,
    find_country,
)
from heldout.datasets.profile.statistic import (
    Bars,
    Statistic,
    named,
    percent,
    quoted,
    select,
    share,
)

COUNTRY_COLUMNS = ("country", "country_code", "iso3")
FAR = 2.0  # A group with less than half of its share in the world alarms.
BETWEEN = " | "
_TOLD = 3


def country_column(dataset: DataSet) -> str | None:
    """Return the column of countries: one with a usual name, most of whose cells are known ones."""
    for name in COUNTRY_COLUMNS:
        if name in dataset.examples.columns:
            cells = dataset.examples[name].cast(pl.String).drop_nulls()
            known = [value for value in cells.unique() if find_country(value)]
            if len(cells) and cells.is_in(known).mean() > 0.5:  # type: ignore[operator]
                return name
    return None


def world_population(dataset: DataSet, column: str) -> Statistic:
    """Compare each country's share of the examples with its share of the world's people.

    `ratio` is one share over the other: 1 in proportion. The distance is half the sum of the absolute
    differences: the share of the examples that would have to be from elsewhere.
    """
    table = _counted(dataset, column)
    lacking = table.filter(pl.col("examples") == 0)
    distance = float((table["share"] - table["people_share"]).abs().sum()) / 2
    most = table.filter(pl.col("examples") > 0).sort("ratio", descending=True, maintain_order=True)
    absent = float(lacking["people_share"].sum())
    return Statistic(
        id="world-population",
        title="Countries against the world's people",
        note=(
            f"{named(table.height - lacking.height, 'country', 'countries')}; {percent(absent)} of all people "
            f"live where no example is from. {percent(distance)} of the examples would have to be from elsewhere "
            f"to be in proportion. Most over: {_listed(most)}. {_unknown(dataset, column)}"
            f"People: {PEOPLE_SOURCE}."
        ),
        table=table.sort(["people_share", "code"], descending=[True, False]),
        query=select("examples", f"CAST({quoted(column)} AS VARCHAR) = {{value}}"),
        chart=Bars("country", "ratio", "Share of examples over share of people"),
    )


def income_groups(dataset: DataSet, column: str) -> Statistic:
    """Compare the shares of the World Bank's income groups of countries likewise.

    `countries` names those that examples are from, as the data write them, between `BETWEEN`.
    """
    written = _written(dataset, column)
    table = (
        _counted(dataset, column)
        .filter(pl.col("income").is_not_null())
        .group_by("income")
        .agg(pl.col("examples", "people").sum())
    )
    n, world = int(table["examples"].sum()), float(table["people"].sum())
    order = {str(group): place for place, group in enumerate(IncomeGroup)}
    table = table.sort(pl.col("income").replace_strict(order)).select(
        "income",
        "examples",
        (pl.col("examples") / max(1, n)).alias("share"),
        (pl.col("people") / world).alias("people_share"),
        (pl.col("examples") / max(1, n) / (pl.col("people") / world)).alias("ratio"),
        pl.col("income")
        .replace_strict(written, default="", return_dtype=pl.String)
        .alias("countries"),
    )
    rows = table.rows(named=True)
    return Statistic(
        id="income-groups",
        title="Countries by income group",
        note=" ".join(
            f"{row['income'].capitalize()}: {percent(row['share'])} of the examples, "
            f"{percent(row['people_share'])} of all people."
            for row in rows
        )
        + f" {INCOME_SOURCE}; {PEOPLE_SOURCE}.",
        table=table,
        query=select("examples", _among(column)),
        chart=Bars("income", "ratio", "Share of examples over share of people"),
        alarms=tuple(
            f"Countries of {row['income']} income have {percent(row['people_share'])} of all people and "
            f"{percent(row['share'])} of the examples."
            for row in rows
            if row["ratio"] * FAR < 1
        ),
    )


def _written(dataset: DataSet, column: str) -> dict[str, str]:
    """Return by income group how the data set writes its countries."""
    found: dict[str, list[str]] = {}
    for value in dataset.examples[column].cast(pl.String).drop_nulls().unique().sort():
        country = find_country(value)
        if country is not None and country.income is not None:
            found.setdefault(country.income, []).append(value)
    return {income: BETWEEN.join(values) for income, values in found.items()}


def _among(column: str) -> str:
    """Return SQL for the rows of one of the countries that a row of the result names."""
    named = f"STRING_TO_ARRAY({{countries}}, '{BETWEEN}')"
    return f"ARRAY_CONTAINS({named}, CAST({quoted(column)} AS VARCHAR))"


def _counted(dataset: DataSet, column: str) -> pl.DataFrame:
    """Return every country with its examples; `value` is how the data set writes it."""
    cells = dataset.examples[column].cast(pl.String).drop_nulls()
    found: dict[str, tuple[str, int]] = {}
    for value, count in (
        cells.value_counts(name="n").sort(["n", column], descending=[True, False]).rows()
    ):
        country = find_country(value)
        if country:
            first, before = found.get(country.code, (value, 0))
            found[country.code] = (first, before + count)
    n, world = (
        sum(count for _, count in found.values()),
        sum(one.people for one in countries().values()),
    )
    rows = [
        (
            one.name,
            one.code,
            found.get(one.code, (None, 0))[0],
            examples := found.get(one.code, (None, 0))[1],
            share(examples, n),
            one.people,
            one.people / world,
            share(examples, n) / (one.people / world),
            one.income,
        )
        for one in countries().values()
    ]
    names = (
        "country",
        "code",
        "value",
        "examples",
        "share",
        "people",
        "people_share",
        "ratio",
        "income",
    )
    schema = dict(
        zip(names, (*[pl.String] * 3, pl.Int64, *[pl.Float64] * 4, pl.String), strict=True)
    )
    return pl.DataFrame(rows, schema=schema, orient="row")


def _listed(table: pl.DataFrame) -> str:
    rows = table.select("country", "ratio").head(_TOLD).rows()
    return ", ".join(f"{name} ({ratio:,.1f} times its share)" for name, ratio in rows) or "none"


def _unknown(dataset: DataSet, column: str) -> str:
    cells = dataset.examples[column].cast(pl.String)
    unknown = [value for value in cells.drop_nulls().unique().sort() if not find_country(value)]
    said = f"{int(cells.is_null().sum()):,} examples do not say. "
    if not unknown:
        return said
    return f"{said}Not known as countries: {', '.join(unknown[:5])}{' …' * (len(unknown) > 5)}. "
