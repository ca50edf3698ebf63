"""What a phase tells of its scores, and when: guards, shares, freezes and delays, at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from heldout.challenge.grammar import Guard, parse_guard
from heldout.site.challenges.models import Phase, Revision

# Each submission, or each entrant, is told a number made for it; nothing else of the score is.
TELLING = ("ladder", "coarse", "thresholdout")


@dataclass(frozen=True)
class Regime:
    """The rules of a phase.

    Attributes:
        phase: Whose rules they are.
        guard: Against fitting to the leaderboard.
        share: Which share of the examples is scored in public; None: all.
        ends: When guard and share end: with the last such phase that scores the same split.
    """

    phase: Phase
    guard: Guard
    share: float | None
    ends: datetime

    def over(self, now: datetime) -> bool:
        return now > self.ends

    def tells(self, now: datetime) -> bool:
        """Whether nothing but what was told may be seen."""
        return self.guard.kind in TELLING and not self.over(now)

    def withheld_from(self, now: datetime) -> datetime | None:
        """From when on results are not told yet, not even to those whose they are."""
        if self.guard.kind != "delayed" or now > self.phase.closes:
            return None
        return _midnight(now, self.phase)

    def frozen_at(self, now: datetime) -> datetime | None:
        """Since when the leaderboard stands still."""
        freezes = self.phase.freezes
        return freezes if freezes and freezes <= now <= self.phase.closes else None

    def horizon(self, now: datetime) -> datetime | None:
        """From when on submissions are not on the public leaderboard."""
        found = [self.withheld_from(now), self.frozen_at(now)]
        return min((moment for moment in found if moment), default=None)

    def next_change(self, now: datetime) -> datetime | None:
        """When the public leaderboard changes next without a new result."""
        return min((moment for moment in self._moments(now) if moment >= now), default=None)

    def _moments(self, now: datetime) -> Iterator[datetime]:
        if self.phase.freezes:
            yield self.phase.freezes
            yield self.phase.closes + timedelta(microseconds=1)
        if self.guard.kind != "none" or self.share:
            yield self.ends + timedelta(microseconds=1)
        if self.guard.kind == "delayed":
            tomorrow = _midnight(now + timedelta(days=1), self.phase)
            yield min(tomorrow, self.phase.closes + timedelta(microseconds=1))


def regime_of(phase: Phase) -> Regime:
    """The rules as the newest revision that has the phase says them."""
    definitions = revision_of(phase).definition["phases"]
    own = next(one for one in definitions if one["id"] == phase.key)
    if not _is_guarded(own):
        return Regime(phase, parse_guard("none"), None, phase.closes)
    guarded = {one["id"] for one in definitions if _is_guarded(one)}
    same_split = Phase.objects.filter(
        challenge=phase.challenge_id, split=phase.split, key__in=guarded, retired=False
    )
    ends = max([phase.closes, *same_split.values_list("closes", flat=True)])
    return Regime(phase, parse_guard(own.get("guard", "none")), own.get("public_share"), ends)


def revision_of(phase: Phase) -> Revision:
    """The newest revision that has the phase; a retired one has none of today's."""
    current = phase.challenge.revision
    if any(one["id"] == phase.key for one in current.definition["phases"]):
        return current
    return next(
        one
        for one in phase.challenge.revisions.all()
        if any(each["id"] == phase.key for each in one.definition["phases"])
    )


def _is_guarded(definition: dict[str, Any]) -> bool:
    return definition.get("guard", "none") != "none" or bool(definition.get("public_share"))


def _midnight(moment: datetime, phase: Phase) -> datetime:
    local = moment.astimezone(phase.challenge.zone)
    return datetime(local.year, local.month, local.day, tzinfo=phase.challenge.zone)
