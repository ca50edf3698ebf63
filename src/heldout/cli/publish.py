"""`heldout publish`: put a challenge on a site, here or elsewhere."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from heldout.cli.options import ChallengeFolder, Json
from heldout.cli.output import console, print_json, progress, say
from heldout.errors import BadInput, Problem

_AT_HOME = frozenset({"localhost", "127.0.0.1", "::1"})


def publish(
    challenge: ChallengeFolder,
    to: Annotated[
        str, typer.Option(metavar="FOLDER-OR-URL", help="A site's data folder, or its address.")
    ],
    json: Json = False,
) -> None:
    """Put a challenge on a site; publishing again makes a new revision.

    A folder is a site's data folder on this machine, made if it is not there: serve it with `heldout serve`. An address needs `heldout login` first. The held-out answers go to the site and nowhere else.
    """
    from heldout.challenge.check import check

    with console.status("checking"):
        report = check(challenge)
    if not report.ok:
        raise BadInput(report.problems)
    for note in report.notes:
        say(f"note: {note}")
    remote = "://" in to
    result = _to_url(challenge, to) if remote else _to_folder(challenge, Path(to))
    if json:
        print_json(result)
        return
    say(_outcome(result))
    say(
        f"see {to.rstrip('/')}/challenges/{result['id']}/"
        if remote
        else f"next: heldout serve {to}{_way_in(challenge)}"
    )


def _outcome(result: dict[str, object]) -> str:
    if result["changed"]:
        return f"{result['id']} is published, revision {result['revision']}"
    return f"nothing has changed: {result['id']} stays at revision {result['revision']}"


def _way_in(challenge: Path) -> str:
    """How the first organiser gets in, whose account may have no password yet."""
    from heldout.challenge.folder import load

    organisers = load(challenge).definition.challenge.organisers
    return f" --sign-in {organisers[0]}" if organisers else ""


def _to_folder(challenge: Path, site: Path) -> dict[str, object]:
    from heldout.cli.local import open_site

    open_site(site, make=True)
    from django.utils import timezone

    from heldout.site.challenges.services import publish as publish_here

    now = timezone.now()
    with console.status("publishing"):
        published = publish_here(source=challenge, by=None, now=now)
    revision = published.revision
    changed = revision.created_at >= now
    return {"id": published.slug, "revision": revision.number, "changed": changed}


def _to_url(challenge: Path, url: str) -> dict[str, object]:
    from heldout.cli.remote import connect

    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _AT_HOME:
        remedy = "use the site's https address"
        raise BadInput([Problem(url, "would carry the answers in the open", remedy)])
    with connect(url) as client, tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "challenge.zip"
        _pack(challenge, archive)
        with console.status("sending"):
            published = client.publish(archive)
    return {
        "id": published.id,
        "revision": published.revision,
        "changed": published.changed,
    }


def _pack(challenge: Path, archive: Path) -> None:
    """Pack what the definition names, and nothing else that may lie in the folder."""
    from heldout.challenge.folder import load

    found = load(challenge)
    about = found.definition.challenge
    pages = [name for name in (about.overview, about.terms, about.datasheet) if name]
    files = [found.root / "challenge.toml", *(found.root / name for name in dict.fromkeys(pages))]
    for folder in (found.data, found.answers):
        files += sorted(path for path in folder.rglob("*") if path.is_file())
    archive.touch(mode=0o600)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed, progress() as bar:
        for path in bar.track(files, description="packing"):
            packed.write(path, path.relative_to(found.root))
