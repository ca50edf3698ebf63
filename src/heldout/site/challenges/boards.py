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
BUSY_PAUSE = timedelta(seconds=1)


@transaction.atomic
def refresh_board(phase: Phase, *, now: datetime) -> None:
    """Have the leaderboard computed anew, soon; call it in the transaction that changes it."""
    mine = Phase.objects.filter(pk=phase.pk)
    mine.update(board_version=F("board_version") + 1)
    phase.board_version, at = mine.values_list("board_version", "board__computed_at").get()
    computed: datetime | None = at
    if not jobs.is_waiting(COMPUTE_BOARD, key_prefix=f"{COMPUTE_BOARD}:{phase.pk}:"):
        pause = pause_after(phase.board_version, busy=jobs.waits(pool_of(phase.challenge_id)))
        jobs.enqueue(
            COMPUTE_BOARD,
            key=f"{COMPUTE_BOARD}:{phase.pk}:{phase.board_version}",
            payload={"phase": phase.pk},
            now=now if computed is None else max(now, min(computed, now) + pause),
            priority=BOARD_PRIORITY,
        )


def pause_after(version: int, *, busy: bool = False) -> timedelta:
    """How long a leaderboard stands at least, where more is `busy` being scored."""
    return max(min(PAUSE * version, LONGEST_PAUSE), BUSY_PAUSE if busy else timedelta())


def pool_of(challenge: int) -> str:
    """Names the work of a challenge, which takes turns with that of others."""
    return f"challenge {challenge}"


def refresh_boards(challenge: Challenge, *, now: datetime) -> None:
    """The same for all phases that have one: a name, or the rules, have changed."""
    for phase in challenge.phases.filter(board__isnull=False):
        refresh_board(phase, now=now)
