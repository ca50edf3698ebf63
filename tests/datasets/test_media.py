import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from heldout.datasets.images import MediaFault
from heldout.datasets.media import locate, store_media

Paint = Callable[..., Path]


def test_a_medium_is_stored_under_the_hash_of_its_bytes(tmp_path: Path, paint: Paint) -> None:
    name = store_media(paint(tmp_path / "zebra.png"), tmp_path / "media")
    stored = (tmp_path / "media" / name).read_bytes()
    assert name == f"{hashlib.sha256(stored).hexdigest()}.png"


def test_the_same_image_is_stored_once(tmp_path: Path, paint: Paint) -> None:
    names = {store_media(paint(tmp_path / f"{n}.png"), tmp_path / "media") for n in range(3)}
    assert {path.name for path in (tmp_path / "media").iterdir()} == names
    assert len(names) == 1


@pytest.mark.parametrize("name", ["../b.png", "/etc/passwd", "a/../../b.png", "..\\b.png"])
def test_a_path_may_not_leave_the_folder(name: str, tmp_path: Path) -> None:
    fault = locate(tmp_path, name)
    assert isinstance(fault, MediaFault)
    assert fault.message == "leads outside the folder of the data set"


def test_a_link_may_stay_inside_but_not_leave(tmp_path: Path, paint: Paint) -> None:
    root = tmp_path / "set"
    inside, outside = paint(root / "a.png"), paint(tmp_path / "b.png")
    (root / "inner.png").symlink_to(inside)
    (root / "outer.png").symlink_to(outside)
    (root / "loop.png").symlink_to(root / "loop.png")
    assert locate(root, "inner.png") == root / "inner.png"
    assert locate(root, "outer.png") == MediaFault(
        "leads outside the folder of the data set", "copy the file into it"
    )
    assert locate(root, "loop.png") == MediaFault("is not there")


def test_a_folder_is_no_medium(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    assert locate(tmp_path, "a.png") == MediaFault("is not a file")
    assert locate(tmp_path, "nul\0.png") == MediaFault("is not there")
