"""From a challenge folder to a challenge on the site: checked whole, copied apart, then made visible."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from heldout.challenge.check import check
from heldout.challenge.definition import Definition
from heldout.challenge.folder import Challenge as ChallengeFolder
from heldout.challenge.folder import load, tables_in
from heldout.challenge.parsing import FILE
from heldout.errors import BadInput, Problem
from heldout.site.accounts.models import User
from heldout.site.accounts.services import person
from heldout.site.catalog import storage
from heldout.site.catalog.models import DataRevision, DataSet
from heldout.site.catalog.services import Table, add_revision, store
from heldout.site.challenges.access import require
from heldout.site.challenges.boards import refresh_boards
from heldout.site.challenges.models import Challenge, Organiser, Phase, Revision, Role
from heldout.site.challenges.people import unconfirmed
from heldout.site.common import audit
from heldout.site.common.archives import Bounds, discard, unpack


def publish(
    *, source: Path | BinaryIO, by: User | None, now: datetime, slug: str | None = None
) -> Challenge:
    """Publish a challenge folder, or a ZIP of one; publishing it again makes a new revision.

    A folder that is as the current revision was leaves everything as it is, what was edited on the
    site included. Public data and answers go to separate places and are flushed before any row says they are there.
    `by` is None when the machine's own administrator publishes. With `slug`, only a new revision of
    that challenge is taken.

    Raises:
        BadInput: Everything that `heldout check` finds, or what is wrong with the ZIP.
        PermissionDenied: The person may not create challenges, or does not organise this one.
    """
    with _folder(source) as root:
        report = check(root)
        if report.problems:
            raise BadInput(report.problems)
        folder = load(root)
        _require_slug(slug, folder)
        slug = folder.definition.challenge.id
        _require_right(slug, by)
        _require_confirmed(folder.definition, by)
        digest, data_folder = store(slug=slug, source=folder.data)
        answers_folder = _store_answers(folder)
        existing = Challenge.objects.filter(slug=slug, current__isnull=False).first()
        if existing is not None and _is_unchanged(existing, folder, digest, answers_folder):
            discard(Path(settings.ANSWERS) / answers_folder)
            return existing
        with transaction.atomic():
            challenge = _challenge(folder, now)
            data = add_revision(
                dataset=challenge.dataset,
                digest=digest,
                folder=data_folder,
                tables=_tables(folder),
                now=now,
                layout=_layout(folder.definition),
                hidden=f"{answers_folder}/{folder.definition.data.answers}",
            )
            revision = _revision(challenge, folder, data, answers_folder, by, now, report.notes)
            _set_phases(challenge, folder.definition)
            # Another revision may rank by another number, or by another rule.
            refresh_boards(challenge, now=now)
            _set_organisers(challenge, folder.definition, by)
            audit.record("published", by=by, on=challenge, now=now, revision=revision.number)
    return challenge


def _layout(definition: Definition) -> dict[str, Any]:
    """What the browser of the data has to know of its columns."""
    about = definition.data
    classes = list(definition.challenge.classes or ())
    return {"id": about.id, "media": about.media or "", "classes": classes}


@contextmanager
def _folder(source: Path | BinaryIO) -> Iterator[Path]:
    """The challenge folder; a ZIP is unpacked for as long as it is needed."""
    if isinstance(source, Path) and source.is_dir():
        yield source
        return
    scratch = Path(settings.DATA) / "incoming" / secrets.token_hex(16)
    scratch.mkdir(parents=True, mode=0o700)
    bounds = Bounds(settings.HELDOUT.challenge_limit, settings.HELDOUT.challenge_files)
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                yield unpack(file, scratch, bounds=bounds)
        else:
            yield unpack(source, scratch, bounds=bounds)
    finally:
        discard(scratch)


def folders_on_server() -> list[str]:
    """Challenge folders an organiser may publish without uploading them."""
    if not settings.HELDOUT.publish_from:
        return []
    found = Path(settings.HELDOUT.publish_from).expanduser().glob("*/challenge.toml")
    return sorted(file.parent.name for file in found)


def folder_on_server(name: str) -> Path:
    return Path(settings.HELDOUT.publish_from).expanduser() / name


def _require_slug(slug: str | None, folder: ChallengeFolder) -> None:
    found = folder.definition.challenge.id
    if slug is not None and found != slug:
        message = f'"{found}" is another challenge'
        raise BadInput([Problem(f"{FILE}: challenge.id", message, f'write "{slug}"')])


def _require_right(slug: str, by: User | None) -> None:
    if DataSet.objects.filter(slug=slug, owner__isnull=False).exists():
        message = f'"{slug}" is the name of a data set of its own'
        raise BadInput([Problem(f"{FILE}: challenge.id", message, "choose another id")])
    if by is None:
        return
    existing = Challenge.objects.filter(slug=slug).first()
    if existing is None:
        require(by, "challenges.create")
    elif not by.has_perm("challenges.edit", existing):
        # Says nothing of a challenge the person may not even see.
        raise BadInput(
            [Problem(f"{FILE}: challenge.id", f'"{slug}" is taken', "choose another id")]
        )


def _require_confirmed(definition: Definition, by: User | None) -> None:
    """A role is given to whoever holds an account, not to whoever signed up with an address first."""
    held = Organiser.objects.filter(challenge__slug=definition.challenge.id).values("user")
    trusted = Q(pk__in=held) | Q(may_organise=True) | Q(pk=by.pk if by else None)
    others = User.objects.exclude(trusted)
    named = [
        others.filter(email__iexact=email).first() for email in definition.challenge.organisers
    ]
    problems = [one for user in named if user is not None for one in unconfirmed(user)]
    if problems:
        place = f"{FILE}: challenge.organisers"
        raise BadInput([Problem(place, one.message, one.remedy) for one in problems])


def _store_answers(folder: ChallengeFolder) -> str:
    """Copy what scoring needs, and nothing that is served, to the answers' own place."""
    name = f"challenges/{folder.definition.challenge.id}/{secrets.token_hex(12)}"
    with storage.new_folder(Path(settings.ANSWERS) / name) as part:
        part.chmod(0o700)
        shutil.copyfile(folder.root / FILE, part / FILE)
        storage.copy_tree(folder.answers, part / folder.definition.data.answers)
        data = part / folder.definition.data.examples
        data.mkdir(parents=True)
        for table in tables_in(folder.data):
            shutil.copyfile(table, data / table.name)
    return name


