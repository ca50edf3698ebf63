"""A challenge from its archive: every file checked, then placed, then the rows in one transaction."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction

from heldout.datasets.atomic import make_folder
from heldout.decoding import decode
from heldout.errors import BadInput, Problem, Problems
from heldout.site.accounts.models import User
from heldout.site.accounts.services import create_user, free_handle
from heldout.site.catalog import storage as catalog
from heldout.site.catalog.models import DataRevision, DataSet
from heldout.site.catalog.services import request_index
from heldout.site.challenges.boards import refresh_board
from heldout.site.challenges.models import Challenge, Entrant, Phase, Revision
from heldout.site.common import audit, jobs, objects
from heldout.site.common.archives import Bounds, discard, unpack
from heldout.site.common.models import Job
from heldout.site.common.problems import Refused
from heldout.site.submissions import rejudging, storage
from heldout.site.submissions.models import Evaluation, Status, Submission, Usage
from heldout.site.submissions.services import EVALUATE, enqueue, gate
from heldout.site.transfer import rows
from heldout.site.transfer.exporting import (
    FORMAT,
    LOG,
    MANIFEST,
    PAUSED,
    PEOPLE,
    SECRET,
    File,
    Manifest,
    data_name,
)

# An archive is read by the machine's own administrator, so these only stop accidents.
BOUNDS = Bounds(size=1 << 42, files=10_000_000)

# What jobs share their turns with there means nothing here.
ELSEWHERE = {"lane": "", "pool": "", "gate": "", "owner": "imported"}


def import_archive(source: Path, *, now: datetime) -> Challenge:
    """Make the challenge of an archive on this site, with all that happened in it.

    People are found again by their address; for the others accounts are made that nobody can sign in
    to until an administrator gives them an address. What was waiting to be scored waits again.

    Raises:
        BadInput: The archive is damaged, of another kind, or its challenge is here already.
    """
    with _unpacked(source) as folder:
        manifest = _checked(source, folder)
        _refuse_taken(manifest)
        _files(folder)
        keys = rows.Keys()
        with transaction.atomic():
            _people(folder, keys)
            _rows(folder, keys)
            challenge = Challenge.objects.get(slug=manifest.challenge)
            _pause(folder, keys)
            _log(folder, keys)
            _go_on(challenge, now)
            audit.record("imported", by=None, on=challenge, now=now, made_at=str(manifest.made_at))
    return challenge


@contextmanager
def _unpacked(source: Path) -> Iterator[Path]:
    scratch = Path(settings.DATA) / "incoming" / secrets.token_hex(16)
    scratch.mkdir(parents=True, mode=0o700)
    try:
        with source.open("rb") as archive:
            unpack(archive, scratch, bounds=BOUNDS)
        yield scratch
    finally:
        discard(scratch)


def _checked(source: Path, folder: Path) -> Manifest:
    problems = Problems()
    try:
        manifest = decode((folder / MANIFEST).read_bytes(), Manifest)
    except (OSError, msgspec.DecodeError):
        message = "is not a whole export of a challenge: it has no manifest"
        raise BadInput([Problem(str(source), message, "make it by heldout export")]) from None
    if manifest.format != FORMAT:
        message = f"was made by Heldout {manifest.heldout}, which this one cannot read"
        raise BadInput([Problem(str(source), message)])
    for path in catalog.walk(folder):
        name = path.relative_to(folder).as_posix()
        wanted = manifest.files.get(name)
        if name == MANIFEST:
            continue
        if wanted != File(catalog.sha256(path), path.stat().st_size):
            problems.add(name, "is not what was exported")
    for name in manifest.files:
        if not (folder / name).is_file():
            problems.add(name, "is missing")
    problems.refuse_if_any()
    return manifest


def _refuse_taken(manifest: Manifest) -> None:
    slug = manifest.challenge
    if Challenge.objects.filter(slug=slug).exists() or DataSet.objects.filter(slug=slug).exists():
        message = f'the site has "{slug}" already'
        raise Refused([Problem("challenge", message, "import it into a new site")])


def _read(folder: Path, name: str) -> list[rows.Row]:
    file = folder / name
    if not file.is_file():
        return []
    return [decode(line) for line in file.read_bytes().splitlines()]


def _people(folder: Path, keys: rows.Keys) -> None:
    for row in _read(folder, PEOPLE):
        email = row.get("email") or f"{secrets.token_hex(8)}@imported.invalid"
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            handle = row["handle"]
            if User.objects.filter(handle__iexact=handle).exists():
                handle = free_handle(f"{handle}@")
            user = create_user(email=email, handle=handle, name=row["name"])
        keys.add(User, row["id"], user.pk)


def _rows(folder: Path, keys: rows.Keys) -> None:
    later = {}
    for model in rows.tables():
        found = _read(folder, f"rows/{rows.name(model)}.jsonl")
        if model is Job:
            found = [
                {**row, **ELSEWHERE, "key": f"imported:{secrets.token_hex(8)}"} for row in found
            ]
        if model is Usage:
            found = [{**row, "holder": _holder(row["holder"], keys)} for row in found]
        later[model] = rows.insert(model, found, keys)
    for model, references in later.items():
        rows.fill_in(model, references, keys)


def _holder(holder: str, keys: rows.Keys) -> str:
    """`user:3` and `entrant:5` of the archive as they are called here."""
    kind, _, there = holder.partition(":")
    models: dict[str, type[Any]] = {"user": User, "entrant": Entrant}
    here = keys.find(models[kind], int(there)) if kind in models else there
    return f"{kind}:{here}"


def _pause(folder: Path, keys: rows.Keys) -> None:
    """What waited there waits here, until an organiser lets it go on."""
    for row in _read(folder, PAUSED):
        phase = Phase.objects.get(pk=keys.find(Phase, row["phase"]))
        since = datetime.fromisoformat(row["since"])
        jobs.close_gate(gate(phase), reason=row["reason"], now=since)


def _files(folder: Path) -> None:
    """Place what the rows will name. Names are hashes or random, so nothing is ever overwritten."""
    challenge = _read(folder, "rows/challenges.challenge.jsonl")[0]
    data = {row["id"]: row["folder"] for row in _read(folder, "rows/catalog.datarevision.jsonl")}
    revisions = _read(folder, "rows/challenges.revision.jsonl")
    now = next(row for row in revisions if row["id"] == challenge["current_id"])
    for revision in revisions:
        current = revision["data_id"] == now["data_id"]
        public = data[revision["data_id"]]
        name = data_name(public, current=current, definition=now["definition"])
        _place_data(folder / name, public, challenge["slug"])
        _place_answers(folder / SECRET / "revisions" / str(revision["number"]), revision["folder"])
    for path in catalog.walk(folder / "submissions"):
        with path.open("rb") as upload:
            storage.store(upload, limit=BOUNDS.size)
    statistics = folder / SECRET / "statistics"
    for path in catalog.walk(statistics):
        _place(path, Path(settings.ANSWERS) / "stats" / path.relative_to(statistics))


def _inside(root: Path, name: str) -> Path:
    """A place below a folder of the site; an archive names no other."""
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()) or path == root.resolve():
        raise BadInput([Problem(name[:200], "leads out of the site's folder")])
    return path


def _place_data(source: Path, folder: str, slug: str) -> None:
    final = _inside(Path(settings.FILES), folder)
    if final.is_dir():
        return
    with catalog.new_folder(final) as part:
        catalog.copy_tree(source, part / "data")
        catalog.pack(source, part / f"{slug}.zip", top=slug)


def _place_answers(source: Path, folder: str) -> None:
    final = _inside(Path(settings.ANSWERS), folder)
    if not Revision.objects.filter(folder=folder).exists():
        # Left by an import that was cut off: no row names it.
        discard(final)
    with catalog.new_folder(final) as part:
        part.chmod(0o700)
        catalog.copy_tree(source, part)


def _place(source: Path, final: Path) -> None:
    if final.is_file():
        return
    make_folder(final.parent, mode=0o700)
    part = final.with_name(f"incoming-{secrets.token_hex(12)}")
    shutil.copyfile(source, part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(final)
    storage.sync_folder(final.parent)
    objects.keep(final)


def _log(folder: Path, keys: rows.Keys) -> None:
    """Write the old log again, each entry with its own time and marked as brought along."""
    for row in _read(folder, LOG):
        subject = keys.of_log(row["subject"])
        actor = User.objects.filter(pk=keys.find(User, row["actor"])).first()
        audit.record(
            row["action"],
            by=actor,
            on=subject or f"gone:{row['subject']}",
            now=datetime.fromisoformat(row["at"]),
            **{**row["details"], "brought_along": True},
        )


def _go_on(challenge: Challenge, now: datetime) -> None:
    """Name the finished work as this site would, wait for the rest again, and rank."""
    evaluations = Evaluation.objects.filter(submission__phase__challenge=challenge, rejudging=None)
    for job, submission, revision in evaluations.values_list("job", "submission", "revision"):
        key = f"{EVALUATE}:{submission}:{revision}"
        payload = {"submission": submission, "revision": revision}
        Job.objects.filter(pk=job).update(key=key, payload=payload)
    waiting = Submission.objects.filter(
        phase__challenge=challenge, status__in=Status.unfinished()
    ).select_related("phase__challenge__current")
    for one in waiting:
        Submission.objects.filter(pk=one.pk).update(status=Status.QUEUED)
        enqueue(one, now=now)
    rejudging.go_on(challenge, now=now)
    for phase in Phase.objects.filter(challenge=challenge):
        refresh_board(phase, now=now)
    for data in DataRevision.objects.filter(dataset=challenge.dataset):
        request_index(revision=data, now=now)
