"""Consent, licence and provenance: what items say, what they leave out, what contradicts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import AUTHOR, LICENCE, SOURCE
from heldout.datasets.profile.statistic import (
    Bars,
    Statistic,
    named,
    percent,
    quoted,
    select,
    share,
)
from heldout.datasets.table import ID

FIELDS = {
    LICENCE: ("licence", "license"),
    AUTHOR: ("author", "photographer", "credit", "creator"),
    SOURCE: ("source", "source_url", "url"),
    "consent": ("consent", "consented"),
    "collected": ("collected", "date_captured", "captured", "date"),
    "opt_out": ("opt_out", "noai"),
}
REQUIRED = (LICENCE, AUTHOR, SOURCE)
OPT_OUT_SOURCE, OPT_OUT_DATE = "opt_out_source", "opt_out_date"
_NO = ("", "no", "false", "0", "none")


class Term(StrEnum):
    """What a licence asks for."""

    NON_COMMERCIAL = "non-commercial"
    NO_DERIVATIVES = "no derivatives"
    SHARE_ALIKE = "share alike"
    ATTRIBUTION = "attribution"


_WORDS = {
    Term.NON_COMMERCIAL: r"\bnc\b|non[- ]?commercial|research[- ]only",
    Term.NO_DERIVATIVES: r"\bnd\b|no[- ]?deriv",
    Term.SHARE_ALIKE: r"\bsa\b|share[- ]?alike|\bgpl|\bodbl",
    Term.ATTRIBUTION: r"\bby\b|attribution",
}


def terms_of(licence: str) -> frozenset[Term]:
    """Return what a licence's name or address asks for, as far as its words say it."""
    text = licence.lower().replace("_", "-").replace("/", " ")
    return frozenset(term for term, words in _WORDS.items() if re.search(words, text))


def blank_fields(examples: pl.DataFrame) -> pl.Series:
    """Return for each example the fields of `FIELDS` that have a column and that it leaves blank."""
    found = {field: _column_among(examples.columns, field) for field in FIELDS}
    blank = [
        pl.select(pl.when(is_blank(examples[column])).then(pl.lit(field)).alias(field)).to_series()
        for field, column in found.items()
        if column is not None
    ]
    if not blank:
        return pl.Series([None] * len(examples), dtype=pl.List(pl.String))
    return pl.DataFrame(blank).select(pl.concat_list(pl.all()).list.drop_nulls()).to_series()


def column_of(dataset: DataSet, field: str) -> str | None:
    """Return the column that holds a field of `FIELDS`; None if no column does."""
    return _column_among(dataset.examples.columns, field)


def _column_among(columns: Sequence[str], field: str) -> str | None:
    known = {name.lower(): name for name in columns}
    return next((known[name] for name in FIELDS[field] if name in known), None)


def missing_fields(dataset: DataSet) -> Statistic:
    """Count the examples that do not say their licence, author, source, consent, date or opt-out."""
    n, rows = len(dataset), []
    for field in FIELDS:
        column = column_of(dataset, field)
        missing = n if column is None else int(is_blank(dataset.examples[column]).sum())
        rows.append((field, column, missing, share(missing, n), field in REQUIRED))
    table = pl.DataFrame(
        rows, schema=["field", "column", "missing", "share", "expected"], orient="row"
    ).cast({"column": pl.String})
    return Statistic(
        id="missing-fields",
        title="Consent, licence and provenance",
        note="Missing: "
        + ", ".join(
            f"{field} {missing:,} of {n:,}"
            for field, missing in table.select("field", "missing").rows()
        )
        + ".",
        table=table,
        query=_missing_query(dataset),
        chart=Bars("field", "missing", "Examples that do not say"),
        alarms=tell_missing(table),
    )


def tell_missing(table: pl.DataFrame) -> tuple[str, ...]:
    """Say which expected fields are missing, from rows of the table of `missing_fields`."""
    gaps = table.filter(pl.col("expected") & (pl.col("missing") > 0))
    return tuple(
        f"{named(missing, 'example says', 'examples say')} no {field} ({percent(part)})."
        for field, missing, part in gaps.select("field", "missing", "share").rows()
    )


def _missing_query(dataset: DataSet) -> str:
    parts = []
    for field in FIELDS:
        column = column_of(dataset, field)
        blank = (
            "TRUE"
            if column is None
            else f"{quoted(column)} IS NULL OR TRIM(CAST({quoted(column)} AS VARCHAR)) = ''"
        )
        parts.append(f"({{field}} = '{field}' AND ({blank}))")
    return select("examples", " OR ".join(parts))


