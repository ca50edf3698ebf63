"""From the text of a `challenge.toml` to its definition, or to every problem it has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from heldout.challenge.definition import Definition
from heldout.challenge.lines import Path as KeyPath
from heldout.challenge.lines import find_lines, line_of, show_path
from heldout.challenge.metrics import check_metrics
from heldout.challenge.times import Finding, localise
from heldout.challenge.translate import explain
from heldout.errors import BadInput, Problem

FILE = "challenge.toml"
_LARGEST = 1_000_000


def read_definition(path: Path) -> Definition:
    """Read a `challenge.toml`.

    Raises:
        BadInput: With every problem of the file, each with its key and its line.
    """
    try:
        encoded = path.read_bytes()
    except FileNotFoundError:
        remedy = "`heldout new` makes one"
        raise BadInput([Problem(str(path), "there is no such file", remedy)]) from None
    try:
        text = encoded.decode()
    except UnicodeDecodeError as error:
        line = encoded[: error.start].count(b"\n") + 1
        problem = Problem(f"{FILE}: line {line}", "is not UTF-8 text", "save the file as UTF-8")
        raise BadInput([problem]) from None
    return parse_definition(text)


def parse_definition(text: str, *, file: str = FILE) -> Definition:
    """Read the text of a `challenge.toml`.

    Raises:
        BadInput: With every problem of the text, each with its key and its line.
    """
    parsed = _parse_toml(text, file)
    raw, findings = localise(parsed)
    definition = None
    try:
        definition = Definition.model_validate(raw)
    except ValidationError as error:
        findings += [explain(detail, root=Definition) for detail in error.errors()]
    findings += check_metrics(raw)
    findings += _repeated_phases(raw)
    findings += _no_texts(parsed)
    if findings or definition is None:
        raise BadInput(_as_problems(findings, text, file))
    return definition


def _parse_toml(text: str, file: str) -> dict[str, Any]:
    if len(text) > _LARGEST:
        raise BadInput([Problem(file, f"is longer than {_LARGEST:,} characters")])
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        found = re.search(r"^(.*?) \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        message, line = (found[1], found[2]) if found else (str(error), None)
        place = f"{file}: line {line}" if line else file
        raise BadInput(
            [Problem(place, f"is not TOML: {message[:1].lower()}{message[1:]}")]
        ) from None


def _repeated_phases(raw: dict[str, Any]) -> list[Finding]:
    phases = raw.get("phases")
    listed = phases if isinstance(phases, list) else []
    ids = [phase.get("id") if isinstance(phase, dict) else None for phase in listed]
    return [
        (("phases", index, "id"), f'"{phase_id}" is the id of an earlier phase', "")
        for index, phase_id in enumerate(ids)
        if isinstance(phase_id, str) and phase_id in ids[:index]
    ]


def _no_texts(raw: dict[str, Any]) -> list[Finding]:
    """A NUL is a character of TOML, but neither of a page nor of a database."""
    found: list[Finding] = []
    left: list[tuple[KeyPath, Any]] = [((), raw)]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [((*path, key), one) for key, one in value.items()]
        elif isinstance(value, list):
            left += [((*path, index), one) for index, one in enumerate(value)]
        elif isinstance(value, str) and "\0" in value:
            found.append((path, "holds a NUL, which is no text", "leave the character out"))
    return found


def _as_problems(findings: Iterable[Finding], text: str, file: str) -> list[Problem]:
    lines = find_lines(text)
    placed = [(line_of(path, lines), path, message, remedy) for path, message, remedy in findings]
    placed.sort(key=lambda found: found[0] or 0)
    return [
        Problem(_place(file, show_path(path), line), message, remedy)
        for line, path, message, remedy in placed
    ]


def _place(file: str, key: str, line: int | None) -> str:
    return f"{file}: {key} (line {line})" if line else f"{file}: {key}"
