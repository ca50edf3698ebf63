"""What the worker does for data sets."""

from __future__ import annotations

from heldout.site.catalog import indexes
from heldout.site.catalog.models import DataRevision
from heldout.site.catalog.services import INDEX
from heldout.site.common import jobs
from heldout.site.common.handlers import Clock, handles
from heldout.site.common.models import Job


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
    indexes.remove_unused()
