"""The small languages inside `challenge.toml`: what a phase shows, guards and lets count."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from typing import NamedTuple

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
        kind: `none`, `ladder` (a score moves only when it is better) or `delayed`.
        step: The smallest improvement a `ladder` shows; None for the parameter-free one.
    """

    kind: str = "none"
    step: float | None = None


class Final(NamedTuple):
    """Which submissions of an entrant count at the end: `best`, `latest` or `chosen`, and how many."""

    kind: str = "best"
    keep: int = 1


def parse_guard(text: str) -> Guard:
    """Read `none`, `ladder`, `ladder:step=0.01` or `delayed`.

    Raises:
        Refusal: It is none of them.
    """
    kind, _, parameters = text.partition(":")
    if kind not in ("none", "ladder", "delayed"):
        forms = "none, ladder, ladder:step=0.01 or delayed"
        nearest = did_you_mean(kind, ("none", "ladder", "delayed"))
        raise Refusal(f'"{text}" is not a guard', nearest or f"write {forms}")
    if ":" not in text:
        return Guard(kind)
    if kind != "ladder" or not parameters.startswith("step="):
        raise Refusal(
            f'"{text}" has a parameter that {kind} does not take', "write ladder:step=0.01"
        )
    return Guard(kind, _parse_step(parameters.removeprefix("step=")))


def _parse_step(text: str) -> float:
    try:
        step = float(text)
    except ValueError:
        step = math.nan
    if not 0 < step < math.inf:
        raise Refusal(f'"{text}" is not a step', "write a number above 0, as in ladder:step=0.01")
    return step


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
