"""What the commands that speak to a site share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from heldout.cli.credentials import site_and_token
from heldout.errors import BadInput, Problem, did_you_mean

if TYPE_CHECKING:
    from heldout.client import Challenge, Client, Phase


def connect(url: str | None, *, signed_in: bool = True) -> Client:
    """Return a client of the site that is meant.

    Raises:
        BadInput: No site is named, or a token is needed and there is none.
    """
    from heldout.client import Client

    site, token = site_and_token(url)
    if signed_in and not token:
        remedy = f"make a token on your account page, then: heldout login {site}"
        raise BadInput([Problem(site, "you are not signed in", remedy)])
    return Client(site, token)


def latest_phase(challenge: Challenge, phase: str | None) -> Phase:
    """Return the phase that is named, else the last one that has opened.

    Raises:
        BadInput: There is no such phase.
    """
    if phase is not None:
        return _named_phase(challenge, phase)
    opened = [one for one in challenge.phases if one.status != "upcoming"]
    return (opened or challenge.phases)[-1]


def _named_phase(challenge: Challenge, phase: str) -> Phase:
    ids = [one.id for one in challenge.phases]
    if phase not in ids:
        remedy = did_you_mean(phase, ids) or f"the phases are {', '.join(ids)}"
        raise BadInput([Problem("--phase", f'there is no phase "{phase}"', remedy)])
    return challenge.phases[ids.index(phase)]


def choose_phase(challenge: Challenge, phase: str | None) -> Phase:
    """Return the phase that is named, else the only open one, else the last.

    Raises:
        BadInput: There is no such phase, or several are open.
    """
    if phase is not None:
        return _named_phase(challenge, phase)
    opened = [one for one in challenge.phases if one.status == "open"]
    if len(opened) > 1:
        listed = ", ".join(one.id for one in opened)
        raise BadInput([Problem("--phase", "several phases are open", f"choose one of {listed}")])
    return (opened or challenge.phases)[-1]


@contextmanager
def transfer_bar(words: str, size: int) -> Iterator[Callable[[int], None]]:
    """Show how much of a file has gone over the line; where nobody watches, show nothing."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from heldout.cli.output import console

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(words, total=size)
        yield lambda done: bar.update(task, completed=done)
