"""Uploads that go on where they broke off: what has arrived is on disk, and its length is the truth.

Each upload is two files beside the incoming ones: the bytes, and a note of whose they are. When the
last byte has arrived the file is handed in by the same verb as every other.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec
from django.conf import settings
from django.http import Http404

from heldout.datasets.atomic import write_bytes
from heldout.decoding import decode
from heldout.errors import HeldoutError, Problem
from heldout.site.accounts.models import User
from heldout.site.challenges.models import Phase
from heldout.site.common.problems import Refused
from heldout.site.submissions import services
from heldout.site.submissions.models import Submission

LIFETIME = timedelta(hours=24)
MOST_OPEN = 10  # Unfinished uploads of one person.
CHUNK = 1 << 20
ALGORITHMS = ("sha256", "sha1")
_ID = re.compile(r"[0-9a-f]{32}")


class OffsetMismatch(HeldoutError):
    """The bytes would not begin where the others ended."""


class ChecksumMismatch(HeldoutError):
    """The bytes did not arrive as they were sent; they are thrown away."""


class Locked(HeldoutError):
    """Another request writes to this upload."""


class Gone(HeldoutError):
    """It was there a moment ago: somebody ended it, or deleted its folder."""


@contextmanager
def _there() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise Gone("the upload is not there any more: begin a new one") from None


class Upload(msgspec.Struct, frozen=True):
    """Whose upload it is and what becomes of it."""

    id: str
    user: int
    phase: int
    length: int
    filename: str
    note: str
    key: str
    expires: datetime
    submission: str = ""

    @property
    def bytes_path(self) -> Path:
        return _folder() / f"{self.id}.part"

    @property
    def offset(self) -> int:
        """How much has arrived.

        Raises:
            Gone: The bytes are not there any more.
        """
        if self.submission:
            return self.length
        with _there():
            return self.bytes_path.stat().st_size


def _folder() -> Path:
    folder = Path(settings.SUBMISSIONS) / "resumable"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _write(upload: Upload) -> None:
    write_bytes(_folder() / f"{upload.id}.json", msgspec.json.encode(upload), mode=0o600)


def create(
    *, phase: Phase, by: User, length: int, filename: str, note: str, key: str, now: datetime
) -> Upload:
    """Begin an upload; nothing of it is kept longer than a day unless it is finished.

    Raises:
        Refused: It is too large or empty, or the person has too many unfinished ones.
    """
    mine = [one for one in _all(now) if one.user == by.pk and not one.submission]
    if not length:
        raise Refused([Problem("file", "it is empty")])
    if length > settings.HELDOUT.upload_limit:
        most = f"{settings.HELDOUT.upload_limit / 1e6:,.0f} MB"
        raise Refused([Problem("file", f"it is larger than {most}", "send a smaller one")])
    if len(mine) >= MOST_OPEN:
        remedy = "finish or end one of them"
        raise Refused([Problem("file", f"{len(mine)} of your uploads are unfinished", remedy)])
    services.check_may_submit(phase=phase, by=by, filename=filename, now=now)
    name = secrets.token_hex(16)
    upload = Upload(
        name, by.pk, phase.pk, length, filename[-200:], note[:500], key or name, now + LIFETIME
    )
    os.close(os.open(upload.bytes_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    _write(upload)
    return upload


def _all(now: datetime) -> list[Upload]:
    """All uploads; those whose time is over are deleted."""
    found = []
    for path in _folder().glob("*.json"):
        with suppress(FileNotFoundError, msgspec.MsgspecError):
            upload = decode(path.read_bytes(), Upload)
            if upload.expires > now:
                found.append(upload)
            else:
                _delete(upload)
    return found


def _delete(upload: Upload) -> None:
    upload.bytes_path.unlink(missing_ok=True)
    (_folder() / f"{upload.id}.json").unlink(missing_ok=True)


def find(upload: str, *, by: User, now: datetime) -> Upload:
    """One's own upload, unless its time is over."""
    path = _folder() / f"{upload}.json"
    if not _ID.fullmatch(upload) or not path.is_file():
        raise Http404("There is no such upload.")
    found = _read(path)
    if found.user != by.pk or found.expires <= now:
        raise Http404("There is no such upload.")
    return found


def _read(path: Path) -> Upload:
    with _there():
        return decode(path.read_bytes(), Upload)


