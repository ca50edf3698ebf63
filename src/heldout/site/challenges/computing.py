"""What training a challenge's baselines takes, for its overview page."""

from __future__ import annotations

from datetime import date
from typing import Any

from heldout.site.challenges.models import Challenge
from heldout.site.planner.services import outlooks, starting_points

_USUAL = "train"


def what_it_takes(challenge: Challenge, *, today: date) -> dict[str, Any] | None:
    """None where nothing is known to begin with, or no split to train on."""
    starts = starting_points(challenge.task, challenge.revision.definition.get("baselines", ()))
    trained_on = _training_split(challenge)
    if not starts or trained_on is None:
        return None
    split, examples = trained_on
    return {
        "split": split,
        "examples": examples,
        "rows": outlooks(starts, examples=examples, today=today),
    }


def _training_split(challenge: Challenge) -> tuple[str, int] | None:
    """The split named train, or else the largest that no phase scores."""
    scored = {phase.split for phase in challenge.phases.all()}
    sizes = {
        file.split: file.examples
        for file in challenge.revision.data.files.all()
        if file.split and file.examples and file.split not in scored
    }
    if not sizes:
        return None
    split = _USUAL if _USUAL in sizes else max(sizes, key=lambda name: sizes[name])
    return split, sizes[split]
