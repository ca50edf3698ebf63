import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from heldout.site.databases import sqlite
from heldout.site.sqlite3.base import Turn

HOLD = """
import sys
from heldout.site.sqlite3.base import Turn
Turn(sys.argv[1], patience=5).take()
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "site.sqlite3"


@pytest.fixture
def connect(file):
    """Connections of their own to one file, as two threads have them; they wait a moment at most."""
    opened = []

    def connect():
        database = sqlite(file)
        database["OPTIONS"]["timeout"] = 0.05
        opened.append(ConnectionHandler({"default": database})["default"])
        opened[-1].connect()
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


def begin(connection):
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def free(file) -> bool:
    turn = Turn(str(file), patience=0)
    try:
        turn.take()
    except OperationalError:
        return False
    turn.give()
    return True


def test_a_transaction_has_the_turn_until_its_end(connect, file):
    connection = connect()
    for end in (connection.commit, connection.rollback):
        begin(connection)
        assert not free(file)
        end()
        assert free(file)
        connection.set_autocommit(True)


def test_a_connection_that_is_closed_gives_its_turn_back(connect, file):
    connection = connect()
    begin(connection)
    connection.close()
    assert free(file)


def test_who_cannot_begin_gives_the_turn_back(connect, file):
    connection = connect()
    # Another program, which knows nothing of turns.
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            begin(connection)
        assert free(file)


def test_who_waits_too_long_is_told_that_the_database_is_locked(connect, file):
    first, second = connect(), connect()
    begin(first)
    with pytest.raises(OperationalError, match="locked"):
        begin(second)
    first.commit()
    begin(second)
    assert not free(file)


def test_who_waits_is_next(file):
    mine, taken = Turn(str(file), patience=30), []
    mine.take()

    def wait():
        theirs = Turn(str(file), patience=30)
        theirs.take()
        taken.append("theirs")
        theirs.give()

    thread = threading.Thread(target=wait)
    thread.start()
    taken.append("mine")
    mine.give()
    thread.join()
    assert taken == ["mine", "theirs"]


def test_the_turn_of_a_process_that_is_killed_is_free(file):
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"taken\n"
        assert not free(file)
        other.kill()
    assert free(file)


def test_only_the_owner_may_hold_a_turn(file):
    turn = Turn(str(file), patience=0)
    turn.take()
    turn.give()
    turn.give()  # Once more does no harm.
    held = file.with_name(f"{file.name}-turn")
    assert held.stat().st_mode & 0o777 == 0o600
