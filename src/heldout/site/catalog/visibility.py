"""Who sees which splits, columns and annotations of a data set of its own, and whom it is shared with.

The rule is part of the revision's layout, from which the indexes are built: what a role may not see is
not in its index. So a change takes the old indexes out of use at once, and new ones are built.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import polars as pl
from django.db import transaction
from django.db.models import Q

from heldout.datasets.annotations.storing import TABLE
from heldout.datasets.index.views import Role
from heldout.datasets.table import ID, MEDIA
from heldout.errors import BadInput, Problem
from heldout.site.accounts.models import User
from heldout.site.catalog.models import DataRevision, DataSet, RevisionIndex
from heldout.site.catalog.reading import layout_of
from heldout.site.catalog.services import data_folder, path_of, request_index
from heldout.site.common import audit

NAMES = {
    Role.PUBLIC: "Everybody",
    Role.PARTICIPANT: "Participants",
    Role.ORGANISER: "Only me",
}
PARTS = ("splits", "columns", "annotations")


class Rule(NamedTuple):
    """Something that can be hidden, and the least role that sees it."""

    part: str
    name: str
    role: Role
    note: str = ""


def rules_of(revision: DataRevision) -> list[Rule]:
    """All splits, columns and annotations of a revision, with who sees them."""
    layout, files = layout_of(revision), list(revision.files.exclude(split=""))
    known = {"splits": layout.splits, "columns": layout.columns, "annotations": layout.annotations}
    splits = {file.split: f"{file.examples or 0:,} examples" for file in files}
    columns: dict[str, str] = {}
    for file in files:
        columns |= dict.fromkeys(_columns(file.revision, file.name), "")
    marked = splits if (data_folder(revision) / TABLE).is_file() else {}
    return [
        Rule(part, name, Role(known[part].get(name, Role.PUBLIC)), note)
        for part, names in zip(PARTS, (splits, columns, dict.fromkeys(marked, "")), strict=True)
        for name, note in names.items()
    ]


def _columns(revision: DataRevision, name: str) -> list[str]:
    path = path_of(revision.files.get(name=name))
    return [name for name in pl.read_parquet_schema(path) if name not in (ID, MEDIA)]


def set_rules(
    *, revision: DataRevision, rules: Mapping[tuple[str, str], Role], by: User, now: datetime
) -> bool:
    """Say who sees what; False if it was so already. The old indexes are out of use from now on."""
    told = {
        part: {name: int(role) for (kind, name), role in rules.items() if kind == part and role > 1}
        for part in PARTS
    }
    with transaction.atomic():
        kept = DataRevision.objects.select_for_update().get(pk=revision.pk)
        layout = {**kept.layout, **told}
        if all(kept.layout.get(part, {}) == told[part] for part in PARTS):
            return False
        kept.layout = layout
        kept.save(update_fields=["layout"])
        RevisionIndex.objects.filter(revision=kept).delete()
        request_index(revision=kept, now=now)
        audit.record("visibility changed", by=by, on=kept.dataset, now=now, hidden=told)
    revision.layout = layout
    return True


def share(*, dataset: DataSet, with_whom: str, by: User, now: datetime) -> User:
    """Let a person see what is for participants.

    Raises:
        BadInput: There is no such person.
    """
    name = with_whom.strip().removeprefix("@")
    asked = Q(email__iexact=name) if "@" in name else Q(handle__iexact=name)
    person = User.objects.filter(asked, is_active=True).first() if name else None
    if person is None:
        remedy = "give the name or the address they signed up with"
        raise BadInput([Problem("person", "nobody here has this name", remedy)])
    with transaction.atomic():
        dataset.participants.add(person)
        audit.record("data shared", by=by, on=dataset, now=now, person=person.pk)
    return person


def unshare(*, dataset: DataSet, person: User, by: User, now: datetime) -> None:
    with transaction.atomic():
        dataset.participants.remove(person)
        audit.record("data no longer shared", by=by, on=dataset, now=now, person=person.pk)