def look(upload: str, *, by: User, now: datetime, hand_in: bool) -> tuple[Upload, int]:
    """One's own upload, and how much of it has arrived.

    `hand_in`: what is there whole but was not handed in, for the site stopped before, is handed in now:
    who hears that all has arrived sends nothing more.

    Raises:
        Gone: The bytes are not there any more.
        Refused: It is whole, and may not be handed in any more.
    """
    found = find(upload, by=by, now=now)
    try:
        offset = found.offset
    except Gone:  # Its bytes go, too, when another request hands them in.
        found = find(upload, by=by, now=now)
        return found, found.offset
    if hand_in and offset == found.length and not found.submission:
        _hand_in_late(found, by=by, now=now)
        found = find(upload, by=by, now=now)
    return found, offset


def _hand_in_late(upload: Upload, *, by: User, now: datetime) -> None:
    """Unless another request writes or hands in: the last bytes may not have been checked yet."""
    with suppress(Locked, OffsetMismatch, Gone), _locked(upload) as file:
        if file.seek(0, os.SEEK_END) == upload.length:
            finish(upload, by=by, now=now)


def append(upload: Upload, body: BinaryIO, *, offset: int, checksum: str = "") -> int:
    """Add what arrives to what is there and flush it; returns the new length.

    A connection that breaks leaves what has arrived, except where a checksum is given: then all of
    the request counts or nothing.

    Raises:
        OffsetMismatch: It does not begin where the rest ended.
        ChecksumMismatch: The sum is another one.
        Locked: Another request is writing.
        Gone: It was ended meanwhile.
    """
    expected = _expected(checksum)
    with _locked(upload) as file:
        if offset != file.seek(0, os.SEEK_END):
            raise OffsetMismatch(f"the upload has {file.tell()} bytes, not {offset}")
        digest = hashlib.new(expected[0]) if expected else None
        try:
            while chunk := body.read(min(CHUNK, upload.length - file.tell() + 1)):
                if file.tell() + len(chunk) > upload.length:
                    raise Refused([Problem("file", "more bytes came than were announced")])
                if digest:
                    digest.update(chunk)
                file.write(chunk)
            if digest and expected and digest.digest() != expected[1]:
                raise ChecksumMismatch("the checksum of what arrived is another one")
        except BaseException as error:
            if digest or isinstance(error, Refused):
                file.truncate(offset)
            raise
        finally:
            file.flush()
            os.fsync(file.fileno())
        return file.seek(0, os.SEEK_END)


def _expected(checksum: str) -> tuple[str, bytes] | None:
    """Read `sha256 <base64>`."""
    if not checksum:
        return None
    algorithm, _, value = checksum.partition(" ")
    try:
        if algorithm in ALGORITHMS:
            return algorithm, base64.b64decode(value, validate=True)
    except binascii.Error:
        pass
    listed = " or ".join(ALGORITHMS)
    raise Refused([Problem("Upload-Checksum", f"is not {listed} and a sum in base64")])


def _finished(upload: Upload) -> str:
    """The submission that it has become; empty while there are bytes to be handed in."""
    if upload.submission or upload.bytes_path.is_file():
        return upload.submission
    return _read(_folder() / f"{upload.id}.json").submission


@contextmanager
def _locked(upload: Upload) -> Iterator[BinaryIO]:
    if _finished(upload):
        raise OffsetMismatch("the upload is finished")
    with _there():
        file = upload.bytes_path.open("r+b")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked("another request is writing to this upload") from None
        yield file


def finish(upload: Upload, *, by: User, now: datetime) -> Submission:
    """Hand in what has arrived; doing it twice is one submission, for the key is the same."""
    phase = Phase.objects.select_related("challenge__current").get(pk=upload.phase)
    if submission := _finished(upload):
        return Submission.objects.get(pk=submission)
    with _there():
        file = upload.bytes_path.open("rb")
    with file:
        made = services.submit_as_oneself(
            phase=phase,
            by=by,
            upload=file,
            filename=upload.filename,
            note=upload.note,
            idempotency_key=upload.key,
            now=now,
        )
    _write(msgspec.structs.replace(upload, submission=made.pk))
    upload.bytes_path.unlink(missing_ok=True)
    return made


def end(upload: Upload) -> None:
    """Give an upload up; what was handed in already stays."""
    _delete(upload)
