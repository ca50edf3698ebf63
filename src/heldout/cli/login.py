"""`heldout login`: keep an API token."""

from __future__ import annotations

from typing import Annotated

import typer

from heldout.cli.credentials import store_token
from heldout.cli.options import Json
from heldout.cli.output import print_json, say


def login(
    url: Annotated[str, typer.Argument(help="The site's address.")],
    token: Annotated[
        str | None,
        typer.Option(
            envvar="HELDOUT_TOKEN",
            help="A token from your account page on the site; asked for if left out.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Store an API token for a site, for you alone.

    The token is tried first. Later commands mean the site of the last login unless `--url` names another.
    """
    from heldout.client import Client, check_url

    site = check_url(url)
    secret = token or typer.prompt("Token", hide_input=True, err=True)
    with Client(site, secret.strip()) as client:
        handle = client.account()
    path = store_token(site, secret.strip())
    if json:
        print_json({"url": site, "handle": handle})
    else:
        say(f"signed in to {site} as {handle}; the token is kept in {path}")
