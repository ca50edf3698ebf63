"""What a model costs at every batch size, in closed form from two traces.

Every byte and every FLOP of a step is a constant plus a share for each example. Two traces give both,
for every line of the timeline and every operation; nothing needs to be traced again for another batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heldout.compute.ledger import Category
from heldout.compute.memory import Phase
from heldout.compute.weights import Weights

if TYPE_CHECKING:
    from heldout.compute.tracing import Trace

PHASES = tuple(Phase)
CATEGORIES = len(Category)


@dataclass(frozen=True, slots=True)
class Lines:
    """Quantities of the form constant + slope x batch.

    Attributes:
        constant: Any shape.
        slope: The same shape.
    """

    constant: NDArray[np.float64]
    slope: NDArray[np.float64]

    def at(self, batch: float) -> NDArray[np.float64]:
        """Return the values at a batch size."""
        return self.constant + self.slope * batch

    def take(self, index: NDArray[np.bool_] | NDArray[np.int64]) -> Lines:
        """Return some of the lines."""
        return Lines(self.constant[index], self.slope[index])


def line_through(
    first: NDArray[np.float64], second: NDArray[np.float64], *, batches: tuple[int, int]
) -> Lines:
    """Return the lines through two measurements at two batch sizes."""
    slope = (second - first) / (batches[1] - batches[0])
    return Lines(first - slope * batches[0], slope)


@dataclass(frozen=True, slots=True)
class Operations:
    """What the operations of a step compute and move, grouped where they are the same.

    Attributes:
        names: Of each group.
        phases: Index into `PHASES`.
        short: Whether the group computes in two bytes or fewer.
        count: How many operations are in a group.
        flops: Of one operation.
        bytes: Read and written by one operation.
    """

    names: tuple[str, ...]
    phases: NDArray[np.int64]
    short: NDArray[np.bool_]
    count: NDArray[np.int64]
    flops: Lines
    bytes: Lines

    def total_flops(self, batch: float, phase: Phase | None = None) -> float:
        """Return the FLOPs of a step, or of one phase of it."""
        each = self.flops.at(batch) * self.count
        if phase is not None:
            each = each[self.phases == PHASES.index(phase)]
        return float(each.sum())


@dataclass(frozen=True, slots=True)
class Footprint:
    """A traced step: its memory over time and its operations, for every batch size.

    Attributes:
        phases: Index into `PHASES` for each line of the timeline.
        live: Bytes by category, shape (lines, categories).
        uncounted: Operations without a FLOP formula and how often a step runs them.
        notes: What a reader of the numbers must know.
    """

    weights: Weights
    phases: NDArray[np.int64]
    live: Lines
    operations: Operations
    uncounted: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def fit(first: Trace, second: Trace, *, notes: Sequence[str] = ()) -> Footprint:
    """Fit two traces of the same model at different batch sizes.

    Where they did not run the same operations, as a model that branches on its data may not, the
    peaks of the phases are fitted instead of every line.
    """
    batches = (first.batch, second.batch)
    alike = [op.name for op in first.operations] == [op.name for op in second.operations]
    alike = alike and len(first.timeline) == len(second.timeline)
    if alike:
        phases, live = _fit_timelines(first, second, batches)
        operations = _fit_operations(first, second, batches)
    else:
        phases, live = _fit_peaks(first, second, batches)
        operations = _fit_totals(first, second, batches)
        notes = (*notes, "The two traces ran different operations: peaks of phases were fitted.")
    return Footprint(
        weights=second.weights,
        phases=phases,
        live=live,
        operations=operations,
        uncounted=dict(second.uncounted),
        notes=tuple(notes),
    )


def _fit_timelines(
    first: Trace, second: Trace, batches: tuple[int, int]
) -> tuple[NDArray[np.int64], Lines]:
    """Fit every line, and keep those that can be the highest at some batch size."""
    phases = np.array([PHASES.index(row[0]) for row in second.timeline], dtype=np.int64)
    live = line_through(_bytes_of(first), _bytes_of(second), batches=batches)
    return _without_low_lines(phases, live)


def _without_low_lines(phases: NDArray[np.int64], live: Lines) -> tuple[NDArray[np.int64], Lines]:
    """Drop lines of the timeline that another of the same phase exceeds in every category."""
    kept: list[int] = []
    for phase in np.unique(phases):
        members = np.flatnonzero(phases == phase)
        kept.extend(members[_undominated(live.take(members))])
    index = np.array(sorted(kept), dtype=np.int64)
    return phases[index], live.take(index)


def _undominated(live: Lines) -> list[int]:
    """Return the positions of lines that no other exceeds in every category at every batch from 1 on."""
    columns = np.hstack([live.at(1), live.slope])
    _, first_of_each = np.unique(columns, axis=0, return_index=True)
    tallest_first = first_of_each[np.argsort(-columns[first_of_each].sum(axis=1), kind="stable")]
    kept: list[int] = []
    tallest = np.empty((0, columns.shape[1]))
    for position in tallest_first:
        if not (tallest >= columns[position]).all(axis=1).any():
            kept.append(int(position))
            tallest = columns[kept]
    return kept


def _bytes_of(trace: Trace) -> NDArray[np.float64]:
    return np.array([row[1:] for row in trace.timeline], dtype=np.float64)


def _fit_peaks(
    first: Trace, second: Trace, batches: tuple[int, int]
) -> tuple[NDArray[np.int64], Lines]:
    def peaks(trace: Trace) -> dict[Phase, tuple[int, ...]]:
        highest: dict[Phase, tuple[int, ...]] = {}
        for phase, *categories in trace.timeline:
            if sum(categories) >= sum(highest.get(phase, (0,))):
                highest[phase] = tuple(categories)
        return highest

    low, high = peaks(first), peaks(second)
    shared = [phase for phase in PHASES if phase in low and phase in high]
    rows = [np.array([side[phase] for phase in shared], dtype=np.float64) for side in (low, high)]
    phases = np.array([PHASES.index(phase) for phase in shared], dtype=np.int64)
    return phases, line_through(rows[0], rows[1], batches=batches)


def _fit_operations(first: Trace, second: Trace, batches: tuple[int, int]) -> Operations:
    groups = Counter(
        (b.name, PHASES.index(b.phase), b.short, a.flops, b.flops, a.bytes, b.bytes)
        for a, b in zip(first.operations, second.operations, strict=True)
    )
    return _make_operations(groups, batches)


def _fit_totals(first: Trace, second: Trace, batches: tuple[int, int]) -> Operations:
    """One group for each phase and format: the sums of what ran."""
    groups: Counter[tuple[str, int, bool, int, int, int, int]] = Counter()
    for index, phase in enumerate(PHASES):
        for short in (False, True):
            sums = [
                (sum(op.flops for op in chosen), sum(op.bytes for op in chosen))
                for trace in (first, second)
                for chosen in [
                    [op for op in trace.operations if op.phase is phase and op.short is short]
                ]
            ]
            (flops_a, bytes_a), (flops_b, bytes_b) = sums
            groups["all", index, short, flops_a, flops_b, bytes_a, bytes_b] += 1
    return _make_operations(groups, batches)


def _make_operations(
    groups: Counter[tuple[str, int, bool, int, int, int, int]], batches: tuple[int, int]
) -> Operations:
    keys = list(groups)
    columns = np.array([key[3:] for key in keys], dtype=np.float64).reshape(len(keys), 4)
    return Operations(
        names=tuple(key[0] for key in keys),
        phases=np.array([key[1] for key in keys], dtype=np.int64),
        short=np.array([key[2] for key in keys], dtype=np.bool_),
        count=np.array([groups[key] for key in keys], dtype=np.int64),
        flops=line_through(columns[:, 0], columns[:, 1], batches=batches),
        bytes=line_through(columns[:, 2], columns[:, 3], batches=batches),
    )
