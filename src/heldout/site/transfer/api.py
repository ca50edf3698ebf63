from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from ninja import Router, Schema, Status

from heldout.site.accounts.security import SIGNED_IN
from heldout.site.catalog.responses import send
from heldout.site.challenges.api import asked
from heldout.site.common.schemas import FILE, REFUSED
from heldout.site.transfer import services

router = Router(tags=["Archives"])
EXPORT = "challenges.export"


class ArchiveOut(Schema):
    """`size` is null until the archive is complete."""

    name: str
    asked_at: datetime
    until: datetime
    size: int | None
    failed: bool


class Asked(Schema):
    name: str


@router.get(
    "/challenges/{slug}/archives",
    response={200: list[ArchiveOut], **REFUSED},
    auth=SIGNED_IN,
    url_name="archives",
)
def list_archives(request: HttpRequest, slug: str) -> list[ArchiveOut]:
    """The archives of everything in the challenge; for its organisers."""
    challenge, _ = asked(request, slug, EXPORT)
    found = services.archives(challenge, now=timezone.now())
    return [ArchiveOut(**one._asdict()) for one in found]


@router.post(
    "/challenges/{slug}/archives",
    response={202: Asked, **REFUSED},
    auth=SIGNED_IN,
    url_name="ask-for-archive",
)
def ask_for_archive(request: HttpRequest, slug: str) -> Status[Asked]:
    """Have everything exported, answers included; the list says when it is there."""
    challenge, user = asked(request, slug, EXPORT)
    name = services.ask_for_archive(challenge=challenge, by=user, now=timezone.now())
    return Status(202, Asked(name=name))


@router.get(
    "/challenges/{slug}/archives/{archive}",
    response={200: None, **REFUSED},
    auth=SIGNED_IN,
    url_name="archive",
    openapi_extra=FILE,
)
def get_archive(request: HttpRequest, slug: str, archive: str) -> HttpResponseBase:
    """Download an archive."""
    challenge, _ = asked(request, slug, EXPORT)
    path = services.find_archive(challenge, archive, now=timezone.now())
    if path is None:
        raise Http404("There is no such archive.")
    return send(request, path, name=archive, etag=f'"{archive}"')
