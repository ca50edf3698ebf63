import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from heldout.datasets.images import (
    LARGEST_PIXELS,
    ImageFacts,
    MediaFault,
    check_image,
    inspect_image,
)

Paint = Callable[..., Path]


def png_claiming(width: int, height: int) -> bytes:
    """A PNG header of any size with no pixels behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    empty = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + empty + chunk(b"IEND", b"")


def test_facts_come_from_the_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_claiming(8_000, 9_000))
    assert inspect_image(path) == ImageFacts("PNG", 8_000, 9_000, 1)


@pytest.mark.parametrize("size", [(9_000, 9_000), (10_000, 9_500), (60_000, 60_000)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int], tmp_path: Path) -> None:
    assert size[0] * size[1] > LARGEST_PIXELS
    path = tmp_path / "a.png"
    path.write_bytes(png_claiming(*size))
    assert check_image(path) == MediaFault(
        "claims more than 80 million pixels", "make the image smaller"
    )


def test_a_whole_image_has_no_fault(tmp_path: Path, paint: Paint) -> None:
    for name in ("a.png", "a.JPG", "a.webp", "a.tiff", "a.bmp"):
        assert check_image(paint(tmp_path / name)) is None


def test_an_image_that_moves_is_refused(tmp_path: Path) -> None:
    frames = [Image.new("L", (4, 4), shade) for shade in (0, 100, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    fault = check_image(tmp_path / "a.gif")
    assert fault == MediaFault("has 3 frames", "only still images can be examples")


def test_a_file_that_is_no_image_has_no_facts(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"GIF8")
    fault = inspect_image(tmp_path / "a.png")
    assert isinstance(fault, MediaFault)
    assert "is not an image of a known format" in fault.message


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".tiff", ".bmp"])
def test_no_damage_crashes_the_check(suffix: str, tmp_path: Path, paint: Paint) -> None:
    path = paint(tmp_path / f"a{suffix}", size=(20, 20))
    content = path.read_bytes()
    for step in range(40):
        at = step * len(content) // 40
        path.write_bytes(content[:at] + bytes((content[at] ^ 0x5A,)) + content[at + 1 :])
        check_image(path)
        path.write_bytes(content[:at])
        assert check_image(path) is not None
