"""`heldout submissions`: one's own submissions and their status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heldout.cli.options import Json, Url
from heldout.cli.output import print_json, print_table

if TYPE_CHECKING:
    from heldout.client import Submission


def submissions(
    challenge: Annotated[str, typer.Argument(metavar="CHALLENGE", help="The challenge's id.")],
    url: Url = None,
    json: Json = False,
) -> None:
    """List your submissions to a challenge, the newest first."""
    from heldout.cli.remote import connect

    with connect(url) as client:
        found = client.submissions(challenge)
    if json:
        print_json({"submissions": found})
        return
    columns = ("id", "phase", "at", "file", "status", "metric", "value", "low", "high")
    print_table(columns, [_row(one) for one in found])


def _row(submission: Submission) -> tuple[object, ...]:
    first = submission.scores[0] if submission.scores else None
    score = (first.name, first.value, first.low, first.high) if first else (None,) * 4
    at = f"{submission.created_at:%Y-%m-%d %H:%M}"
    return (submission.id, submission.phase, at, submission.filename, submission.status, *score)
