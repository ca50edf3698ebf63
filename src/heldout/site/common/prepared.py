"""Queries that are composed once: Django takes longer to compose a small one than to run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from operator import itemgetter
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections, router, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import AutoField, Expression, Field, Model, QuerySet

Row = TypeVar("Row")


class Given(Expression):
    """Stands in a prepared query for a value that is given whenever it runs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


@dataclass(frozen=True, slots=True)
class _Statement:
    """`converters`: for a column's place, what turns the database's value into Python's."""

    alias: str
    sql: str
    params: Sequence[Any]
    converters: Sequence[tuple[int, tuple[list[Any], Any]]]
    read: Callable[[Sequence[Any]], Any]

    def run(self, given: dict[str, Any]) -> list[Any]:
        connection = connections[self.alias]
        params = [
            _adapt(given[one.name], connection) if isinstance(one, Given) else one
            for one in self.params
        ]
        with prepared_cursor(self.alias) as cursor:
            cursor.execute(self.sql, params)
            rows = cursor.fetchall()
        return [self.read(self._converted(row, connection)) for row in rows]

    def _converted(self, row: Sequence[Any], connection: Any) -> Sequence[Any]:
        values = list(row)
        for place, (converters, expression) in self.converters:
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        return values


def prepared_cursor(alias: str = DEFAULT_DB_ALIAS) -> CursorWrapper:
    """A cursor for statements whose text never changes: PostgreSQL keeps their plans."""
    connection = connections[alias]
    return cast(CursorWrapper, getattr(connection, "prepared_cursor", connection.cursor)())


_every: list[Prepared[Any]] = []


def compose_all() -> None:
    """Compose what there is now, for the processes that will be forked from this one."""
    with transaction.atomic():  # What locks rows is composed in a transaction alone.
        for one in _every:
            _ = one.statement


class Prepared(Generic[Row]):
    """A query of models, also with `select_related`, or of columns by `values_list`: values of one, tuples of several.

    `compose` makes it with `Given` in the places of its values; its SQL is kept from its first use.
    """

    def __init__(self, compose: Callable[[], QuerySet[Any, Row]]) -> None:
        self._compose = compose
        _every.append(self)

    @cached_property
    def statement(self) -> _Statement:
        return _composed(self._compose())

    def all(self, **given: Any) -> list[Row]:
        return self.statement.run(given)

    def first(self, **given: Any) -> Row | None:
        return next(iter(self.all(**given)), None)


def _composed(queryset: QuerySet[Any, Any]) -> _Statement:
    compiler = queryset.query.get_compiler(using=queryset.db)
    sql, params = compiler.as_sql()
    converters = compiler.get_converters([column for column, *_ in compiler.select])
    return _Statement(
        queryset.db, sql, params, tuple(converters.items()), _reader(compiler, queryset.db)
    )


def _reader(compiler: Any, alias: str) -> Callable[[Sequence[Any]], Any]:
    if compiler.query.default_cols:
        return _model_of(compiler.klass_info, compiler.select, alias)
    return tuple if len(compiler.select) > 1 else itemgetter(0)


def _model_of(info: dict[str, Any], select: Any, alias: str) -> Callable[[Sequence[Any]], Any]:
    """What makes a row into a model and those it is selected with; None where it is not there."""
    model, places = info["model"], info["select_fields"]
    names = [select[place][0].target.attname for place in places]
    key = places[names.index(model._meta.pk.attname)]
    others = [
        (_model_of(other, select, alias), other["local_setter"], other["remote_setter"])
        for other in info.get("related_klass_infos", ())
    ]

    def read(row: Sequence[Any]) -> Any:
        if row[key] is None:
            return None
        found = model.from_db(alias, names, [row[place] for place in places])
        for read_other, set_here, set_there in others:
            other = read_other(row)
            set_here(found, other)
            if other is not None:
                set_there(other, found)
        return found

    return read


@cache
def _insertion(model: type[Model], alias: str) -> tuple[str, list[Field[Any, Any]]]:
    meta, quoted = model._meta, connections[alias].ops.quote_name
    fields = [one for one in meta.local_concrete_fields if not isinstance(one, AutoField)]
    columns = ", ".join(quoted(str(one.column)) for one in fields)
    values = ", ".join(["%s"] * len(fields))
    key = quoted(str(meta.pk.column))
    return (
        f"INSERT INTO {quoted(meta.db_table)} ({columns}) VALUES ({values}) RETURNING {key}",  # noqa: S608
        fields,
    )


def insert(instance: Model) -> None:
    """Add a row as `save(force_insert=True)` does, but for signals, which nobody listens to here."""
    alias = router.db_for_write(type(instance), instance=instance)
    connection = connections[alias]
    sql, fields = _insertion(type(instance), alias)
    values = [one.get_db_prep_save(one.pre_save(instance, True), connection) for one in fields]
    with prepared_cursor(alias) as cursor:
        cursor.execute(sql, values)
        instance.pk = cursor.fetchone()[0]
    instance._state.adding, instance._state.db = False, alias


def _adapt(value: Any, connection: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
