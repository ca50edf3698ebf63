"""`heldout download`: the public data of a challenge, checked as it arrives."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heldout.cli.options import Json, Url
from heldout.cli.output import print_json, say
from heldout.errors import BadInput, Problem, did_you_mean

if TYPE_CHECKING:
    from heldout.client import File


def download(
    challenge: Annotated[str, typer.Argument(metavar="CHALLENGE", help="The challenge's id.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...", help="Which files; the archive of everything if left out."
        ),
    ] = None,
    to: Annotated[Path, typer.Option(help="The folder; the one you are in if left out.")] = Path(),
    url: Url = None,
    json: Json = False,
) -> None:
    """Download a challenge's public data.

    A file appears whole and with the hash the site names, or not at all; one that is there already is left.
    """
    from heldout.cli.remote import connect, transfer_bar

    to.mkdir(parents=True, exist_ok=True)
    got = []
    with connect(url, signed_in=False) as client:
        for file in _chosen(client.files(challenge), names or []):
            target = to / Path(file.name).name
            if not _is_there(target, file):
                with transfer_bar(f"fetching {file.name}", file.size) as progress:
                    client.download(challenge, file, to, progress=progress)
            got.append({"file": str(target), "size": file.size, "sha256": file.sha256})
            say(f"{target}  {file.size / 1e6:,.1f} MB")
    if json:
        print_json({"files": got})


def _chosen(files: list[File], names: list[str]) -> list[File]:
    """The files that are named, else the one archive of everything."""
    known = {file.name: file for file in files}
    unknown = [name for name in names if name not in known]
    if unknown:
        listed = f"the files are {', '.join(known)}"
        raise BadInput(
            Problem(name, "there is no such file", did_you_mean(name, known) or listed)
            for name in unknown
        )
    return [known[name] for name in names] or [file for file in files if not file.split] or files


def _is_there(target: Path, file: File) -> bool:
    if not target.is_file() or target.stat().st_size != file.size:
        return False
    with target.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
