"""The bundle of a revision: made by a worker, searched for every held-out answer, then offered."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import transaction

from heldout.cards.release import documents_of, write_bundle
from heldout.cards.scan import Secrets
from heldout.errors import BadInput, Problem
from heldout.site.accounts.models import User
from heldout.site.catalog import counting, datasheets, storage
from heldout.site.catalog.models import DataRevision, Release, WorkState
from heldout.site.catalog.services import index_key
from heldout.site.catalog.suppliers import supplier_of
from heldout.site.common import audit, jobs
from heldout.site.common.models import Job

RELEASE = "release"
OPEN = (WorkState.WAITING, WorkState.WORKING)
# A bundle refused with more problems than this says that there are more.
MOST_TOLD = 100


def state_of(revision: DataRevision) -> str:
    """Names the data and who sees what of them: a bundle of another state is not offered."""
    return index_key(revision)


def is_offered(release: Release, state: str) -> bool:
    return release.state == WorkState.DONE and release.made_from == state


def path_of(release: Release) -> Path:
    return Path(settings.DOCUMENTS) / release.file


def request_release(*, revision: DataRevision, url: str, by: User | None, now: datetime) -> Release:
    """Have a worker make the bundle, unless one is being made.

    Raises:
        BadInput: Required answers of the datasheet are blank.
    """
    problems = datasheets.publishing_problems(revision.dataset)
    if problems:
        raise BadInput(problems)
    with transaction.atomic():
        known = revision.releases.filter(state__in=OPEN).first()
        if known is not None:
            return known
        release = Release.objects.create(
            revision=revision, made_from=state_of(revision), asked_at=now, asked_by=by
        )
        payload = {"release": release.pk, "url": url}
        jobs.enqueue(RELEASE, key=f"{RELEASE}:{release.pk}", payload=payload, now=now)
        audit.record("release asked for", by=by, on=revision.dataset, now=now)
    return release


def release_now(*, revision: DataRevision, url: str, now: datetime) -> Release:
    """Make the bundle in this process, for the machine's own administrator.

    Raises:
        BadInput: Required answers are blank, or the bundle is refused.
    """
    problems = datasheets.publishing_problems(revision.dataset)
    if problems:
        raise BadInput(problems)
    made_from = state_of(revision)
    release = Release.objects.create(revision=revision, made_from=made_from, asked_at=now)
    bundle = write(release, url=url)
    with transaction.atomic():
        finish(release, bundle, now=now)
    if bundle.problems:
        raise BadInput(bundle.problems)
    return release


class Bundle(msgspec.Struct, frozen=True):
    """A bundle that was written, or why it was not."""

    problems: tuple[Problem, ...] = ()
    file: str = ""
    size: int = 0
    sha256: str = ""
    files: int = 0
    sought: int = 0


def write(release: Release, *, url: str) -> Bundle:
    """Write the bundle of a release; one with an answer in it is never written."""
    revision = release.revision
    facts = counting.count_now(revision)
    name = f"{revision.dataset.slug}-{facts.version}-{release.pk}.zip"
    to = counting.folder_of(revision) / name
    to.unlink(missing_ok=True)
    supplier = supplier_of(revision.dataset)
    secrets = supplier.secrets(revision)
    documents = documents_of(
        facts,
        written=datasheets.written(revision),
        overview=supplier.overview(revision),
        url=url,
        published=release.asked_at.date(),
    )
    try:
        with counting.public_data(revision) as (data, _):
            files = write_bundle(to, data, documents, secrets=secrets)
    except BadInput as error:
        return Bundle(problems=error.problems)
    place = to.relative_to(settings.DOCUMENTS).as_posix()
    return Bundle((), place, to.stat().st_size, storage.sha256(to), files, _sought(secrets))


def _sought(secrets: list[Secrets]) -> int:
    return sum(
        len(one.files) + len(one.telling) + sum(map(len, one.by_split.values())) for one in secrets
    )


def finish(release: Release, bundle: Bundle, *, now: datetime) -> None:
    """Keep what came of it; runs in the transaction that ends the job."""
    told = [msgspec.to_builtins(one) for one in bundle.problems[:MOST_TOLD]]
    for name in ("file", "size", "sha256", "files", "sought"):
        setattr(release, name, getattr(bundle, name))
    release.problems, release.ended_at = told, now
    release.state = WorkState.REFUSED if bundle.problems else WorkState.DONE
    release.save()
    audit.record(f"release {release.state}", by=None, on=release.revision.dataset, now=now)


def give_up(job: Job, now: datetime) -> None:
    Release.objects.filter(pk=job.payload["release"]).update(state=WorkState.FAILED, ended_at=now)
