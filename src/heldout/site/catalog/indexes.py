"""The indexes of a site: one folder per revision and role, built anew or thrown away, never changed."""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from heldout.datasets.index.build import build_index
from heldout.datasets.index.engine import SqliteIndex, StaleIndex
from heldout.datasets.index.views import Role, view_for
from heldout.site.catalog import thumbnails
from heldout.site.catalog.models import DataRevision, RevisionIndex
from heldout.site.catalog.reading import categories, held_out_parts, layout_of, public_parts
from heldout.site.catalog.services import INDEX, index_key
from heldout.site.common import jobs
from heldout.site.common.models import Job, JobState

# Of this many revisions a web process keeps the arrays mapped.
MOST_OPEN = 32

log = logging.getLogger(__name__)


class Built(NamedTuple):
    role: Role
    folder: str
    rows: int


def roles_with_views(revision: DataRevision) -> Iterator[Role]:
    """The roles that see something others do not; anybody else reads the index of the role below."""
    yield Role.PUBLIC
    access = layout_of(revision).access
    told = {*access.columns.values(), *access.splits.values(), *access.annotations.values()}
    if Role.PARTICIPANT in told:
        yield Role.PARTICIPANT
    if Role.ORGANISER in told or revision.hidden:
        yield Role.ORGANISER


def build(revision: DataRevision) -> list[Built]:
    """Build the indexes of a revision beside those that are there.

    What is held out is read only after the others' indexes are written, and only for organisers.
    """
    parts, layout = public_parts(revision), layout_of(revision)
    classes = categories(revision)
    # A name of its own, so that an index in use is never touched.
    key = f"{index_key(revision)}-{secrets.token_hex(4)}"
    built = []
    for role in roles_with_views(revision):
        folder = f"{key}/{role.word}"
        answers = held_out_parts(revision) if role is Role.ORGANISER else []
        view = view_for(role, parts, access=layout.access, answers=answers, categories=classes)
        target = Path(settings.INDEXES) / folder
        built.append(Built(role, folder, build_index(view, target).rows))
    return built


def open_index(revision: DataRevision, role: Role) -> SqliteIndex | None:
    """The index for the greatest role not above this one; None while there is none."""
    found = (
        RevisionIndex.objects.filter(revision=revision, role__lte=role).order_by("-role").first()
    )
    if found is None:
        return None
    try:
        return _open(Path(settings.INDEXES) / found.folder)
    except StaleIndex:
        log.warning("the index %s cannot be read: build it again", found.folder)
        return None


@lru_cache(maxsize=MOST_OPEN)
def _open(folder: Path) -> SqliteIndex:
    return SqliteIndex(folder)


def record(revision: DataRevision, built: list[Built], *, now: datetime) -> None:
    """Make what was built the data set's indexes, in place of all earlier ones."""
    RevisionIndex.objects.filter(revision__dataset=revision.dataset).delete()
    RevisionIndex.objects.bulk_create(
        RevisionIndex(
            revision=revision, role=one.role, folder=one.folder, rows=one.rows, built_at=now
        )
        for one in built
    )


def build_now(revision: DataRevision, *, now: datetime) -> list[Built]:
    """Build the indexes in this process, beside those in use, which are then removed."""
    jobs.cancel(f"{INDEX}:{index_key(revision)}", now=now)
    built = build(revision)
    with transaction.atomic():
        record(revision, built, now=now)
        thumbnails.request_all(revision=revision, now=now)
    remove_unused()
    return built


def remove_unused() -> int:
    """Remove the folders no row names and nobody is building; returns how many."""
    open_jobs = Job.objects.filter(kind=INDEX, state__in=(JobState.READY, JobState.RUNNING))
    used = {key.partition(":")[2] for key in open_jobs.values_list("key", flat=True)}
    folders = RevisionIndex.objects.values_list("folder", flat=True)
    used |= {folder.partition("/")[0] for folder in folders}
    # A folder's name is the key of its job and what makes it its own.
    unused = [
        one
        for one in Path(settings.INDEXES).iterdir()
        if one.name not in used and one.name.rpartition("-")[0] not in used
    ]
    for folder in unused:
        shutil.rmtree(folder, ignore_errors=True)
    return len(unused)
