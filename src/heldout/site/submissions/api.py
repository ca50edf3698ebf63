from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
)
from django.utils import timezone
from ninja import File, Form, Router, Schema, Status, UploadedFile
from ninja.params.functions import Header

from heldout.site.accounts.security import ANYBODY, SIGNED_IN, TAKING_PART, caller
from heldout.site.catalog.responses import matches, send
from heldout.site.challenges.access import Viewer
from heldout.site.challenges.api import viewer
from heldout.site.challenges.lookup import find_challenge, find_phase_of
from heldout.site.common.rendered import lately, rendered
from heldout.site.common.schemas import FILE, MISSING, REFUSED, ProblemOut
from heldout.site.common.uploads import stream
from heldout.site.submissions import boards, results, services, storage
from heldout.site.submissions.models import Submission
from heldout.site.submissions.organising_api import router as organising

router = Router(tags=["Submissions"])
router.add_router("", organising)
LIST_LIMIT = 500


class BoardScoreOut(Schema):
    metric: str
    name: str
    value: float | None
    low: float | None
    high: float | None


class BoardRowOut(Schema):
    """`rank_low` to `rank_high`: the ranks that agree with the data.

    `submissions` of `budget` test evaluations are used; null: there is no budget. `public` and
    `private` are the numbers of the two shares of the examples, `gap` their difference.
    `without_leaks` is the number without the `leaked_items`, test items confirmed as leaked.
    """

    rank: int | None
    rank_low: int | None
    rank_high: int | None
    entrant: str
    metric: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    level_with_first: bool | None
    submissions: int
    submitted_at: str
    scores: list[BoardScoreOut]
    baseline: bool
    budget: int | None
    public: float | None
    private: float | None
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    without_leaks: float | None
    leaked_items: int


class BoardOut(Schema):
    """What the phase does not reveal is null; if it reveals no scores, `hidden` is true.

    `frozen_at`: it shows what was handed in before then. `guard`: how values are kept from being
    fitted to. `final`: the private share of the examples ranks.
    """

    challenge: str
    phase: str
    version: int
    pending: bool
    hidden: bool
    higher_is_better: bool
    frozen_at: datetime | None
    guard: str
    final: bool
    leaderboard: list[BoardRowOut]


class ScoreOut(Schema):
    metric: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    seed: int
    version: str
    method: str
    reason: str


class SubmissionOut(Schema):
    """A submission as the caller may see it. `status` ends as scored, refused, failed or withdrawn.

    `private` holds the scores of the private share once they are told; `told_from` is when the scores
    of a phase with delayed ones will be.
    """

    id: str
    challenge: str
    phase: str
    entrant: str
    by: str
    status: str
    created_at: datetime
    finished_at: datetime | None
    filename: str
    size: int
    sha256: str
    note: str
    chosen: bool
    scores: list[ScoreOut]
    private: list[ScoreOut]
    guard: str
    told_from: datetime | None
    problems: list[ProblemOut]


class SubmissionDetail(SubmissionOut):
    subgroups: list[dict[str, Any]]
    per_class: list[dict[str, Any]]
    hides: list[str]


@router.get(
    "/challenges/{slug}/phases/{phase}/leaderboard",
    response={200: BoardOut, 304: None, 403: MISSING[404], **MISSING},
    auth=ANYBODY,
    url_name="leaderboard",
)
def get_leaderboard(request: HttpRequest, slug: str, phase: str) -> HttpResponseBase:
    """The leaderboard. Send its ETag back as `If-None-Match` and an unchanged one answers 304."""
    return _board(request, slug, phase, "application/json", _json)


@router.get(
    "/challenges/{slug}/phases/{phase}/leaderboard.csv",
    response={200: None, 304: None, 403: MISSING[404], **MISSING},
    auth=ANYBODY,
    url_name="leaderboard-csv",
    openapi_extra=FILE,
)
def get_leaderboard_csv(request: HttpRequest, slug: str, phase: str) -> HttpResponseBase:
    """The leaderboard as CSV, one line per entrant."""
    response = _board(request, slug, phase, "text/csv; charset=utf-8", _csv)
    if response.status_code == HTTPStatus.OK:
        response["Content-Disposition"] = f'attachment; filename="{slug}-{phase}.csv"'
    return response


@router.post(
    "/challenges/{slug}/phases/{phase}/submissions",
    response={201: SubmissionOut, **REFUSED},
    auth=TAKING_PART,
    url_name="submit",
)
def submit(
    request: HttpRequest,
    slug: str,
    phase: str,
    file: File[UploadedFile],
    note: Form[str] = "",
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key", max_length=100)] = "",
) -> Status[SubmissionOut]:
    """Hand in a predictions file. A retry with the same `Idempotency-Key` is the same submission."""
    user, now = caller(request), timezone.now()
    found = find_phase_of(slug, phase, user)
    submission = services.submit_as_oneself(
        phase=found,
        by=user,
        upload=stream(file),
        filename=file.name or "",
        note=note,
        idempotency_key=idempotency_key,
        now=now,
    )
    if submission.evaluation_id is None:
        return Status(201, SubmissionOut(**_fields(results.received(submission))))
    return Status(201, _submission(submission, user))