def is_blank(cells: pl.Series) -> pl.Series:
    """Return where a cell is empty or only space."""
    if cells.dtype != pl.String:
        return cells.is_null()
    return cells.is_null() | (cells.str.strip_chars() == "").fill_null(value=True)


def licence_conflicts(dataset: DataSet, *, stated: str = "") -> Statistic:
    """Compare each item's licence with the one that is stated for the whole.

    A conflict is a term of the item that the whole does not repeat: non-commercial, no derivatives or
    share alike. Attribution is kept by naming the author and is none.

    Args:
        stated: The licence of the whole, such as `CC-BY-4.0`; empty if none is stated.
    """
    column = column_of(dataset, LICENCE)
    blank = pl.Series([None] * len(dataset), dtype=pl.String)
    cells = blank if column is None else dataset.examples[column].cast(pl.String)
    cells = cells.zip_with(~is_blank(cells), blank)
    addresses = {one.name: one.url for one in dataset.licences}
    allowed = terms_of(stated) | {Term.ATTRIBUTION}
    rows = []
    counts = cells.drop_nulls().value_counts(name="n")
    for licence, count in counts.sort(["n", cells.name], descending=[True, False]).rows():
        terms = terms_of(f"{licence} {addresses.get(licence, '')}")
        rows.append((licence, count, _listed(terms), _listed(terms - allowed) if stated else None))
    schema = {"licence": pl.String, "examples": pl.Int64, "terms": pl.String, "conflict": pl.String}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    bound = table.filter(pl.col("terms").str.contains("non-commercial|no derivatives"))
    conflicts = table.filter(pl.col("conflict").fill_null("") != "")
    n, held = int(bound["examples"].sum()), int(table["examples"].sum())
    alarms = tuple(
        f"{named(count, 'example is', 'examples are')} under {licence} ({conflict}), "
        f"but the whole is stated as {stated}."
        for licence, count, conflict in conflicts.select("licence", "examples", "conflict").rows()
    )
    return Statistic(
        id="licence-conflicts",
        title="Licences of items",
        note=(
            f"{n:,} of {held:,} licensed examples forbid commercial use or derivatives "
            f"({percent(share(n, held))}); {len(dataset) - held:,} of {len(dataset):,} name no licence. "
            + (
                f"Stated for the whole: {stated}."
                if stated
                else "No licence is stated for the whole."
            )
        ),
        table=table,
        query=select("examples", f"{quoted(column)} = {{licence}}" if column else "FALSE"),
        chart=Bars("licence", "examples", "Examples") if len(table) else None,
        alarms=alarms,
    )


def _listed(terms: Sequence[Term] | frozenset[Term]) -> str:
    return ", ".join(term.value for term in Term if term in terms)


def opt_outs(dataset: DataSet) -> Statistic:
    """List the examples whose author or subject opted out: the signal, where it was seen, and when.

    A signal is anything but no in the field `opt_out`, or any `opt_out_source`, such as the robots.txt
    or the tag that said so.
    """
    names = (column_of(dataset, "opt_out"), OPT_OUT_SOURCE, OPT_OUT_DATE)
    signal, source, date = (_text_of(dataset, name) for name in names)
    found = pl.DataFrame(
        {ID: dataset.examples[ID], "signal": signal, "source": source, "date": date}
    ).filter(~signal.str.to_lowercase().is_in(_NO) | (source != ""))
    unproven = found.filter((pl.col("source") == "") | (pl.col("date") == "")).height
    told = f"{named(found.height, 'example is', 'examples are')} opted out"
    return Statistic(
        id="opt-outs",
        title="Opt-outs",
        note=(
            f"{told}; {unproven:,} of them without the source or the date of the signal. "
            "`heldout data withdraw` takes examples out of every later revision."
        ),
        table=found.with_columns(pl.col("signal", "source", "date").replace("", None)),
        query=select("examples", "example_id = {example_id}"),
        alarms=(f"{told}.",) if found.height else (),
    )


def _text_of(dataset: DataSet, column: str | None) -> pl.Series:
    if column is None or column not in dataset.examples.columns:
        return pl.Series([""] * len(dataset), dtype=pl.String)
    return dataset.examples[column].cast(pl.String).fill_null("").str.strip_chars()