def _challenge(folder: ChallengeFolder, now: datetime) -> Challenge:
    about = folder.definition.challenge
    dataset, _ = DataSet.objects.update_or_create(
        slug=about.id,
        defaults={"title": about.title, "license": about.license, "summary": about.summary[:500]},
    )
    shown = {
        "title": about.title,
        "summary": about.summary,
        "task": about.task,
        "visibility": about.visibility.value,
        "timezone": about.timezone or "UTC",
    }
    challenge, _ = Challenge.objects.update_or_create(
        slug=about.id,
        defaults=shown,
        create_defaults={**shown, "dataset": dataset, "created_at": now, "published_at": now},
    )
    return challenge


def _revision(
    challenge: Challenge,
    folder: ChallengeFolder,
    data: DataRevision,
    answers_folder: str,
    by: User | None,
    now: datetime,
    notes: Iterable[Problem],
) -> Revision:
    latest = challenge.revisions.aggregate(number=Max("number"))["number"] or 0
    terms = folder.page("terms")
    challenge.current = Revision.objects.create(
        challenge=challenge,
        number=latest + 1,
        digest=storage.tree_digest(Path(settings.ANSWERS) / answers_folder),
        definition=folder.definition.model_dump(mode="json"),
        overview=folder.page("overview"),
        terms=terms,
        terms_digest=hashlib.sha256(terms.encode()).hexdigest() if terms.strip() else "",
        datasheet=folder.page("datasheet"),
        data=data,
        folder=answers_folder,
        notes=[_as_json(note) for note in notes],
        created_at=now,
        created_by=by,
    )
    challenge.save(update_fields=["current"])
    return challenge.current


def _as_json(note: Problem) -> dict[str, str]:
    # No database need hold a NUL, which a file's content may have brought.
    told = {"place": note.place, "message": note.message, "remedy": note.remedy}
    return {name: text.replace("\0", "") for name, text in told.items()}


def _set_phases(challenge: Challenge, definition: Definition) -> None:
    """Make the phases what the definition says; one it no longer has is retired, not deleted."""
    for position, phase in enumerate(definition.phases):
        Phase.objects.update_or_create(
            challenge=challenge,
            key=phase.id,
            defaults={
                "position": position,
                "split": phase.split,
                "opens": phase.opens,
                "closes": phase.closes,
                "freezes": phase.freezes,
                "per_day": phase.submissions.per_day,
                "per_week": phase.submissions.per_week,
                "in_total": phase.submissions.in_total,
                "leaderboard": phase.leaderboard.value,
                "reveal": [what.value for what in phase.reveal],
                "final": phase.final,
                "retired": False,
            },
        )
    gone = challenge.phases.exclude(key__in=[phase.id for phase in definition.phases])
    gone.update(retired=True)


def _set_organisers(challenge: Challenge, definition: Definition, by: User | None) -> None:
    """Add those the definition names; people are taken off on the site only."""
    people = [person(email=email) for email in definition.challenge.organisers]
    for user in [*people, *([by] if by else [])]:
        Organiser.objects.get_or_create(
            challenge=challenge, user=user, defaults={"role": Role.ORGANISER}
        )
    if by is None:
        # Whom the machine's administrator names may go on to publish from the browser.
        User.objects.filter(pk__in=[user.pk for user in people]).update(may_organise=True)


def _is_unchanged(
    challenge: Challenge, folder: ChallengeFolder, data_digest: str, answers_folder: str
) -> bool:
    now = challenge.revision
    pages = (now.overview, now.terms, now.datasheet)
    return (
        pages == tuple(folder.page(page) for page in ("overview", "terms", "datasheet"))
        and now.data.digest == data_digest
        and now.digest == storage.tree_digest(Path(settings.ANSWERS) / answers_folder)
    )


def _tables(folder: ChallengeFolder) -> dict[str, Table]:
    return {path.name: Table(path.name, path.stem, _rows(path)) for path in tables_in(folder.data)}


def _rows(path: Path) -> int:
    if path.suffix == ".parquet":
        table = pl.scan_parquet(path)
    elif path.suffix == ".csv":
        table = pl.scan_csv(path, infer_schema=False)
    else:
        table = pl.scan_ndjson(path)
    return int(table.select(pl.len()).collect().item())
