"""Where data come from and whom they may lead to, as far as tables and image headers tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import polars as pl

from heldout.datasets.images import open_image
from heldout.datasets.leaks.choosing import usual_groups
from heldout.datasets.profile.privacy import GPS, PATTERNS
from heldout.datasets.table import ID

_ADDRESS = r"(?i)^https?://(?:[^/@\s]*@)?([^/:?#\s]+)"
_TIME = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?$"
_MOST_HOSTS = 10
# Columns that usually tell groups of people or places apart.
PEOPLE = (
    *("age", "age_group", "gender", "sex", "skin_tone", "skin_type", "ethnicity", "race"),
    *("country", "region", "continent", "language", "income_group", "education"),
)


class Group(msgspec.Struct, frozen=True):
    """A column whose values say which examples belong together."""

    groups: int
    most: int


class Labelled(msgspec.Struct, frozen=True):
    """How annotations spread over examples, and who made them.

    Attributes:
        examples: Those that have one.
        most: Of a single example.
        annotators: How many different ones are named.
        origins: How many are by people and by machines, where that is said.
    """

    examples: int
    most: int
    annotators: int
    origins: dict[str, int]


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """What tables say of origins and people.

    Attributes:
        addresses: Of each column with addresses in it: how many cells name which host.
        times: The earliest and latest of each column of times written as text.
        groups: The columns with a name that usually tells of a common origin.
        people: The columns with a name that usually tells groups of people apart: their counts.
        patterns: Cells that look as if they held a way to reach a person, by its kind.
        located: Images whose EXIF says where they were taken; None without images.
        labelled: None without annotations.
    """

    addresses: dict[str, dict[str, int]] = {}
    times: dict[str, tuple[str, str]] = {}
    groups: dict[str, Group] = {}
    people: dict[str, dict[str, int]] = {}
    patterns: dict[str, int] = {}
    located: int | None = None
    labelled: Labelled | None = None


def find_traces(
    tables: Sequence[pl.DataFrame],
    *,
    annotations: pl.DataFrame | None = None,
    images: Iterable[Path] | None = None,
    most_values: int,
) -> Traces:
    """Look through all splits of a data set.

    Args:
        tables: One per split.
        annotations: Of all splits.
        images: The files; their headers are read.
        most_values: Columns with more different values are not counted out.
    """
    texts = dict(_texts(tables))
    said = [] if annotations is None else [annotations["text"].cast(pl.String)]
    return Traces(
        addresses={name: hosts for name, cells in texts.items() if (hosts := _hosts(cells))},
        times={name: span for name, cells in texts.items() if (span := _span(cells))},
        groups={name: _group(_whole(tables, name)) for name in usual_groups(tables)},
        people=_people(texts, most_values),
        patterns=_patterns([*texts.values(), *said]),
        located=None if images is None else sum(map(_is_located, images)),
        labelled=None if annotations is None else _labelled(annotations),
    )


def _texts(tables: Sequence[pl.DataFrame]) -> Iterator[tuple[str, pl.Series]]:
    names = dict.fromkeys(
        cells.name for table in tables for cells in table if cells.dtype == pl.String
    )
    for name in names:
        yield name, _whole(tables, name)


def _whole(tables: Sequence[pl.DataFrame], name: str) -> pl.Series:
    """A column over all splits, as text, without empty cells."""
    cells = [table[name].cast(pl.String) for table in tables if name in table.columns]
    return pl.concat(cells).drop_nulls()


def _counts(cells: pl.Series) -> dict[str, int]:
    return dict(sorted(Counter(cells).items(), key=lambda pair: (-pair[1], pair[0])))


def _hosts(cells: pl.Series) -> dict[str, int]:
    found = _counts(cells.str.extract(_ADDRESS).drop_nulls().str.to_lowercase())
    most = dict(list(found.items())[:_MOST_HOSTS])
    rest = sum(found.values()) - sum(most.values())
    return most | ({"others": rest} if rest else {})


def _span(cells: pl.Series) -> tuple[str, str] | None:
    """Times in ISO 8601 sort as text does."""
    if cells.is_empty() or not cells.str.contains(_TIME).all():
        return None
    return str(cells.min()), str(cells.max())


def _group(cells: pl.Series) -> Group:
    counts = cells.value_counts(name="n")["n"].to_list()
    return Group(len(counts), max(counts))


def _people(texts: Mapping[str, pl.Series], most_values: int) -> dict[str, dict[str, int]]:
    named = {name: cells for name, cells in texts.items() if name.lower() in PEOPLE}
    few = {name: cells for name, cells in named.items() if 0 < cells.n_unique() <= most_values}
    return {name: _counts(cells) for name, cells in few.items()}


def _patterns(texts: Iterable[pl.Series]) -> dict[str, int]:
    found = dict.fromkeys(PATTERNS, 0)
    for cells in texts:
        for kind, pattern in PATTERNS.items():
            found[kind] += int(cells.str.contains(pattern).sum())
    return found


def _is_located(path: Path) -> bool:
    try:
        with open_image(path) as image:
            return bool(image.getexif().get_ifd(GPS))
    except Exception:  # A decoder given a damaged file raises nearly anything.
        return False


def _labelled(annotations: pl.DataFrame) -> Labelled:
    each = annotations.group_by(ID).len()["len"].to_list()
    return Labelled(
        len(each),
        max(each, default=0),
        annotations["annotator"].drop_nulls().n_unique(),
        _counts(annotations["origin"].drop_nulls()),
    )
