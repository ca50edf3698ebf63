"""Rejudging sets: scored in the dark, shown as a difference, applied or cancelled as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from heldout.errors import Problem, Problems
from heldout.site.accounts.models import User
from heldout.site.challenges.boards import pool_of
from heldout.site.challenges.models import Challenge, Phase
from heldout.site.challenges.services import Viewer, refresh_board, require
from heldout.site.common import audit, formatting, jobs
from heldout.site.common.models import Job, JobState
from heldout.site.common.problems import Refused
from heldout.site.submissions import guards, limits, standings
from heldout.site.submissions.models import (
    Evaluation,
    Rejudged,
    Rejudging,
    RejudgingState,
    RetiredItem,
    Status,
    Submission,
)
from heldout.site.submissions.parts import example_ids, retired_items
from heldout.site.submissions.services import EVALUATE, enqueue

REJUDGE = "rejudge"
# Behind what participants wait for.
PRIORITY = -1
# Of a split's examples, after all retirements.
FEWEST = 2
# Of unknown names, how many a refusal lists.
LISTED = 20
ANOTHER = Problem("rejudging", "another set is open", "apply or cancel it first")

# Whose limits a submission counts against.
_WHO = ("submission__phase__challenge", "submission__entrant", "submission__by")

Ranked = dict[str, tuple[int | None, float | None]]


class Change(NamedTuple):
    """An entrant before and after; None where there is no rank or no score."""

    phase: str
    entrant: str
    rank_before: int | None
    rank_after: int | None
    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before


class Progress(NamedTuple):
    waiting: int
    scored: int
    refused: int
    failed: int


def start(
    *,
    challenge: Challenge,
    by: User,
    now: datetime,
    reason: str,
    submissions: Iterable[str] | None = None,
    retires: Mapping[str, Iterable[str]] | None = None,
) -> Rejudging:
    """Score submissions anew, by the newest revision and today's metrics, without showing anything.

    Args:
        challenge: Whose submissions.
        by: An organiser.
        now: The time.
        reason: Kept, and told in the audit log.
        submissions: Ids; None: every scored one, also those that come until it is applied.
        retires: Ids of test examples that shall count no more, by split.

    Raises:
        Refused: Another set is open, or what is named is not there.
    """
    require(by, "challenges.edit", challenge)
    wanted = None if submissions is None else sorted(set(submissions))
    retired = {split: sorted(set(ids)) for split, ids in (retires or {}).items() if ids}
    problems = Problems()
    _check_start(challenge, reason, problems)
    _check_submissions(challenge, wanted, retired, problems)
    _check_retired(challenge, retired, problems)
    if problems.found:
        raise Refused(problems.found)
    with transaction.atomic():
        # Two organisers may have come this far at once.
        Challenge.objects.select_for_update().get(pk=challenge.pk)
        if _is_open(challenge):
            raise Refused([ANOTHER])
        made = Rejudging.objects.create(
            challenge=challenge,
            revision=challenge.revision,
            reason=reason.strip()[:500],
            whole=wanted is None,
            retires=retired,
            created_at=now,
            created_by=by,
        )
        scored = _scored(challenge)
        _add(made, scored if wanted is None else scored.filter(pk__in=wanted), now)
        audit.record("rejudging started", by=by, on=made, now=now, reason=made.reason)
    return made


def _check_start(challenge: Challenge, reason: str, problems: Problems) -> None:
    if not reason.strip():
        problems.add("reason", "is not given", "say why, for the log")
    if _is_open(challenge):
        problems.found.append(ANOTHER)


def _is_open(challenge: Challenge) -> bool:
    return challenge.rejudgings.filter(state=RejudgingState.OPEN).exists()


def _check_submissions(
    challenge: Challenge,
    wanted: list[str] | None,
    retired: dict[str, list[str]],
    problems: Problems,
) -> None:
    if wanted is None:
        return
    known = set(_scored(challenge).filter(pk__in=wanted).values_list("pk", flat=True))
    for name in sorted(set(wanted) - known)[:LISTED]:
        problems.add("submissions", f"{name} is no scored submission of this challenge")
    if retired:
        message = "retired test items concern every submission"
        problems.add("retires", message, "choose no submissions")


def _check_retired(challenge: Challenge, retired: dict[str, list[str]], problems: Problems) -> None:
    splits = set(challenge.phases.values_list("split", flat=True))
    for split, ids in retired.items():
        if split not in splits:
            problems.add("retires", f'no phase scores a split "{split}"')
            continue
        known = example_ids(challenge.revision.folder, split)
        for name in sorted(set(ids) - known)[:LISTED]:
            problems.add("retires", f"{split} has no example {name}")
        if len(known - set(ids)) < FEWEST:
            problems.add("retires", f"too few examples of {split} would be left")


def _scored(challenge: Challenge) -> QuerySet[Submission]:
    return Submission.objects.filter(
        phase__challenge=challenge, phase__retired=False, status=Status.SCORED
    ).order_by("created_at", "id")


def _add(rejudging: Rejudging, submissions: QuerySet[Submission], now: datetime) -> int:
    members = [
        Rejudged(rejudging=rejudging, submission=one, before_id=one.evaluation_id)
        for one in submissions
    ]
    for member in Rejudged.objects.bulk_create(members):
        _enqueue(member, now)
    return len(members)


def _enqueue(member: Rejudged, now: datetime) -> None:
    rejudging = member.rejudging
    jobs.enqueue(
        REJUDGE,
        key=f"{REJUDGE}:{rejudging.pk}:{member.submission_id}",
        payload={"member": member.pk},
        now=now,
        pool=pool_of(rejudging.challenge_id),
        lane=f"{REJUDGE} {rejudging.challenge_id}",
        priority=PRIORITY,
    )


def go_on(challenge: Challenge, *, now: datetime) -> None:
    """Score what waits in an open set that came from another site, without its jobs."""
    waiting = Rejudged.objects.filter(
        rejudging__challenge=challenge,
        rejudging__state=RejudgingState.OPEN,
        status=Status.QUEUED,
    )
    for member in waiting.select_related("rejudging"):
        _enqueue(member, now)


def retired_by(rejudging: Rejudging, phase: Phase) -> frozenset[str]:
    """What counts no more if this is applied: what was retired before, and what it retires."""
    return retired_items(phase) | frozenset(rejudging.retires.get(phase.split, ()))


def progress(rejudging: Rejudging) -> Progress:
    found = list(rejudging.members.values_list("status", flat=True))
    kinds = (Status.QUEUED, Status.SCORED, Status.REFUSED, Status.FAILED)
    return Progress(*(found.count(kind) for kind in kinds))


def state_text(rejudging: Rejudging) -> str:
    if rejudging.state == RejudgingState.OPEN and not progress(rejudging).waiting:
        return "Scored, not applied yet"
    return rejudging.get_state_display()


def changes(*, rejudging: Rejudging, viewer: Viewer, now: datetime) -> list[Change]:
    """Scores and ranks as they are for organisers, and as they would be."""
    require(viewer, "challenges.review", rejudging.challenge)
    members = list(rejudging.members.select_related("evaluation", "before", "submission"))
    phases = Phase.objects.filter(pk__in={one.submission.phase_id for one in members})
    phases = phases.select_related("challenge__current")
    return [change for phase in phases for change in _changes(rejudging, phase, members, now)]


def _changes(
    rejudging: Rejudging, phase: Phase, members: list[Rejudged], now: datetime
) -> Iterable[Change]:
    done = (Status.SCORED, Status.REFUSED)
    before = {one.submission_id: one.before for one in members}
    after = {one.submission_id: one.evaluation for one in members if one.status in done}
    old = _ranked(phase, now, instead=before)
    new = _ranked(phase, now, instead=after, retired=retired_by(rejudging, phase))
    for name in dict.fromkeys([*new, *old]):
        rank_before, value_before = old.get(name, (None, None))
        rank_after, value_after = new.get(name, (None, None))
        yield Change(phase.key, name, rank_before, rank_after, value_before, value_after)


def _ranked(
    phase: Phase, now: datetime, *, instead: Mapping[str, Evaluation | None], **changes: Any
) -> Ranked:
    results = standings.results_of(phase, instead=instead, **changes)
    rows = standings.compute(results, ranges=False, now=now).rows
    return {row["entrant"]: (row["rank"], row["value"]) for row in rows}


def apply(*, rejudging: Rejudging, by: User, now: datetime) -> Rejudging:
    """Let the new results count, all at once; the old ones stay among each submission's results.

    Raises:
        Refused: Not all is scored yet; what came meanwhile has been added, and what waits for an
            earlier revision's scoring waits for this one's.
    """
    require(by, "challenges.edit", rejudging.challenge)
    with transaction.atomic():
        rejudging = _lock_open(rejudging)
        late = _catch_up(rejudging, now)
        if not late:
            _apply(rejudging, by, now)
    if late:
        raise Refused(late)
    return rejudging


def _apply(rejudging: Rejudging, by: User, now: datetime) -> None:
    _check_ready(rejudging)
    for member in rejudging.members.select_related(*_WHO):
        _replace(member, now)
    _retire(rejudging)
    for phase in Phase.objects.filter(challenge=rejudging.challenge, retired=False):
        guards.forget(phase)
        refresh_board(phase, now=now)
    _end(rejudging, RejudgingState.APPLIED, now)
    audit.record("rejudging applied", by=by, on=rejudging, now=now)


def _catch_up(rejudging: Rejudging, now: datetime) -> list[Problem]:
    """See to it that no two entrants are scored by different rules; what has to be waited for."""
    if not rejudging.whole or _is_outdated(rejudging):
        return []
    problems = Problems()
    if running := _bring_forward(rejudging, now):
        are = formatting.count_text(running, "is", "are")
        message = f"{are} just being scored by an earlier revision"
        problems.add("rejudging", message, "apply it again in a moment")
    known = rejudging.members.values("submission")
    if added := _add(rejudging, _scored(rejudging.challenge).exclude(pk__in=known), now):
        are = formatting.count_text(added, "newer submission is", "newer submissions are")
        message = f"{are} being scored for this set too"
        problems.add("rejudging", message, "apply it again in a moment")
    return problems.found


def _bring_forward(rejudging: Rejudging, now: datetime) -> int:
    """Have what waits for an earlier revision's scoring scored by this one's; how many run already."""
    earlier = Job.objects.filter(
        kind=EVALUATE,
        pool=pool_of(rejudging.challenge_id),
        state__in=(JobState.READY, JobState.RUNNING),
    )
    earlier = earlier.exclude(payload__revision=rejudging.revision_id).order_by(
        "virtual_time", "id"
    )
    found = Submission.objects.select_related("phase__challenge__current")
    running = 0
    for job in earlier:
        if jobs.cancel(job.key, now=now):
            enqueue(found.get(pk=job.payload["submission"]), now=now)
        else:
            running += 1
    return running


def _lock_open(rejudging: Rejudging) -> Rejudging:
    found = Rejudging.objects.select_for_update().get(pk=rejudging.pk)
    if found.state != RejudgingState.OPEN:
        raise Refused([Problem("rejudging", f"it is {found.get_state_display().lower()} already")])
    return found


def _check_ready(rejudging: Rejudging) -> None:
    problems, found = Problems(), progress(rejudging)
    if found.waiting:
        problems.add("rejudging", f"{found.waiting:,} are not scored yet", "wait for them")
    if found.failed:
        remedy = "cancel it, mend the scorer and start another"
        problems.add("rejudging", f"{found.failed:,} could not be scored", remedy)
    if _is_outdated(rejudging):
        message = "the challenge was published anew since"
        problems.add("rejudging", message, "cancel it and start another")
    if problems.found:
        raise Refused(problems.found)


def _is_outdated(rejudging: Rejudging) -> bool:
    return rejudging.challenge.revision.pk != rejudging.revision_id


def _replace(member: Rejudged, now: datetime) -> None:
    standing = Submission.objects.filter(pk=member.submission_id, status=Status.SCORED)
    if member.status == Status.REFUSED:
        if standing.update(
            status=Status.REFUSED, problems=member.problems, evaluation=None, finished_at=now
        ):
            limits.recount(member.submission, before=Status.SCORED, after=Status.REFUSED)
    else:
        standing.update(evaluation=member.evaluation, finished_at=now)


def _retire(rejudging: Rejudging) -> None:
    RetiredItem.objects.bulk_create(
        [
            RetiredItem(
                challenge=rejudging.challenge, split=split, example_id=one, rejudging=rejudging
            )
            for split, ids in rejudging.retires.items()
            for one in ids
        ],
        ignore_conflicts=True,
    )


def cancel(*, rejudging: Rejudging, by: User, now: datetime) -> Rejudging:
    """Throw the set away; what was scored in the dark stays among the results, for organisers."""
    require(by, "challenges.edit", rejudging.challenge)
    with transaction.atomic():
        rejudging = _lock_open(rejudging)
        jobs.cancel(f"{REJUDGE}:{rejudging.pk}:", now=now)
        _end(rejudging, RejudgingState.CANCELLED, now)
        audit.record("rejudging cancelled", by=by, on=rejudging, now=now)
    return rejudging


def _end(rejudging: Rejudging, state: RejudgingState, now: datetime) -> None:
    rejudging.state, rejudging.ended_at = state, now
    rejudging.save(update_fields=["state", "ended_at"])
