from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from ninja import File, Router, Schema, Status, UploadedFile
from pydantic import ConfigDict, Field

from heldout.site.accounts.models import User
from heldout.site.accounts.security import ANYBODY, SIGNED_IN, TAKING_PART, caller
from heldout.site.catalog.responses import download
from heldout.site.challenges import services
from heldout.site.challenges.access import Viewer, require
from heldout.site.challenges.frames import phase_title
from heldout.site.challenges.lookup import find_challenge, find_file, find_phase
from heldout.site.challenges.models import Challenge, Phase
from heldout.site.challenges.permissions import EDITORS
from heldout.site.common.schemas import FILE, MISSING, REFUSED
from heldout.site.common.uploads import stream

router = Router(tags=["Challenges"])


class LimitsOut(Schema):
    per_day: int | None
    per_week: int | None
    in_total: int | None


class PhaseOut(Schema):
    """`freezes`: from then on the leaderboard stands still until the phase closes."""

    id: str
    title: str
    split: str
    status: str
    opens: datetime
    closes: datetime
    freezes: datetime | None
    submissions: LimitsOut
    final: str
    leaderboard: str
    reveal: list[str]


class ChallengeSummary(Schema):
    id: str
    title: str
    summary: str
    task: str
    visibility: str
    published_at: datetime


class MetricOut(Schema):
    id: str
    name: str | None
    primary: bool


class ChallengeOut(ChallengeSummary):
    revision: int
    timezone: str
    license: str
    classes: list[str]
    metrics: list[MetricOut]
    phases: list[PhaseOut]
    overview: str
    terms: str
    terms_digest: str
    terms_accepted: bool
    entrant: str | None


class FileOut(Schema):
    name: str
    split: str
    size: int
    sha256: str
    examples: int | None


class PhaseEdit(Schema):
    """Only what is given is changed; a limit of null is no limit, `freezes` of null no freeze."""

    model_config = ConfigDict(extra="forbid")

    title: str = ""
    opens: datetime | None = None
    closes: datetime | None = None
    freezes: datetime | None = None
    per_day: int | None = None
    per_week: int | None = None
    in_total: int | None = None
    leaderboard: str | None = None
    reveal: Annotated[list[str], Field(max_length=20)] | None = None
    final: str | None = None


class TermsIn(Schema):
    """The digest of the terms as they were shown."""

    terms_digest: str


class Published(Schema):
    """`changed`: whether the revision is new, or all of it stood there already."""

    id: str
    revision: int
    changed: bool = True


@router.get("/challenges", response=list[ChallengeSummary], auth=ANYBODY, url_name="challenges")
def list_challenges(request: HttpRequest) -> list[ChallengeSummary]:
    """The challenges the caller may see, the newest first."""
    return [ChallengeSummary(**_summary(one)) for one in services.visible(viewer(request))]


@router.post(
    "/challenges", response={201: Published, **REFUSED}, auth=SIGNED_IN, url_name="publish"
)
def publish_challenge(request: HttpRequest, file: File[UploadedFile]) -> Status[Published]:
    """Publish a ZIP of a challenge folder. An id that the caller organises gets a new revision."""
    now = timezone.now()
    return _published(services.publish(source=stream(file), by=caller(request), now=now), now)


@router.get("/folders", response={200: list[str], **REFUSED}, auth=SIGNED_IN, url_name="folders")
def list_folders(request: HttpRequest) -> list[str]:
    """Challenge folders on the server that the caller may publish; for those who create challenges."""
    _require_publisher(caller(request))
    return services.folders_on_server()


@router.post(
    "/folders/{folder}/publish",
    response={201: Published, **REFUSED},
    auth=SIGNED_IN,
    url_name="publish-folder",
)
def publish_folder(request: HttpRequest, folder: str) -> Status[Published]:
    """Publish a challenge folder that lies on the server already."""
    by = caller(request)
    _require_publisher(by)
    if folder not in services.folders_on_server():
        raise Http404("There is no such folder.")
    source, now = services.folder_on_server(folder), timezone.now()
    return _published(services.publish(source=source, by=by, now=now), now)


def _published(challenge: Challenge, now: datetime) -> Status[Published]:
    revision = challenge.revision
    changed = revision.created_at >= now
    return Status(201, Published(id=challenge.slug, revision=revision.number, changed=changed))


