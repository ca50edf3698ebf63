"""On which line of a TOML file a key stands, so that a problem can say where to look."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\s]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-]+)\s*=")


def find_lines(text: str) -> dict[Path, int]:
    """Return the line (from 1) of every table and every plain key at the start of a line.

    Keys inside inline tables and quoted keys are not found: `line_of` then names their parent.
    """
    lines: dict[Path, int] = {}
    tables: dict[str, int] = {}
    prefix: Path = ()
    inside_text = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if inside_text:
            inside_text = "" if line.count(inside_text) % 2 else inside_text
            continue
        if header := _HEADER.match(line):
            prefix = _open_table(header[2], repeated=header[1] == "[[", tables=tables)
            lines.setdefault(prefix, number)
            lines.setdefault(prefix[:-1] if header[1] == "[[" else prefix, number)
        elif key := _KEY.match(line):
            lines.setdefault((*prefix, key[1]), number)
        inside_text = next((quote for quote in ('"""', "'''") if line.count(quote) % 2), "")
    return lines


def _open_table(name: str, *, repeated: bool, tables: dict[str, int]) -> Path:
    parts: Path = tuple(part.strip() for part in name.split("."))
    if not repeated:
        return parts
    tables[name] = tables.get(name, -1) + 1
    return (*parts, tables[name])


def line_of(path: Path, lines: dict[Path, int]) -> int | None:
    """Return the line of a key, or of the nearest key around it that was found."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def show_path(path: Path) -> str:
    """Spell a path as people write it: `phases[1].closes`."""
    spelled = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return spelled.removeprefix(".")
