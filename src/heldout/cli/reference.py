"""Writes `docs/reference/cli.md` from the commands themselves: `python -m heldout.cli.reference`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from heldout.cli import COMMANDS, command_group
from heldout.cli.lazy import LazyCommand

INTRODUCTION = """\
# Commands

Written from the commands' own help by `make docs`.

Results go to stdout, progress and problems to stderr. With `--json` stdout is one JSON document,
also for refused input: `{"problems": [{"place", "message", "remedy"}]}`.

| exit code | meaning |
|---|---|
| 0 | it worked |
| 1 | it ran, and the answer is no: `check` found problems, `compare` found no difference, a submission failed |
| 2 | the input is bad; every problem is listed |
"""


def reference() -> str:
    """Return the whole page."""
    group = command_group()
    parts = [INTRODUCTION]
    panel = ""
    for name, entry in COMMANDS.items():
        if entry.panel != panel:
            panel = entry.panel
            parts.append(f"## {panel}\n")
        lazy = group.commands[name]
        assert isinstance(lazy, LazyCommand)
        parts.extend(_sections(lazy.load(), f"heldout {name}"))
    return "\n".join(parts)


def _sections(command: Any, path: str) -> Iterator[str]:
    yield f"### `{path}`\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    rows = [_row(parameter) for parameter in command.params if not parameter.hidden]
    if rows:
        yield "| argument | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"
    for name, child in getattr(command, "commands", {}).items():
        yield from _sections(child, f"{path} {name}")


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        spelling = f"`{(parameter.metavar or parameter.name.upper()).strip('[]')}`"
    else:
        spelling = ", ".join(
            f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts)
        )
    return f"| {spelling} | {_meaning(parameter)} |"


def _meaning(parameter: Any) -> str:
    text = " ".join((parameter.help or "").split()).replace("|", "\\|")
    default = parameter.default
    if (
        default not in (None, False, "", (), [])
        and not callable(default)
        and parameter.show_default
    ):
        text += f" Default: `{default}`."
    if parameter.required and parameter.param_type_name == "option":
        text += " Required."
    return text


if __name__ == "__main__":
    print(reference(), end="")
