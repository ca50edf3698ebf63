"""An image without its metadata, the pixels bit for bit the same.

Comments, EXIF, XMP, text chunks, colour profiles, thumbnails and whatever follows the image's end may
say what is on it, who took it and where. JPEG, PNG and WebP lose those segments and keep the coded
pixels as they are; the other formats are decoded and written anew as PNG, or as TIFF where PNG cannot
hold the pixels. Only the orientation is kept, because without it the image would lie on its side.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from heldout.datasets.images import open_image

_ORIENTATION = 0x0112

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"IDAT", b"IEND"}

_SOI, _EOI, _SOS, _APP0, _APP14, _COMMENT = 0xD8, 0xD9, 0xDA, 0xE0, 0xEE, 0xFE
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}

_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH"}
_WEBP_METADATA_FLAGS = 0x20 | 0x08 | 0x04  # ICC, EXIF, XMP.

_PNG_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I"}


@dataclass(frozen=True, slots=True)
class Stripped:
    """What may be published of an image file.

    Attributes:
        content: The bytes.
        suffix: The extension that fits them.
    """

    content: bytes
    suffix: str


def strip(path: Path) -> Stripped:
    """Return the image without anything that is not needed to show its pixels.

    Raises:
        OSError: It is not an image, or is damaged.
    """
    with open_image(path) as image:
        image_format = image.format
        orientation = int(image.getexif().get(_ORIENTATION, 1))
        is_still = getattr(image, "n_frames", 1) == 1
    content = path.read_bytes()
    if image_format == "PNG":
        return Stripped(_strip_png(content, orientation), ".png")
    if image_format == "JPEG":
        return Stripped(_strip_jpeg(content, orientation), ".jpg")
    if image_format == "WEBP" and orientation == 1 and is_still:
        return Stripped(_strip_webp(content), ".webp")
    return _rewrite(path, orientation)


def _orientation_exif(orientation: int) -> bytes:
    """Return the smallest EXIF block that says how to turn the image (TIFF 6.0, little endian)."""
    entry = struct.pack("<HHIHH", _ORIENTATION, 3, 1, orientation, 0)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


def _strip_png(content: bytes, orientation: int) -> bytes:
    parts = [_PNG_START]
    for kind, data in _png_chunks(content):
        if kind not in _PNG_KEPT:
            continue
        parts.append(_png_chunk(kind, data))
        if kind == b"IHDR" and orientation != 1:
            parts.append(_png_chunk(b"eXIf", _orientation_exif(orientation)))
    return b"".join(parts)


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG_START)
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        yield kind, content[at + 8 : at + 8 + length]
        if kind == b"IEND":
            return
        at += 12 + length


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _strip_jpeg(content: bytes, orientation: int) -> bytes:
    parts = [bytes((0xFF, _SOI))]
    if orientation != 1:
        block = b"Exif\0\0" + _orientation_exif(orientation)
        parts.append(struct.pack(">BBH", 0xFF, 0xE1, len(block) + 2) + block)
    parts += [_jpeg_kept(marker, segment) for marker, segment in _jpeg_segments(content)]
    parts.append(bytes((0xFF, _EOI)))
    return b"".join(parts)


def _jpeg_kept(marker: int, segment: bytes) -> bytes:
    """Return what decoding needs of a segment: of APPn only what tells the colour transform."""
    if marker == _APP0 and segment[4:9] == b"JFIF\0":
        return segment[:2] + struct.pack(">H", 16) + segment[4:16] + b"\0\0"  # No thumbnail.
    if marker == _APP14 and segment[4:9] == b"Adobe":
        return segment[:2] + struct.pack(">H", 14) + segment[4:16]
    return b"" if _APP0 <= marker <= 0xEF or marker == _COMMENT else segment


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and bytes of each segment up to the image's end, a scan with its coded data."""
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF or content[at + 1] == 0xFF:
            at += 1  # Fill bytes, or rubbish that decoders skip as well.
            continue
        marker = content[at + 1]
        if marker == _EOI:
            return
        if marker in _WITHOUT_LENGTH or marker == 0:
            at += 2
            continue
        end = at + 2 + struct.unpack_from(">H", content, at + 2)[0]
        if marker == _SOS:
            end = _scan_end(content, end)
        yield marker, content[at:end]
        at = end


def _scan_end(content: bytes, start: int) -> int:
    """Return where the coded data of a scan ends: at the next marker that is no restart."""
    at = content.find(b"\xff", start)
    while at != -1 and at + 1 < len(content):
        if content[at + 1] != 0 and not 0xD0 <= content[at + 1] <= 0xD7:
            return at
        at = content.find(b"\xff", at + 2)
    return len(content)


def _strip_webp(content: bytes) -> bytes:
    parts = []
    for kind, data in _webp_chunks(content):
        if kind in _WEBP_KEPT:
            kept = _without_metadata_flags(data) if kind == b"VP8X" else data
            parts.append(kind + struct.pack("<I", len(kept)) + kept + b"\0" * (len(kept) % 2))
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _without_metadata_flags(header: bytes) -> bytes:
    return bytes((header[0] & ~_WEBP_METADATA_FLAGS,)) + header[1:]


def _webp_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    end = min(len(content), 8 + struct.unpack_from("<I", content, 4)[0])
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", content, at)
        yield kind, content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _rewrite(path: Path, orientation: int) -> Stripped:
    with open_image(path) as image:
        plain = image.copy()
    plain.info = {name: plain.info[name] for name in ("transparency",) if name in plain.info}
    is_png = plain.mode in _PNG_MODES
    stream = io.BytesIO()
    exif = {"exif": _orientation_exif(orientation)} if orientation != 1 and is_png else {}
    plain.save(stream, format="PNG" if is_png else "TIFF", **exif)
    return Stripped(stream.getvalue(), ".png" if is_png else ".tiff")
