"""Examples that stand on both sides of a split: looked for by a worker, judged by people.

Only what is no held-out answer is compared. A verdict names a pair of examples, not a place in a
list, so it holds when the data are looked at again and in the next revision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from django.db import transaction

from heldout.datasets.index.views import Role, view_for
from heldout.datasets.leaks.choosing import sentences, usual_groups
from heldout.datasets.leaks.finding import Leak, PairOfSplits, Tier, find_leaks, part_of
from heldout.datasets.table import ID, MEDIA, REFERENCE
from heldout.site.accounts.models import User
from heldout.site.catalog.analyses import Step
from heldout.site.catalog.jsonld import hides_something
from heldout.site.catalog.models import DataRevision, DataSet, LeakVerdict
from heldout.site.catalog.reading import layout_of, public_parts
from heldout.site.catalog.services import data_folder
from heldout.site.common import audit

FILE = "leaks.parquet"
LONGEST_TEXT = 300
GROUPS = "groups"

# Other apps are told when a verdict changes.
Listener = Callable[[DataSet, datetime], None]
_LISTENERS: list[Listener] = []


def listen(listener: Listener) -> None:
    _LISTENERS.append(listener)


class Names(NamedTuple):
    """A pair of examples, by split and id."""

    first_split: str
    first: str
    second_split: str
    second: str

    @property
    def key(self) -> str:
        text = "".join(f"{len(one)}:{one}" for one in self)
        return hashlib.sha256(text.encode()).hexdigest()


def shown_to_all(revision: DataRevision) -> bool:
    """Whether visitors may see the pairs: nothing is hidden, and no answer could be guessed by them.

    The label of a training image that a test image is a copy of is the held-out answer.
    """
    return not revision.hidden and not hides_something(revision)


def look(
    revision: DataRevision, options: Mapping[str, Any], folder: Path, step: Step
) -> dict[str, Any]:
    """Compare every two splits, write the pairs into a folder; returns what a page says first."""
    layout = layout_of(revision)
    view = view_for(Role.ORGANISER, public_parts(revision), access=layout.access)
    tables = {part.split: part.frame for part in view.parts}
    groups = options.get(GROUPS)
    wanted = usual_groups(list(tables.values())) if groups is None else list(groups)
    pictures = sum(
        table[MEDIA].drop_nulls().len() for table in tables.values() if MEDIA in table.columns
    )
    parts = [
        part_of(
            split,
            table,
            id_column=ID,
            root=data_folder(revision),
            media=MEDIA,
            texts=sentences(table, but={ID, MEDIA, REFERENCE, *wanted}),
            groups=wanted,
        )
        for split, table in tables.items()
    ]
    step("Reading pictures", 0, pictures)
    found = find_leaks(parts, progress=lambda done: step("Reading pictures", done, pictures))
    rows = pl.DataFrame(
        [row for pair in found for row in _rows(pair, tables)], schema=_SCHEMA, orient="row"
    )
    rows.write_parquet(folder / FILE)
    return {"groups": wanted, "pairs": [_told(pair) for pair in found]}


_SCHEMA = dict.fromkeys(
    (
        *("key", *Names._fields, "tier", "evidence"),
        *("first_image", "second_image", "first_text", "second_text"),
    ),
    pl.String,
)


def _told(pair: PairOfSplits) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "examples": pair.examples,
        "leaked": len(pair.leaked),
        "share": pair.share,
        "pairs": len(pair.leaks),
        "tiers": {tier.value: n for tier, n in pair.counts().items()},
        "notes": list(pair.notes),
    }


def _rows(pair: PairOfSplits, tables: Mapping[str, pl.DataFrame]) -> Iterator[tuple[Any, ...]]:
    first, second = (_cells(tables[split], pair) for split in (pair.first, pair.second))
    for leak in pair.leaks:
        names = Names(pair.first, leak.first, pair.second, leak.second)
        texts = _column_of(leak)
        ours, theirs = first.get(leak.first, {}), second.get(leak.second, {})
        yield (
            names.key,
            *names,
            leak.tier.value,
            leak.evidence,
            *(side.get(MEDIA) for side in (ours, theirs)),
            *(str(side.get(texts) or "")[:LONGEST_TEXT] for side in (ours, theirs)),
        )


def _column_of(leak: Leak) -> str:
    """The column whose texts are alike."""
    alike = leak.tier in (Tier.TEXT, Tier.NEAR_TEXT)
    return leak.evidence.rpartition(", ")[0] or leak.evidence if alike else ""


def _cells(table: pl.DataFrame, pair: PairOfSplits) -> dict[str, dict[str, Any]]:
    """What is shown of the examples that stand in a pair."""
    wanted = {one for leak in pair.leaks for one in (leak.first, leak.second)}
    texts = {_column_of(leak) for leak in pair.leaks} & {*table.columns}
    names = [ID, *({MEDIA} & {*table.columns}), *sorted(texts - {ID, MEDIA})]
    ids = pl.Series(sorted(wanted), dtype=pl.String).implode()
    rows = table.select(names).with_columns(pl.col(ID).cast(pl.String))
    return {row[ID]: row for row in rows.filter(pl.col(ID).is_in(ids)).iter_rows(named=True)}


@lru_cache(maxsize=8)
def pairs_in(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / FILE)


def verdicts_of(dataset: DataSet) -> dict[str, bool]:
    """By the pair's key: whether it is a leak."""
    return dict(LeakVerdict.objects.filter(dataset=dataset).values_list("key", "is_leak"))


def judge(
    *, dataset: DataSet, pairs: Iterable[Names], is_leak: bool | None, by: User, now: datetime
) -> int:
    """Say of pairs that they are leaks, or are none; None takes back what was said.

    A name with a NUL, which a database may not hold, cannot be judged.
    """
    wanted = {one.key: one for one in pairs if not any("\0" in name for name in one)}
    with transaction.atomic():
        known = LeakVerdict.objects.filter(dataset=dataset, key__in=list(wanted))
        if is_leak is None:
            changed = known.delete()[0]
        else:
            known.exclude(is_leak=is_leak).delete()
            there = set(known.values_list("key", flat=True))
            fresh = [
                LeakVerdict(
                    dataset=dataset, key=key, is_leak=is_leak, by=by, at=now, **names._asdict()
                )
                for key, names in wanted.items()
                if key not in there
            ]
            changed = len(LeakVerdict.objects.bulk_create(fresh, ignore_conflicts=True))
        if changed:
            said = {True: "leak", False: "no leak", None: "taken back"}[is_leak]
            for listener in _LISTENERS:
                listener(dataset, now)
            audit.record("leak judged", by=by, on=dataset, now=now, verdict=said, pairs=changed)
    return changed


def confirmed(dataset: DataSet, split: str) -> frozenset[str]:
    """The examples of a split that a person called leaked."""
    said = LeakVerdict.objects.filter(dataset=dataset, is_leak=True)
    first = said.filter(first_split=split).values_list("first", flat=True)
    second = said.filter(second_split=split).values_list("second", flat=True)
    return frozenset(first) | frozenset(second)
