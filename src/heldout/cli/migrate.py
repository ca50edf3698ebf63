"""`heldout migrate`: bring a site's database to the shape this version needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.output import say


def migrate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The site's data folder.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only list what is to be done; exit code 1 if any.")
    ] = False,
) -> None:
    """Bring a site's database to the shape this version needs; `heldout serve` does so too.

    A copy of the database is saved to the folder's `backups` before.
    """
    from heldout.cli.local import configure_site

    configure_site(folder)
    from heldout.site.setup import pending_migrations, prepare

    pending = pending_migrations()
    if not check:
        prepare(folder)
    for name in pending:
        say(f"{'to be applied' if check else 'applied'}: {name}")
    if not pending:
        say("the database has the shape this version needs")
    raise typer.Exit(1 if check and pending else 0)
