"""Compiled loops side by side on every processor; they hold no lock of the interpreter."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np


def in_threads(work: Callable[[slice], object], size: int) -> None:
    """Do the work on 0 … `size` in as many parts as there are processors."""
    workers = max(1, min(_processors(), size))
    edges = np.linspace(0, size, workers + 1).astype(int).tolist()
    parts = [slice(a, b) for a, b in pairwise(edges)]
    if workers == 1:
        work(parts[0])
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, parts))


def _processors() -> int:
    """Count the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
