"""Prizes: who won them, and the page that says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from heldout.errors import Problem, Problems
from heldout.site.accounts.models import User
from heldout.site.challenges.access import require
from heldout.site.challenges.models import Award, Challenge, Entrant
from heldout.site.common import audit
from heldout.site.common.problems import Refused


def set_winners(
    *, challenge: Challenge, winners: Mapping[int, int], text: str, by: User, now: datetime
) -> None:
    """Say who wins which prize (its place in the list → entrant); nobody else sees it yet.

    Raises:
        BadInput: A prize or an entrant the challenge does not have.
    """
    require(by, "challenges.edit", challenge)
    prizes, text = challenge.prizes, text.replace("\0", "").strip()
    entrants = set(challenge.entrants.values_list("pk", flat=True))
    out = Entrant.objects.filter(challenge=challenge, disqualifications__isnull=False)
    disqualified = dict(out.values_list("pk", "name"))
    problems = Problems()
    for position, entrant in winners.items():
        if position not in range(len(prizes)):
            problems.add("prize", f"there is no prize number {position + 1}")
        if entrant not in entrants:
            problems.add("entrant", "does not take part in this challenge")
        if entrant in disqualified:
            problems.add(
                "entrant", f"{disqualified[entrant]} is disqualified", "reinstate it first"
            )
    problems.refuse_if_any()
    with transaction.atomic():
        challenge.awards.all().delete()
        Award.objects.bulk_create(
            Award(
                challenge=challenge,
                position=position,
                entrant_id=entrant,
                **{key: prizes[position][key] for key in ("place", "amount", "sponsor")},
            )
            for position, entrant in sorted(winners.items())
        )
        challenge.winners_text = text
        challenge.save(update_fields=["winners_text"])
        named = {str(position): entrant for position, entrant in winners.items()}
        audit.record("winners set", by=by, on=challenge, now=now, winners=named)


def last_close(challenge: Challenge) -> datetime | None:
    """When the last phase closes; nobody is named a winner before."""
    last: datetime | None = challenge.phases.filter(retired=False).aggregate(Max("closes"))[
        "closes__max"
    ]
    return last


def is_over(challenge: Challenge, now: datetime) -> bool:
    last = last_close(challenge)
    return last is None or last < now


def publish_winners(*, challenge: Challenge, by: User, now: datetime) -> None:
    """Show the winners to everybody who sees the challenge; before its end that would break a freeze."""
    require(by, "challenges.edit", challenge)
    if not is_over(challenge, now):
        message = "a phase has not closed yet"
        raise Refused([Problem("winners", message, "name them when the last one is over")])
    if not challenge.awards.exists() and not challenge.winners_text:
        raise Refused([Problem("winners", "nobody is named", "choose who wins, or write a text")])
    with transaction.atomic():
        challenge.winners_at = challenge.winners_at or now
        challenge.save(update_fields=["winners_at"])
        audit.record("winners published", by=by, on=challenge, now=now)


def hide_winners(*, challenge: Challenge, by: User, now: datetime) -> None:
    """Take the page back, to mend it."""
    require(by, "challenges.edit", challenge)
    with transaction.atomic():
        challenge.winners_at = None
        challenge.save(update_fields=["winners_at"])
        audit.record("winners hidden", by=by, on=challenge, now=now)
