"""`heldout catalogue`: the data sets of a site, and entries of catalogues elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.options import Json
from heldout.cli.output import console, print_json, print_table, say
from heldout.errors import BadInput, Problem

SiteFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The site's data folder.")]

app = typer.Typer(add_completion=False, rich_markup_mode="markdown", no_args_is_help=True)


@app.callback()
def catalogue() -> None:
    """Add data sets to a site, rebuild their indexes, harvest other catalogues."""


@app.command()
def add(
    folder: SiteFolder,
    source: Annotated[Path, typer.Argument(help="A file or folder in any format that is read.")],
    name: Annotated[str, typer.Option(help="The data set's name in addresses.")],
    owner: Annotated[str, typer.Option(metavar="EMAIL", help="Whose it is.")],
    title: Annotated[str, typer.Option(help="Its title; made of the name if left out.")] = "",
    licence: Annotated[str, typer.Option(help="Its licence, such as CC-BY-4.0.")] = "",
    private: Annotated[bool, typer.Option("--private", help="Only its owner sees it.")] = False,
    lenient: Annotated[bool, typer.Option("--lenient", help="Leave out what is at fault.")] = False,
    json: Json = False,
) -> None:
    """Add a data set of its own to a site, or a new revision of one, and build its index."""
    from heldout.cli.local import open_site

    open_site(folder, make=True)
    from django.utils import timezone

    from heldout.site.accounts.services import person
    from heldout.site.catalog.importing import find_own, import_data
    from heldout.site.catalog.indexes import build_now
    from heldout.site.catalog.models import Visibility

    dataset = find_own(slug=name, owner=person(email=owner))
    dataset.title = title or dataset.title or name.replace("-", " ").capitalize()
    dataset.license = licence or dataset.license
    dataset.visibility = Visibility.PRIVATE if private else Visibility.PUBLIC
    now = timezone.now()
    with console.status("reading"):
        imported = import_data(dataset=dataset, source=source, by=None, now=now, lenient=lenient)
    with console.status("building the index"):
        build_now(imported.revision, now=now)
    if json:
        print_json(
            {"name": name, "examples": imported.examples, "left_out": len(imported.problems)}
        )
        return
    for problem in imported.problems[:20]:
        say(f"left out: {problem}")
    say(f"{name} has {imported.examples:,} examples; see /data/{name}/")


@app.command()
def index(folder: SiteFolder) -> None:
    """Build the indexes of all data sets of a site anew; those in use stay until they are replaced."""
    from heldout.cli.local import open_site

    open_site(folder)
    from django.utils import timezone

    from heldout.site.catalog.indexes import build_now
    from heldout.site.catalog.models import DataSet

    for dataset in DataSet.objects.filter(current__isnull=False).select_related("current"):
        assert dataset.current is not None
        with console.status(f"building {dataset.slug}"):
            built = build_now(dataset.current, now=timezone.now())
        say(
            f"{dataset.slug}: {built[0].rows:,} examples, for {', '.join(one.role.word for one in built)}"
        )


@app.command()
def harvest(
    folder: SiteFolder,
    address: Annotated[
        str, typer.Argument(metavar="URL-OR-FILE", help="A page or document of a catalogue.")
    ],
    json: Json = False,
) -> None:
    """Read the entries of another catalogue, to be searched beside the site's own data sets.

    Read are schema.org JSON-LD (in a page or alone), DCAT as JSON-LD, CKAN's package lists and Croissant. What was read is kept with its address and time; an unchanged catalogue is not read again. Nothing that is described is fetched.
    """
    from heldout.cli.local import open_site

    open_site(folder)
    from django.utils import timezone

    from heldout.site.catalog.harvesting import harvest as read

    with console.status("reading"):
        found = read(address=address, now=timezone.now())
    if json:
        print_json({"entries": found.entries, "kind": found.source.kind, "new": found.new})
        return
    words = "" if found.new else ", unchanged since it was last read"
    say(f"{found.entries:,} data sets from {found.source} ({found.source.kind}){words}")


@app.command()
def sources(
    folder: SiteFolder, remove: Annotated[str, typer.Option(metavar="ADDRESS")] = ""
) -> None:
    """List the catalogues that were harvested, or remove one with its entries."""
    from heldout.cli.local import open_site

    open_site(folder)
    from heldout.site.catalog.models import Source

    if remove and not Source.objects.filter(address=remove).delete()[0]:
        raise BadInput(
            [Problem(remove, "was not harvested", "heldout catalogue sources lists them")]
        )
    rows = [
        (one.address, one.kind, one.entries.count(), f"{one.fetched_at:%Y-%m-%d %H:%M}")
        for one in Source.objects.order_by("address")
    ]
    print_table(("Address", "Kind", "Entries", "Read"), rows)
