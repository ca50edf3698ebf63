"""`heldout document` and `heldout release`: datasheet, cards, and the bundle people download."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.options import ChallengeFolder, Json
from heldout.cli.output import console, print_json, say
from heldout.errors import BadInput, Problem

Url = Annotated[
    str, typer.Option(help="Where the data set is at home, such as its page on the site.")
]
Published = Annotated[
    str | None, typer.Option(help="The date it is handed out, such as 2026-12-01. Default: today.")
]


def document(
    challenge: ChallengeFolder,
    url: Url = "",
    published: Published = None,
    out: Annotated[Path | None, typer.Option(help="Also write the cards into this folder.")] = None,
    json: Json = False,
) -> None:
    """Fill in the datasheet of a challenge, and write its cards.

    What can be counted is counted anew; what you wrote is kept. The answers that must not stay blank are listed; exit code 1 while there are any.
    """
    from heldout.cards.release import document as make
    from heldout.challenge.datasheet import blanks
    from heldout.challenge.folder import load
    from heldout.datasets.atomic import write_bytes

    found = load(challenge)
    with console.status("counting"):
        made = make(found, url=url, published=read_date(published))
    sheet = found.root / (found.definition.challenge.datasheet or "datasheet.md")
    write_bytes(sheet, made["datasheet.md"])
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in made.items():
            write_bytes(out / name, content)
    missing = blanks(made["datasheet.md"].decode())
    if json:
        print_json({"datasheet": str(sheet), "blank": missing})
    else:
        for problem in missing:
            say(str(problem))
        say(f"wrote {sheet}" + (f" and {len(made)} files into {out}" if out else ""))
        if found.definition.challenge.datasheet is None:
            say('name it in challenge.toml: datasheet = "datasheet.md"')
    raise typer.Exit(1 if missing else 0)


def release(
    challenge: ChallengeFolder,
    to: Annotated[Path, typer.Option(help="A new folder, or a new archive ending in .zip.")],
    url: Url,
    published: Published = None,
    json: Json = False,
) -> None:
    """Write the bundle people download: public data, cards, checksums.

    It is searched for every held-out answer first; nothing is written if one is found.
    """
    from heldout.cards.release import release as write
    from heldout.challenge.folder import load

    with console.status("writing and scanning the bundle"):
        made = write(load(challenge), to=to, url=url, published=read_date(published))
    if json:
        print_json({"path": str(made.path), "files": made.files, "version": made.facts.version})
        return
    say(
        f"wrote {made.path}: {made.files:,} files, version {made.facts.version}; no answer is in it"
    )


def read_date(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()  # noqa: TID251  (the edge: commands have no caller to pass it)
    try:
        return date.fromisoformat(text)
    except ValueError:
        problem = Problem("--published", f'"{text}" is no date', "write it as 2026-12-01")
        raise BadInput([problem]) from None
