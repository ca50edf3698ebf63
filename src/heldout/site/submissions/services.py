from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from typing import Any, BinaryIO

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from heldout.challenge.grammar import parse_final
from heldout.errors import Problem, Problems
from heldout.site.accounts.models import User
from heldout.site.challenges.boards import pool_of
from heldout.site.challenges.models import Challenge, Entrant, Phase, PhaseStatus
from heldout.site.challenges.services import (
    entrant_of,
    has_accepted_terms,
    join,
    refresh_board,
    require,
)
from heldout.site.common import audit, jobs
from heldout.site.common.models import Job
from heldout.site.common.prepared import Given, Prepared, insert
from heldout.site.common.problems import Conflict, Refused
from heldout.site.submissions import alerts, limits, storage, tidying
from heldout.site.submissions.models import Status, Submission

SUFFIXES = (".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".zip")
EVALUATE = "evaluate"
EARLIER = Prepared(
    lambda: Submission.objects.filter(
        phase=Given("phase"), by=Given("by"), idempotency_key=Given("key")
    )
)


def submit(
    *,
    phase: Phase,
    entrant: Entrant,
    by: User,
    upload: BinaryIO,
    filename: str,
    now: datetime,
    note: str = "",
    idempotency_key: str = "",
) -> Submission:
    """Take in a predictions file. When this returns, the submission cannot be lost.

    The file is on disk, flushed and under its final name before the one transaction that makes the
    submission and its job. The same idempotency key of the same person is the same submission.

    Raises:
        PermissionDenied: The person is not of this team.
        Refused: The phase is not open, a limit is used up, the terms are not accepted, the file is
            empty or too large: everything that stands in the way.
        Conflict: The idempotency key was used for another file.
    """
    if entrant_of(phase.challenge, by) != entrant:
        raise PermissionDenied("You are not of this team.")
    return _take_in(
        phase=phase,
        entrant=entrant,
        by=by,
        upload=upload,
        filename=filename,
        now=now,
        note=note,
        idempotency_key=idempotency_key,
    )


def _take_in(
    *,
    phase: Phase,
    entrant: Entrant,
    by: User,
    upload: BinaryIO,
    filename: str,
    now: datetime,
    note: str = "",
    idempotency_key: str = "",
) -> Submission:
    limit = settings.HELDOUT.upload_limit
    earlier = _earlier(phase, by, idempotency_key)
    if earlier is not None:
        # No limit holds for a repetition, so nothing of it is kept.
        return _same(earlier, storage.hash_only(upload, limit=limit))
    _check_rules(phase, entrant, by, filename, now)
    stored = storage.store(upload, limit=limit)
    with tidying.undone_unless_named(stored):
        return _record_or_find(
            Submission(
                phase=phase,
                entrant=entrant,
                by=by,
                created_at=now,
                filename=PurePath(filename.replace("\\", "/")).name[-200:],
                size=stored.size,
                sha256=stored.sha256,
                note=note.replace("\0", "").strip()[:500],
                idempotency_key=idempotency_key,
            )
        )


def _record_or_find(submission: Submission) -> Submission:
    try:
        return _record(submission)
    except (IntegrityError, Refused):
        # The first try may have come to its end meanwhile, and have taken the last place of a limit.
        earlier = _earlier(submission.phase, submission.by, submission.idempotency_key)
        if earlier is not None:
            return _same(earlier, submission.sha256)
        if not _follow_entrant(submission):
            raise
    return _record(submission)


def _follow_entrant(submission: Submission) -> bool:
    """Hand in for the team that its maker has become part of while the file arrived, if so.

    Raises:
        Refused: The maker takes part in the challenge no more.
    """
    entrant = entrant_of(submission.phase.challenge, submission.by)
    if entrant is None:
        message = "you left your team while the file arrived"
        raise Refused([Problem("team", message, "hand it in again")])
    moved = entrant != submission.entrant
    submission.entrant = entrant
    return moved


def submit_as_oneself(
    *, phase: Phase, by: User, filename: str, now: datetime, **given: Any
) -> Submission:
    """Submit, and enter the challenge with it; who is refused has not entered."""
    entrant = entrant_of(phase.challenge, by)
    if entrant is None:
        if obstacles := _obstacles(phase, by, filename, now):
            raise Refused(obstacles)
        entrant = join(challenge=phase.challenge, user=by, now=now)
    return _take_in(phase=phase, entrant=entrant, by=by, filename=filename, now=now, **given)


def check_may_submit(*, phase: Phase, by: User, filename: str, now: datetime) -> None:
    """Refuse what would be refused, before a byte of it has arrived."""
    obstacles = _obstacles(phase, by, filename, now)
    entrant = entrant_of(phase.challenge, by)
    if entrant is not None:
        obstacles += limits.used_up(phase=phase, entrant=entrant, user=by, now=now)
    if obstacles:
        raise Refused(obstacles)


def _record(submission: Submission) -> Submission:
    now, by = submission.created_at, submission.by
    # What need not be asked while others wait to write.
    burst = alerts.near_burst(phase=submission.phase, entrant=submission.entrant, by=by, now=now)
    with transaction.atomic():
        limits.take(submission)
        insert(submission)
        enqueue(submission, now=now, new=True)
        if burst:
            alerts.notice_burst(submission)
        audit.record("submitted", by=by, on=submission, now=now, sha256=submission.sha256)
    return submission


def enqueue(submission: Submission, *, now: datetime, new: bool = False) -> Job | None:
    challenge = submission.phase.challenge
    return jobs.enqueue(
        EVALUATE,
        key=evaluation_key(submission, challenge.revision.pk),
        payload={"submission": submission.pk, "revision": challenge.revision.pk},
        pool=pool_of(challenge.pk),
        lane=f"{challenge.pk}/{submission.entrant_id}",
        gate=gate(submission.phase),
        now=now,
        new=new,
    )


def evaluation_key(submission: Submission, revision: int) -> str:
    return f"{_prefix(submission)}{revision}"


def gate(phase: Phase) -> str:
    """What is paused when the scoring of a phase is."""
    return audit.subject(phase)


def pause(*, phase: Phase, by: User, now: datetime, reason: str = "") -> bool:
    """Begin no more scoring of this phase; what is handed in waits. False if it is paused already."""
    require(by, "challenges.edit", phase.challenge)
    with transaction.atomic():
        paused = jobs.close_gate(gate(phase), reason=reason or "by an organiser", now=now)
        if paused:
            audit.record("scoring paused", by=by, on=phase, now=now, reason=reason)
    return paused


def resume(*, phase: Phase, by: User, now: datetime) -> bool:
    """Go on with the scoring of a phase; False if it was not paused."""
    require(by, "challenges.edit", phase.challenge)
    with transaction.atomic():
        resumed = jobs.open_gate(gate(phase), now=now)
        if resumed:
            audit.record("scoring resumed", by=by, on=phase, now=now)
    return resumed


def rescore_failed(*, challenge: Challenge, by: User, now: datetime) -> int:
    """Score again everything that failed for a fault of ours; returns how many."""
    failed = Submission.objects.filter(phase__challenge=challenge, status=Status.FAILED)
    failed = failed.select_related("phase__challenge", "entrant", "by")
    return sum(rescore(submission=one, by=by, now=now) for one in failed)


def _earlier(phase: Phase, by: User, idempotency_key: str) -> Submission | None:
    if not idempotency_key:
        return None
    return EARLIER.first(phase=phase.pk, by=by.pk, key=idempotency_key)


def _same(earlier: Submission, sha256: str) -> Submission:
    if earlier.sha256 != sha256:
        raise Conflict(
            [
                Problem(
                    "Idempotency-Key",
                    "this key came with another file before",
                    "use a new key for a new submission",
                )
            ]
        )
    return earlier


def _check_rules(phase: Phase, entrant: Entrant, by: User, filename: str, now: datetime) -> None:
    obstacles = _obstacles(phase, by, filename, now)
    # Before a byte is stored: whoever has used up a limit must not fill the disk.
    obstacles += limits.used_up(phase=phase, entrant=entrant, user=by, now=now)
    if obstacles:
        raise Refused(obstacles)


def _obstacles(phase: Phase, by: User, filename: str, now: datetime) -> list[Problem]:
    """What stands in the way of a submission, apart from limits."""
    problems = Problems()
    _check_time(phase, now, problems)
    if not has_accepted_terms(phase.challenge, by):
        problems.add("terms", "the terms are not accepted yet", "read and accept them first")
    if not filename.lower().endswith(SUFFIXES):
        problems.add(
            "file",
            f"{PurePath(filename).name[:80]} is of no known kind",
            f"send one of {', '.join(SUFFIXES)}",
        )
    return problems.found


def _check_time(phase: Phase, now: datetime, problems: Problems) -> None:
    zone = phase.challenge.zone
    status = phase.status(now)
    if status == PhaseStatus.UPCOMING:
        opens = f"it opens {phase.opens.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
        problems.add("phase", f"the phase {phase} is not open yet", opens)
    elif status == PhaseStatus.CLOSED:
        closed = f"it closed {phase.closes.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
        problems.add("phase", f"the phase {phase} is closed", closed)


def withdraw(*, submission: Submission, by: User, now: datetime) -> Submission:
    """Take a submission back. Before its evaluation began it does not count against the limits.

    Raises:
        Refused: The phase is closed.
    """
    require(by, "submissions.withdraw", submission)
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=submission.pk)
        if submission.status == Status.WITHDRAWN:
            return submission
        if not can_withdraw(submission, now):
            message = f"the phase {submission.phase} is closed: what counts is settled"
            raise Refused([Problem("phase", message)])
        before = Status(submission.status)
        cancelled = jobs.cancel(_prefix(submission), now=now)
        # An attempt by an earlier revision that still runs counts it as it turns out.
        running = jobs.is_running(_prefix(submission))
        if cancelled and not running and before in Status.unfinished():
            limits.recount(submission, before=before, after=Status.WITHDRAWN)
        Submission.objects.filter(pk=submission.pk).update(status=Status.WITHDRAWN, finished_at=now)
        refresh_board(submission.phase, now=now)
        audit.record("withdrawn", by=by, on=submission, now=now)
    submission.refresh_from_db()
    return submission


