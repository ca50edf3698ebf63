"""`heldout submit`: hand predictions in, and wait for the score if asked to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heldout.cli.options import Json, PhaseId, Url
from heldout.cli.output import console, print_json, print_table, say
from heldout.errors import BadInput, Problem

if TYPE_CHECKING:
    from heldout.client import Challenge, Client, Submission


def submit(
    challenge: Annotated[str, typer.Argument(metavar="CHALLENGE", help="The challenge's id.")],
    file: Annotated[Path, typer.Argument(help="CSV, JSON Lines or Parquet.")],
    phase: PhaseId = None,
    note: Annotated[str, typer.Option(help="What others should know of the method.")] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until it is scored, and print the scores.")
    ] = False,
    accept_terms: Annotated[
        bool, typer.Option("--accept-terms", help="Accept the challenge's terms as they are now.")
    ] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Submit predictions to a challenge.

    Exit code 0: it was taken in (with `--wait`: scored). 1: it could not be scored. 2: it was refused.
    """
    from heldout.cli.remote import choose_phase, connect, transfer_bar

    if not file.is_file():
        raise BadInput([Problem(str(file), "there is no such file")])
    with connect(url) as client:
        found = client.challenge(challenge)
        chosen = choose_phase(found, phase)
        _settle_terms(client, found, accept_terms)
        with transfer_bar(f"sending {file.name}", file.stat().st_size) as progress:
            submission = client.submit(
                challenge, phase=chosen.id, file=file, note=note, progress=progress
            )
        say(f"submission {submission.id} to {challenge}, phase {chosen.id}: {submission.status}")
        if wait:
            submission = _wait(client, submission)
    _finish(submission, json=json)


def _settle_terms(client: Client, challenge: Challenge, accept: bool) -> None:
    if challenge.terms_accepted:
        return
    if not accept:
        say(challenge.terms)
        remedy = "read them above, then add --accept-terms"
        raise BadInput([Problem("terms", "the terms are not accepted yet", remedy)])
    client.accept_terms(challenge)


def _wait(client: Client, submission: Submission) -> Submission:
    with console.status(submission.status) as status:
        for latest in client.watch(submission):
            submission = latest
            status.update(latest.status)
    say(f"submission {submission.id}: {submission.status}")
    return submission


def _finish(submission: Submission, *, json: bool) -> None:
    if json:
        print_json(submission)
    elif submission.scores:
        print_table(
            ("metric", "number", "value", "low", "high", "n", ""),
            [(s.metric, s.name, s.value, s.low, s.high, s.n, s.reason) for s in submission.scores],
        )
    for problem in submission.problems:
        say(str(problem))
    codes = {"refused": 2, "failed": 1, "withdrawn": 1}
    raise typer.Exit(codes.get(submission.status, 0))
