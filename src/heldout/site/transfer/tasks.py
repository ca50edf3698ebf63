from __future__ import annotations

from heldout.site.accounts.models import User
from heldout.site.challenges.models import Challenge
from heldout.site.common import jobs
from heldout.site.common.handlers import Clock, handles
from heldout.site.common.models import Job
from heldout.site.transfer.exporting import export
from heldout.site.transfer.services import EXPORT, folder, forget_old_archives


@handles(EXPORT, slow=True)
def make_archive(job: Job, clock: Clock) -> None:
    folder().mkdir(exist_ok=True, mode=0o700)
    forget_old_archives(now=clock())
    challenge = Challenge.objects.select_related("current").get(pk=job.payload["challenge"])
    by = User.objects.get(pk=job.payload["by"])
    target = folder() / job.payload["name"]
    if not target.exists():
        export(challenge, target, by=by, now=clock(), addresses=False)
    with jobs.finishing(job, now=clock()):
        return
