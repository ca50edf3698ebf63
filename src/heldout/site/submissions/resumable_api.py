"""Resumable uploads as tus 1.0 has them: creation, checksum, expiration and termination."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from email.utils import format_datetime
from functools import wraps
from typing import Annotated, Any, BinaryIO, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import reverse
from django.utils import timezone
from ninja import Router
from ninja.errors import HttpError
from ninja.params.functions import Header

from heldout.site.accounts.models import Scope
from heldout.site.accounts.security import ANYBODY, TAKING_PART, caller, may
from heldout.site.challenges.lookup import find_phase_of
from heldout.site.common.schemas import REFUSED
from heldout.site.submissions import resumable

router = Router(tags=["Resumable uploads"])

TUS = "1.0.0"
BYTES = "application/offset+octet-stream"
EXTENSIONS = "creation,checksum,expiration,termination"
OTHERS = {
    400: REFUSED[404],
    410: REFUSED[404],
    412: REFUSED[404],
    415: REFUSED[404],
    423: REFUSED[404],
}
ANSWERS: dict[Any, Any] = {**REFUSED, **OTHERS, 460: REFUSED[404]}

Version = Annotated[str, Header(alias="Tus-Resumable", description="1.0.0")]
View = Callable[..., HttpResponse]


def _speaks_tus(view: View) -> View:
    @wraps(view)
    def answer(request: HttpRequest, **given: Any) -> HttpResponse:
        if given.pop("tus_resumable") != TUS:
            raise HttpError(412, f"say Tus-Resumable: {TUS}")
        try:
            response = view(request, **given)
        except resumable.OffsetMismatch as error:
            raise HttpError(409, str(error)) from None
        except resumable.Gone as error:
            raise HttpError(410, str(error)) from None
        except resumable.Locked as error:
            raise HttpError(423, str(error)) from None
        except resumable.ChecksumMismatch as error:
            raise HttpError(460, str(error)) from None
        response["Tus-Resumable"] = TUS
        response["Cache-Control"] = "no-store"
        return response

    return answer


@router.api_operation(
    ["OPTIONS"], "/uploads", response={204: None}, auth=ANYBODY, url_name="tus-options"
)
def upload_options(request: HttpRequest) -> HttpResponse:
    """What this server knows of tus."""
    return HttpResponse(
        status=204,
        headers={
            "Tus-Resumable": TUS,
            "Tus-Version": TUS,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(settings.HELDOUT.upload_limit),
            "Tus-Checksum-Algorithm": ",".join(resumable.ALGORITHMS),
        },
    )


@router.post(
    "/challenges/{slug}/phases/{phase}/uploads",
    response={201: None, **ANSWERS},
    auth=TAKING_PART,
    url_name="tus-create",
)
def begin_upload(
    request: HttpRequest,
    slug: str,
    phase: str,
    upload_length: Annotated[str, Header(alias="Upload-Length")] = "",
    upload_metadata: Annotated[str, Header(alias="Upload-Metadata")] = "",
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key", max_length=100)] = "",
    tus_resumable: Version = "",
) -> HttpResponse:
    """Begin a resumable upload of predictions; `Upload-Metadata` has `filename` and perhaps `note`."""
    return _create(
        request,
        slug=slug,
        phase=phase,
        length=upload_length,
        metadata=upload_metadata,
        key=idempotency_key,
        tus_resumable=tus_resumable,
    )


@_speaks_tus
def _create(
    request: HttpRequest, slug: str, phase: str, length: str, metadata: str, key: str
) -> HttpResponse:
    user = caller(request)
    about = _metadata(metadata)
    upload = resumable.create(
        phase=find_phase_of(slug, phase, user),
        by=user,
        length=_number(length, "Upload-Length"),
        filename=about.get("filename", ""),
        note=about.get("note", ""),
        key=key,
        now=timezone.now(),
    )
    response = HttpResponse(status=201)
    response["Location"] = request.build_absolute_uri(reverse("api:tus", args=[upload.id]))
    response["Upload-Expires"] = format_datetime(upload.expires, usegmt=True)
    return response


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise HttpError(400, f"{name} is not a number of bytes")
    return int(text)


def _metadata(text: str) -> dict[str, str]:
    """Read `name base64, name base64`."""
    found = {}
    try:
        for pair in filter(None, (one.strip() for one in text.split(","))):
            name, _, value = pair.partition(" ")
            found[name] = base64.b64decode(value, validate=True).decode().replace("\0", "")
    except (binascii.Error, ValueError):
        raise HttpError(400, "Upload-Metadata is not names and values in base64") from None
    return found


@router.api_operation(
    ["HEAD"], "/uploads/{upload}", response={200: None, **ANSWERS}, auth=TAKING_PART, url_name="tus"
)
def get_upload(request: HttpRequest, upload: str, tus_resumable: Version = "") -> HttpResponse:
    """How much of an upload has arrived."""
    return _look(request, upload=upload, tus_resumable=tus_resumable)


@_speaks_tus
def _look(request: HttpRequest, upload: str) -> HttpResponse:
    hand_in = may(request, Scope.SUBMIT)
    found, offset = resumable.look(upload, by=caller(request), now=timezone.now(), hand_in=hand_in)
    return _state(found, offset, 200, found.submission)


def _state(
    upload: resumable.Upload, offset: int, status: int, submission: str = ""
) -> HttpResponse:
    response = HttpResponse(status=status)
    response["Upload-Offset"] = str(offset)
    response["Upload-Length"] = str(upload.length)
    response["Upload-Expires"] = format_datetime(upload.expires, usegmt=True)
    if submission:
        response["Heldout-Submission"] = submission
    return response


@router.patch(
    "/uploads/{upload}", response={204: None, **ANSWERS}, auth=TAKING_PART, url_name="tus"
)
def continue_upload(
    request: HttpRequest,
    upload: str,
    upload_offset: Annotated[str, Header(alias="Upload-Offset")] = "",
    upload_checksum: Annotated[str, Header(alias="Upload-Checksum")] = "",
    tus_resumable: Version = "",
) -> HttpResponse:
    """Send the next bytes. With the last of them the file is handed in; `Heldout-Submission` names it."""
    return _go_on(
        request,
        upload=upload,
        offset=upload_offset,
        checksum=upload_checksum,
        tus_resumable=tus_resumable,
    )


@_speaks_tus
def _go_on(request: HttpRequest, upload: str, offset: str, checksum: str) -> HttpResponse:
    if request.content_type != BYTES:
        raise HttpError(415, f"send the bytes as {BYTES}")
    user = caller(request)
    found = resumable.find(upload, by=user, now=timezone.now())
    begin = _number(offset, "Upload-Offset")
    try:
        arrived = resumable.append(found, cast(BinaryIO, request), offset=begin, checksum=checksum)
    except UnreadablePostError:
        raise HttpError(400, "the connection broke off; ask how much has arrived") from None
    if arrived < found.length:
        return _state(found, arrived, 204)
    # It counts when the last byte has come, however early the first one was sent.
    return _state(found, arrived, 204, resumable.finish(found, by=user, now=timezone.now()).pk)


@router.delete(
    "/uploads/{upload}", response={204: None, **ANSWERS}, auth=TAKING_PART, url_name="tus"
)
def give_up_upload(request: HttpRequest, upload: str, tus_resumable: Version = "") -> HttpResponse:
    """Give an upload up."""
    return _end(request, upload=upload, tus_resumable=tus_resumable)


@_speaks_tus
def _end(request: HttpRequest, upload: str) -> HttpResponse:
    resumable.end(resumable.find(upload, by=caller(request), now=timezone.now()))
    return HttpResponse(status=204)
