"""How the site tells a person what is wrong: `{"problems": [{place, message, remedy}]}`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm
from django.utils.text import capfirst

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


def check_form(form: BaseForm) -> dict[str, Any]:
    """What a form has read.

    Raises:
        BadInput: With everything the form objects to, field by field.
    """
    if not form.is_valid():
        found = form.errors.get_json_data()
        raise BadInput(
            Problem("" if place == NON_FIELD_ERRORS else place, one["message"])
            for place, errors in found.items()
            for one in errors
        )
    return form.cleaned_data


def as_json(problems: Iterable[Problem]) -> list[ProblemJson]:
    return [{"place": one.place, "message": one.message, "remedy": one.remedy} for one in problems]


def in_sentences(error: BadInput) -> str:
    """For a message on the page the wish came from, which is place enough."""
    told = ("; ".join(filter(None, (one.message, one.remedy))) for one in error.problems)
    return " ".join(f"{capfirst(text)}." for text in told)


def refusal(error: BadInput) -> list[ProblemJson]:
    """The problems of an error, ending with how many more there were."""
    listed = as_json(error.problems[:MOST_LISTED])
    unlisted = error.unlisted + len(error.problems) - len(listed)
    if unlisted:
        listed.append({"place": "", "message": f"and {unlisted:,} more like these", "remedy": ""})
    return listed
