"""The shapes several routes of the API share."""

from __future__ import annotations

from ninja import Schema


class ProblemOut(Schema):
    """One thing that is wrong: where, what, and the way out."""

    place: str
    message: str
    remedy: str


class Problems(Schema):
    """Every refusal of the API looks like this."""

    problems: list[ProblemOut]
