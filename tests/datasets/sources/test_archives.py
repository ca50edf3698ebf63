import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from heldout.datasets.sources import is_archive, unpack
from heldout.errors import BadInput


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def linked(name: str, to: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    return member


def test_an_archive_gives_its_files(tmp_path: Path, target: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("photos/cat/1.png", b"x")
        archive.writestr("__MACOSX/junk", b"x")
    assert unpack(tmp_path / "a.zip", target) == target / "photos"
    assert (target / "photos" / "cat" / "1.png").read_bytes() == b"x"


def test_a_compressed_tar_file_gives_its_files(tmp_path: Path, target: Path) -> None:
    path = tar(
        tmp_path / "a.tar.gz", (tarfile.TarInfo("1.png"), b"x"), (tarfile.TarInfo("b/2"), b"y")
    )
    assert is_archive(path)
    assert unpack(path, target) == target
    assert (target / "b" / "2").read_bytes() == b"y"


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:/evil"])
def test_no_member_leads_outside(tmp_path: Path, target: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("fine", b"x")
        archive.writestr(name, b"x")
    with pytest.raises(BadInput, match="leads outside the archive"):
        unpack(tmp_path / "a.zip", target)
    assert list(target.iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_links_are_refused_all_at_once(tmp_path: Path, target: Path) -> None:
    members = [(linked("a", "/etc"), b""), (linked("b", "a"), b"")]
    with pytest.raises(BadInput) as refusal:
        unpack(tar(tmp_path / "a.tgz", *members), target)
    assert len(refusal.value.problems) == 2
    assert "is a link or a device" in str(refusal.value)


def test_a_bomb_is_stopped(tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heldout.datasets.sources.archives._SLACK", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(10_000_000))
    with pytest.raises(BadInput, match="far more than its size"):
        unpack(tmp_path / "a.zip", target)
    assert list(target.iterdir()) == []


def test_a_damaged_archive_is_named(tmp_path: Path, target: Path) -> None:
    path = tar(tmp_path / "a.tar.gz", (tarfile.TarInfo("1.png"), bytes(range(256)) * 40))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadInput, match=r"a\.tar\.gz: is a damaged archive"):
        unpack(path, target)
    assert list(target.iterdir()) == []
