"""What the worker does for the statistics and the leaks of a data set."""

from __future__ import annotations

from heldout.datasets.index.views import Role
from heldout.site.catalog import analyses, leaks, statistics
from heldout.site.catalog.models import Analysis
from heldout.site.common import jobs
from heldout.site.common.handlers import Clock, handles
from heldout.site.common.models import Job


@handles(Analysis.Kind.STATISTICS.value, give_up=analyses.give_up, slow=True)
def count_statistics(job: Job, clock: Clock) -> None:
    """Count and draw what one role sees of a revision."""
    found = analyses.begin(job)
    if found is None:
        with jobs.finishing(job, now=clock()):
            return
    step = analyses.steps(found, clock)
    with analyses.new_folder(found) as (name, folder):
        counted = statistics.count(found.revision, Role(found.role), folder, step)
        summary = {"examples": counted.examples, "statistics": len(counted.statistics)}
        analyses.finish(job, found, folder=name, summary=summary, now=clock())


@handles(Analysis.Kind.LEAKS.value, give_up=analyses.give_up, slow=True)
def look_for_leaks(job: Job, clock: Clock) -> None:
    """Compare every two splits of a revision."""
    found = analyses.begin(job)
    if found is None:
        with jobs.finishing(job, now=clock()):
            return
    step = analyses.steps(found, clock)
    with analyses.new_folder(found) as (name, folder):
        summary = leaks.look(found.revision, found.options, folder, step)
        analyses.finish(job, found, folder=name, summary=summary, now=clock())
