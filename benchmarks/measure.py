"""CPU seconds of a function, as a median, and ratios of two such figures."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable


def cpu_seconds(function: Callable[[], object], *, repeat: int = 5) -> float:
    """Return the median CPU time of all threads; one run before is not counted."""
    function()
    return statistics.median(_once(function) for _ in range(repeat))


def _once(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def report(what: str, *, ours: float, theirs: float, peer: str) -> None:
    print(f"{what}: {ours:.3f} s, {peer} {theirs:.3f} s of CPU, ratio {theirs / ours:.1f}")


def peak_memory() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"
