"""What the worker does for data sets."""

from __future__ import annotations

from heldout.site.catalog import analysing, counting, indexes, intake, releasing, thumbnails
from heldout.site.catalog.models import DataRevision, Release, WorkState
from heldout.site.catalog.services import INDEX
from heldout.site.common import jobs
from heldout.site.common.handlers import Clock, handles
from heldout.site.common.models import Job

__all__ = ["analysing", "count_revision", "index_revision", "release_revision"]


@handles(INDEX)
def index_revision(job: Job, clock: Clock) -> None:
    """Build the indexes of a revision; those of earlier revisions go."""
    revision = DataRevision.objects.select_related("dataset").get(pk=job.payload["revision"])
    if revision.dataset.current_id != revision.pk:
        with jobs.finishing(job, now=clock()):
            return
    built = indexes.build(revision)
    now = clock()
    with jobs.finishing(job, now=now):
        indexes.record(revision, built, now=now)
        thumbnails.request_all(revision=revision, now=now)
    indexes.remove_unused()


@handles(counting.FACTS)
def count_revision(job: Job, clock: Clock) -> None:
    """Count what the documents of a revision say."""
    revision = DataRevision.objects.select_related("dataset").get(pk=job.payload["revision"])
    counting.count_now(revision)
    with jobs.finishing(job, now=clock()):
        return


@handles(releasing.RELEASE, give_up=releasing.give_up)
def release_revision(job: Job, clock: Clock) -> None:
    """Make a bundle, and offer it if no held-out answer is in it."""
    release = Release.objects.select_related("revision__dataset").get(pk=job.payload["release"])
    Release.objects.filter(pk=release.pk).update(state=WorkState.WORKING)
    bundle = releasing.write(release, url=job.payload["url"])
    now = clock()
    with jobs.finishing(job, now=now):
        releasing.finish(release, bundle, now=now)


@handles(intake.INTAKE, give_up=intake.give_up)
def read_upload(job: Job, clock: Clock) -> None:
    intake.read(job, clock)


@handles("sweep uploads", slow=True, daily=True)
def sweep_uploads(job: Job, clock: Clock) -> None:
    """Uploads that were refused and that nobody came back for."""
    now = clock()
    intake.sweep(now=now)
    with jobs.finishing(job, now=now):
        return


@handles(thumbnails.THUMBNAILS, slow=True)
def make_thumbnails(job: Job, clock: Clock) -> None:
    """Nobody waits for it: what is missing when somebody looks is made then."""
    revision = DataRevision.objects.select_related("dataset").get(pk=job.payload["revision"])
    if revision.dataset.current_id == revision.pk:
        thumbnails.make_all(revision)
    with jobs.finishing(job, now=clock()):
        return
