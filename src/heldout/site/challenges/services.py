from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from heldout.challenge.grammar import parse_final
from heldout.errors import Problem, Problems
from heldout.site.accounts.models import User
from heldout.site.challenges.access import (
    Viewer,
    entrant_of,
    has_accepted_terms,
    require,
    visible,
)
from heldout.site.challenges.boards import COMPUTE_BOARD, refresh_board
from heldout.site.challenges.models import (
    Audience,
    Challenge,
    Entrant,
    Member,
    Phase,
    Reveal,
    TermsAcceptance,
    Visibility,
)
from heldout.site.challenges.people import add_organiser, invite, remove_organiser, uninvite
from heldout.site.challenges.publishing import folder_on_server, folders_on_server, publish
from heldout.site.common import audit
from heldout.site.common.problems import Refused

__all__ = [
    "COMPUTE_BOARD",
    "Viewer",
    "accept_terms",
    "add_organiser",
    "edit_phase",
    "entrant_of",
    "folder_on_server",
    "folders_on_server",
    "has_accepted_terms",
    "invite",
    "join",
    "publish",
    "refresh_board",
    "remove_organiser",
    "require",
    "set_visibility",
    "uninvite",
    "visible",
]

# No limit needs more, and every database can hold it.
MOST = 1_000_000
YEARS = range(2000, 2100)
LONGEST_TITLE = 120

EDITABLE = (
    "title",
    "opens",
    "closes",
    "freezes",
    "per_day",
    "per_week",
    "in_total",
    "leaderboard",
    "reveal",
    "final",
)


def accept_terms(*, challenge: Challenge, user: User, terms_digest: str, now: datetime) -> None:
    """Record that the person accepted the terms they were shown."""
    if terms_digest != challenge.revision.terms_digest:
        raise Refused(
            [Problem("terms", "the terms have changed meanwhile", "read them again and accept")]
        )
    with transaction.atomic():
        _, new = TermsAcceptance.objects.get_or_create(
            challenge=challenge,
            user=user,
            terms_digest=terms_digest,
            defaults={"accepted_at": now},
        )
        if new:
            audit.record("terms accepted", by=user, on=challenge, now=now, digest=terms_digest)


def join(*, challenge: Challenge, user: User, now: datetime) -> Entrant:
    """Enter a challenge as oneself; joining twice changes nothing."""
    existing = entrant_of(challenge, user)
    if existing is not None:
        return existing
    require(user, "challenges.join", challenge)
    with transaction.atomic():
        # Locks the challenge, so that one person's two clicks do not race.
        Challenge.objects.select_for_update().get(pk=challenge.pk)
        existing = entrant_of(challenge, user)
        if existing is not None:
            return existing
        entrant = Entrant.objects.create(
            challenge=challenge, name=_free_name(challenge, user.handle), created_at=now
        )
        Member.objects.create(challenge=challenge, entrant=entrant, user=user, joined_at=now)
        audit.record("joined", by=user, on=challenge, now=now, entrant=entrant.pk)
    return entrant


def mark_baseline(*, entrant: Entrant, by: User, now: datetime) -> None:
    """Say that an entrant is the organisers' own, shown for comparison."""
    require(by, "challenges.edit", entrant.challenge)
    with transaction.atomic():
        if Entrant.objects.filter(pk=entrant.pk, baseline=False).update(baseline=True):
            audit.record("marked as baseline", by=by, on=entrant, now=now)


def _free_name(challenge: Challenge, wanted: str) -> str:
    taken = {name.lower() for name in challenge.entrants.values_list("name", flat=True)}
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in [wanted, *numbered] if name.lower() not in taken)


def edit_phase(*, phase: Phase, by: User, now: datetime, **changes: Any) -> Phase:
    """Change times, limits, audience or what is revealed.

    `changes` holds fields of `EDITABLE`. Lowering a limit below what was used closes intake for
    those who used it up; nothing is taken back.

    Raises:
        BadInput: All values that do not fit.
    """
    require(by, "challenges.edit", phase.challenge)
    unknown = changes.keys() - set(EDITABLE)
    if unknown:
        raise TypeError(f"not editable: {', '.join(sorted(unknown))}")
    if phase.retired:
        message = "the latest revision no longer has this phase"
        raise Refused([Problem("phase", message, "publish a revision that has it")])
    before = {name: getattr(phase, name) for name in changes}
    for name, value in changes.items():
        setattr(phase, name, value)
    _check_phase(phase)
    with transaction.atomic():
        phase.save(update_fields=[*changes])
        refresh_board(phase, now=now)
        audit.record(
            "phase edited",
            by=by,
            on=phase,
            now=now,
            changes={
                name: [str(before[name]), str(value)]
                for name, value in changes.items()
                if before[name] != value
            },
        )
    return phase


def _check_phase(phase: Phase) -> None:
    problems = Problems()
    _check_times(phase, problems)
    for name in ("per_day", "per_week", "in_total"):
        value = getattr(phase, name)
        if value is not None and not 1 <= value <= MOST:
            remedy = f"write a number from 1 to {MOST:,}, or nothing"
            problems.add(name, f"{value} is not a limit", remedy)
    if not _is_final_rule(phase.final):
        problems.add("final", "is no rule", "write best, latest or chosen:2")
    if len(phase.title) > LONGEST_TITLE:
        problems.add("title", f"is no title of at most {LONGEST_TITLE} letters", "write none")
    if phase.leaderboard not in Audience.values:
        problems.add("leaderboard", "is no audience", f"choose one of {', '.join(Audience.values)}")
    if not isinstance(phase.reveal, list):
        problems.add("reveal", "is not a list", "write [] to reveal nothing")
        phase.reveal = []
    for item in set(phase.reveal) - set(Reveal.values):
        problems.add("reveal", f'"{item}" cannot be revealed')
    if phase.reveal and Reveal.SCORE not in phase.reveal:
        problems.add(
            "reveal", "shows details without the score", "reveal the score too, or nothing"
        )
    problems.refuse_if_any()


def _check_times(phase: Phase, problems: Problems) -> None:
    """Refuse what cannot be compared, or what some timezones cannot tell."""
    found = len(problems.found)
    optional = ["freezes"] if phase.freezes is not None else []
    for name in ("opens", "closes", *optional):
        at: datetime | None = getattr(phase, name)
        if at is None or at.tzinfo is None or at.year not in YEARS:
            remedy = "write a date and time of this century with its offset"
            problems.add(name, "is no time a phase can have", remedy)
    if len(problems.found) > found:
        return
    if phase.closes <= phase.opens:
        problems.add("closes", "the phase would close before it opens", "choose a later time")
    if phase.freezes and not phase.opens <= phase.freezes <= phase.closes:
        problems.add("freezes", "is not between opening and closing", "choose a time between them")


def _is_final_rule(text: str | None) -> bool:
    try:
        parse_final(text or "")
    except ValueError:
        return False
    return True


def set_visibility(
    *, challenge: Challenge, visibility: Visibility, by: User, now: datetime
) -> None:
    require(by, "challenges.edit", challenge)
    with transaction.atomic():
        challenge.visibility = Visibility(visibility)
        challenge.save(update_fields=["visibility"])
        audit.record(
            "visibility set", by=by, on=challenge, now=now, visibility=challenge.visibility
        )
