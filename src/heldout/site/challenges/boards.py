"""When a leaderboard must be computed anew."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from heldout.site.challenges.models import Challenge, Phase
from heldout.site.common import jobs

COMPUTE_BOARD = "board"
# Above the evaluations: who was scored wants to see it.
BOARD_PRIORITY = 10


# Computing takes the longer the more was handed in, which the version counts: a pause of this much
# for each leaves most of the time to scoring, in a rush too.
PAUSE = timedelta(milliseconds=5)
LONGEST_PAUSE = timedelta(seconds=5)


@transaction.atomic
def refresh_board(phase: Phase, *, now: datetime) -> None:
    """Have the leaderboard computed anew, soon; call it in the transaction that changes it."""
    mine = Phase.objects.filter(pk=phase.pk)
    mine.update(board_version=F("board_version") + 1)
    phase.board_version, computed = mine.values_list("board_version", "board__computed_at").get()
    if not jobs.is_waiting(COMPUTE_BOARD, key_prefix=f"{COMPUTE_BOARD}:{phase.pk}:"):
        jobs.enqueue(
            COMPUTE_BOARD,
            key=f"{COMPUTE_BOARD}:{phase.pk}:{phase.board_version}",
            payload={"phase": phase.pk},
            now=_not_before(computed, phase.board_version, now),
            priority=BOARD_PRIORITY,
        )


def _not_before(computed: datetime | None, version: int, now: datetime) -> datetime:
    if computed is None:
        return now
    return max(now, min(computed, now) + pause(version))


def pause(version: int) -> timedelta:
    return min(PAUSE * version, LONGEST_PAUSE)


def refresh_boards(challenge: Challenge, *, now: datetime) -> None:
    """The same for all phases that have one: a name, or the rules, have changed."""
    for phase in challenge.phases.filter(board__isnull=False):
        refresh_board(phase, now=now)
