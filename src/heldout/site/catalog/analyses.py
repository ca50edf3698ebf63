"""What workers find out about a revision, from the asking to the failing; never in a web request."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from heldout.datasets.index.views import Role
from heldout.site.catalog.indexes import roles_with_views
from heldout.site.catalog.models import Analysis, DataRevision, WorkState
from heldout.site.catalog.services import index_key
from heldout.site.common import jobs
from heldout.site.common.models import Job

OPEN = (WorkState.WAITING, WorkState.WORKING)
# How often a worker writes down how far it is.
EVERY = timedelta(seconds=1)

Step = Callable[[str, int, int], None]


def role_for(revision: DataRevision, role: Role) -> Role:
    """The greatest role with a view of its own that is not above this one."""
    return max(one for one in roles_with_views(revision) if one <= role)


def latest(revision: DataRevision, kind: Analysis.Kind, role: Role) -> Analysis | None:
    """What there is for a role; what was made of another state of the data is not."""
    found = Analysis.objects.filter(
        revision=revision, kind=kind, role=role_for(revision, role), made_from=index_key(revision)
    )
    return found.first()


def request(
    *,
    revision: DataRevision,
    kind: Analysis.Kind,
    role: Role,
    now: datetime,
    options: Mapping[str, Any] | None = None,
    again: bool = False,
) -> Analysis:
    """Have a worker do it, unless it is done, being done or given up; with `again` even then."""
    role, made_from = role_for(revision, role), index_key(revision)
    with transaction.atomic():
        found, _ = Analysis.objects.select_for_update().get_or_create(
            revision=revision,
            kind=kind,
            role=role,
            defaults={"made_from": made_from, "asked_at": now, "options": dict(options or {})},
        )
        asked = found.tries and found.made_from == made_from
        if asked and (found.state in OPEN or not again):
            return found
        found.made_from, found.asked_at, found.state = made_from, now, WorkState.WAITING
        found.options = dict(options) if options is not None else found.options
        found.stage, found.done, found.total, found.error = "", 0, 0, ""
        found.tries += 1
        found.save()
        key = f"{kind.value}:{found.pk}:{found.tries}"
        jobs.enqueue(kind.value, key=key, payload={"analysis": found.pk}, now=now, lane="analyses")
    return found


def begin(job: Job) -> Analysis | None:
    """The analysis a job is for; None if it was asked for anew or the data are other ones."""
    found = (
        Analysis.objects.select_related("revision__dataset")
        .filter(pk=job.payload["analysis"])
        .first()
    )
    if found is None or not job.key.endswith(f":{found.tries}"):
        return None
    Analysis.objects.filter(pk=found.pk).update(state=WorkState.WORKING)
    return found


def steps(analysis: Analysis, clock: Callable[[], datetime]) -> Step:
    """Writes down how far the work is, at most once a second."""
    last = clock() - EVERY

    def step(stage: str, done: int = 0, total: int = 0) -> None:
        nonlocal last
        if clock() - last < EVERY:
            return
        last = clock()
        Analysis.objects.filter(pk=analysis.pk).update(stage=stage[:200], done=done, total=total)

    return step


@contextmanager
def new_folder(analysis: Analysis) -> Iterator[tuple[str, Path]]:
    """A folder to write into: its name among the site's documents, and its path."""
    name = f"{analysis.made_from}/{analysis.kind}-{analysis.role}-{secrets.token_hex(4)}"
    path = Path(settings.DOCUMENTS) / name
    path.mkdir(parents=True, mode=0o700)
    try:
        yield name, path
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def finish(
    job: Job, analysis: Analysis, *, folder: str, summary: Mapping[str, Any], now: datetime
) -> None:
    """Offer what was found in place of what was there."""
    old = analysis.folder
    with jobs.finishing(job, now=now):
        Analysis.objects.filter(pk=analysis.pk).update(
            state=WorkState.DONE, ended_at=now, folder=folder, summary=dict(summary), stage=""
        )
    if old and old != folder:
        shutil.rmtree(Path(settings.DOCUMENTS) / old, ignore_errors=True)


def give_up(job: Job, now: datetime) -> None:
    found = Analysis.objects.filter(pk=job.payload["analysis"], state__in=OPEN)
    error = Job.objects.values_list("error", flat=True).get(pk=job.pk)
    # The last line names the fault; the rest is for the log.
    told = (error.strip().splitlines() or [""])[-1][:500]
    found.update(state=WorkState.FAILED, ended_at=now, error=told)


def folder_of(analysis: Analysis) -> Path:
    return Path(settings.DOCUMENTS) / analysis.folder
