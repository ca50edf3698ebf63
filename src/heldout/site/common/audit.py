"""The audit log: append-only, each entry chained to the one before by its SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Model, QuerySet

from heldout.site.common.models import AuditEntry
from heldout.site.common.prepared import Prepared, insert

GENESIS = "0" * 64
# Names the chain among PostgreSQL's advisory locks.
CHAIN_LOCK = 0x4845_4C44
CHUNK = 1000
_LAST_SQL = f"SELECT digest FROM {AuditEntry._meta.db_table} ORDER BY id DESC LIMIT 1"  # noqa: S608
LAST = Prepared(lambda: AuditEntry.objects.order_by("-id").values_list("digest", flat=True)[:1])


class Fault(NamedTuple):
    """An entry at which the chain does not hold, and how; 0 is none of those that are there."""

    entry: int
    what: str
    message: str

    def __str__(self) -> str:
        return f"entry {self.entry} ({self.what}): {self.message}" if self.entry else self.message


class Verdict(NamedTuple):
    """`head` is the digest of the last entry: who keeps it elsewhere notices a log that was cut."""

    entries: int
    head: str
    faults: tuple[Fault, ...]


class Fields(Protocol):
    """What of an entry is covered; also the historical model of a migration."""

    at: datetime
    actor_id: Any
    action: str
    subject: str
    details: Any
    previous: str


def record(
    action: str, *, by: AbstractBaseUser | None, on: Model | str, now: datetime, **details: Any
) -> AuditEntry:
    """Write down who did what; call it last in the transaction that does it.

    Entries wait for each other until that transaction ends, so nothing should be locked after it.
    """
    with transaction.atomic(savepoint=False):
        last = _last_digest()
        entry = AuditEntry(
            at=now,
            actor_id=by.pk if by else None,
            action=action,
            subject=subject(on),
            details=plain(details),
            previous=last,
        )
        entry.digest = digest_of(entry)
        insert(entry)
    return entry


def _last_digest() -> str:
    """The end of the chain, one at a time; on SQLite the transaction holds the only write lock already."""
    if connection.vendor != "postgresql":
        return LAST.first() or GENESIS
    with connection.cursor() as cursor:
        # Together: who holds the lock sends nothing back and forth before it reads. The second
        # statement sees what was committed before it began, not before the lock was asked for.
        cursor.execute(f"SELECT pg_advisory_xact_lock({CHAIN_LOCK}); {_LAST_SQL}")
        cursor.nextset()
        row = cursor.fetchone()
    return str(row[0]) if row else GENESIS


def plain(details: Any) -> Any:
    """The details as every database gives them back."""
    return _settle(json.loads(json.dumps(details)))


def _settle(value: Any) -> Any:
    """Whole numbers as such: `1e22` and `10000000000000000000000` are one number in JSON."""
    if isinstance(value, dict):
        return {key: _settle(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_settle(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def digest_of(entry: Fields) -> str:
    """The SHA-256 of everything in an entry, and of the digest before it."""
    covered = [
        entry.previous,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor_id,
        entry.action,
        entry.subject,
        _settle(entry.details),
    ]
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def verify(*, head: str = "") -> Verdict:
    """Follow the chain from its beginning.

    Args:
        head: A digest that was once the last; it must still be in the chain.
    """
    faults: list[Fault] = []
    last, count, seen = GENESIS, 0, not head
    for entry in AuditEntry.objects.order_by("id").iterator(CHUNK):
        faults += _faults(entry, last)
        last, count = entry.digest, count + 1
        seen = seen or entry.digest == head
    if not seen:
        faults.append(Fault(0, "", f"no entry has the digest {head}: the log was cut"))
    return Verdict(count, last, tuple(faults))


def _faults(entry: AuditEntry, last: str) -> Iterator[Fault]:
    if entry.previous != last:
        yield Fault(entry.pk, str(entry), "an entry before it was removed, added or replaced")
    if digest_of(entry) != entry.digest:
        yield Fault(entry.pk, str(entry), "its content was changed")


def chain(entries: Iterable[Any]) -> None:
    """Give entries of before the chain their digests, in their order."""
    last = GENESIS
    for entry in entries:
        entry.previous, entry.details = last, plain(entry.details)
        last = entry.digest = digest_of(entry)
        type(entry).objects.filter(pk=entry.pk).update(
            previous=entry.previous, digest=entry.digest, details=entry.details
        )


def entries(on: Model | str) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(subject=subject(on)).select_related("actor").order_by("-id")


def subject(on: Model | str) -> str:
    return on if isinstance(on, str) else f"{on._meta.model_name}:{on.pk}"
