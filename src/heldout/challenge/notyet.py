"""Keys that are read and checked although nothing acts on them in this release."""

from __future__ import annotations

from collections.abc import Iterator

from heldout.challenge.definition import Definition, Phase
from heldout.errors import Problem

_AFTER = "kept in the file; nothing acts on it in this release"


def not_yet_in_force(definition: Definition) -> list[Problem]:
    """List the keys of a definition that have no effect yet, in the order of the file."""
    return [
        Problem(f"challenge.toml: {key}", f"{what} not yet in force", _AFTER)
        for key, what in _find(definition)
    ]


def _find(definition: Definition) -> Iterator[tuple[str, str]]:
    for index, phase in enumerate(definition.phases):
        for key, what in _find_in_phase(phase):
            yield f"phases[{index}].{key}", what


def _find_in_phase(phase: Phase) -> Iterator[tuple[str, str]]:
    if phase.freezes is not None:
        yield "freezes", "freezing the leaderboard is"
    if phase.final_rule.kind == "chosen":
        yield "final", "choosing final submissions is"
    if phase.guard_rule.kind != "none":
        yield "guard", "guarding the leaderboard is"
    if phase.public_share is not None:
        yield "public_share", "scoring a share in public is"
