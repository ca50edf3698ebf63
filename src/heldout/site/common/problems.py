"""How the site tells a person what is wrong: `{"problems": [{place, message, remedy}]}`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from heldout.errors import BadInput, Problem

MOST_LISTED = 200


class ProblemJson(TypedDict):
    place: str
    message: str
    remedy: str


class Refused(BadInput):
    """A wish the site's rules do not allow: a limit, a closed phase, terms not accepted."""


class Conflict(Refused):
    """The wish contradicts what has been done before."""


def as_json(problems: Iterable[Problem]) -> list[ProblemJson]:
    return [{"place": one.place, "message": one.message, "remedy": one.remedy} for one in problems]


def refusal(error: BadInput) -> list[ProblemJson]:
    """The problems of an error, ending with how many more there were."""
    listed = as_json(error.problems[:MOST_LISTED])
    unlisted = error.unlisted + len(error.problems) - len(listed)
    if unlisted:
        listed.append({"place": "", "message": f"and {unlisted:,} more like these", "remedy": ""})
    return listed