def can_withdraw(submission: Submission, now: datetime) -> bool:
    """Whether its maker may take it back: after the end that would choose what counts instead."""
    return submission.phase.status(now) != PhaseStatus.CLOSED


def can_choose(submission: Submission, now: datetime) -> bool:
    """Whether its maker may say that it counts at the end, or take that back."""
    phase = submission.phase
    wanted = phase.final.startswith("chosen") and submission.status == Status.SCORED
    return wanted and phase.status(now) == PhaseStatus.OPEN


def choose(*, submission: Submission, by: User, chosen: bool, now: datetime) -> Submission:
    """Say that this submission counts at the end, or no more.

    Raises:
        Refused: The phase does not let entrants choose, is closed, or as many are chosen already.
    """
    require(by, "submissions.withdraw", submission)
    rule, phase = parse_final(submission.phase.final), submission.phase
    with transaction.atomic():
        # Locks the entrant, so that two clicks do not choose one too many.
        Entrant.objects.select_for_update().get(pk=submission.entrant_id)
        others = Submission.objects.filter(
            phase=phase, entrant=submission.entrant_id, chosen=True, status=Status.SCORED
        ).exclude(pk=submission.pk)
        problems = Problems()
        if rule.kind != "chosen":
            problems.add("final", f"in the phase {phase} nothing is chosen")
        if phase.status(now) != PhaseStatus.OPEN:
            problems.add("phase", f"the phase {phase} is not open")
        if submission.status != Status.SCORED:
            problems.add("status", "only what is scored can be chosen")
        if chosen and others.count() >= rule.keep:
            are = "one is" if rule.keep == 1 else f"{rule.keep} are"
            problems.add("final", f"{are} chosen already", "take one back first")
        if problems.found:
            raise Refused(problems.found)
        Submission.objects.filter(pk=submission.pk).update(chosen=chosen)
        refresh_board(phase, now=now)
        audit.record("chosen" if chosen else "no more chosen", by=by, on=submission, now=now)
    submission.refresh_from_db()
    return submission