@router.get(
    "/challenges/{slug}/submissions",
    response={200: list[SubmissionOut], **REFUSED},
    auth=SIGNED_IN,
    url_name="submissions",
)
def list_submissions(
    request: HttpRequest, slug: str, everybody: bool = False
) -> list[SubmissionOut]:
    """The caller's own submissions, the newest first; organisers may ask for everybody's."""
    user = viewer(request)
    challenge = find_challenge(slug, user)
    ask = results.all_submissions if everybody else results.submissions_of
    found = ask(challenge=challenge, viewer=user).prefetch_related("evaluation__scores")
    return [_submission(one, user) for one in found[:LIST_LIMIT]]


@router.get(
    "/submissions/{submission}",
    response={200: SubmissionDetail, **REFUSED},
    auth=SIGNED_IN,
    url_name="submission",
)
def get_submission(request: HttpRequest, submission: str) -> SubmissionDetail:
    """One submission with its scores, intervals and subgroups, as far as the phase reveals them."""
    view = results.submission_detail(
        submission=_find(submission, viewer(request)), viewer=viewer(request)
    )
    return SubmissionDetail(
        **_fields(view),
        subgroups=list(view.subgroups),
        per_class=list(view.per_class),
        hides=[what.value for what in view.hides],
    )


@router.get(
    "/submissions/{submission}/file",
    response={200: None, **REFUSED},
    auth=SIGNED_IN,
    url_name="submission-file",
    openapi_extra=FILE,
)
def get_submission_file(request: HttpRequest, submission: str) -> HttpResponseBase:
    """The file as it was handed in."""
    found = _find(submission, viewer(request))
    if found.file_deleted_at:
        raise Http404("The file was refused, and deleted after a while.")
    return send(
        request, storage.at_hand(found.sha256), name=found.filename, etag=f'"{found.sha256}"'
    )


@router.post(
    "/submissions/{submission}/withdraw",
    response={200: SubmissionOut, **REFUSED},
    auth=TAKING_PART,
    url_name="withdraw",
)
def withdraw(request: HttpRequest, submission: str) -> SubmissionOut:
    """Take a submission back. Before its scoring began it does not count against the limits."""
    user = caller(request)
    found = services.withdraw(submission=_find(submission, user), by=user, now=timezone.now())
    return _submission(found, user)


class ChoiceIn(Schema):
    """`chosen` false takes a choice back."""

    chosen: bool = True


@router.post(
    "/submissions/{submission}/choose",
    response={200: SubmissionOut, **REFUSED},
    auth=TAKING_PART,
    url_name="choose",
)
def choose(request: HttpRequest, submission: str, choice: ChoiceIn) -> SubmissionOut:
    """Say which submissions count at the end, where the phase lets entrants choose."""
    user = caller(request)
    found = _find(submission, user)
    services.choose(submission=found, by=user, chosen=choice.chosen, now=timezone.now())
    return _submission(found, user)


@router.post(
    "/submissions/{submission}/rescore",
    response={200: SubmissionOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="rescore",
)
def rescore(request: HttpRequest, submission: str) -> SubmissionOut:
    """Score again what failed or was scored by an earlier revision; for organisers."""
    user = caller(request)
    found = _find(submission, user)
    services.rescore(submission=found, by=user, now=timezone.now())
    return _submission(found, user)


def _find(submission: str, user: Viewer) -> Submission:
    """What the caller may not see is not there."""
    found = (
        Submission.objects.select_related("phase__challenge", "entrant", "by", "evaluation")
        .filter(pk=submission)
        .first()
    )
    if found is None or not user.has_perm("submissions.view", found):
        raise Http404("There is no such submission.")
    return found


def _board(
    request: HttpRequest,
    slug: str,
    phase: str,
    kind: str,
    render: Callable[[boards.BoardView], bytes],
) -> HttpResponse:
    """A leaderboard, rendered once per state, unless the caller has this state of it."""
    user = viewer(request)
    found = find_phase_of(slug, phase, user)
    state = boards.state(phase=found, viewer=user)
    if matches(request, state.etag):
        return HttpResponseNotModified(headers={"ETag": state.etag})
    series = f"board-{render.__name__}-{found.pk}-{state.sees}"
    name = f"{series}-{state.etag}"
    get = lately if state.pending else rendered

    def make() -> bytes:
        return render(boards.leaderboard(phase=found, viewer=user))

    body = get(name, make, series=series)
    # What is pending may be of a moment ago.
    headers = {} if state.pending else {"ETag": state.etag}
    return HttpResponse(body, content_type=kind, headers=headers)


def _json(view: boards.BoardView) -> bytes:
    return msgspec.json.encode(boards.as_json(view))


def _csv(view: boards.BoardView) -> bytes:
    return boards.as_csv(view).encode()


def _submission(submission: Submission, user: Viewer) -> SubmissionOut:
    return SubmissionOut(**_fields(results.submission_detail(submission=submission, viewer=user)))


def _fields(view: results.SubmissionView) -> dict[str, Any]:
    one = view.submission
    return {
        "id": one.pk,
        "challenge": one.phase.challenge.slug,
        "phase": one.phase.key,
        "entrant": one.entrant.name,
        "by": one.by.handle,
        "status": view.status.value,
        "created_at": one.created_at,
        "finished_at": one.finished_at,
        "filename": one.filename,
        "size": one.size,
        "sha256": one.sha256,
        "note": one.note,
        "chosen": one.chosen,
        "scores": [asdict(score) for score in view.scores],
        "private": [asdict(score) for score in view.private],
        "guard": view.guard,
        "told_from": view.told_from,
        "problems": list(view.problems),
    }
