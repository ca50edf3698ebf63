"""PostgreSQL: how its address is read, whose plans it keeps, and whether it is still there."""

import os
import select
from contextlib import closing, contextmanager

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql import base

from heldout.site.challenges.models import Challenge
from heldout.site.common.prepared import Given, Prepared, prepared_cursor
from heldout.site.databases import postgresql
from heldout.site.postgresql import base as ours

on_postgresql = pytest.mark.skipif(
    "HELDOUT_DATABASE_URL" not in os.environ, reason="this is what PostgreSQL does"
)
TITLES = Prepared(
    lambda: Challenge.objects.filter(slug=Given("slug")).values_list("title", flat=True)
)


@contextmanager
def another_connection():
    other = connection.copy()
    with closing(other):
        yield other


def process_of(other):
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_an_address_names_all_there_is_to_know():
    read = postgresql("postgresql://ann:p%40ss@db.example.org:5433/site?sslmode=require")
    assert (read["USER"], read["PASSWORD"]) == ("ann", "p@ss")
    assert (read["HOST"], read["PORT"], read["NAME"]) == ("db.example.org", "5433", "site")
    assert read["OPTIONS"] == {"sslmode": "require", "prepare_threshold": 0}


def test_an_address_can_name_the_folder_of_a_socket():
    read = postgresql("postgresql://ann@/site?host=/run/postgresql")
    assert (read["HOST"], read["PORT"]) == ("/run/postgresql", "")


def test_behind_a_pooler_no_plan_is_kept():
    assert postgresql("postgresql://localhost/site?prepared=no")["OPTIONS"] == {
        "prepare_threshold": None
    }


@on_postgresql
def test_the_plan_of_a_statement_composed_once_is_kept(challenge):
    for _ in range(2):
        assert TITLES.first(slug=challenge.slug) == challenge.title
    with connection.cursor() as cursor:
        kept = "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement = %s"
        cursor.execute(kept, [TITLES.statement.sql.replace("%s", "$1")])
        assert cursor.fetchone()[0] == 1


@on_postgresql
def test_a_connection_that_the_server_has_ended_is_not_used_again():
    with another_connection() as other:
        number = process_of(other)
        assert other.is_usable()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [number])
        # The news comes by itself, soon.
        assert select.select([other.connection.fileno()], [], [], 10)[0]
        assert not other.is_usable()
        other.close()
        assert process_of(other) != number


@on_postgresql
def test_a_prepared_statement_begins_with_a_connection_that_is_there():
    with another_connection() as other:
        number = process_of(other)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [number])
        assert select.select([other.connection.fileno()], [], [], 10)[0]
        # As Django does before a request.
        other.close_if_unusable_or_obsolete()
        with other.prepared_cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            assert cursor.fetchone()[0] != number


@on_postgresql
def test_a_connection_that_was_idle_for_long_is_asked(monkeypatch):
    with another_connection() as other:
        process_of(other)
        assert other.is_usable()
        monkeypatch.setattr(base.DatabaseWrapper, "is_usable", lambda self: False)
        assert other.is_usable()
        monkeypatch.setattr(ours, "IDLE_SECONDS", -1.0)
        assert not other.is_usable()


@on_postgresql
def test_a_connection_is_not_asked_whether_it_is_there(monkeypatch):
    with another_connection() as other:
        process_of(other)
        assert other.is_usable()
        monkeypatch.setattr(base.DatabaseWrapper, "is_usable", lambda self: pytest.fail("asked"))
        assert other.is_usable()
    assert not other.is_usable()


def test_a_statement_that_fails_is_a_fault_of_the_database(db):
    with pytest.raises(DatabaseError), transaction.atomic(), prepared_cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")
