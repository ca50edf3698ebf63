"""Which backups are deleted, and that nothing else ever is."""

import io
import tarfile
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import msgspec
import pytest

from heldout.errors import BadInput
from heldout.site.backup import MANIFEST, File, Manifest
from heldout.site.keeping import keep, name

NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)


def archive(path, content=b"rows", told=None):
    """A backup with one file in it, and the manifest that is told of it."""
    manifest = Manifest(
        1, "0", NOW, "sqlite", {"db.sqlite3": File(sha256(told or content).hexdigest(), 4)}
    )
    with tarfile.open(path, "w") as tar:
        for inside, what in (("db.sqlite3", content), (MANIFEST, msgspec.json.encode(manifest))):
            info = tarfile.TarInfo(inside)
            info.size = len(what)
            tar.addfile(info, io.BytesIO(what))
    return manifest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


@pytest.fixture
def nights(folder):
    """Five backups of five nights; the last is the newest."""
    paths = [folder / name("site", now=NOW - timedelta(days=4 - night)) for night in range(5)]
    for path in paths:
        manifest = archive(path)
    return paths, manifest


def test_a_backup_is_named_after_its_site_and_the_time_in_utc():
    assert name("cats", now=NOW) == "cats-2026-11-22T033000Z.tar"
    assert name("cats", now=NOW.astimezone(timezone(timedelta(hours=9)))) == name("cats", now=NOW)


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_the_newest_are_kept(nights, count):
    paths, manifest = nights
    assert keep(paths[-1], site="site", count=count, manifest=manifest) == paths[: 5 - count] * (
        count < 5
    )
    assert [path.exists() for path in paths] == [place >= 5 - count for place in range(5)]


def test_nothing_of_another_name_is_deleted(nights, folder):
    paths, manifest = nights
    others = [
        "2026-01-01-0330.tar",
        "site.tar",
        "site-2020-01-01T000000Z.tar.part",
        ".site-2020-01-01T000000Z.tar",
        "another-site-2020-01-01T000000Z.tar",
        "SITE-2020-01-01T000000Z.tar",
        "answers",
    ]
    for other in others:
        (folder / other).write_bytes(b"mine")
    inner, link = "site-2020-01-01T000000Z.tar", "site-2020-01-02T000000Z.tar"
    (folder / inner).mkdir()
    (folder / link).symlink_to(folder / "answers")
    keep(paths[-1], site="site", count=1, manifest=manifest)
    left = {path.name for path in folder.iterdir()}
    assert left == {*others, inner, link, paths[-1].name}


def test_the_new_one_is_never_deleted_also_where_others_are_dated_after_it(nights):
    paths, manifest = nights
    keep(paths[0], site="site", count=2, manifest=manifest)
    assert [path.exists() for path in paths] == [True, False, False, False, True]


@pytest.mark.parametrize("harm", ["cut", "other content", "nothing"])
def test_nothing_is_deleted_unless_the_new_one_is_whole(nights, harm):
    paths, manifest = nights
    if harm == "cut":
        paths[-1].write_bytes(paths[-1].read_bytes()[:700])
    elif harm == "nothing":
        paths[-1].write_bytes(b"")
    else:
        archive(paths[-1], b"ROWS", told=b"rows")
    with pytest.raises(BadInput, match="no older backup was deleted"):
        keep(paths[-1], site="site", count=1, manifest=manifest)
    assert all(path.exists() for path in paths)
