import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

# Each starts Python anew, which takes long on a machine that has other things to do.
pytestmark = pytest.mark.timeout(240)

SCRIPT = """
import sys
from pathlib import Path
from heldout.errors import HeldoutError
from heldout.site.setup import prepare
try:
    prepare(Path(sys.argv[1]))
except HeldoutError as error:
    sys.exit(str(error))
{then}
"""


def in_a_process(folder: Path, then: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Prepare a folder in a process of its own, as the commands do."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HELDOUT_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(then=then), str(folder)],
        env=inherited | environ,
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "new" / "site"


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "site"
    assert in_a_process(folder).returncode == 0
    return folder


@pytest.fixture
def prepared(ready, tmp_path):
    """A copy of a folder that was prepared in a process before."""
    return shutil.copytree(ready, tmp_path / "site")


def test_a_new_folder_guards_what_is_secret(ready):
    modes = {path.name: path.stat().st_mode & 0o777 for path in ready.iterdir()}
    assert modes["secret"] == 0o600
    assert {modes[name] for name in ("answers", "submissions", "backups")} == {0o700}
    assert modes["files"] == 0o755


def test_the_database_and_its_journals_are_the_owners_alone(folder):
    journals = "from django.db import connection; connection.cursor().execute('BEGIN IMMEDIATE')"
    stop = "\nimport os; os._exit(0)"
    assert in_a_process(folder, journals + stop).returncode == 0
    made = {path.name: path for path in folder.glob("db.sqlite3*")}
    assert made.keys() == {"db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "db.sqlite3-turn"}
    assert {path.stat().st_mode & 0o777 for path in made.values()} == {0o600}
    for path in made.values():
        path.chmod(0o644)
    assert in_a_process(folder).returncode == 0
    assert {path.stat().st_mode & 0o777 for path in folder.glob("db.sqlite3*")} == {0o600}


def test_every_connection_of_sqlite_is_durable(prepared):
    """And a transaction holds the write lock from its beginning: no second one gets in between."""
    then = """
import sqlite3
from contextlib import closing
from django.conf import settings
from django.db import connection, transaction
cursor = connection.cursor()
for name in ("journal_mode", "synchronous", "foreign_keys"):
    print(cursor.execute(f"PRAGMA {name}").fetchone()[0])
with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=0)) as other:
    with transaction.atomic():
        try:
            other.execute("BEGIN IMMEDIATE")
            print("a second one began")
        except sqlite3.OperationalError as error:
            print(error)
"""
    said = in_a_process(prepared, then).stdout.splitlines()
    assert said == ["wal", "2", "1", "database is locked"]


def test_the_secret_stays_the_same(prepared):
    show = "from django.conf import settings; print(settings.SECRET_KEY)"
    first, second = (in_a_process(prepared, show).stdout for _ in range(2))
    assert first == second
    assert len(first) > 50


def test_a_copy_is_saved_before_the_database_changes_shape(prepared):
    assert not list((prepared / "backups").iterdir())
    with closing(sqlite3.connect(prepared / "db.sqlite3")) as database:
        database.execute("DROP TABLE submissions_board")
        database.execute("DELETE FROM django_migrations WHERE app = 'submissions'")
        for (table,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'submissions_%'"
        ).fetchall():
            database.execute(f"DROP TABLE {table}")
        database.commit()
    assert in_a_process(prepared).returncode == 0
    (copy,) = (prepared / "backups").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as database:
        (ok,) = database.execute("PRAGMA integrity_check").fetchone()
        assert ok == "ok"
        assert database.execute("SELECT count(*) FROM accounts_user").fetchone() == (0,)


def test_bad_settings_stop_the_site_with_all_of_them(folder):
    ended = in_a_process(folder, HELDOUT_DEBUG="perhaps", HELDOUT_ATTEMPTS="-1")
    assert ended.returncode == 1
    assert "HELDOUT_DEBUG" in ended.stderr
    assert "HELDOUT_ATTEMPTS" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_models_and_the_migrations_agree(prepared):
    then = """
from django.core.management import call_command
call_command("makemigrations", check=True, dry_run=True, verbosity=0)
"""
    assert in_a_process(prepared, then).returncode == 0


def test_the_framework_finds_nothing_to_complain_about_on_a_public_site(prepared):
    then = """
from django.core.management import call_command
call_command("check", deploy=True, fail_level="WARNING")
"""
    ended = in_a_process(prepared, then, HELDOUT_BASE_URL="https://challenges.example.org")
    assert ended.returncode == 0, ended.stderr
