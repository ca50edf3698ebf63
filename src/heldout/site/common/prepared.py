"""Queries that are composed once: Django takes longer to compose a small one than to run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.models import Expression, QuerySet

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
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            rows = cursor.fetchall()
        return [self.read(self._converted(row, connection)) for row in rows]

    def _converted(self, row: Sequence[Any], connection: Any) -> Sequence[Any]:
        values = list(row)
        for place, (converters, expression) in self.converters:
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        return values


class Prepared(Generic[Row]):
    """A query of models, also with `select_related`, or of columns by `values_list`: values of one, tuples of several.

    `compose` makes it with `Given` in the places of its values; its SQL is kept from its first use.
    """

    def __init__(self, compose: Callable[[], QuerySet[Any, Row]]) -> None:
        self._compose = compose
        self._statement: _Statement | None = None

    def all(self, **given: Any) -> list[Row]:
        if self._statement is None:
            self._statement = _composed(self._compose())
        return self._statement.run(given)

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


def _adapt(value: Any, connection: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
