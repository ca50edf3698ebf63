"""`heldout export` and `heldout import`: one challenge out of a site, and into another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zipfile import is_zipfile

import typer

from heldout.cli.options import Json
from heldout.cli.output import console, print_json, say
from heldout.errors import BadInput, Problem


def export(
    challenge: Annotated[str, typer.Argument(metavar="ID", help="The challenge's id.")],
    site: Annotated[Path, typer.Option("--from", metavar="FOLDER", help="The site's data folder.")],
    to: Annotated[Path, typer.Option(metavar="FILE", help="The archive to write.")],
    addresses: Annotated[
        bool, typer.Option(help="With e-mail addresses, by which people are found again.")
    ] = True,
    json: Json = False,
) -> None:
    """Write everything of one challenge to one archive.

    It holds the challenge folder, submissions, scores, the log, and in the folder KEEP-SECRET the held-out answers. `heldout import` makes a site of it.
    """
    from heldout.cli.local import find_challenge, open_site

    open_site(site)
    from django.utils import timezone

    from heldout.site.transfer.exporting import export as write

    if to.exists():
        raise BadInput([Problem(str(to), "is there already", "name a new file")])
    with console.status("exporting"):
        made = write(
            find_challenge(challenge), to, by=None, now=timezone.now(), addresses=addresses
        )
    size = to.stat().st_size
    if json:
        print_json({"file": str(to), "size": size, "files": len(made.files)})
        return
    say(f"{to}: {len(made.files):,} files, {size / 1e6:,.1f} MB, the held-out answers among them")


def import_(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="What heldout export wrote.")],
    to: Annotated[
        Path, typer.Option(metavar="FOLDER", help="A site's data folder; made if it is not there.")
    ],
    json: Json = False,
) -> None:
    """Put an exported challenge on a site, with its people, submissions and scores.

    People are found again by their e-mail address. The site must not have the challenge already.
    """
    from heldout.cli.local import open_site

    if not archive.is_file():
        raise BadInput([Problem(str(archive), "there is no such file")])
    if not is_zipfile(archive):
        # Before a site is made for nothing.
        message = "is no export of a challenge, or was cut short"
        raise BadInput([Problem(str(archive), message, "make it by heldout export")])
    open_site(to, make=True)
    from django.utils import timezone

    from heldout.site.submissions.models import Submission
    from heldout.site.transfer.importing import import_archive

    with console.status("importing"):
        challenge = import_archive(archive, now=timezone.now())
    count = Submission.objects.filter(phase__challenge=challenge).count()
    if json:
        print_json({"id": challenge.slug, "submissions": count})
        return
    say(f"{challenge.slug} is on the site, with {count:,} submissions")
    say(f"next: heldout serve {to}")
