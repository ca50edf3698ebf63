"""Everything of one challenge in one archive, with what must stay secret in a folder of that name."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import secrets
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec
from django.conf import settings
from django.db import connection

from heldout import __version__
from heldout.challenge.parsing import FILE
from heldout.site.accounts.models import User
from heldout.site.catalog import storage as catalog
from heldout.site.challenges.models import Challenge, Revision, TeamOffer
from heldout.site.common import audit, objects
from heldout.site.common.models import Gate
from heldout.site.common.spreadsheets import cell
from heldout.site.submissions import storage
from heldout.site.submissions.models import Evaluation, Score, Submission, Usage
from heldout.site.submissions.services import gate
from heldout.site.transfer import rows

FORMAT = 1
MANIFEST, README, PEOPLE, PAUSED, LOG, SCORES = (
    "export.json",
    "READ-ME-FIRST.txt",
    "rows/people.jsonl",
    "rows/paused.jsonl",
    "audit.jsonl",
    "scores.csv",
)
SECRET = "KEEP-SECRET"  # noqa: S105 - the name of a folder
_WORDS = """\
Everything of the challenge "{challenge.title}" on {site}, as it was {now:%Y-%m-%d %H:%M} UTC.

KEEP-SECRET/ holds the held-out answers of every revision, and statistics of submissions from which
answers can be told. Whoever has them can win. Give this archive to nobody who takes part.

challenge/    the challenge folder of revision {challenge.revision.number} without its answers:
              copy KEEP-SECRET/revisions/{challenge.revision.number}/{answers} into it to publish it again
data/         public data of earlier revisions
submissions/  every file that was handed in, named by its SHA-256
scores.csv    every score
audit.jsonl   who did what, when
rows/         all of it as the site keeps it
export.json   the size and SHA-256 of every file

A site from it:   heldout import THIS-FILE --to FOLDER
then              heldout serve FOLDER
"""


class File(msgspec.Struct, frozen=True):
    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True):
    """What the archive holds; written last, so one that was cut short has none.

    `addresses`: whether the people's e-mail addresses are in it.
    """

    format: int
    heldout: str
    challenge: str
    made_at: datetime
    addresses: bool
    files: dict[str, File]


def export(
    challenge: Challenge, to: Path, *, by: User | None, now: datetime, addresses: bool
) -> Manifest:
    """Write the archive, which appears only when it is complete.

    `addresses`: with people's e-mail addresses, which nobody but a site's administrator may see.
    """
    part = to.with_name(f".{to.name}-{secrets.token_hex(6)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            audit.record("exported", by=by, on=challenge, now=now, addresses=addresses)
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened, _one_state():
                archive = _Archive(opened)
                _write(archive, challenge, now, addresses)
                found = dict(archive.files)
                made = Manifest(FORMAT, __version__, challenge.slug, now, addresses, found)
                archive.text(MANIFEST, msgspec.json.format(msgspec.json.encode(made)).decode())
            out.flush()
            os.fsync(out.fileno())
        part.rename(to)
    finally:
        part.unlink(missing_ok=True)
    return made


@contextmanager
def _one_state() -> Iterator[None]:
    """Read one state of the database, however long it takes, and let others write meanwhile."""
    if connection.in_atomic_block:
        yield
        return
    modes = {"postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}
    with connection.cursor() as cursor:
        # Django's own transaction would take the one write lock of SQLite at once.
        cursor.execute(modes.get(connection.vendor, "BEGIN"))
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


class _Archive:
    """Writes each file once and notes its hash."""

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._opened = opened
        self.files: dict[str, File] = {}

    def text(self, name: str, text: str) -> None:
        self._add(name, io.BytesIO(text.encode()))

    def copy(self, name: str, path: Path) -> None:
        with path.open("rb") as content:
            self._add(name, content)

    def tree(self, name: str, folder: Path) -> None:
        for path in catalog.walk(folder):
            self.copy(f"{name}/{path.relative_to(folder).as_posix()}", path)

    def lines(self, name: str, values: Iterable[Any]) -> None:
        self.text(name, "".join(f"{msgspec.json.encode(one).decode()}\n" for one in values))

    def _add(self, name: str, content: IO[bytes]) -> None:
        if name in self.files:
            return
        info = zipfile.ZipInfo(name, catalog.EPOCH)
        info.external_attr = 0o600 << 16
        packed = Path(name).suffix.lower() in catalog.PACKED
        info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        digest, size = hashlib.sha256(), 0
        with self._opened.open(info, "w", force_zip64=True) as out:
            while chunk := content.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
        self.files[name] = File(digest.hexdigest(), size)


def _write(archive: _Archive, challenge: Challenge, now: datetime, addresses: bool) -> None:
    """Rows first: whatever a row names was on disk before the row was written."""
    answers = challenge.revision.definition["data"]["answers"]
    words = _WORDS.format(
        challenge=challenge, site=settings.HELDOUT.site_name, now=now, answers=answers
    )
    archive.text(README, words)
    for model in rows.tables():
        kept = (rows.as_row(one) for one in rows.rows_of(challenge, model).iterator(500))
        found = (
            kept if addresses else filter(None, (_without_addresses(model, row) for row in kept))
        )
        archive.lines(f"rows/{rows.name(model)}.jsonl", found)
    archive.lines(PEOPLE, _people(challenge, addresses))
    archive.lines(PAUSED, _paused(challenge))
    archive.lines(LOG, _log(challenge))
    archive.text(SCORES, _scores(challenge))
    for revision in challenge.revisions.select_related("data"):
        _write_revision(archive, challenge, revision)
    _write_files(archive, challenge)


def _without_addresses(model: type[Any], row: rows.Row) -> rows.Row | None:
    if model is TeamOffer:
        return {**row, "email": ""}
    if model is Submission:
        return {**row, "counted_mailbox": ""}
    if model is Usage and row["holder"].startswith("mailbox:"):
        return None
    return row


def _people(challenge: Challenge, addresses: bool) -> Iterator[rows.Row]:
    for user in User.objects.filter(pk__in=rows.user_ids(challenge)).order_by("pk"):
        about = {"id": user.pk, "handle": user.handle, "name": user.name}
        yield about | ({"email": user.email} if addresses else {})


def _paused(challenge: Challenge) -> Iterator[rows.Row]:
    """The phases whose scoring waits; a gate is known by its phase's key, which is another there."""
    phases = {gate(phase): phase.pk for phase in challenge.phases.all()}
    for one in Gate.objects.filter(name__in=phases, closed=True).order_by("name"):
        yield {"phase": phases[one.name], "reason": one.reason, "since": one.since}


