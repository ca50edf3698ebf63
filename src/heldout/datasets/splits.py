"""Splits: which examples are for training, which for testing, decided by seed and ids alone.

The order of the rows in a file never matters: an example's place in the random order is a hash of
the seed and its id. So an example stays where it is when others are shuffled around it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from heldout.datasets.grouping import assign_groups
from heldout.datasets.identifiers import hash_keys
from heldout.datasets.table import ID, ExampleTable
from heldout.errors import BadInput, Problem, Problems, did_you_mean

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_TOLERANCE = 1e-9

Unknown = Literal["refuse", "alone", "together"]


@dataclass(frozen=True, slots=True)
class Random:
    """Every example by itself, whatever it is."""


@dataclass(frozen=True, slots=True)
class Stratified:
    """Each value of a column in the same proportion in every split.

    Within each value, sizes are those of the largest remainder; what rounding took from a split it
    gets back with the next value, so that the totals are right too. Rows without a value are one
    more stratum; a list counts as the set of its items.
    """

    column: str = "reference"


@dataclass(frozen=True, slots=True)
class Grouped:
    """All rows of a group (a person, a patient, a photographer) on one side.

    Sizes come as near to the fractions as whole groups allow.

    Attributes:
        column: What tells the groups.
        unknown: What a row without a group is. Two such rows may be of one person, so they are
            refused, unless each is declared to be a group `alone` or all to be one group `together`.
        stratify: A column whose values should also be spread evenly, as far as the groups allow.
    """

    column: str
    unknown: Unknown = "refuse"
    stratify: str | None = None


@dataclass(frozen=True, slots=True)
class ByTime:
    """The first split named is the earliest, the last one named the latest.

    Rows of the same moment stay together, so sizes are as near to the fractions as that allows.
    """

    column: str


@dataclass(frozen=True, slots=True)
class Given:
    """The splits were there already."""


Method = Random | Stratified | Grouped | ByTime | Given


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """The parts of a data set by name, and how they came about.

    Attributes:
        parts: Each split's examples.
        method: How they were divided.
        seed: Of the random order; None where none was needed.
        fractions: The sizes asked for, by split; empty for given splits.
    """

    parts: Mapping[str, ExampleTable]
    method: Method
    seed: int | None
    fractions: Mapping[str, float]

    def __getitem__(self, name: str) -> ExampleTable:
        return self.parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def sizes(self) -> dict[str, int]:
        """How many examples each split has."""
        return {name: len(part) for name, part in self.parts.items()}


def split(
    table: ExampleTable,
    *,
    fractions: Mapping[str, float],
    seed: int,
    by: Random | Stratified | Grouped | ByTime | None = None,
) -> Splits:
    """Divide a table.

    Args:
        table: The examples.
        fractions: The share of each split by name, together 1, such as `{"train": 0.8, "test": 0.2}`.
        seed: Decides the random order; the same seed gives the same splits for the same ids.
        by: How to divide; `Random()` if left out.

    Raises:
        BadInput: Fractions, names or the column do not fit, or a split would be empty.
    """
    method = by or Random()
    problems = Problems()
    _check_fractions(fractions, problems)
    _check_columns(table, method, problems)
    problems.refuse_if_any()
    ordered = table.take(_random_order(table, seed))
    labels = _LABELLERS[type(method)](ordered, method, list(fractions.values()))
    parts = {
        name: ordered.with_frame(ordered.frame.filter(pl.Series(label == i for label in labels)))
        for i, name in enumerate(fractions)
    }
    _refuse_empty(parts)
    return Splits(parts, method, None if isinstance(method, ByTime) else seed, dict(fractions))


def given_splits(parts: Mapping[str, ExampleTable]) -> Splits:
    """Return splits that were made elsewhere, having checked that no example is in two of them.

    Raises:
        BadInput: A name does not fit, a split is empty, or an id occurs in two splits.
    """
    problems = Problems()
    _check_names(list(parts), problems)
    owner: dict[str, str] = {}
    for name, part in parts.items():
        for example_id in part.ids:
            if example_id in owner:
                place = f'splits "{owner[example_id]}" and "{name}"'
                problems.add(place, f'both contain the example "{example_id}"')
            owner[example_id] = name
    problems.refuse_if_any()
    _refuse_empty(parts)
    return Splits(dict(parts), Given(), None, {})


def largest_remainder(total: int, fractions: Sequence[float]) -> list[int]:
    """Return whole sizes that sum to `total` and differ from the exact shares by less than 1."""
    return _round_shares(total, fractions, [0.0] * len(fractions))


def _round_shares(total: int, fractions: Sequence[float], owed: Sequence[float]) -> list[int]:
    """Round shares down, then give what is left to those that are owed most."""
    shares = [total * fraction for fraction in fractions]
    sizes = [math.floor(share + _TOLERANCE) for share in shares]
    remainders = [share - size for share, size in zip(shares, sizes, strict=True)]
    open_splits = [i for i, rest in enumerate(remainders) if rest > _TOLERANCE]
    by_claim = sorted(open_splits, key=lambda i: (-remainders[i] - owed[i], i))
    for i in by_claim[: total - sum(sizes)]:
        sizes[i] += 1
    return sizes


def _random_order(table: ExampleTable, seed: int) -> list[int]:
    keys = hash_keys(table.ids, seed=seed)
    return sorted(range(len(keys)), key=keys.__getitem__)


def _check_fractions(fractions: Mapping[str, float], problems: Problems) -> None:
    _check_names(list(fractions), problems)
    for name, fraction in fractions.items():
        if not (math.isfinite(fraction) and 0 < fraction < 1):
            problems.add(f"fractions, {name}", f"{fraction} is not between 0 and 1")
    total = math.fsum(fractions.values())
    if not abs(total - 1) <= _TOLERANCE:
        problems.add("fractions", f"they sum to {total:g}", "make them sum to 1")


def _check_names(names: list[str], problems: Problems) -> None:
    if len(names) < 2:
        problems.add("splits", "there must be at least two", "name for example train and test")
    for name in names:
        if not _NAME.fullmatch(name):
            remedy = "use lower-case letters, digits, - and _, beginning with a letter"
            problems.add("splits", f"{name!r} cannot be the name of a split", remedy)


def _check_columns(table: ExampleTable, method: Method, problems: Problems) -> None:
    columns = [getattr(method, name, None) for name in ("column", "stratify")]
    for name in filter(None, columns):
        if name not in table.frame.columns:
            known = did_you_mean(name, table.frame.columns)
            remedy = known or f"columns: {', '.join(table.frame.columns)}"
            problems.add("split", f'there is no column "{name}"', remedy)
        elif name == getattr(method, "column", None) and not isinstance(method, Stratified):
            _check_values(table.frame, method, name, problems)


def _check_values(frame: pl.DataFrame, method: Method, name: str, problems: Problems) -> None:
    missing = frame.filter(pl.col(name).is_null())[ID]
    if len(missing) and not (isinstance(method, Grouped) and method.unknown != "refuse"):
        remedy = "fill it in"
        if isinstance(method, Grouped):
            remedy += ', or say whether such rows are groups "alone" or one group "together"'
        shown = ", ".join(missing.sort().head(5))
        problems.add(f'column "{name}"', f"is empty for {len(missing)} examples ({shown})", remedy)
    if isinstance(method, ByTime) and not (
        frame[name].dtype.is_temporal() or frame[name].dtype.is_numeric()
    ):
        problems.add(f'column "{name}"', "holds no dates, times or numbers", "write 2026-01-31")


def _refuse_empty(parts: Mapping[str, ExampleTable]) -> None:
    empty = [name for name, part in parts.items() if not len(part)]
    remedy = "ask for fewer splits or another share, or add examples"
    if empty:
        raise BadInput([Problem(f'split "{name}"', "would be empty", remedy) for name in empty])


def _label_random(table: ExampleTable, _: Method, fractions: Sequence[float]) -> list[int]:
    return _repeat(largest_remainder(len(table), fractions))


def _repeat(sizes: Sequence[int]) -> list[int]:
    return [i for i, size in enumerate(sizes) for _ in range(size)]


def _label_stratified(table: ExampleTable, method: Method, fractions: Sequence[float]) -> list[int]:
    assert isinstance(method, Stratified)
    owed = [0.0] * len(fractions)
    labels = [0] * len(table)
    for rows in _rows_by_value(table.frame[method.column]).values():
        sizes = _round_shares(len(rows), fractions, owed)
        owed = [
            debt + len(rows) * fraction - size
            for debt, fraction, size in zip(owed, fractions, sizes, strict=True)
        ]
        for row, label in zip(rows, _repeat(sizes), strict=True):
            labels[row] = label
    return labels


def _rows_by_value(cells: pl.Series) -> dict[str, list[int]]:
    """Return the rows of each value, values in the order of their text; None is the last."""
    rows: dict[str, list[int]] = {}
    for row, value in enumerate(_as_text(cells)):
        rows.setdefault("\U0010ffff" if value is None else value, []).append(row)
    return dict(sorted(rows.items()))


def _as_text(cells: pl.Series) -> list[str | None]:
    if isinstance(cells.dtype, pl.List):
        cells = cells.cast(pl.List(pl.String)).list.sort().list.join("\n")
    return cells.cast(pl.String).to_list()


def _label_grouped(table: ExampleTable, method: Method, fractions: Sequence[float]) -> list[int]:
    assert isinstance(method, Grouped)
    groups = _as_text(table.frame[method.column])
    if method.unknown == "alone":
        groups = [f"\0{i}" if group is None else group for i, group in enumerate(groups)]
    strata = (
        [None] * len(table) if method.stratify is None else _as_text(table.frame[method.stratify])
    )
    return assign_groups(groups, strata, fractions)


def _label_by_time(table: ExampleTable, method: Method, fractions: Sequence[float]) -> list[int]:
    assert isinstance(method, ByTime)
    moments = table.frame[method.column]
    counts = moments.value_counts().sort(method.column)
    ends = counts["count"].cum_sum().to_list()
    cuts = _nearest_cuts(ends, fractions)
    label_of = {
        moment: sum(position >= cut for cut in cuts)
        for position, moment in enumerate(counts[method.column])
    }
    return [label_of[moment] for moment in moments]


def _nearest_cuts(ends: Sequence[int], fractions: Sequence[float]) -> list[int]:
    """Return how many moments lie before each boundary, as near to the fractions as they allow.

    Each split keeps at least one moment where there are enough of them.
    """
    total, splits = ends[-1], len(fractions)
    cuts: list[int] = []
    for boundary in range(1, splits):
        target = total * math.fsum(fractions[:boundary])
        lowest = (cuts[-1] if cuts else 0) + 1
        highest = max(lowest, len(ends) - (splits - boundary))
        choices = range(lowest, min(highest, len(ends)) + 1)
        cuts.append(
            min(choices, key=lambda cut: (abs(ends[cut - 1] - target), cut), default=lowest)
        )
    return cuts


_LABELLERS: dict[type, Callable[[ExampleTable, Method, Sequence[float]], list[int]]] = {
    Random: _label_random,
    Stratified: _label_stratified,
    Grouped: _label_grouped,
    ByTime: _label_by_time,
}
