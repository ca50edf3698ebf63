"""The small languages inside `challenge.toml`: what a phase shows, guards and lets count."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from typing import Any, NamedTuple

from heldout.errors import did_you_mean


class Refusal(ValueError):
    """A value the definition does not allow, with the way out."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Visibility(StrEnum):
    """Who may see that the challenge exists."""

    PUBLIC = "public"
    INVITED = "invited"
    PRIVATE = "private"


class Audience(StrEnum):
    """Who may see a phase's leaderboard."""

    PUBLIC = "public"
    PARTICIPANTS = "participants"
    ORGANISERS = "organisers"


class Reveal(StrEnum):
    """What leaves the evaluation of a phase. Whatever is not listed is nowhere, in no page or API."""

    SCORE = "score"
    INTERVAL = "interval"
    SUBGROUPS = "subgroups"
    PER_CLASS = "per-class"
    CONFUSION = "confusion"
    CURVES = "curves"


class Missing(StrEnum):
    """What a submission without a prediction for some example is."""

    REFUSE = "refuse"
    WRONG = "wrong"


class Guard(NamedTuple):
    """How a phase's leaderboard is protected against being fitted to.

    Attributes:
        kind: `none`, `ladder` (a score moves only when it is better), `coarse` (scores are rounded),
            `delayed` (scores are told a day's end later) or `thresholdout` (the public share's score
            is told while the private one agrees).
        step: The smallest improvement a `ladder` shows, None for the parameter-free one; what
            `coarse` rounds to.
        threshold: From which gap `thresholdout` tells of it.
        noise: Scale of its Laplace noise.
        budget: How many gaps it tells each entrant.
    """

    kind: str = "none"
    step: float | None = None
    threshold: float = 0.04
    noise: float = 0.01
    budget: int = 100


class Final(NamedTuple):
    """Which submissions of an entrant count at the end: `best`, `latest` or `chosen`, and how many."""

    kind: str = "best"
    keep: int = 1


# Each guard with the parameters it takes, as one would write them.
GUARDS = {
    "none": "none",
    "ladder": "ladder:step=0.01",
    "coarse": "coarse:step=0.01",
    "delayed": "delayed",
    "thresholdout": "thresholdout:threshold=0.04,noise=0.01,budget=100",
}


def parse_guard(text: str) -> Guard:
    """Read `none`, `ladder`, `ladder:step=0.01`, `coarse:step=0.01`, `delayed` or `thresholdout`.

    Raises:
        Refusal: It is none of them.
    """
    kind, colon, parameters = text.partition(":")
    if kind not in GUARDS:
        forms = f"write {', '.join(GUARDS.values())} or ladder"
        raise Refusal(f'"{text}" is not a guard', did_you_mean(kind, GUARDS) or forms)
    takes = {part.partition("=")[0] for part in GUARDS[kind].partition(":")[2].split(",")} - {""}
    given = [part.partition("=") for part in parameters.split(",")] if colon else []
    if any(name not in takes for name, _, _ in given):
        message = f'"{text}" has a parameter that {kind} does not take'
        raise Refusal(message, f"write {GUARDS[kind]}")
    values = {name: _parse_parameter(kind, name, value) for name, _, value in given}
    if kind == "coarse" and "step" not in values:
        raise Refusal('"coarse" needs a step', "write coarse:step=0.01")
    return Guard(kind, **values)


def _parse_parameter(kind: str, name: str, text: str) -> Any:
    try:
        value = int(text) if name == "budget" else float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        example = f"write a number above 0, as in {GUARDS[kind]}"
        raise Refusal(f'"{text}" is not a {name}', example)
    return value


def parse_final(text: str) -> Final:
    """Read `best`, `latest` or `chosen:N`.

    Raises:
        Refusal: It is none of them.
    """
    if text in ("best", "latest"):
        return Final(text)
    chosen = re.fullmatch(r"chosen:([1-9][0-9]{0,3})", text)
    if chosen is None:
        raise Refusal(f'"{text}" does not say what counts', "write best, latest or chosen:2")
    return Final("chosen", int(chosen[1]))
