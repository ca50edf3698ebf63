"""Attempts as tasks of an existing Ray cluster.

Ray only executes. Who holds which job is said by the lease in the database, as with local workers:
a node that dies loses its lease, a late result is refused, and no state is Ray's alone. The nodes
need Heldout, the site's database and its data folder under the same path.
"""

from __future__ import annotations

import logging
import signal
import threading
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from heldout.errors import MissingExtra

IDLE_SECONDS = 1.0
EXPIRY = timedelta(seconds=5)

log = logging.getLogger(__name__)


def run(folder: Path, *, address: str, slots: int | None = None) -> None:
    """Hand jobs to a cluster until told to stop; those it has begun are finished first.

    Args:
        folder: The site's data folder, which every node can reach under this path.
        address: Of the cluster: `auto`, or `ray://host:10001`.
        slots: How many jobs at a time; None: one per processor of the cluster.

    Raises:
        MissingExtra: Ray is not installed.
    """
    ray = _import_ray()
    from django.utils import timezone

    from heldout.site.common import jobs
    from heldout.site.worker import own_name

    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    ray.init(address=address, log_to_driver=False)
    cluster = Cluster(
        ray, folder, owner=own_name(), slots=slots or int(ray.cluster_resources().get("CPU", 1))
    )
    looked = timezone.now() - EXPIRY
    while not stop.is_set() or cluster.running:
        now = timezone.now()
        if now - looked >= EXPIRY:
            looked = now
            jobs.expire(now=now)
        if not stop.is_set():
            cluster.fill(now=now)
        cluster.keep(now=now)
        if not cluster.collect(timeout=IDLE_SECONDS):
            stop.wait(0 if cluster.running else IDLE_SECONDS)


def _import_ray() -> Any:
    try:
        import ray
    except ImportError:
        raise MissingExtra(feature="the engine ray", extra="scale") from None
    return ray


class Cluster:
    """The jobs that are with Ray now, each under an owner's name of its own.

    Attributes:
        running: The job's key and owner, by Ray's reference to its task.
    """

    def __init__(self, ray: Any, folder: Path, *, owner: str, slots: int) -> None:
        self._ray, self._folder, self._owner, self._slots = ray, folder, owner, slots
        self._task = ray.remote(attempt)
        self._count = 0
        self.running: dict[Any, tuple[int, str]] = {}

    def fill(self, *, now: datetime) -> int:
        """Claim as many jobs as there is room for; returns how many."""
        from heldout.site.common import jobs

        begun = 0
        while len(self.running) < self._slots:
            owner = f"{self._owner}/ray-{self._count}"
            job = jobs.claim(owner=owner, now=now)
            if job is None:
                break
            self._count += 1
            begun += 1
            task = self._task.remote(str(self._folder), job.pk, owner)
            self.running[task] = (job.pk, owner)
        return begun

    def keep(self, *, now: datetime) -> None:
        """Renew the leases of what waits in Ray's own queue; what runs renews its own."""
        from heldout.site.common import jobs
        from heldout.site.common.models import Job

        for pk, owner in self.running.values():
            jobs.heartbeat(Job(pk=pk, owner=owner), now=now)

    def collect(self, *, timeout: float) -> int:
        """Let go of tasks that have ended; the jobs of those that broke go to others at once."""
        from django.utils import timezone

        from heldout.site.common import jobs

        if not self.running:
            return 0
        ended, _ = self._ray.wait(list(self.running), num_returns=1, timeout=timeout)
        for task in ended:
            pk, owner = self.running.pop(task)
            try:
                self._ray.get(task)
            except Exception:  # Whatever Ray raises for a dead node or a task that could not begin.
                log.exception("the task of job %s broke", pk)
                jobs.expire(now=timezone.now(), owner=owner)
        return len(ended)


def attempt(folder: str, pk: int, owner: str) -> None:
    """One attempt, on whichever node; it begins only while the lease stands."""
    from heldout.site.setup import configure

    configure(Path(folder))
    from heldout.site.common import jobs
    from heldout.site.common.models import Job
    from heldout.site.worker import work

    job = jobs.held(Job(pk=pk, owner=owner)).first()
    if job is not None:
        work(job, owner)
