"""Commands that are imported when they run, so that `heldout --help` loads none of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand


class Entry(NamedTuple):
    """One line of the command table: where the command is, and what the overview says of it.

    `target` is `module:name`, where the name is a function with typer's annotations, or a
    `typer.Typer` when the command has commands of its own.
    """

    target: str
    panel: str
    help: str


class LazyCommand(TyperCommand):
    """Stands in the overview for a command whose module is not imported yet."""

    def __init__(self, name: str, entry: Entry) -> None:
        super().__init__(name, help=entry.help, rich_help_panel=entry.panel)
        self.target = entry.target

    def load(self) -> Any:
        """Import the module and build the real command."""
        module, attribute = self.target.split(":")
        return build_command(getattr(import_module(module), attribute), self.name)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        return self.load().make_context(*args, **kwargs)


def build_command(command: Any, name: str | None) -> Any:
    """Build what typer runs from a function or from a `typer.Typer`."""
    if not isinstance(command, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        app.command(name)(command)
        command = app
    built = typer.main.get_command(command)
    built.name = name
    return built
