"""`heldout check`: every problem of a challenge folder."""

from __future__ import annotations

from typing import Annotated

import typer

from heldout.cli.options import ChallengeFolder, Json
from heldout.cli.output import following, print_json, say
from heldout.errors import BadInput, Problem, did_you_mean_beside


def check(
    challenge: ChallengeFolder,
    decode: Annotated[
        bool, typer.Option("--decode", help="Also decode every image, to find damaged ones.")
    ] = False,
    json: Json = False,
) -> None:
    """List every problem of a challenge folder.

    Exit code 0: it can be published. 1: it has problems. Messages may quote answers, so they are for organisers.
    """
    from heldout.challenge.check import check as check_folder

    if not challenge.exists():
        remedy = did_you_mean_beside(challenge)
        raise BadInput([Problem(str(challenge), "there is no such folder", remedy)])
    with following("checking"):
        report = check_folder(challenge, decode=decode)
    if json:
        result = {"problems": report.problems, "notes": report.notes, "examples": report.examples}
        print_json({"ok": report.ok, **result})
    else:
        for problem in report.problems:
            say(str(problem))
        for note in report.notes:
            say(f"note: {note}")
        sizes = ", ".join(f"{name} {size:,}" for name, size in (report.examples or {}).items())
        found = len(report.problems)
        say(f"no problems ({sizes})" if report.ok else f"{found} problem{'s' * (found != 1)}")
    raise typer.Exit(0 if report.ok else 1)
