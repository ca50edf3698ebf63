"""What the worker does with a submission, and with a leaderboard."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import msgspec

from heldout.challenge.evaluate import BrokenChallenge
from heldout.challenge.evaluate import Evaluation as Result
from heldout.challenge.evaluate import evaluate as score_file
from heldout.challenge.parts import report_part
from heldout.errors import BadInput, HeldoutError
from heldout.evaluation.report import Report
from heldout.site.challenges.boards import BOARD_PRIORITY, LONGEST_PAUSE, pool_of
from heldout.site.challenges.models import Phase, Revision
from heldout.site.challenges.services import COMPUTE_BOARD, refresh_board
from heldout.site.common import jobs
from heldout.site.common.handlers import Clock, Hopeless, handles
from heldout.site.common.models import Job, JobState
from heldout.site.common.prepared import Given, Prepared
from heldout.site.common.problems import refusal
from heldout.site.submissions import alerts, guards, limits, standings, stats, storage, tidying
from heldout.site.submissions.folders import challenge_folder
from heldout.site.submissions.models import (
    Board,
    Evaluation,
    Rejudged,
    Score,
    Status,
    Submission,
)
from heldout.site.submissions.parts import Part, counted, retired_items
from heldout.site.submissions.regimes import Regime, regime_of
from heldout.site.submissions.rejudging import REJUDGE, retired_by
from heldout.site.submissions.services import EVALUATE, evaluation_key
from heldout.site.webhooks import services as webhooks

COMPUTE_RANGES = "ranges"
TURN_BOARD = "turn"
COMPARE = "alike"
# Ranges of ranks that take long are computed at most this share of the time.
RANGES_SHARE = 0.5
QUICK = 1.0
STANDING = Prepared(
    lambda: (
        Submission.objects.select_for_update()
        .filter(pk=Given("submission"))
        .order_by()
        .values_list("status", "evaluation")
    )
)


def _set_aside(job: Job, now: datetime) -> None:
    """The last attempt failed: say so; then the submission does not count against its maker."""
    submission = _submission(job)
    if _is_outdated(job, submission):
        return
    _close(submission, now, status=Status.FAILED)


@handles(EVALUATE, give_up=_set_aside)
def evaluate_submission(job: Job, clock: Clock) -> None:
    submission = _submission(job)
    if submission.status == Status.WITHDRAWN:
        now = clock()
        with jobs.finishing(job, now=now):
            if not _is_outdated(job, submission):
                _close(submission, now, status=Status.WITHDRAWN)
            return
    Submission.objects.filter(pk=submission.pk, status=Status.QUEUED).update(status=Status.RUNNING)
    revision = Revision.objects.get(pk=job.payload["revision"])
    retired = retired_items(submission.phase)
    try:
        evaluation, report = _evaluate(submission, revision, job, retired)
    except BadInput as error:
        _refuse(job, submission, error, clock())
        return
    _write(job, evaluation, report, clock(), retired)


def _evaluate(
    submission: Submission, revision: Revision, job: Job, retired: frozenset[str]
) -> tuple[Evaluation, Report]:
    """Score and keep the statistics: first the files, later the transaction that names them."""
    began = time.monotonic()
    try:
        result = _score(submission, revision)
    except BrokenChallenge as error:
        raise Hopeless(str(error)) from error
    kept = {metric: stats.keep(one) for metric, one in result.stats.items()}
    report, private = _parts(submission.phase, revision, result, retired)
    evaluation = Evaluation(
        submission=submission,
        revision=revision,
        job=job,
        n=report.n or 0,
        seed=result.seed,
        version=report.scores[0].version if report.scores else "",
        seconds=time.monotonic() - began,
        report=msgspec.to_builtins(report),
        private=msgspec.to_builtins(private) if private else None,
        stats=kept,
    )
    return evaluation, report


def _submission(job: Job) -> Submission:
    found = Submission.objects.select_related("phase__challenge", "entrant", "by")
    return found.get(pk=job.payload["submission"])


def _score(submission: Submission, revision: Revision) -> Result:
    """Score under a name that tells the format and nothing else."""
    file = storage.verified(submission.sha256)
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder) / f"predictions{PurePath(submission.filename).suffix.lower()}"
        named.symlink_to(file)
        return score_file(
            challenge_folder(revision.folder),
            phase=submission.phase.key,
            predictions=named,
            details=True,
        )


def _parts(
    phase: Phase, revision: Revision, result: Result, retired: frozenset[str]
) -> tuple[Report, Report | None]:
    """What is told now, and what decides at the end where only a share is scored in public."""
    share = regime_of(phase).share
    report = partial(_report_part, phase, revision, result, share, retired)
    return report(Part.PUBLIC), report(Part.PRIVATE) if share else None


def _report_part(
    phase: Phase,
    revision: Revision,
    result: Result,
    share: float | None,
    retired: frozenset[str],
    part: Part,
) -> Report:
    keep = counted(revision.folder, phase, part, share=share, retired=retired)
    if keep is None:
        return result.report
    challenge = challenge_folder(revision.folder)
    return report_part(challenge, challenge.phase(phase.key), stats=result.stats, keep=keep)


def _refuse(job: Job, submission: Submission, error: BadInput, now: datetime) -> None:
    with jobs.finishing(job, now=now):
        if _is_outdated(job, submission):
            return
        _close(submission, now, status=Status.REFUSED, problems=refusal(error))


def _write(
    job: Job, evaluation: Evaluation, report: Report, now: datetime, retired: frozenset[str]
) -> None:
    """The one transaction in which a submission becomes scored."""
    submission = evaluation.submission
    with jobs.finishing(job, now=now):
        if retired_items(submission.phase) != retired:
            raise HeldoutError("test items were retired while this was scored")
        _save_evaluation(evaluation, report, now)
        if _is_outdated(job, submission):
            return
        _close(submission, now, status=Status.SCORED, problems=[], evaluation=evaluation)
        refresh_board(submission.phase, now=now)


def _is_outdated(job: Job, submission: Submission) -> bool:
    """Whether a later revision scores this too: its outcome counts, whichever of them ends last."""
    later = Revision.objects.filter(
        challenge=submission.phase.challenge_id, pk__gt=job.payload["revision"]
    )
    keys = [evaluation_key(submission, pk) for pk in later.values_list("pk", flat=True)]
    if not keys:
        return False
    # Whoever withdraws it or has it scored again is done with that, or waits for this.
    STANDING.all(submission=submission.pk)
    scoring = Job.objects.filter(key__in=keys).order_by("attempt").values_list("key", "state")
    return any(state != JobState.CANCELLED for state in dict(scoring).values())


def _save_evaluation(evaluation: Evaluation, report: Report, now: datetime) -> None:
    evaluation.created_at = now
    evaluation.save(force_insert=True)
    Score.objects.bulk_create(
        Score(evaluation=evaluation, **dataclasses.asdict(score)) for score in report.scores
    )


def _give_up_rejudged(job: Job, now: datetime) -> None:
    Rejudged.objects.filter(pk=job.payload["member"]).update(status=Status.FAILED)


@handles(REJUDGE, give_up=_give_up_rejudged)
def rejudge(job: Job, clock: Clock) -> None:
    """Score a submission in the dark: nothing of it counts until the whole set is applied."""
    members = Rejudged.objects.select_related(
        "rejudging__revision", "submission__phase__challenge", "submission__entrant"
    )
    member = members.get(pk=job.payload["member"])
    retired = retired_by(member.rejudging, member.submission.phase)
    mine = Rejudged.objects.filter(pk=member.pk)
    try:
        evaluation, report = _evaluate(member.submission, member.rejudging.revision, job, retired)
    except BadInput as error:
        with jobs.finishing(job, now=clock()):
            mine.update(status=Status.REFUSED, problems=refusal(error))
        return
    now = clock()
    with jobs.finishing(job, now=now):
        evaluation.rejudging = member.rejudging
        _save_evaluation(evaluation, report, now)
        mine.update(status=Status.SCORED, evaluation=evaluation)


@handles("tidy", slow=True, daily=True)
def tidy(job: Job, clock: Clock) -> None:
    """Delete what is kept no longer: refused files, and what broken uploads left behind."""
    now = clock()
    tidying.delete_refused_files(now=now)
    tidying.delete_unfinished(now=now)
    with jobs.finishing(job, now=clock()):
        pass


@handles(COMPUTE_BOARD)
def compute_board(job: Job, clock: Clock) -> None:
    """Write the leaderboard as it is now, at once; the ranges of ranks follow in a job of their own."""
    phase, board = _board(job)
    version, now = phase.board_version, clock()
    if board is not None and board.version >= version:
        with jobs.finishing(job, now=now):
            return
    results = standings.results_of(phase)
    guards.tell_new(results.regime, results, now=now)
    standing = standings.compute(results, ranges=False, now=now)
    with jobs.finishing(job, now=now):
        _save(phase, version, now, standing)
        _look_again(results.regime, now)
        later = now + (LONGEST_PAUSE if jobs.waits(pool_of(phase.challenge_id)) else timedelta())
        _follow(COMPARE, phase, version, later)
        _follow(COMPUTE_RANGES, phase, version, max(later, phase.board_not_before or now))


def _follow(kind: str, phase: Phase, version: int, at: datetime) -> None:
    """What a new leaderboard makes necessary, unless a job waits that will see it."""
    if not jobs.hasten(kind, key_prefix=f"{kind}:{phase.pk}:", to=at):
        key = f"{kind}:{phase.pk}:{version}"
        jobs.enqueue(kind, key=key, payload={"phase": phase.pk}, now=at, lane=kind)


def _look_again(regime: Regime, now: datetime) -> None:
    """The leaderboard freezes, thaws and reveals by itself; until then others see less, never more."""
    moment = regime.next_change(now)
    if moment is not None:
        jobs.enqueue(
            TURN_BOARD,
            key=f"{TURN_BOARD}:{regime.phase.pk}:{moment.isoformat()}",
            payload={"phase": regime.phase.pk},
            now=moment,
            priority=BOARD_PRIORITY,
        )


@handles(COMPARE, slow=True)
def compare(job: Job, clock: Clock) -> None:
    """Tell organisers of predictions from different entrants that are too much alike."""
    phase, _ = _board(job)
    now = clock()
    alerts.compare_new(standings.results_of(phase), now=now)
    with jobs.finishing(job, now=clock()):
        pass


@handles(TURN_BOARD)
def turn_board(job: Job, clock: Clock) -> None:
    """A moment has come at which others see another leaderboard."""
    phase, _ = _board(job)
    now = clock()
    with jobs.finishing(job, now=now):
        refresh_board(phase, now=now)


@handles(COMPUTE_RANGES, slow=True)
def compute_ranges(job: Job, clock: Clock) -> None:
    """Add how far each rank may be off, unless a newer state has its own job."""
    phase, board = _board(job)
    version = phase.board_version
    if board is None or board.version != version or board.ranges_version == version:
        with jobs.finishing(job, now=clock()):
            return
    began = time.monotonic()
    standing = standings.compute(standings.results_of(phase), ranges=True, now=clock())
    seconds, now = time.monotonic() - began, clock()
    with jobs.finishing(job, now=now):
        _save(phase, version, now, standing, ranges_version=version)
        pause = timedelta(seconds=seconds / RANGES_SHARE if seconds > QUICK else 0)
        Phase.objects.filter(pk=phase.pk).update(board_not_before=now + pause)


def _board(job: Job) -> tuple[Phase, Board | None]:
    phase = Phase.objects.select_related("challenge__current").get(pk=job.payload["phase"])
    return phase, Board.objects.filter(phase=phase).first()


def _save(
    phase: Phase, version: int, now: datetime, standing: standings.Standing, **ranges: int
) -> None:
    """Write a leaderboard unless a newer one stands there already."""
    fields = {"version": version, "computed_at": now, **standing._asdict(), **ranges}
    board, new = Board.objects.get_or_create(phase=phase, defaults=fields)
    if not new:
        Board.objects.filter(pk=board.pk, version__lte=version).update(**fields)


def _close(submission: Submission, now: datetime, *, status: Status, **changes: Any) -> None:
    """Write the outcome and what it counts, unless its maker has withdrawn the submission meanwhile.

    What is scored again and fails keeps the result it had.
    """
    found, evaluation = STANDING.all(submission=submission.pk)[0]
    before = Status(found)
    if before == Status.WITHDRAWN:
        if not evaluation:
            # It was withdrawn while it was scored, and is counted still.
            limits.recount(submission, before=Status.RUNNING, after=status)
        return
    if status == Status.FAILED and before not in Status.unfinished():
        return
    Submission.objects.filter(pk=submission.pk).update(status=status, finished_at=now, **changes)
    limits.recount(submission, before=before, after=status)
    _announce(submission, status, now)


def _announce(submission: Submission, status: Status, now: datetime) -> None:
    webhooks.announce(
        submission=submission.pk,
        entrant=submission.entrant,
        phase=submission.phase,
        status=status.value,
        now=now,
    )