def _prefix(submission: Submission) -> str:
    return f"{EVALUATE}:{submission.pk}:"


def rescore(*, submission: Submission, by: User, now: datetime) -> bool:
    """Score again what failed, or was scored by an earlier revision; the old result stays until then.

    False if the current revision has scored it, or is about to.

    Raises:
        Refused: Its file is deleted.
    """
    require(by, "submissions.rescore", submission)
    with transaction.atomic():
        # Nobody else may end or delete it meanwhile.
        before = Submission.objects.select_for_update().get(pk=submission.pk)
        _check_file(before)
        if before.status == Status.WITHDRAWN:
            return False
        # Counts before the queue, as whoever hands in: the other way round each could wait for the other.
        if before.status in Status.given_back():
            mine = Submission.objects.filter(pk=submission.pk)
            mine.update(status=Status.QUEUED, problems=[], finished_at=None)
            limits.recount(submission, before=Status(before.status), after=Status.QUEUED)
        if not enqueue(submission, now=now):
            transaction.set_rollback(True)
            return False
        audit.record("scored again", by=by, on=submission, now=now)
    submission.refresh_from_db()
    return True


def _check_file(submission: Submission) -> None:
    if submission.file_deleted_at is not None:
        message = (
            f"its file was deleted on {submission.file_deleted_at:%Y-%m-%d} "
            f"because it was refused {settings.HELDOUT.refused_days} days before"
        )
        raise Refused([Problem("file", message, "its maker may hand it in again")])
