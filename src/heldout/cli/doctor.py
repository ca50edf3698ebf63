"""`heldout doctor`: whether a site can be relied on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.options import Json
from heldout.cli.output import print_json, say


def doctor(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The site's data folder.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="Count warnings as errors for the exit code.")
    ] = False,
    json: Json = False,
) -> None:
    """Check that a site can be relied on, with a remedy for everything that is not as it should be.

    Run it with the settings and as the user of the site. Exit code 0: no errors. 1: there are some.
    """
    from heldout.cli.local import configure_site

    configure_site(folder)
    from django.utils import timezone

    from heldout.site.doctor import Level, examine

    found = examine(now=timezone.now())
    if json:
        print_json({"findings": [one for each in found.values() for one in each]})
    else:
        for subject, findings in found.items():
            if not findings:
                say(f"ok       {subject}")
            for one in findings:
                say(f"{one.level:8} {subject}: {one.message}; {one.remedy}")
    errors = [one for each in found.values() for one in each if strict or one.level == Level.ERROR]
    raise typer.Exit(1 if errors else 0)