def _log(challenge: Challenge) -> Iterator[rows.Row]:
    for one in rows.log_of(challenge):
        yield {
            "at": one.at,
            "actor": one.actor_id,
            "action": one.action,
            "subject": one.subject,
            "details": one.details,
        }


def _scores(challenge: Challenge) -> str:
    """For people and spreadsheets; the import reads the rows."""
    out = io.StringIO()
    writer = csv.writer(out)
    columns = ("value", "low", "high", "n", "method", "version")
    writer.writerow(
        ["submission", "entrant", "phase", "handed in", "revision", "metric", "name", *columns]
    )
    scores = Score.objects.filter(evaluation__submission__phase__challenge=challenge)
    for one in scores.select_related("evaluation__submission__entrant", "evaluation__revision"):
        submission, revision = one.evaluation.submission, one.evaluation.revision
        about: list[Any] = [submission.pk, submission.entrant.name, submission.phase.key]
        about += [submission.created_at.isoformat(), revision.number, one.metric, one.name]
        numbers = [getattr(one, column) for column in columns]
        writer.writerow([cell(value) for value in [*about, *numbers]])
    return out.getvalue()


def data_name(folder: str, *, current: bool, definition: dict[str, Any]) -> str:
    """Where public data lie in the archive: those of today in the challenge folder itself."""
    return f"challenge/{definition['data']['examples']}" if current else f"data/{folder}"


def _write_revision(archive: _Archive, challenge: Challenge, revision: Revision) -> None:
    stored = objects.fetch_folder(Path(settings.ANSWERS) / revision.folder)
    archive.tree(f"{SECRET}/revisions/{revision.number}", stored)
    public = objects.fetch_folder(Path(settings.FILES) / revision.data.folder) / "data"
    current = revision.data_id == challenge.revision.data_id
    definition = challenge.revision.definition
    archive.tree(data_name(revision.data.folder, current=current, definition=definition), public)
    if revision.pk != challenge.revision.pk:
        return
    archive.copy(f"challenge/{FILE}", stored / FILE)
    about = revision.definition["challenge"]
    for page in ("overview", "terms", "datasheet"):
        if about.get(page):
            archive.text(f"challenge/{about[page]}", getattr(revision, page))


def _write_files(archive: _Archive, challenge: Challenge) -> None:
    # What was refused long ago has no file, here or in the bucket.
    submitted = Submission.objects.filter(phase__challenge=challenge, file_deleted_at=None)
    for sha256 in sorted(set(submitted.values_list("sha256", flat=True))):
        file = storage.at_hand(sha256)
        if file.is_file():
            archive.copy(f"submissions/{sha256}", file)
    evaluations = Evaluation.objects.filter(submission__phase__challenge=challenge)
    stats = evaluations.values_list("stats", flat=True)
    for name in sorted({one["file"] for by_metric in stats for one in by_metric.values()}):
        file = objects.fetch(Path(settings.ANSWERS) / "stats" / name)
        if file.is_file():
            archive.copy(f"{SECRET}/statistics/{name}", file)