@router.get(
    "/challenges/{slug}",
    response={200: ChallengeOut, **MISSING},
    auth=ANYBODY,
    url_name="challenge",
)
def get_challenge(request: HttpRequest, slug: str) -> ChallengeOut:
    """One challenge: its pages, metrics, phases, and as whom the caller takes part."""
    challenge = find_challenge(slug, viewer(request))
    definition, now = challenge.revision.definition, timezone.now()
    entrant = services.entrant_of(challenge, viewer(request))
    return ChallengeOut(
        **_summary(challenge),
        revision=challenge.revision.number,
        timezone=challenge.timezone,
        license=definition["challenge"]["license"],
        classes=definition["challenge"]["classes"],
        metrics=[
            MetricOut(id=one["id"], name=one["name"], primary=one["primary"])
            for one in definition["metrics"]
        ],
        phases=[_phase(one, now) for one in _phases(challenge)],
        overview=challenge.revision.overview,
        terms=challenge.revision.terms,
        terms_digest=challenge.revision.terms_digest,
        terms_accepted=services.has_accepted_terms(challenge, viewer(request)),
        entrant=entrant.name if entrant else None,
    )


@router.get(
    "/challenges/{slug}/phases",
    response={200: list[PhaseOut], **MISSING},
    auth=ANYBODY,
    url_name="phases",
)
def list_phases(request: HttpRequest, slug: str) -> list[PhaseOut]:
    """The phases with their times, limits and what they reveal."""
    now = timezone.now()
    return [_phase(one, now) for one in _phases(find_challenge(slug, viewer(request)))]


@router.patch(
    "/challenges/{slug}/phases/{phase}",
    response={200: PhaseOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="phase",
)
def edit_phase(request: HttpRequest, slug: str, phase: str, changes: PhaseEdit) -> PhaseOut:
    """Change a phase; for organisers."""
    (challenge, by), now = asked(request, slug), timezone.now()
    found = find_phase(challenge, phase)
    edited = services.edit_phase(
        phase=found, by=by, now=now, **changes.model_dump(exclude_unset=True)
    )
    return _phase(edited, now)


@router.post(
    "/challenges/{slug}/terms", response={204: None, **REFUSED}, auth=TAKING_PART, url_name="terms"
)
def accept_terms(request: HttpRequest, slug: str, terms: TermsIn) -> Status[None]:
    """Accept the terms as they were shown."""
    challenge, user = asked(request, slug)
    services.accept_terms(
        challenge=challenge, user=user, terms_digest=terms.terms_digest, now=timezone.now()
    )
    return Status(204, None)


@router.get(
    "/challenges/{slug}/data",
    response={200: list[FileOut], **MISSING},
    auth=ANYBODY,
    url_name="files",
)
def list_files(request: HttpRequest, slug: str) -> list[FileOut]:
    """The public data: one table per split, and one ZIP of everything."""
    files = find_challenge(slug, viewer(request)).revision.data.files.all()
    return [FileOut.from_orm(one) for one in files]


@router.get(
    "/challenges/{slug}/data/{name}",
    response={200: None, **MISSING},
    auth=ANYBODY,
    url_name="file",
    openapi_extra=FILE,
)
def get_file(request: HttpRequest, slug: str, name: str) -> HttpResponseBase:
    """Download one file. Its ETag is its SHA-256."""
    return download(request, find_file(find_challenge(slug, viewer(request)), name))


def asked(request: HttpRequest, slug: str, permission: str = "") -> tuple[Challenge, User]:
    """The challenge that is meant and who asks, if they may do this with it."""
    by = caller(request)
    challenge = find_challenge(slug, by)
    if permission:
        require(by, permission, challenge)
    return challenge, by


def _require_publisher(by: User) -> None:
    """Who publishes new challenges, or new revisions of one."""
    edits = by.organises.filter(role__in=EDITORS).exists()
    if not edits:
        require(by, "challenges.create")


def viewer(request: HttpRequest) -> Viewer:
    return request.auth  # type: ignore[attr-defined, no-any-return]


def _summary(challenge: Challenge) -> dict[str, Any]:
    return {
        "id": challenge.slug,
        "title": challenge.title,
        "summary": challenge.summary,
        "task": challenge.task,
        "visibility": challenge.visibility,
        "published_at": challenge.published_at,
    }


def _phases(challenge: Challenge) -> list[Phase]:
    return list(challenge.phases.filter(retired=False))


def _phase(phase: Phase, now: datetime) -> PhaseOut:
    return PhaseOut(
        id=phase.key,
        title=phase_title(phase),
        split=phase.split,
        status=phase.status(now).value,
        opens=phase.opens,
        closes=phase.closes,
        freezes=phase.freezes,
        submissions=LimitsOut(
            per_day=phase.per_day, per_week=phase.per_week, in_total=phase.in_total
        ),
        final=phase.final,
        leaderboard=phase.leaderboard,
        reveal=phase.reveal,
    )
