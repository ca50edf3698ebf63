"""When a leaderboard must be computed anew."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from heldout.site.challenges.models import Challenge, Phase
from heldout.site.common import jobs

COMPUTE_BOARD = "board"
# Above the evaluations: who was scored wants to see it.
BOARD_PRIORITY = 10


def refresh_board(phase: Phase, *, now: datetime) -> None:
    """Have the leaderboard computed anew; call it in the transaction that changes it."""
    Phase.objects.filter(pk=phase.pk).update(board_version=F("board_version") + 1)
    phase.refresh_from_db(fields=["board_version"])
    jobs.enqueue(
        COMPUTE_BOARD,
        key=f"{COMPUTE_BOARD}:{phase.pk}:{phase.board_version}",
        payload={"phase": phase.pk},
        now=now,
        priority=BOARD_PRIORITY,
    )


def refresh_boards(challenge: Challenge, *, now: datetime) -> None:
    """The same for all phases that have one: a name, or the rules, have changed."""
    for phase in challenge.phases.filter(board__isnull=False):
        refresh_board(phase, now=now)
