"""XML without entities: what an annotation tool writes, and nothing that expands or reaches out."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from heldout.errors import Problems

_HEAD = 4096


class _Refused(Exception):
    """The document declares a type or entities."""


def parse(path: Path, problems: Problems) -> Element | None:
    """Return a document's root; None, and a problem, where it is damaged or declares entities."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(path.read_bytes(), True)
        return builder.close()
    except _Refused:
        problems.add(path.name, "declares a document type or entities", "take the DOCTYPE away")
    except (expat.ExpatError, AssertionError) as error:
        problems.add(path.name, f"is no whole XML document: {error}", "write it again")
    except OSError as error:
        problems.add(path.name, f"cannot be read: {error.strerror}")
    return None


def _refuse(*_: Any) -> None:
    raise _Refused


def root_tag(path: Path) -> str:
    """Return the name of a document's first element, or nothing if it has none."""
    found: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, _: found.append(name)
    try:
        with path.open("rb") as stream:
            parser.Parse(stream.read(_HEAD), False)
    except (expat.ExpatError, OSError):
        pass
    return found[0] if found else ""


def text_of(element: Element, path: str, default: str = "") -> str:
    """Return the text of a descendant, without outer spaces."""
    found = element.findtext(path)
    return default if found is None else found.strip()


def number_of(text: str | None) -> float | None:
    """Return text as a number, or None where it is not one."""
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
