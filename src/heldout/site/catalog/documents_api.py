from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from heldout.challenge.datasheet import questions
from heldout.errors import BadInput, Problem
from heldout.site.accounts.security import ANYBODY, SIGNED_IN
from heldout.site.catalog import counting, datasheets, releasing
from heldout.site.catalog.api import own
from heldout.site.catalog.datasheets import Asked, Given, Part
from heldout.site.catalog.frames import find
from heldout.site.catalog.models import Release, WorkState
from heldout.site.catalog.responses import send
from heldout.site.common.schemas import FILE, MISSING, REFUSED, ProblemOut, RowId

router = Router(tags=["Data sets"])
DOCUMENT = "catalog.document"
SHEET, RELEASES = "/data/{slug}/datasheet", "/data/{slug}/releases"


class QuestionOut(Schema):
    """`counted` is what the data themselves answer. `number` is the answer's; 0 came with the data."""

    id: str
    section: str
    question: str
    required: bool
    answered: bool
    counted: str
    answer: str
    number: int
    by: str
    at: datetime | None


class AnswerIn(Schema):
    """`number` is that of the answer that was seen: one that changed meanwhile is not written over."""

    model_config = ConfigDict(extra="forbid")

    answer: str
    number: int = Field(default=0, ge=0, lt=2**31)


class AnswersIn(Schema):
    """By the ids of questions; others stay as they are."""

    model_config = ConfigDict(extra="forbid")

    answers: dict[str, AnswerIn] = Field(max_length=200)


class SavedOut(Schema):
    """`conflicts`: questions that somebody else answered meanwhile; those are not saved."""

    saved: list[str]
    conflicts: list[str]


class SheetIn(Schema):
    """The text of a `datasheet.md`."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=1_000_000)


class AnsweredOut(Schema):
    answered: int


class ReleaseOut(Schema):
    """A bundle is offered once its search for held-out answers found none."""

    id: int
    state: str
    offered: bool
    problems: list[ProblemOut]
    size: int
    sha256: str
    files: int
    asked_at: datetime
    ended_at: datetime | None


@router.get(SHEET, response={200: list[QuestionOut], **MISSING}, auth=ANYBODY, url_name="datasheet")
def get_datasheet(request: HttpRequest, slug: str) -> list[QuestionOut]:
    """The questions of the datasheet with their answers, in order."""
    revision = find(request, slug).revision
    parts = datasheets.parts_of(revision, counting.facts_of(revision))
    return [_question(part, one) for part in parts for one in part.asked]


@router.patch(
    SHEET, response={200: SavedOut, **REFUSED}, auth=SIGNED_IN, url_name="answer-datasheet"
)
def answer_datasheet(request: HttpRequest, slug: str, given: AnswersIn) -> SavedOut:
    """Answer some of the questions."""
    seen, by = own(request, slug, DOCUMENT)
    known = {one.id for one in questions()}
    if odd := sorted(given.answers.keys() - known):
        raise BadInput([Problem(name[:80], "is no question of the datasheet") for name in odd])
    answers = {name: Given(one.answer, one.number) for name, one in given.answers.items()}
    saved = datasheets.save(dataset=seen.dataset, given=answers, by=by, now=timezone.now())
    return SavedOut(saved=list(saved.saved), conflicts=list(saved.conflicts))


@router.post(
    f"{SHEET}/no-people",
    response={200: AnsweredOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="no-people",
)
def say_no_people(request: HttpRequest, slug: str) -> AnsweredOut:
    """Answer every blank question about people at once: the data are not about any."""
    seen, by = own(request, slug, DOCUMENT)
    answered = datasheets.no_people(dataset=seen.dataset, by=by, now=timezone.now())
    return AnsweredOut(answered=answered)


@router.post(
    f"{SHEET}/import",
    response={200: AnsweredOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="import-datasheet",
)
def import_datasheet(request: HttpRequest, slug: str, given: SheetIn) -> AnsweredOut:
    """Take over the answers of a file."""
    seen, by = own(request, slug, DOCUMENT)
    taken = datasheets.bring(dataset=seen.dataset, text=given.text, by=by, now=timezone.now())
    return AnsweredOut(answered=taken)


@router.get(
    RELEASES, response={200: list[ReleaseOut], **REFUSED}, auth=SIGNED_IN, url_name="releases"
)
def list_releases(request: HttpRequest, slug: str) -> list[ReleaseOut]:
    """The bundles that were asked for, the newest first."""
    seen, _ = own(request, slug, DOCUMENT)
    found = Release.objects.filter(revision__dataset=seen.dataset).select_related("revision")
    return [_release(one) for one in found]


@router.post(
    RELEASES, response={202: ReleaseOut, **REFUSED}, auth=SIGNED_IN, url_name="ask-for-release"
)
def ask_for_release(request: HttpRequest, slug: str) -> Status[ReleaseOut]:
    """Have a bundle of the newest revision made, and searched for every held-out answer."""
    seen, by = own(request, slug, DOCUMENT)
    home = request.build_absolute_uri(reverse("catalog:browse", args=[slug]))
    made = releasing.request_release(revision=seen.revision, url=home, by=by, now=timezone.now())
    return Status(202, _release(made))


@router.get(
    f"{RELEASES}/{{release}}",
    response={200: None, **REFUSED},
    auth=ANYBODY,
    url_name="release",
    openapi_extra=FILE,
)
def get_release(request: HttpRequest, slug: str, release: RowId) -> HttpResponseBase:
    """Download a bundle that is offered."""
    dataset = find(request, slug).dataset
    found = Release.objects.select_related("revision").filter(
        pk=release, revision__dataset=dataset, state=WorkState.DONE
    )
    one = found.first()
    if one is None or not _is_offered(one) or not (path := releasing.path_of(one)).is_file():
        raise Http404("There is no such bundle.")
    return send(request, path, name=path.name, etag=f'"{one.sha256}"')


def _question(part: Part, asked: Asked) -> QuestionOut:
    return QuestionOut(
        id=asked.question.id,
        section=part.section.title,
        question=asked.question.text,
        required=asked.question.required,
        answered=asked.is_answered,
        counted=asked.counted,
        answer=asked.text,
        number=asked.number,
        by=asked.by,
        at=asked.at,
    )


def _is_offered(release: Release) -> bool:
    return releasing.is_offered(release, releasing.state_of(release.revision))


def _release(release: Release) -> ReleaseOut:
    shown = ("state", "problems", "size", "sha256", "files", "asked_at", "ended_at")
    fields = {name: getattr(release, name) for name in shown}
    return ReleaseOut(id=release.pk, offered=_is_offered(release), **fields)
