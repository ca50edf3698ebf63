"""Pixels are compared through Pillow, which the stripping of JPEG, PNG and WebP does not use."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from heldout.datasets.stripping import strip

MARKER = "photographed-a-zebra"
ORIENTATION, DESCRIPTION = 0x0112, 0x010E


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 24)) -> Image.Image:
    rng = np.random.default_rng(0)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65536, size[::-1], dtype=np.uint16))
    rgba = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 4), dtype=np.uint8))
    return rgba if mode == "RGBA" else rgba.convert("RGB" if mode != "LA" else mode).convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[DESCRIPTION] = MARKER
    if orientation != 1:
        tags[ORIENTATION] = orientation
    return tags


def shown(path: Path) -> tuple[str, np.ndarray]:
    with Image.open(path) as image:
        turned = ImageOps.exif_transpose(image)
        plain = turned.convert("RGBA") if image.mode in ("P", "PA") else turned
        return plain.mode, np.asarray(plain)


def stripped(path: Path) -> Path:
    result = strip(path)
    target = path.with_name(f"stripped{result.suffix}")
    target.write_bytes(result.content)
    return target


def write_png(path: Path, mode: str) -> None:
    text = PngInfo()
    text.add_text("Comment", MARKER)
    text.add_itxt("Title", MARKER, zip=True)
    picture(mode).save(path, pnginfo=text, exif=exif(6), icc_profile=MARKER.encode())


def every_text_in(path: Path) -> bytes:
    """Everything in the file, compressed PNG text inflated."""
    content = path.read_bytes()
    found = [content]
    for at in range(len(content)):
        if content[at : at + 2] in (b"\x78\x9c", b"\x78\xda", b"\x78\x01", b"\x78\x5e"):
            try:
                found.append(zlib.decompressobj().decompress(content[at:]))
            except zlib.error:
                continue
    return b"".join(found)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_keeps_its_pixels_and_loses_its_texts(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_png(path, mode)
    assert MARKER.encode() in every_text_in(path)
    clean = stripped(path)
    assert MARKER.encode() not in every_text_in(clean)
    np.testing.assert_array_equal(shown(clean)[1], shown(path)[1])
    assert shown(clean)[0] == shown(path)[0]


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}]
)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_keeps_its_pixels_and_loses_its_metadata(
    mode: str, options: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    picture(mode).save(
        path,
        exif=exif(8),
        comment=MARKER,
        icc_profile=MARKER.encode(),
        xmp=MARKER.encode(),
        **options,
    )
    path.write_bytes(path.read_bytes() + MARKER.encode())
    assert path.read_bytes().count(MARKER.encode()) == 5
    clean = stripped(path)
    assert MARKER.encode() not in clean.read_bytes()
    np.testing.assert_array_equal(shown(clean)[1], shown(path)[1])


def test_a_thumbnail_in_a_jpeg_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    picture().save(path)
    content = path.read_bytes()
    assert content[6:10] == b"JFIF"
    thumbnail = struct.pack(">BB", 2, 1) + b"zebra!"
    header = content[2:4] + struct.pack(">H", 16 + 6) + content[6:18] + thumbnail
    path.write_bytes(content[:2] + header + content[20:])
    clean = stripped(path)
    assert b"zebra!" not in clean.read_bytes()
    np.testing.assert_array_equal(shown(clean)[1], shown(path)[1])


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("orientation", [1, 3])
def test_a_webp_keeps_its_pixels_and_loses_its_metadata(
    lossless: bool, orientation: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.webp"
    picture("RGBA").save(
        path,
        lossless=lossless,
        exif=exif(orientation),
        xmp=MARKER.encode(),
        icc_profile=MARKER.encode(),
    )
    assert MARKER.encode() in path.read_bytes()
    clean = stripped(path)
    assert MARKER.encode() not in clean.read_bytes()
    np.testing.assert_array_equal(shown(clean)[1], shown(path)[1])


@pytest.mark.parametrize(
    ("suffix", "mode", "options", "becomes"),
    [
        (".tiff", "RGB", {"description": MARKER, "compression": "tiff_lzw"}, ".png"),
        (".tiff", "I;16", {"description": MARKER}, ".png"),
        (".tiff", "CMYK", {"description": MARKER}, ".tiff"),
        (".tiff", "F", {"description": MARKER}, ".tiff"),
        (".gif", "P", {"comment": MARKER}, ".png"),
        (".bmp", "RGB", {}, ".png"),
    ],
)
def test_other_formats_are_written_anew_with_the_same_pixels(
    suffix: str, mode: str, options: dict[str, object], becomes: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix}"
    picture(mode).save(path, **options)
    clean = stripped(path)
    assert clean.suffix == becomes
    assert MARKER.encode() not in every_text_in(clean)
    np.testing.assert_array_equal(shown(clean)[1], shown(path)[1])


def test_the_same_image_always_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.tiff", "b.tiff"):
        picture().save(tmp_path / name, description=name)
    assert strip(tmp_path / "a.tiff") == strip(tmp_path / "b.tiff")


def test_a_jpeg_cut_short_within_its_header_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    picture().save(path)
    content = path.read_bytes()
    for length in range(200, len(content), 97):
        path.write_bytes(content[:length])
        try:
            strip(path)
        except OSError:
            continue


def test_fill_bytes_and_restart_markers_of_a_jpeg_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    picture(size=(200, 120)).save(path, restart_marker_blocks=2, comment=MARKER)
    content = path.read_bytes()
    assert b"\xff\xd0" in content
    at = content.index(b"\xff\xfe")
    path.write_bytes(content[:at] + b"\xff\xff\xff" + content[at:])
    clean = stripped(path)
    assert MARKER.encode() not in clean.read_bytes()
    np.testing.assert_array_equal(shown(clean)[1], shown(path)[1])


def test_a_gif_keeps_its_transparency(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    picture("P").save(path, transparency=3)
    clean = stripped(path)
    np.testing.assert_array_equal(shown(clean)[1], shown(path)[1])


def test_of_an_image_that_moves_the_first_frame_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    frames = [picture(), picture().rotate(180)]
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    np.testing.assert_array_equal(shown(stripped(path))[1], np.asarray(frames[0]))
