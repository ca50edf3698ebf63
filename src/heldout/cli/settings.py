"""`heldout settings`: every setting and its value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from heldout.cli.options import Json
from heldout.cli.output import print_json, print_table

if TYPE_CHECKING:
    from heldout import conf


def settings(json: Json = False) -> None:
    """List every setting with the value that a site started here would have.

    A setting is an environment variable; a secret's value is not shown. Exit code 2: a value cannot be read.
    """
    from heldout import conf

    conf.load(os.environ)
    rows = [_row(row, os.environ) for row in conf.SETTINGS.values()]
    if json:
        keys = ("name", "value", "set", "type", "help")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    shown = [(name, value or "-", "yes" if given else "-") for name, value, given, *_ in rows]
    print_table(["setting", "value", "set here"], shown)


def _row(row: conf.Setting, environ: Mapping[str, str]) -> tuple[str, str, bool, str, str]:
    given = row.name in environ or (row.secret and f"{row.name}_FILE" in environ)
    value = environ.get(row.name, row.default)
    shown = "(hidden)" if row.secret and given else value
    return row.name, shown, given, row.kind, row.help
