"""Files people bring: kept as they came, read by a worker, and a revision only when they are whole."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import BinaryIO

import msgspec
from django.conf import settings
from django.db import transaction

from heldout.errors import BadInput, Problem
from heldout.site.accounts.models import User
from heldout.site.catalog import counting, importing
from heldout.site.catalog.models import DataSet, Intake, WorkState
from heldout.site.common import audit, jobs
from heldout.site.common.handlers import Clock
from heldout.site.common.models import Job

INTAKE = "intake"
OPEN = (WorkState.WAITING, WorkState.WORKING)
# A person has at most so many files waiting at once, and is told of so many problems of each.
MOST_OPEN, MOST_TOLD = 10, 200
CHUNK = 1 << 20


def take_in(
    *,
    dataset: DataSet,
    upload: BinaryIO,
    name: str,
    lenient: bool = False,
    notes: str = "",
    by: User,
    now: datetime,
) -> Intake:
    """Keep an upload and have a worker read it; a new data set is there, and empty, from now on.

    Raises:
        BadInput: The person has too many files waiting.
    """
    if Intake.objects.filter(asked_by=by, state__in=OPEN).count() >= MOST_OPEN:
        remedy = "wait until some of them are read"
        raise BadInput([Problem("file", f"{MOST_OPEN} of your uploads are waiting", remedy)])
    path = _keep(upload, name)
    try:
        with transaction.atomic():
            dataset.save()
            intake = Intake.objects.create(
                dataset=dataset,
                file=path.name,
                name=PurePath(name).name[:300],
                size=path.stat().st_size,
                lenient=lenient,
                notes=notes,
                asked_at=now,
                asked_by=by,
            )
            _enqueue(intake, now)
            audit.record("data uploaded", by=by, on=dataset, now=now, size=intake.size)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return intake


def _folder() -> Path:
    folder = Path(settings.DATA) / "incoming" / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _keep(upload: BinaryIO, name: str) -> Path:
    """The upload under a name of ours that keeps only the ending."""
    suffix = PurePath(name).suffix.lower()
    plain = suffix if suffix[1:].isalnum() and len(suffix) < 12 else ""
    path = _folder() / f"{secrets.token_hex(16)}{plain}"
    upload.seek(0)
    with path.open("xb") as file:
        while chunk := upload.read(CHUNK):
            file.write(chunk)
    return path


def _enqueue(intake: Intake, now: datetime) -> None:
    key = f"{INTAKE}:{intake.pk}:{intake.tries}"
    lane = f"intake {intake.asked_by_id}"
    jobs.enqueue(INTAKE, key=key, payload={"intake": intake.pk}, now=now, lane=lane)


def read(job: Job, clock: Clock) -> None:
    """Make an upload the next revision of its data set, or refuse it with every problem."""
    intake = Intake.objects.select_related("dataset__current", "asked_by").get(
        pk=job.payload["intake"]
    )
    tell = _teller(intake)
    path = _folder() / intake.file
    try:
        with path.open("rb") as upload:
            prepared = importing.prepare(
                dataset=intake.dataset,
                source=upload,
                name=intake.file,
                lenient=intake.lenient,
                tell=tell,
            )
    except FileNotFoundError:
        lost = BadInput([Problem("file", "is not here any more", "upload it again")])
        return _refuse(job, intake, lost, clock())
    except BadInput as error:
        return _refuse(job, intake, error, clock())
    now = clock()
    with jobs.finishing(job, now=now):
        # Its owner may have described it meanwhile.
        intake.dataset.refresh_from_db()
        made = importing.keep(
            prepared, dataset=intake.dataset, by=intake.asked_by, now=now, notes=intake.notes
        )
        intake.revision, intake.examples = made.revision, made.examples
        _end(intake, WorkState.DONE, made.problems, 0, now)
        counting.request_facts(revision=made.revision, now=now)
    path.unlink(missing_ok=True)


def _teller(intake: Intake) -> importing.Tell:
    def tell(stage: str) -> None:
        Intake.objects.filter(pk=intake.pk).update(state=WorkState.WORKING, stage=stage[:200])

    return tell


def _refuse(job: Job, intake: Intake, error: BadInput, now: datetime) -> None:
    with jobs.finishing(job, now=now):
        _end(intake, WorkState.REFUSED, error.problems, error.unlisted, now)


def _end(
    intake: Intake,
    state: WorkState,
    problems: tuple[Problem, ...],
    unlisted: int,
    now: datetime,
) -> None:
    intake.state, intake.stage, intake.ended_at = state, "", now
    intake.problems = [_told(one) for one in problems[:MOST_TOLD]]
    intake.unlisted = unlisted + max(0, len(problems) - MOST_TOLD)
    intake.save()


def _told(problem: Problem) -> dict[str, str]:
    """A problem as a database can hold it, however odd the file's own words are."""
    told = msgspec.to_builtins(problem)
    return {name: str(text).replace("\0", "\N{SYMBOL FOR NULL}") for name, text in told.items()}


def give_up(job: Job, now: datetime) -> None:
    Intake.objects.filter(pk=job.payload["intake"]).update(
        state=WorkState.FAILED, stage="", ended_at=now
    )


def retry(*, intake: Intake, lenient: bool, by: User, now: datetime) -> None:
    """Have a file that was refused read again, perhaps without what is at fault in it."""
    with transaction.atomic():
        again = {"state": WorkState.WAITING, "lenient": lenient, "tries": intake.tries + 1}
        again |= {"problems": [], "unlisted": 0, "ended_at": None}
        refused = Intake.objects.filter(pk=intake.pk, tries=intake.tries).exclude(
            state__in=(*OPEN, WorkState.DONE)
        )
        if refused.update(**again):
            intake.refresh_from_db()
            _enqueue(intake, now)
            audit.record("upload read again", by=by, on=intake.dataset, now=now)


def remove(*, intake: Intake, by: User | None, now: datetime) -> None:
    """Take an upload away, and with it the data set if it has no other data.

    Raises:
        BadInput: It is being read.
    """
    with transaction.atomic():
        jobs.cancel(f"{INTAKE}:{intake.pk}:", now=now)
        left = Intake.objects.filter(pk=intake.pk).exclude(state=WorkState.WORKING)
        if not left.delete()[0]:
            raise BadInput([Problem("file", "it is being read", "wait until that is done")])
        dataset = intake.dataset
        audit.record("upload removed", by=by, on=dataset, now=now)
        if not dataset.revisions.exists() and not dataset.intakes.exists():
            dataset.delete()
    with suppress(OSError):
        (_folder() / intake.file).unlink(missing_ok=True)


def sweep(*, now: datetime) -> int:
    """Take away uploads that were refused long ago; returns how many."""
    before = now - timedelta(days=settings.HELDOUT.refused_days)
    states = (WorkState.REFUSED, WorkState.FAILED)
    old = Intake.objects.filter(state__in=states, ended_at__lt=before).select_related("dataset")
    for intake in old:
        remove(intake=intake, by=None, now=now)
    return len(old)
