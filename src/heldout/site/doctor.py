"""What `heldout doctor` looks at: whether a site can be relied on, and what to do where not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.mail import get_connection
from django.db import DatabaseError, connection

from heldout.site.common.jobs import lease_length
from heldout.site.common.models import Job, JobState
from heldout.site.setup import FOLDERS, pending_migrations

LEAST_FREE = 1_000_000_000
# The largest uploads that still fit should be at least this many.
UPLOADS_THAT_FIT = 4
SECRET_LENGTH = 50
CLOCK_MAY_DIFFER = timedelta(seconds=5)
NOBODY_WORKS = timedelta(minutes=10)
MAIL_SECONDS = 5
# What the framework says of cookies and of https, which follow from the address alone.
OF_THE_ADDRESS = ("security.W004", "security.W012", "security.W016")


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, and the way out."""

    subject: str
    level: Level
    message: str
    remedy: str


def examine(*, now: datetime) -> dict[str, list[Finding]]:
    """Look at everything; an empty list says that a subject is as it should be."""
    return {name: list(_looked(name, look, now)) for name, look in EXAMINATIONS.items()}


def _looked(name: str, look: Callable[[datetime], Found], now: datetime) -> Iterator[Finding]:
    try:
        yield from (Finding(name, *each) for each in look(now))
    except DatabaseError as error:
        yield Finding(name, Level.ERROR, f"the database does not tell ({error})", "mend it first")


Found = Iterator[tuple[Level, str, str]]


def _framework(now: datetime) -> Found:
    plain = not settings.HELDOUT.base_url.startswith("https://")
    for one in checks.run_checks(include_deployment_checks=True):
        if not one.is_silenced() and not (plain and one.id in OF_THE_ADDRESS):
            level = Level.ERROR if one.is_serious() else Level.WARNING
            yield level, f"{one.id}: {one.msg}", str(one.hint or "see Django's documentation")


def _address(now: datetime) -> Found:
    base = settings.HELDOUT.base_url
    local = base.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
    if settings.DEBUG:
        yield Level.ERROR, "the source is shown in errors", "unset HELDOUT_DEBUG"
    if local:
        yield (
            Level.WARNING,
            f"{base} is for this machine alone: others cannot come, and nothing is encrypted",
            "set HELDOUT_BASE_URL=https://… before anybody else uses it",
        )
    if base.startswith("http://") and not local:
        yield (
            Level.ERROR,
            f"{base} is not encrypted: passwords and cookies can be read on the way",
            "put a proxy that speaks https before it and set HELDOUT_BASE_URL=https://…",
        )
    if base.startswith("https://") and not settings.HELDOUT.behind_proxy:
        yield (
            Level.WARNING,
            "visitors' addresses are those of the proxy, so limits of sign-ins hold for all at once",
            "set HELDOUT_BEHIND_PROXY=yes if a proxy of yours sets X-Forwarded-For",
        )


def _secret(now: datetime) -> Found:
    if len(settings.SECRET_KEY) < SECRET_LENGTH:
        yield (
            Level.ERROR,
            f"it is shorter than {SECRET_LENGTH} characters",
            "unset HELDOUT_SECRET_KEY: the data folder has a long one",
        )
    if settings.HELDOUT.s3_bucket and not settings.HELDOUT.secret_key:
        yield (
            Level.WARNING,
            "only this machine has it, and without it nothing is found in the bucket",
            "set HELDOUT_SECRET_KEY, on each machine the same, and keep a copy",
        )


def _folders(now: datetime) -> Found:
    data = Path(settings.DATA)
    wanted = {name: mode for name, mode in FOLDERS.items() if mode == 0o700}
    wanted |= {"secret": 0o600, "db.sqlite3": 0o600}
    for name, mode in wanted.items():
        path = data / name
        if path.exists() and path.stat().st_mode & 0o777 & ~mode:
            yield Level.ERROR, f"others may read {path}", f"chmod {mode:o} {path}"
    for name in FOLDERS:
        if not os.access(data / name, os.W_OK | os.X_OK):
            yield Level.ERROR, f"{data / name} cannot be written", "give it to the site's user"


def _answers(now: datetime) -> Found:
    answers = Path(settings.ANSWERS).resolve()
    for served in (settings.FILES, settings.STATIC_ROOT, *settings.STATICFILES_DIRS):
        if answers.is_relative_to(Path(served).resolve()):
            yield Level.ERROR, f"they lie below {served}, which is served", "move the data folder"


