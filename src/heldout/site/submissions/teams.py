"""What becomes of submissions and of used limits when entrants merge."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F
from django.dispatch import receiver

from heldout.challenge.grammar import parse_final
from heldout.errors import Problems
from heldout.site.challenges.models import Entrant, Phase
from heldout.site.challenges.signals import entrants_merging
from heldout.site.common.problems import Refused
from heldout.site.submissions.models import Alert, Submission, Usage


@receiver(entrants_merging)
def take_over(
    sender: type[Entrant], *, into: Entrant, gone: Entrant, now: datetime, **rest: Any
) -> int:
    """Move the submissions and add up what both have used; persons keep their own counts.

    A day or a week that is overdrawn by it lets nothing more in until it ends. A limit in total
    would be exceeded for good, so that refuses the merger.
    """
    for row in Usage.objects.filter(holder=_holder(gone)):
        Usage.objects.get_or_create(phase=row.phase, holder=_holder(into), period=row.period)
        same = Usage.objects.filter(phase=row.phase, holder=_holder(into), period=row.period)
        same.update(used=F("used") + row.used)
    Usage.objects.filter(holder=_holder(gone)).delete()
    _check_totals(into, now)
    _choose_anew(into, gone)
    for alert in Alert.objects.filter(entrants=gone):
        alert.entrants.add(into)
    return Submission.objects.filter(entrant=gone).update(entrant=into)


def _choose_anew(into: Entrant, gone: Entrant) -> None:
    """Where both have chosen more than one may, the choice of the one that goes is void."""
    for phase in Phase.objects.filter(challenge=into.challenge_id, final__startswith="chosen"):
        chosen = Submission.objects.filter(phase=phase, chosen=True)
        if chosen.filter(entrant__in=[into, gone]).count() > parse_final(phase.final).keep:
            chosen.filter(entrant=gone).update(chosen=False)


def _check_totals(entrant: Entrant, now: datetime) -> None:
    problems = Problems()
    open_ones = Phase.objects.filter(challenge=entrant.challenge_id, retired=False, closes__gte=now)
    for phase in open_ones.exclude(in_total=None):
        total = Usage.objects.filter(phase=phase, holder=_holder(entrant), period="total").first()
        if total is not None and phase.in_total is not None and total.used > phase.in_total:
            message = f"together {total.used} submissions are used in {phase}"
            problems.add("team", message, f"a team has {phase.in_total}")
    if problems.found:
        raise Refused(problems.found)


def _holder(entrant: Entrant) -> str:
    return f"entrant:{entrant.pk}"
