"""A data folder of each earlier release starts; tools/write_release.py keeps one per release."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from heldout.site.restore import restore

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.tar.xz"))
START = """
import json, sys
from pathlib import Path
from heldout.site.setup import pending_migrations, prepare
prepare(Path(sys.argv[1]))
assert not pending_migrations()
from django.test import Client
client = Client(headers={"host": "localhost"})
board = client.get("/api/v1/challenges/bench/phases/test/leaderboard").json()["leaderboard"]
pages = [client.get(one).status_code for one in ("/", "/challenges/bench/leaderboard/")]
from heldout.site.submissions import storage
from heldout.site.submissions.models import Submission
for one in Submission.objects.all():
    storage.verified(one.sha256)
print(json.dumps([board, pages]))
"""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_a_site_of_an_earlier_release_starts_with_its_leaderboard(release, tmp_path, monkeypatch):
    monkeypatch.delenv("HELDOUT_DATABASE_URL", raising=False)
    folder = tmp_path / "site"
    restore(release, folder)
    with closing(sqlite3.connect(folder / "db.sqlite3")) as database:
        (rows,) = database.execute("SELECT rows FROM submissions_board").fetchone()
    stored = [(row["entrant"], row["value"], row["submissions"]) for row in json.loads(rows)]
    assert len(stored) == 2
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HELDOUT_", "DJANGO_"))}
    command = [sys.executable, "-c", START, str(folder)]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    board, pages = json.loads(done.stdout)
    assert [(row["entrant"], row["value"], row["submissions"]) for row in board] == stored
    assert pages == [200, 200]
    assert list((folder / "backups").glob("*-before-*.sqlite3"))


def test_there_is_a_site_of_an_earlier_release():
    assert RELEASES