def _database(now: datetime) -> Found:
    if pending := pending_migrations():
        yield (
            Level.ERROR,
            f"it lacks {len(pending)} changes of this version",
            "stop the site, then run heldout migrate",
        )
    if connection.vendor == "sqlite":
        yield from _sqlite()


def _sqlite() -> Found:
    wanted = {"journal_mode": "wal", "synchronous": 2, "quick_check(1)": "ok"}
    with connection.cursor() as cursor:
        for name, value in wanted.items():
            found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
            if found != value:
                remedy = "restore a backup" if "check" in name else "start it by heldout serve"
                yield Level.ERROR, f"{name} is {found}, not {value}", remedy
    if getattr(connection, "transaction_mode", None) != "IMMEDIATE":
        yield Level.ERROR, "transactions do not begin IMMEDIATE", "leave the settings as they are"


def _disk(now: datetime) -> Found:
    least = max(LEAST_FREE, UPLOADS_THAT_FIT * settings.HELDOUT.upload_limit)
    free = shutil.disk_usage(settings.DATA).free
    if free < least:
        message = f"{free / 1e9:.1f} GB are free where the data folder is"
        yield Level.ERROR, message, f"make room: {least / 1e9:.0f} GB at least"


def _clock(now: datetime) -> Found:
    newest = Job.objects.order_by("-id").values_list("created_at", flat=True).first()
    if newest is not None and newest > now + CLOCK_MAY_DIFFER:
        yield Level.ERROR, "the newest row was written in the future", "set the machine's clock"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            differs = abs(cursor.fetchone()[0] - now)
        if differs > CLOCK_MAY_DIFFER:
            seconds = differs.total_seconds()
            message = f"it differs from the database's by {seconds:.0f} s, so leases end wrongly"
            yield Level.ERROR, message, "run NTP on both machines"


def _mail(now: datetime) -> Found:
    if not settings.HELDOUT.email_host:
        remedy = "set HELDOUT_EMAIL_HOST"
        yield Level.WARNING, f"no mail is sent: it is kept in {settings.EMAIL_FILE_PATH}", remedy
        return
    try:
        mail = get_connection(timeout=MAIL_SECONDS)
        mail.open()
        mail.close()
    except OSError as error:
        where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        yield Level.ERROR, f"{where} does not take mail ({error})", "look at HELDOUT_EMAIL_…"


def _work(now: datetime) -> Found:
    late = now - 2 * lease_length()
    stuck = Job.objects.filter(state=JobState.RUNNING, lease_until__lt=late).count()
    if stuck:
        remedy = "start heldout serve or heldout worker, which give it to another"
        yield Level.ERROR, f"{stuck} jobs belong to workers that fell silent", remedy
    waiting = Job.objects.filter(state=JobState.READY, run_at__lt=now - NOBODY_WORKS).count()
    if waiting and not Job.objects.filter(finished_at__gt=now - NOBODY_WORKS).exists():
        remedy = "start heldout serve or heldout worker"
        yield Level.ERROR, f"{waiting} jobs wait and nobody has done one for 10 minutes", remedy


def _set_aside(now: datetime) -> Found:
    dead = Job.objects.filter(state=JobState.DEAD).order_by("-id")
    if newest := dead.first():
        message = f"{dead.count()} jobs were given up; the newest, {newest.key}: {newest.error}"
        yield Level.WARNING, message, "mend the cause, then score again from the organiser's page"


def _roles(now: datetime) -> Found:
    if settings.HELDOUT.email_verification == "none" and settings.HELDOUT.sign_up == "open":
        yield (
            Level.WARNING,
            "addresses are not confirmed, so roles and invitations given by address go to whoever "
            "signed up with it",
            "set HELDOUT_EMAIL_VERIFICATION=mandatory, and HELDOUT_EMAIL_HOST to send the mails",
        )


EXAMINATIONS: dict[str, Callable[[datetime], Found]] = {
    "framework": _framework,
    "address": _address,
    "secret": _secret,
    "folders": _folders,
    "answers": _answers,
    "database": _database,
    "disk": _disk,
    "clock": _clock,
    "mail": _mail,
    "roles": _roles,
    "work": _work,
    "set aside": _set_aside,
}
