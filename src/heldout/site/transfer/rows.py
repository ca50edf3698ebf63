"""The rows of one challenge as plain values, and back with the keys of another site.

Which rows these are follows from the models: everything that a chain of foreign keys leads from to the
challenge. A new model is exported by itself; one that must not be is named in `LEFT_OUT`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Field, ForeignKey, Model, QuerySet

from heldout.site.accounts.models import User
from heldout.site.catalog.models import (
    Analysis,
    DataFile,
    DataRevision,
    DataSet,
    DatasheetAnswer,
    Intake,
    LeakVerdict,
    Release,
    RevisionIndex,
)
from heldout.site.challenges.models import Challenge
from heldout.site.common.models import AuditEntry, Job
from heldout.site.submissions.models import Board, Evaluation
from heldout.site.webhooks.models import Delivery, Endpoint

Row = dict[str, Any]
# Computed anew from the rest; an agreement of this site with another machine; or a file on its way.
LEFT_OUT: frozenset[type[Model]] = frozenset(
    {Board, Endpoint, Delivery, RevisionIndex, Analysis, Release, Intake}
)
# What a challenge stands on, above it: the model, and how to find its rows.
BELOW: tuple[tuple[type[Model], str], ...] = (
    (DataSet, "pk"),
    (DataRevision, "dataset"),
    (DataFile, "revision__dataset"),
    (DatasheetAnswer, "dataset"),
    (LeakVerdict, "dataset"),
)


def name(model: type[Model]) -> str:
    return model._meta.label_lower


@cache
def way(model: type[Model], to: type[Model] = Challenge) -> str | None:
    """The shortest chain of foreign keys from a model to the challenge, as a lookup."""
    seen, paths = {model}, [(model, "")]
    for here, path in paths:
        for key in foreign_keys(here):
            target = key.related_model
            step = f"{path}__{key.name}".strip("_")
            if target is to:
                return step
            if target not in seen and target is not User:
                seen.add(target)
                paths.append((target, step))
    return None


def foreign_keys(model: type[Model]) -> list[ForeignKey[Any, Any]]:
    return [one for one in model._meta.concrete_fields if isinstance(one, ForeignKey)]


@cache
def tables() -> tuple[type[Model], ...]:
    """The models of an export, each after those it refers to."""
    every = apps.get_models(include_auto_created=True)
    ours = (one for one in every if one.__module__.startswith("heldout."))
    found = [one for one in ours if one is not Challenge and one not in LEFT_OUT and way(one)]
    wanted: list[type[Model]] = [*(model for model, _ in BELOW), Challenge, Job, *found]
    ordered: list[type[Model]] = []
    while len(ordered) < len(wanted):
        ready = [one for one in wanted if one not in ordered and not _waits(one, wanted, ordered)]
        ordered += ready
    return tuple(ordered)


def _waits(model: type[Model], wanted: list[type[Model]], done: list[type[Model]]) -> bool:
    """A key that may be empty is filled in at the end, so that circles are no obstacle."""
    needed = {one.related_model for one in foreign_keys(model) if not one.null}
    return any(one in wanted and one not in done and one is not model for one in needed)


def rows_of(challenge: Challenge, model: type[Model]) -> QuerySet[Any]:
    rows = model._default_manager.order_by("pk")
    below = dict(BELOW)
    if model in below:
        return rows.filter(**{below[model]: challenge.dataset_id})
    if model is Challenge:
        return rows.filter(pk=challenge.pk)
    if model is Job:
        # The attempts that wrote a result; those still waiting are made anew.
        wrote = Evaluation.objects.filter(submission__phase__challenge=challenge)
        return rows.filter(pk__in=wrote.values("job"))
    return rows.filter(**{str(way(model)): challenge.pk})


def as_row(instance: Model) -> Row:
    """Every column by its name; a reference is the key of the row it refers to."""
    return {one.attname: getattr(instance, one.attname) for one in instance._meta.concrete_fields}


def user_ids(challenge: Challenge) -> set[int]:
    """Everybody whom a row or an entry of the log names."""
    found: set[int] = set()
    for model in tables():
        for key in foreign_keys(model):
            if key.related_model is User:
                named = rows_of(challenge, model).values_list(key.attname, flat=True)
                found.update(one for one in named if one is not None)
    found.update(one.actor_id for one in log_of(challenge) if one.actor_id)
    return found


def log_of(challenge: Challenge) -> Iterator[AuditEntry]:
    """What the audit log says of the challenge, of its data and of everything in it, in its order."""
    subjects = [
        f"{model._meta.model_name}:{pk}"
        for model in tables()
        for pk in rows_of(challenge, model).values_list("pk", flat=True)
        if model is DataSet or model not in (Job, *dict(BELOW))
    ]
    found: list[AuditEntry] = []
    for start in range(0, len(subjects), 500):
        found += AuditEntry.objects.filter(subject__in=subjects[start : start + 500])
    yield from sorted(found, key=lambda entry: entry.pk)


class Keys:
    """Which key of the archive is which key here."""

    def __init__(self) -> None:
        self._keys: dict[tuple[type[Model], Any], Any] = {}
        self._subjects: dict[str, str] = {}

    def add(self, model: type[Model], there: Any, here: Any) -> None:
        self._keys[model, there] = here
        kind = model._meta.model_name
        self._subjects[f"{kind}:{there}"] = f"{kind}:{here}"

    def find(self, model: type[Model], there: Any) -> Any:
        """The key here; None for a row that is not in the archive."""
        return self._keys.get((model, there))

    def of_log(self, subject: str) -> str | None:
        """`phase:3` of the archive as it is called here."""
        return self._subjects.get(subject)


def insert(model: type[Model], rows: Iterable[Row], keys: Keys) -> list[tuple[Any, str, Any]]:
    """Insert rows under keys of this site; returns the references that have to wait.

    These are (key here, column, key there), of columns that refer to a later table.
    """
    later: list[tuple[Any, str, Any]] = []
    for row in rows:
        values, waiting = _values(model, row, keys)
        instance = model(**values)
        instance.save(force_insert=True)
        keys.add(model, row[_pk(model).attname], instance.pk)
        later += [(instance.pk, column, there) for column, there in waiting]
    return later


def _values(model: type[Model], row: Row, keys: Keys) -> tuple[Row, list[tuple[str, Any]]]:
    values, waiting = {}, []
    for field in model._meta.concrete_fields:
        if field.attname not in row or (field.primary_key and _counts_up(field)):
            continue
        value = row[field.attname]
        if isinstance(field, ForeignKey) and value is not None:
            here = keys.find(field.related_model, value)
            if here is None and field.null:
                waiting.append((field.attname, value))
            value = here
        elif value is not None:
            value = field.to_python(value)
        values[field.attname] = value
    return values, waiting


def _pk(model: type[Model]) -> Field[Any, Any]:
    pk = model._meta.pk
    assert pk is not None
    return pk


def _counts_up(field: Field[Any, Any]) -> bool:
    return field.get_internal_type() in {"AutoField", "BigAutoField", "SmallAutoField"}


def fill_in(model: type[Model], later: Iterable[tuple[Any, str, Any]], keys: Keys) -> None:
    """Set the references that had to wait."""
    columns = {one.attname: one.related_model for one in foreign_keys(model)}
    for pk, column, there in later:
        here = keys.find(columns[column], there)
        model._default_manager.filter(pk=pk).update(**{column: here})
