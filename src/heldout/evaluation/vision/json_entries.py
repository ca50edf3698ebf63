"""Lists of JSON objects as typed rows: fast when all is well, thorough when something is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from heldout.decoding import convert, decode
from heldout.errors import BadInput, Problem, Problems

CHUNK = 1 << 22  # Bytes of a list decoded at a time; what bounds the memory of a reader.
ESCAPED_KEY = re.compile(rb'"[^"]*\\u[0-9a-fA-F]{4}[^"]*"\s*:')
ID = re.compile(r"(\w+_)?id:")
EXPECTED = re.compile(r"expected (.+), got")
BORDER = re.compile(rb"\}\s*,\s*$")

Row = TypeVar("Row", bound=msgspec.Struct)


class Entries(NamedTuple, Generic[Row]):
    """Some of a list's rows.

    Attributes:
        first: Number of the first, counted from 1.
        rows: What could be decoded.
        length: How many there were, decoded or not.
        numbers: The number of each row where some could not be decoded, else None.
    """

    first: int
    rows: list[Row]
    length: int
    numbers: list[int] | None = None

    def place(self, row: int) -> str:
        """Name one of the rows."""
        return f"entry {self.numbers[row] if self.numbers is not None else self.first + row}"


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    Raises:
        BadInput: It is absent or empty.
    """
    check_file(path)
    return path.read_bytes()


def check_file(path: Path) -> None:
    """Refuse a file that is absent or empty."""
    if not path.is_file():
        raise BadInput([Problem(path.name, "there is no such file", "look at the path")])
    if path.stat().st_size == 0:
        raise BadInput([Problem(path.name, "the file is empty", "write it again")])


def read_pieces(path: Path) -> Iterator[bytes]:
    """Read a file that is one JSON list of objects, some megabytes at a time.

    Raises:
        BadInput: It is absent or empty.
    """
    check_file(path)
    with path.open("rb") as file:
        yield from cut_list(iter(lambda: file.read(CHUNK), b""))


def cut_list(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut a JSON list of objects between two of them; every piece is a list of its own."""
    rest = b""
    for block in blocks:
        data = rest + block
        border = _last_border(data)
        if border is None:
            rest = data
            continue
        end, start = border
        yield data[:end] + b"]"
        rest = b"[" + data[start:]
    yield rest


def _last_border(data: bytes) -> tuple[int, int] | None:
    """Find the last place between two objects: one past the first's end, and the next's start."""
    stop = len(data)
    while (start := data.rfind(b"{", 0, stop)) > 0:
        border = BORDER.search(data[max(0, start - 64) : start])
        if border:
            return start - len(border[0]) + 1, start
        stop = start
    return None


def decode_piece(
    data: bytes, kind: type[Row], first: int, problems: Problems, name: str
) -> Entries[Row]:
    """Decode one list of rows, the first of which has the number `first`.

    Raises:
        BadInput: The piece is not a list of objects.
    """
    try:
        rows = decode(data, list[kind])  # type: ignore[valid-type]
        if not _may_repeat(data, kind, len(rows)):
            return Entries(first, rows, len(rows))
        values = _decode_loosely(data, name, first)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        values = _decode_loosely(data, name, first)
    rows, numbers = [], []
    for number, value in enumerate(values, start=first):
        if isinstance(value, Repeated):
            problems.add(f"entry {number}", f'the key "{value[:80]}" is there twice', "keep one")
            continue
        if isinstance(value, dict) and value.get("bbox") == []:
            del value["bbox"]  # No box, as in pycocotools.
        try:
            rows.append(convert(value, kind))
            numbers.append(number)
        except msgspec.ValidationError as error:
            message = plain_message(error)
            problems.add(f"entry {number}", message, remedy_for(message))
        except UnicodeEncodeError:
            problems.add(f"entry {number}", "text that is not Unicode", "write it again")
    return Entries(first, rows, len(values), numbers)


def _may_repeat(data: bytes, kind: type[msgspec.Struct], rows: int) -> bool:
    """Tell whether an object may have a key twice, of which the fast decoder keeps the last."""
    if b"\\u" in data and ESCAPED_KEY.search(data):
        return True
    return any(data.count(f'"{name}"'.encode()) > rows for name in kind.__struct_encode_fields__)


def _once(pairs: list[tuple[str, object]]) -> object:
    row = dict(pairs)
    if len(row) == len(pairs):
        return row
    names = [name for name, _ in pairs]
    return Repeated(next(name for name in names if names.count(name) > 1))


class Repeated(str):
    """A key that an object has twice."""


def _decode_loosely(data: bytes, name: str, first: int) -> list[object]:
    """Decode with Python's own reader, which takes NaN, so that each row can be looked at."""
    try:
        values = json.JSONDecoder(object_pairs_hook=_once).decode(data.decode())
    except (ValueError, RecursionError) as error:
        after = f" after entry {first - 1:,}" if first > 1 else ""
        message = f"not readable as JSON{after}: {error}"
        raise BadInput([Problem(name, message, "was it cut short? write it again")]) from None
    if not isinstance(values, list):
        raise BadInput([Problem(name, "not a list of objects", "give a list: [{…}, {…}]")])
    return values


def remedy_for(message: str) -> str:
    """Return the remedy of a plain message."""
    if message.endswith("a whole number, got text") and ID.match(message):
        return "ids are whole numbers, written without quotes"
    if message.endswith(("a whole number, got text", "a number, got text")):
        return "write it without quotes"
    if message.startswith("bbox"):
        return "give x, y, width, height in pixels"
    if "missing required field" in message:
        return "add it"
    expected = EXPECTED.search(message)
    return f"give {expected[1]}" if expected else "see docs/reference/data-formats.md"


def plain_message(error: msgspec.ValidationError) -> str:
    """Say what does not fit in words for people: `image_id: expected a whole number, got text`."""
    text, _, path = str(error).partition(" - at `")
    for word, plain in WORDS.items():
        text = text.replace(f"`{word}`", plain)
    key = path.rstrip("`").removeprefix("$").lstrip(".")
    text = text[0].lower() + text[1:]
    return f"{key}: {text}" if key else text


WORDS = {
    "int | null": "a whole number",
    "float | null": "a number",
    "array | null": "a list",
    "object | array | null": "polygons or run lengths",
    "int | bool": "a whole number",
    "int": "a whole number",
    "float": "a number",
    "str | array": "text or a list",
    "str": "text",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "bool": "true or false",
}
