from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import polars as pl
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from heldout.datasets.index.views import Role
from heldout.site.accounts.security import ANYBODY, SIGNED_IN
from heldout.site.catalog import analyses, leaks
from heldout.site.catalog.api import own
from heldout.site.catalog.frames import Seen, find
from heldout.site.catalog.leaks import Names
from heldout.site.catalog.models import Analysis
from heldout.site.catalog.statistics import read
from heldout.site.common.schemas import MISSING, REFUSED

router = Router(tags=["Data sets"])
DOCUMENT = "catalog.document"
STATISTICS, LEAKS = "/data/{slug}/statistics", "/data/{slug}/leaks"
MOST_PAIRS = 1000
VERDICTS = {"leak": True, "none": False, "undo": None}
KINDS = Analysis.Kind


class WorkOut(Schema):
    """How far a worker is; null where nothing was asked for."""

    state: str | None
    stage: str
    asked_at: datetime | None
    ended_at: datetime | None


class StatisticOut(Schema):
    """`alarms`: what to look at. Its whole table is on the page of statistics."""

    id: str
    number: int
    title: str
    note: str
    formula: str
    rows: int
    alarms: list[str]


class DataStatisticsOut(Schema):
    work: WorkOut
    examples: int | None
    statistics: list[StatisticOut]


class PairOut(Schema):
    """Two examples that are alike; `verdict` true: a person called it a leak."""

    key: str
    first_split: str
    first: str
    second_split: str
    second: str
    tier: str
    evidence: str
    verdict: bool | None


class LeaksOut(Schema):
    """The first 1,000 pairs; the page has them all as CSV."""

    work: WorkOut
    summary: dict[str, Any]
    pairs: list[PairOut]


class LookIn(Schema):
    """`groups`: columns whose values must not stand on both sides; null: those of the last time."""

    model_config = ConfigDict(extra="forbid")

    groups: list[str] | None = Field(default=None, max_length=100)


class JudgeIn(Schema):
    """`keys` of pairs; `undo` takes back what was said."""

    model_config = ConfigDict(extra="forbid")

    keys: list[str] = Field(max_length=1000)
    verdict: Literal["leak", "none", "undo"]


class JudgedOut(Schema):
    changed: int


@router.get(
    STATISTICS,
    response={200: DataStatisticsOut, **MISSING},
    auth=ANYBODY,
    url_name="data-statistics",
)
def get_data_statistics(request: HttpRequest, slug: str) -> DataStatisticsOut:
    """What was counted of a data set, as far as the caller sees it."""
    seen = find(request, slug)
    found = analyses.latest(seen.revision, KINDS.STATISTICS, seen.role)
    folder = analyses.folder_of(found) if found and found.folder else None
    counted = read(folder) if folder and folder.is_dir() else None
    return DataStatisticsOut(
        work=_work(found),
        examples=counted.examples if counted else None,
        statistics=[StatisticOut.from_orm(one) for one in counted.statistics] if counted else [],
    )


@router.post(
    STATISTICS, response={202: WorkOut, **REFUSED}, auth=SIGNED_IN, url_name="count-statistics"
)
def count_statistics(request: HttpRequest, slug: str) -> Status[WorkOut]:
    """Have the statistics counted anew."""
    seen, _ = own(request, slug, DOCUMENT)
    asked = analyses.request(
        revision=seen.revision,
        kind=KINDS.STATISTICS,
        role=seen.role,
        now=timezone.now(),
        again=True,
    )
    return Status(202, _work(asked))


@router.get(LEAKS, response={200: LeaksOut, **MISSING}, auth=ANYBODY, url_name="leaks")
def get_leaks(request: HttpRequest, slug: str) -> LeaksOut:
    """What stands in two splits at once, and what was said of it."""
    seen = find(request, slug)
    if seen.role < Role.ORGANISER and not leaks.shown_to_all(seen.revision):
        raise Http404("There is no such data set of yours.")
    found, rows = _latest(seen)
    verdicts = leaks.verdicts_of(seen.dataset)
    shown = ("key", *Names._fields, "tier", "evidence")
    pairs = [] if rows is None else rows.head(MOST_PAIRS).select(shown).to_dicts()
    return LeaksOut(
        work=_work(found),
        summary=found.summary if found and rows is not None else {},
        pairs=[PairOut(**one, verdict=verdicts.get(one["key"])) for one in pairs],
    )


@router.post(LEAKS, response={202: WorkOut, **REFUSED}, auth=SIGNED_IN, url_name="look-for-leaks")
def look_for_leaks(request: HttpRequest, slug: str, given: LookIn) -> Status[WorkOut]:
    """Have every two splits compared."""
    seen, _ = own(request, slug, DOCUMENT)
    known = set(seen.index.columns) if seen.index else set()
    groups = [name for name in given.groups or () if name in known]
    asked = analyses.request(
        revision=seen.revision,
        kind=KINDS.LEAKS,
        role=Role.ORGANISER,
        now=timezone.now(),
        options={leaks.GROUPS: groups} if given.groups is not None else {},
        again=True,
    )
    return Status(202, _work(asked))


@router.post(
    f"{LEAKS}/judge", response={200: JudgedOut, **REFUSED}, auth=SIGNED_IN, url_name="judge-leaks"
)
def judge_leaks(request: HttpRequest, slug: str, given: JudgeIn) -> JudgedOut:
    """Say of pairs whether they are leaks, or take it back."""
    seen, by = own(request, slug, DOCUMENT)
    _, rows = _latest(seen)
    if rows is None:
        raise Http404("Nothing was looked for yet.")
    keys = pl.Series(given.keys, dtype=pl.String).implode()
    chosen = rows.filter(pl.col("key").is_in(keys)).select(Names._fields)
    changed = leaks.judge(
        dataset=seen.dataset,
        pairs=[Names(*row) for row in chosen.iter_rows()],
        is_leak=VERDICTS[given.verdict],
        by=by,
        now=timezone.now(),
    )
    return JudgedOut(changed=changed)


def _latest(seen: Seen) -> tuple[Analysis | None, pl.DataFrame | None]:
    found = analyses.latest(seen.revision, KINDS.LEAKS, Role.ORGANISER)
    folder = analyses.folder_of(found) if found and found.folder else None
    there = folder is not None and (folder / leaks.FILE).is_file()
    return found, leaks.pairs_in(folder) if folder is not None and there else None


def _work(found: Analysis | None) -> WorkOut:
    if found is None:
        return WorkOut(state=None, stage="", asked_at=None, ended_at=None)
    return WorkOut(
        state=found.state, stage=found.stage, asked_at=found.asked_at, ended_at=found.ended_at
    )
