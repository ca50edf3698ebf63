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
    "opt_out": ("opt_out", "opt_out_source", "noai"),
}
REQUIRED = (LICENCE, AUTHOR, SOURCE)


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


def column_of(dataset: DataSet, field: str) -> str | None:
    """Return the column that holds a field of `FIELDS`; None if no column does."""
    known = {name.lower(): name for name in dataset.examples.columns}
    return next((known[name] for name in FIELDS[field] if name in known), None)


def missing_fields(dataset: DataSet) -> Statistic:
    """Count the examples that do not say their licence, author, source, consent, date or opt-out."""
    n, rows = len(dataset), []
    for field in FIELDS:
        column = column_of(dataset, field)
        missing = n if column is None else int(_is_blank(dataset.examples[column]).sum())
        rows.append((field, column, missing, share(missing, n), field in REQUIRED))
    table = pl.DataFrame(
        rows, schema=["field", "column", "missing", "share", "expected"], orient="row"
    ).cast({"column": pl.String})
    gaps = table.filter(pl.col("expected") & (pl.col("missing") > 0))
    out = len(opted_out(dataset))
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
        alarms=tuple(
            f"{named(missing, 'example says', 'examples say')} no {field} ({percent(part)})."
            for field, missing, part in gaps.select("field", "missing", "share").rows()
        )
        + ((f"{named(out, 'example is', 'examples are')} opted out.",) if out else ()),
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


def _is_blank(cells: pl.Series) -> pl.Series:
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
    addresses = {one.name: one.url for one in dataset.licences}
    allowed = terms_of(stated) | {Term.ATTRIBUTION}
    rows = []
    for licence, count in (
        cells.drop_nulls().value_counts(name="n").sort("n", descending=True).rows()
    ):
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


def opted_out(dataset: DataSet) -> pl.Series:
    """Return the ids of examples whose opt-out field says anything but no."""
    column = column_of(dataset, "opt_out")
    if column is None:
        return pl.Series(ID, [], dtype=pl.String)
    said = dataset.examples[column].cast(pl.String).str.to_lowercase().fill_null("")
    return dataset.examples.filter(~said.is_in(["", "no", "false", "0", "none"]))[ID]
