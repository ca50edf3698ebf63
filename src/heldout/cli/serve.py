"""`heldout serve`: a whole site from one data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.output import say

SiteFolder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="The site's data folder; made if it is not there.")
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")]


def serve(
    folder: SiteFolder,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that score; 0 leaves that to heldout worker.")
    ] = 1,
    sign_in: Annotated[
        str | None,
        typer.Option(
            metavar="EMAIL",
            help="Print a link that signs this person in once, as an organiser; makes the account.",
        ),
    ] = None,
) -> None:
    """Serve the site of a data folder: pages, API and worker.

    The folder (not a challenge) holds the database, the secret, files and answers. Stop with Ctrl-C.
    """
    from heldout.cli.local import refuse_other_folder

    refuse_other_folder(folder, make=True)
    if not folder.exists():
        say(f"{folder} is a new site without a challenge: heldout publish CHALLENGE --to {folder}")
    listen(folder, host=host, port=port, workers=workers, sign_in=sign_in)


def listen(folder: Path, *, host: str, port: int, workers: int, sign_in: str | None) -> None:
    """Serve a site until it is stopped, saying where once it answers."""
    from heldout.site.serve import serve as run

    def announce(address: str) -> None:
        say(f"serving {folder} at {address}")
        if sign_in:
            say(f"to sign in as {sign_in}, once, within an hour: {address}{_link(sign_in)}")

    run(folder, host=host, port=port, workers=workers, announce=announce)


def _link(email: str) -> str:
    from django.urls import reverse
    from django.utils import timezone

    from heldout.site.accounts import services
    from heldout.site.accounts.models import User

    user = services.person(email=email)
    User.objects.filter(pk=user.pk, may_organise=False).update(may_organise=True)
    secret = services.create_sign_in_link(user=user, now=timezone.now())
    return reverse("accounts:link", args=[secret])
