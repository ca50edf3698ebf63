"""`heldout worker`: one more process that scores submissions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.output import say


def worker(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The site's data folder.")],
) -> None:
    """Run one more worker of a site.

    Any number may run, on any number of machines that share the site's database and files. Stop with Ctrl-C: a job that has begun is finished first.
    """
    from heldout.cli.local import open_site

    open_site(folder)
    from heldout.site.worker import own_name, run

    say(f"working for {folder} as {own_name()}; stop with Ctrl-C")
    run(folder)
