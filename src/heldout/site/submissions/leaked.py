"""Scores without the test items that people confirmed as leaked: those get weight 0.

The difference of both numbers tells how an entrant did on the leaked items alone. It is therefore
told as a subgroup is: where the phase reveals subgroups, of no fewer items than its smallest group,
and never where nothing but a guarded number may be seen.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from typing import Any

from heldout.site.catalog import leaks
from heldout.site.catalog.models import DataSet
from heldout.site.challenges.boards import refresh_boards
from heldout.site.challenges.models import Challenge, Phase
from heldout.site.submissions.models import RetiredItem, Submission
from heldout.site.submissions.numbers import Results
from heldout.site.submissions.parts import Part, example_ids

NOTHING: dict[str, Any] = {"without_leaks": None, "leaked_items": 0}


def leaked_items(phase: Phase) -> frozenset[str]:
    """The test items of a phase's split that were confirmed as leaked."""
    return leaks.confirmed(phase.challenge.dataset, phase.split)


def to_retire(challenge: Challenge, split: str) -> list[str]:
    """The confirmed items of a split that still count, for a rejudging to retire."""
    retired = RetiredItem.objects.filter(challenge=challenge, split=split)
    known = example_ids(challenge.revision.folder, split)
    found = leaks.confirmed(challenge.dataset, split) & known
    return sorted(found - set(retired.values_list("example_id", flat=True)))


def without(results: Results) -> Results | None:
    """The same results, leaked items retired; None where none counts that was confirmed."""
    known = example_ids(results.folder, results.phase.split)
    found = (leaked_items(results.phase) & known) - results.retired
    return replace(results, retired=results.retired | found) if found else None


def told(
    results: Results, clean: Results | None, submission: Submission, part: Part
) -> dict[str, Any]:
    """What a leaderboard keeps of an entrant's score without leaked items, and whether others may see it."""
    after = clean.keep(part) if clean else None
    if clean is None or after is None:
        return {**NOTHING, "leaks_told": False}
    before = results.keep(part)
    items = (len(after) if before is None else int(before.sum())) - int(after.sum())
    smallest = results.challenge.definition.data.smallest_group
    return {
        "without_leaks": _value(clean, submission, part),
        "leaked_items": items,
        "leaks_told": items >= smallest,
    }


def _value(clean: Results, submission: Submission, part: Part) -> float | None:
    stats = clean.stats(submission, part)
    if stats is None or not len(stats):
        return None
    names = [one.name for one in clean.primary.metric.numbers]
    value = float(stats.reduce()[names.index(clean.primary.name)])
    return value if math.isfinite(value) else None


def refresh(dataset: DataSet, now: datetime) -> None:
    """A verdict has changed: what stands beside the scores does too."""
    for challenge in Challenge.objects.filter(dataset=dataset):
        refresh_boards(challenge, now=now)
