"""`heldout leaderboard`: of a site somewhere, or of a data folder here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from heldout.cli.options import Json, Site, Url
from heldout.cli.output import print_json, print_table, say

COLUMNS = ("rank", "could be", "entrant", "value", "low", "high", "n", "")


def leaderboard(
    challenge: Annotated[str, typer.Argument(metavar="CHALLENGE", help="The challenge's id.")],
    phase: Annotated[
        str | None, typer.Option(help="Its phase; the last that has opened if left out.")
    ] = None,
    url: Url = None,
    site: Site = None,
    json: Json = False,
) -> None:
    """Print a challenge's leaderboard.

    "could be" are the ranks the data do not rule out; "level with the first" is said of entrants that cannot be told from the first.
    """
    board = _local(site, challenge, phase) if site else _remote(url, challenge, phase)
    if json:
        print_json(board)
    else:
        print_board(board)


def _remote(url: str | None, challenge: str, phase: str | None) -> dict[str, Any]:
    from heldout.cli.remote import connect, latest_phase

    with connect(url, signed_in=False) as client:
        chosen = latest_phase(client.challenge(challenge), phase).id
        board = client.board(challenge, chosen)
    return {"challenge": challenge, "phase": chosen, **msgspec.to_builtins(board)}


def _local(folder: Path, challenge: str, phase: str | None) -> dict[str, Any]:
    from heldout.cli.local import find_challenge, find_phase, open_site

    open_site(folder)
    found = find_challenge(challenge)
    return local_board(found, find_phase(found, phase))


def local_board(challenge: Any, phase: Any) -> dict[str, Any]:
    """Return a leaderboard of the opened site as its organiser sees it."""
    from django.contrib.auth.models import AnonymousUser

    from heldout.site.submissions import boards

    organiser = challenge.organisers.select_related("user").first()
    viewer = organiser.user if organiser else AnonymousUser()
    return boards.as_json(boards.leaderboard(phase=phase, viewer=viewer))


def print_board(board: dict[str, Any]) -> None:
    """Print a leaderboard as a table."""
    rows = board["leaderboard"]
    say(f"{board['challenge']}, phase {board['phase']}")
    if board.get("hidden"):
        say("this phase reveals no scores")
        return
    if board.get("pending"):
        say("newer results are being counted in")
    if not rows:
        say("nobody has a score yet")
        return
    say(f"by {rows[0]['metric']}" + f": {rows[0]['name']}" * (rows[0]["name"] != rows[0]["metric"]))
    print_table(COLUMNS, map(_row, rows))


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    low, high = row.get("rank_low"), row.get("rank_high")
    could_be = None if low is None else f"{low}-{high}" if low != high else str(low)
    marks = ["level with the first"] if row.get("level_with_first") and row["rank"] != 1 else []
    marks += ["baseline"] if row.get("baseline") else []
    numbers = (row["value"], row["low"], row["high"], row["n"])
    return (row["rank"], could_be, row["entrant"], *numbers, ", ".join(marks))
