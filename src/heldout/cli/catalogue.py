"""`heldout catalogue`: the data sets of a site, and entries of catalogues elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heldout.cli.options import Json
from heldout.cli.output import console, print_json, print_table, say
from heldout.errors import BadInput, Problem, did_you_mean

if TYPE_CHECKING:
    from heldout.site.catalog.models import DataSet

SiteFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The site's data folder.")]

Name = Annotated[str, typer.Argument(metavar="NAME", help="The data set's name in addresses.")]
Datasheet = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="A datasheet.md whose answers to take over."),
]

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
    creator: Annotated[str, typer.Option(help="Who made the data.")] = "",
    datasheet: Datasheet = None,
    lenient: Annotated[bool, typer.Option("--lenient", help="Leave out what is at fault.")] = False,
    json: Json = False,
) -> None:
    """Add a data set of its own to a site, or a new revision of one, and build its index.

    Everybody sees it as soon as the required questions of its datasheet are answered; until then it is its owner's alone. `heldout catalogue datasheet` writes the questions, `heldout catalogue publish` takes the answers.
    """
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
    if creator:
        dataset.about = {**dataset.about, "creator": creator}
    if private or dataset.pk is None:
        dataset.visibility = Visibility.PRIVATE
    now = timezone.now()
    with console.status("reading"):
        imported = import_data(dataset=dataset, source=source, by=None, now=now, lenient=lenient)
    with console.status("building the index"):
        build_now(imported.revision, now=now)
    blank = _publish(dataset, datasheet, private=private)
    if json:
        told = {"name": name, "examples": imported.examples, "left_out": len(imported.problems)}
        print_json({**told, "visibility": dataset.visibility, "blank": blank})
        return
    for problem in imported.problems[:20]:
        say(f"left out: {problem}")
    say(f"{name} has {imported.examples:,} examples; see /data/{name}/")
    if blank and not private:
        say(f"only its owner sees it: {len(blank)} required questions of its datasheet are blank")
        say(f"heldout catalogue datasheet {folder} {name} --out datasheet.md writes the questions")


def _publish(dataset: DataSet, datasheet: Path | None, *, private: bool) -> list[Problem]:
    """Take over answers and show the data set to everybody, unless required ones are blank."""
    from django.utils import timezone

    from heldout.site.catalog import counting, datasheets
    from heldout.site.catalog.models import Visibility

    assert dataset.current is not None
    if datasheet is not None:
        text = datasheet.read_text("utf-8")
        datasheets.bring(dataset=dataset, text=text, by=None, now=timezone.now())
    with console.status("counting"):
        counting.count_now(dataset.current)
    blank = datasheets.publishing_problems(dataset)
    if not blank and not private:
        dataset.visibility = Visibility.PUBLIC
        dataset.save(update_fields=["visibility"])
    return blank


@app.command()
def datasheet(
    folder: SiteFolder,
    name: Name,
    out: Annotated[Path, typer.Option(help="The file to write; one that is there is replaced.")],
) -> None:
    """Write the datasheet of a data set: what was counted, what was answered, and what is asked."""
    dataset = _find(folder, name)
    from heldout.datasets.atomic import write_bytes
    from heldout.site.catalog import counting, datasheets

    assert dataset.current is not None
    with console.status("counting"):
        facts = counting.count_now(dataset.current)
    write_bytes(out, datasheets.datasheet(dataset.current, facts).encode())
    for problem in datasheets.publishing_problems(dataset):
        say(str(problem))
    say(f"wrote {out}")


@app.command()
def publish(folder: SiteFolder, name: Name, datasheet: Datasheet = None) -> None:
    """Show a data set to everybody, once the required questions of its datasheet are answered.

    Exit code 1 while one is blank; it then stays as it is.
    """
    dataset = _find(folder, name)
    blank = _publish(dataset, datasheet, private=False)
    for problem in blank:
        say(str(problem))
    say(f"{name} is {'not published' if blank else f'published; see /data/{name}/'}")
    raise typer.Exit(1 if blank else 0)


@app.command()
def release(
    folder: SiteFolder,
    name: Name,
    to: Annotated[Path, typer.Option(help="A new archive ending in .zip.")],
    url: Annotated[str, typer.Option(help="Where the data set is at home.")] = "",
) -> None:
    """Make the bundle people download, offer it on the site, and copy it.

    It is searched for everything that is hidden first; nothing is written if something is found.
    """
    dataset = _find(folder, name)
    import shutil

    from django.utils import timezone

    from heldout.site.catalog import counting, releasing

    if to.exists() or to.suffix.lower() != ".zip":
        raise BadInput([Problem(str(to), "is no new archive", "name a new file ending in .zip")])
    assert dataset.current is not None
    with console.status("writing and scanning the bundle"):
        counting.count_now(dataset.current)
        now = timezone.now()
        made = releasing.release_now(revision=dataset.current, url=url, now=now)
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(releasing.path_of(made), to)
    say(f"wrote {to}: {made.files:,} files; searched for {made.sought:,} answers, none is in it")


def _find(folder: Path, name: str) -> DataSet:
    from heldout.cli.local import open_site

    open_site(folder)
    from heldout.site.catalog.models import DataSet

    known = DataSet.objects.filter(current__isnull=False).select_related("current")
    found = known.filter(slug=name).first()
    if found is None:
        remedy = did_you_mean(name, known.values_list("slug", flat=True))
        remedy = remedy or "heldout catalogue add brings one"
        raise BadInput([Problem("NAME", f'there is no data set "{name}"', remedy)])
    return found


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
