"""`heldout restore`: a site from the file of `heldout backup`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.output import console, say
from heldout.errors import MissingExtra


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What heldout backup wrote.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="The new data folder.")],
) -> None:
    """Make a site from a backup; every file is checked before the folder appears.

    The folder must be new or empty, and so must the database that `HELDOUT_DATABASE_URL` names.
    """
    try:
        from heldout.site.restore import restore as unpack
    except ImportError:
        raise MissingExtra(feature="a site", extra="site") from None
    with console.status("restoring"):
        manifest = unpack(file, to)
    say(f"{to} is the site of {manifest.made_at:%Y-%m-%d %H:%M} UTC, {len(manifest.files):,} files")
    say(f"next: heldout serve {to}")
