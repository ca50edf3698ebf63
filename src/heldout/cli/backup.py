"""`heldout backup`: a whole site in one file, while it is in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.options import Json
from heldout.cli.output import console, print_json, say


def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The site's data folder.")],
    to: Annotated[Path, typer.Option(metavar="FILE", help="The archive to write.")],
    json: Json = False,
) -> None:
    """Copy a whole site into one file, while it is in use.

    The file holds the database, the secret, answers and submissions: keep it as safe as the site. Exit code 1: it is written, but the site has lost or damaged files, which are listed.
    """
    from heldout.cli.local import configure_site

    configure_site(folder)
    from django.utils import timezone

    from heldout.site.backup import backup as write

    with console.status("copying"):
        made = write(to, now=timezone.now())
    if json:
        print_json(
            {
                "file": str(to),
                "size": made.size,
                "files": len(made.manifest.files),
                "made_at": made.manifest.made_at,
                "damaged": made.damaged,
            }
        )
    else:
        say(f"{to}: {len(made.manifest.files):,} files, {made.size / 1e6:,.1f} MB")
        for problem in made.damaged:
            say(str(problem))
    raise typer.Exit(1 if made.damaged else 0)
