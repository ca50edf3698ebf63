from __future__ import annotations

from typing import Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from heldout.datasets.index.views import Role
from heldout.errors import Problems
from heldout.site.accounts.security import SIGNED_IN
from heldout.site.catalog import visibility
from heldout.site.catalog.api import own
from heldout.site.catalog.frames import Seen
from heldout.site.common.schemas import REFUSED

router = Router(tags=["Data sets"], auth=SIGNED_IN)
VISIBILITY, PEOPLE = "/data/{slug}/visibility", "/data/{slug}/participants"
WORDS = {Role.PUBLIC: "everybody", Role.PARTICIPANT: "participants", Role.ORGANISER: "owner"}


class RuleIn(Schema):
    """`part`: of which `name` is one; a split, a column or a split's annotations."""

    model_config = ConfigDict(extra="forbid")

    part: Literal["splits", "columns", "annotations"]
    name: str
    seen_by: Literal["everybody", "participants", "owner"]


class RuleOut(Schema):
    part: str
    name: str
    seen_by: str


class RulesIn(Schema):
    """What is not named stays as it is."""

    model_config = ConfigDict(extra="forbid")

    rules: list[RuleIn] = Field(max_length=10_000)


class VisibilityOut(Schema):
    rules: list[RuleOut]
    participants: list[str]


class WhomIn(Schema):
    """A public name or an e-mail address."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(max_length=300)


@router.get(VISIBILITY, response={200: VisibilityOut, **REFUSED}, url_name="data-visibility")
def get_visibility(request: HttpRequest, slug: str) -> VisibilityOut:
    """Who sees which splits, columns and annotations, and with whom the data are shared."""
    return _shown(own(request, slug)[0])


@router.patch(VISIBILITY, response={200: VisibilityOut, **REFUSED}, url_name="set-data-visibility")
def change_visibility(request: HttpRequest, slug: str, given: RulesIn) -> VisibilityOut:
    """Say who sees what. Others see nothing until the indexes are built anew."""
    seen, by = own(request, slug)
    rules = {(one.part, one.name): one.role for one in visibility.rules_of(seen.revision)}
    roles, problems = {word: role for role, word in WORDS.items()}, Problems()
    for number, one in enumerate(given.rules):
        if (one.part, one.name) not in rules:
            problems.add(f"rules.{number}", f"there is no {one.name[:80]!r} among the {one.part}")
        rules[one.part, one.name] = roles[one.seen_by]
    problems.refuse_if_any()
    visibility.set_rules(revision=seen.revision, rules=rules, by=by, now=timezone.now())
    return _shown(seen)


@router.post(PEOPLE, response={200: VisibilityOut, **REFUSED}, url_name="share-data")
def share_data(request: HttpRequest, slug: str, given: WhomIn) -> VisibilityOut:
    """Let a person see what is for participants."""
    seen, by = own(request, slug)
    visibility.share(dataset=seen.dataset, with_whom=given.person, by=by, now=timezone.now())
    return _shown(seen)


@router.delete(f"{PEOPLE}/{{person}}", response={204: None, **REFUSED}, url_name="unshare-data")
def unshare_data(request: HttpRequest, slug: str, person: str) -> Status[None]:
    """Let a person see no more than everybody."""
    seen, by = own(request, slug)
    found = seen.dataset.participants.filter(handle__iexact=person).first()
    if found is None:
        raise Http404("The data are not shared with a person of this name.")
    visibility.unshare(dataset=seen.dataset, person=found, by=by, now=timezone.now())
    return Status(204, None)


def _shown(seen: Seen) -> VisibilityOut:
    rules = visibility.rules_of(seen.revision)
    people = seen.dataset.participants.order_by("handle")
    return VisibilityOut(
        rules=[RuleOut(part=one.part, name=one.name, seen_by=WORDS[one.role]) for one in rules],
        participants=list(people.values_list("handle", flat=True)),
    )
