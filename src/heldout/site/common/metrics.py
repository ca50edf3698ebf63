"""Numbers for Prometheus: requests, counted in files that all web processes share, and the queue."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from mmap import mmap
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Min

from heldout import __version__
from heldout.site.common.models import Job, JobState

# Upper bounds in seconds; one more for what took longer.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CLASSES = ("2xx", "3xx", "4xx", "5xx")
# Per class: a count for each bound and one above, then the sum of seconds.
_ROW = len(BOUNDS) + 2
_NUMBERS = struct.Struct(f"{len(CLASSES) * _ROW}d")


class Counters:
    """Counts requests in a file of this process, which its successor goes on with after a crash."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._file = _first_free(folder)
        if os.fstat(self._file).st_size < _NUMBERS.size:
            os.ftruncate(self._file, _NUMBERS.size)
        self._numbers = memoryview(mmap(self._file, _NUMBERS.size)).cast("d")

    def count(self, status: int, seconds: float) -> None:
        row = min(max(status // 100 - 2, 0), len(CLASSES) - 1) * _ROW
        place = next((n for n, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        with self._lock:
            self._numbers[row + place] += 1
            self._numbers[row + _ROW - 1] += seconds


def _first_free(folder: Path) -> int:
    """Open and lock the first file no living process has; the lock ends with the process."""
    number = 0
    while True:
        handle = os.open(folder / f"web-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except OSError:
            os.close(handle)
            number += 1


# One per process, made with its first request.
_counters: Counters | None = None
_making = threading.Lock()


def _begin_anew() -> None:
    global _counters  # noqa: PLW0603
    _counters = None


# Two processes that count in one file lose some of it.
os.register_at_fork(after_in_child=_begin_anew)


def folder() -> Path:
    return Path(settings.DATA) / "metrics"


def count_request(status: int, seconds: float) -> None:
    """Count one answered request; a disk that cannot be written stops nobody."""
    with suppress(OSError):
        if _counters is None:
            _make_counters()
        if _counters is not None:
            _counters.count(status, seconds)


def _make_counters() -> None:
    global _counters  # noqa: PLW0603
    with _making:
        if _counters is None:
            _counters = Counters(folder())


def _totals() -> list[float]:
    totals = [0.0] * (len(CLASSES) * _ROW)
    for file in sorted(folder().glob("web-*")):
        content = file.read_bytes()
        if len(content) == _NUMBERS.size:
            totals = [a + b for a, b in zip(totals, _NUMBERS.unpack(content), strict=True)]
    return totals


def exposition(*, now: datetime) -> str:
    """Everything in Prometheus' text format."""
    return "\n".join([*_site(), *_requests(), *_jobs(now), ""])


def _head(name: str, kind: str, help: str) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {kind}"


def _site() -> Iterator[str]:
    yield from _head("heldout_info", "gauge", "The version that answers.")
    yield f'heldout_info{{version="{__version__}"}} 1'
    yield from _head("heldout_disk_free_bytes", "gauge", "Free where the data folder is.")
    yield f"heldout_disk_free_bytes {shutil.disk_usage(settings.DATA).free}"


def _requests() -> Iterator[str]:
    name, totals = "heldout_request_seconds", _totals()
    yield from _head(name, "histogram", "How long answers took, by class of status.")
    for index, status in enumerate(CLASSES):
        row = totals[index * _ROW : (index + 1) * _ROW]
        so_far = 0
        for bound, many in zip([*map(str, BOUNDS), "+Inf"], row[:-1], strict=True):
            so_far += int(many)
            yield f'{name}_bucket{{status="{status}",le="{bound}"}} {so_far}'
        yield f'{name}_sum{{status="{status}"}} {row[-1]:.6f}'
        yield f'{name}_count{{status="{status}"}} {so_far}'


def _jobs(now: datetime) -> Iterator[str]:
    open_states = (JobState.READY, JobState.RUNNING, JobState.DEAD)
    found = Job.objects.filter(state__in=open_states).order_by()
    yield from _head("heldout_jobs", "gauge", "Jobs that wait, are worked on or were given up.")
    for kind, state, many in found.values_list("kind", "state").annotate(Count("pk")):
        yield f'heldout_jobs{{kind="{kind}",state="{state}"}} {many}'
    due = Job.objects.filter(state=JobState.READY, run_at__lte=now)
    oldest = due.aggregate(at=Min("run_at"))["at"]
    name = "heldout_oldest_job_seconds"
    yield from _head(name, "gauge", "How long the job has waited that waits longest.")
    yield f"{name} {(now - oldest).total_seconds() if oldest else 0:.3f}"
