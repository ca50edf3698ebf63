import io
import stat
import zipfile

import pytest

from heldout.errors import BadInput
from heldout.site.common.archives import Bounds, unpack

BOUNDS = Bounds(size=10_000, files=10)


def archive(*members, **changes):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            for key, value in changes.items():
                setattr(info, key, value)
            opened.writestr(info, data, zipfile.ZIP_DEFLATED)
    content.seek(0)
    return content


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inside").mkdir()
    return tmp_path / "inside"


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:/evil", "a\\..\\evil"])
def test_a_member_that_leads_outside_is_refused(name, folder):
    with pytest.raises(BadInput):
        unpack(archive((name, b"x")), folder, bounds=BOUNDS)
    assert not list(folder.rglob("*"))
    assert not (folder.parent / "evil").exists()


def test_a_link_is_refused(folder):
    link = archive(("link", b"/etc/passwd"), external_attr=(stat.S_IFLNK | 0o777) << 16)
    with pytest.raises(BadInput, match="a link"):
        unpack(link, folder, bounds=BOUNDS)


def test_a_bomb_is_refused_before_anything_is_written(folder):
    with pytest.raises(BadInput, match="unpacked it is larger"):
        unpack(archive(("zeros", bytes(20_000))), folder, bounds=BOUNDS)
    assert not list(folder.iterdir())


def test_a_member_larger_than_it_says_is_stopped(folder):
    honest = archive(("zeros", bytes(9_000))).getvalue()
    lying = honest.replace((9_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(BadInput):
        unpack(io.BytesIO(lying), folder, bounds=Bounds(size=100, files=10))


def test_too_many_members_are_refused(folder):
    many = archive(*[(f"{number}.txt", b"x") for number in range(11)])
    with pytest.raises(BadInput, match="more than 10 members"):
        unpack(many, folder, bounds=BOUNDS)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(50)])
def test_what_is_no_zip_is_refused_in_words(content, folder):
    with pytest.raises(BadInput, match="not a sound ZIP"):
        unpack(io.BytesIO(content), folder, bounds=BOUNDS)


def test_every_bad_member_is_named(folder):
    with pytest.raises(BadInput) as refusal:
        unpack(archive(("../a", b"x"), ("/b", b"x"), ("fine", b"x")), folder, bounds=BOUNDS)
    assert [problem.place for problem in refusal.value.problems] == ["../a", "/b"]


def test_the_one_folder_at_the_top_is_stepped_into(folder):
    content = archive(
        ("cats/challenge.toml", b"x"), ("__MACOSX/cats/._challenge.toml", b"x"), (".DS_Store", b"x")
    )
    root = unpack(content, folder, bounds=BOUNDS)
    assert (root.name, [path.name for path in root.iterdir()]) == ("cats", ["challenge.toml"])
