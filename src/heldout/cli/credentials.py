"""API tokens of sites, in a file only its owner can read."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import typer

from heldout.decoding import decode
from heldout.errors import BadInput, Problem


class Credentials(msgspec.Struct):
    """Tokens by the site's address, and the address of the last login."""

    default: str = ""
    tokens: dict[str, str] = {}


def credentials_path() -> Path:
    """Where tokens are kept."""
    return Path(typer.get_app_dir("heldout")) / "credentials.json"


def read_credentials() -> Credentials:
    """Read the stored tokens; none where nothing is stored."""
    path = credentials_path()
    try:
        return decode(path.read_bytes(), Credentials)
    except FileNotFoundError:
        return Credentials()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadInput([Problem(str(path), "is damaged", "delete it and log in again")]) from None


def store_token(url: str, token: str) -> Path:
    """Keep a token, and make its site the one that is meant where none is named."""
    from heldout.datasets.atomic import write_bytes

    credentials, path = read_credentials(), credentials_path()
    credentials.tokens[url] = token
    credentials.default = url
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_bytes(path, msgspec.json.encode(credentials), mode=0o600)
    return path


def site_and_token(url: str | None) -> tuple[str, str | None]:
    """Return the site that is meant and the token for it, if there is one.

    Raises:
        BadInput: No site is named and none is stored.
    """
    from heldout.client import check_url

    credentials = read_credentials()
    chosen = url or credentials.default
    if not chosen:
        remedy = "give --url, or log in first: heldout login URL"
        raise BadInput([Problem("--url", "no site is named", remedy)])
    chosen = check_url(chosen)
    # A token from the environment is for the site that is named beside it.
    return chosen, os.environ.get("HELDOUT_TOKEN") or credentials.tokens.get(chosen)
