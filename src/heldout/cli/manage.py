"""`heldout manage`: the commands of Django, for a site's data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def manage(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The site's data folder.")],
) -> None:
    """Run a command of Django on a site, such as `shell`, `createsuperuser` or `changepassword`.

    What follows the folder is passed on: `heldout manage FOLDER help` lists the commands.
    """
    from heldout.cli.local import configure_site

    configure_site(folder)
    from django.core.management import ManagementUtility

    ManagementUtility(["heldout manage FOLDER", *(context.args or ["help"])]).execute()
