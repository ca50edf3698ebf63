"""`heldout backup`: a whole site in one file, while it is in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.options import Json
from heldout.cli.output import console, print_json, say
from heldout.errors import BadInput, Problem


def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The site's data folder.")],
    to: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="The archive to write, or a folder in which it is named by its time.",
        ),
    ],
    keep: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Of this site's backups in that folder keep the newest N."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Copy a whole site into one file, while it is in use.

    The file holds the database, the secret, answers and submissions: keep it as safe as the site. Exit code 1: it is written, but the site has lost or damaged files, which are listed.

    With --keep older backups are deleted after the new one was read back and nothing is lost or damaged; no file of another name is.
    """
    from heldout.cli.local import configure_site

    configure_site(folder)
    from django.conf import settings
    from django.utils import timezone

    from heldout.site import keeping
    from heldout.site.backup import backup as write

    now, named = timezone.now(), to.is_dir()
    site = keeping.site_name(folder.absolute().name, secret=settings.SECRET_KEY)
    if keep is not None and not named:
        raise BadInput([Problem("--keep", f"{to} is no folder", "name one in --to")])
    file = to / keeping.name(site, now=now) if named else to
    with console.status("copying"):
        made = write(file, now=now)
    deleted = (
        keeping.keep(file, site=site, count=keep, manifest=made.manifest)
        if keep is not None and not made.damaged
        else []
    )
    if json:
        print_json(
            {
                "file": str(file),
                "size": made.size,
                "files": len(made.manifest.files),
                "made_at": made.manifest.made_at,
                "damaged": made.damaged,
                "deleted": [str(path) for path in deleted],
            }
        )
    else:
        say(f"{file}: {len(made.manifest.files):,} files, {made.size / 1e6:,.1f} MB")
        for path in deleted:
            say(f"{path}: deleted")
        for problem in made.damaged:
            say(str(problem))
    raise typer.Exit(1 if made.damaged else 0)
