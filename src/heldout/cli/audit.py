"""`heldout audit`: whether a site's audit log is as it was written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.options import Json
from heldout.cli.output import print_json, say

app = typer.Typer(add_completion=False, rich_markup_mode="markdown", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Check a site's audit log: who did what, and when."""


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The site's data folder.")],
    head: Annotated[
        str,
        typer.Option(
            metavar="DIGEST",
            help="A digest this command once printed; it must still be in the log.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Follow the chain of the audit log from its first entry.

    Every entry's SHA-256 covers the one before it: a changed, removed or inserted entry is named. Keep the printed digest elsewhere, and give it as `--head` next time, to notice a log that was cut at its end.
    """
    from heldout.cli.local import configure_site

    configure_site(folder)
    from heldout.site.common.audit import verify as follow

    verdict = follow(head=head)
    if as_json:
        print_json({**verdict._asdict(), "faults": [one._asdict() for one in verdict.faults]})
    for fault in verdict.faults:
        say(str(fault))
    if verdict.faults:
        sys.exit(1)
    say(f"{verdict.entries:,} entries, none of them changed; the last is {verdict.head}")
