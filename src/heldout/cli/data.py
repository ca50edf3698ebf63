"""`heldout data`: data sets in their formats, and the revisions of a store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heldout.cli.options import Json, split_names
from heldout.cli.output import console, print_json, print_table, progress, say
from heldout.errors import BadInput, Problem, Problems

if TYPE_CHECKING:
    from heldout.datasets.annotations import DataSet
    from heldout.datasets.revisions import Diff, Revision

data = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Import data sets, keep their revisions, export them in other formats.",
)

StoreFolder = Annotated[Path, typer.Argument(metavar="STORE", help="A folder of revisions.")]
FormatId = Annotated[
    str | None, typer.Option("--format", help="The format; recognised by its content if left out.")
]
Images = Annotated[
    Path | None, typer.Option(help="The folder of the images, if they are not beside.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse where anything is at fault.")]
Notes = Annotated[str, typer.Option(help="What changed and why.")]


@data.command("formats")
def formats(json: Json = False) -> None:
    """List the formats, and what is lost in each."""
    from heldout.datasets.formats import FORMATS, Trait

    rows = [
        {
            "id": one.id,
            "title": one.title,
            "layout": one.layout,
            "lost": [trait.value for trait in Trait if trait not in one.holds],
        }
        for one in FORMATS.values()
    ]
    if json:
        print_json({"formats": rows})
        return
    print_table(
        ("Id", "Title", "Files"), [(one["id"], one["title"], one["layout"]) for one in rows]
    )


@data.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="A folder, a file or an archive.")],
    store: StoreFolder,
    format_id: FormatId = None,
    images: Images = None,
    notes: Notes = "",
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Import a data set as a new revision of a store.

    What is at fault is left out and listed; with `--strict` nothing is imported then. Images are decoded once to find damaged ones.
    """
    from heldout.datasets.revisions import Store

    problems = Problems(limit=1000)
    with console.status("reading and checking"), _opened(source, near=store) as (path, scratch):
        dataset = _read(path, scratch, format_id, images, problems)
        if strict:
            problems.refuse_if_any()
        revision = Store(store).commit(dataset, notes=notes, now=_now())
    if json:
        listed = {"problems": list(problems), "unlisted": problems.unlisted}
        print_json({"revision": revision, **listed})
        return
    _say_problems(problems)
    _say_revision(revision, store)


@data.command("export")
def export(
    source: Annotated[Path, typer.Argument(help="A store, or data in any format.")],
    target: Annotated[Path, typer.Argument(help="A new folder.")],
    format_id: Annotated[str, typer.Option("--format", help="See `heldout data formats`.")],
    revision: Annotated[
        str | None, typer.Option(help="Of a store: the revision; the latest if left out.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only this split.")] = None,
    images: Images = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be lost.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse where anything would be lost.")
    ] = False,
    json: Json = False,
) -> None:
    """Write a data set in another format, and say what it cannot hold.

    Images are copied under the hash of their pixels, without metadata such as EXIF.
    """
    from heldout.datasets.formats import losses, write_dataset

    with _loaded(source, revision, images, near=target) as whole:
        dataset = whole if split is None else _part(whole, split)
        lost = losses(dataset, format_id)
        if strict and lost:
            raise BadInput([Problem(format_id, f"would lose {loss}") for loss in lost])
        if not dry_run:
            with console.status("writing"):
                write_dataset(dataset, target, format_id=format_id)
    if json:
        report = [{"what": loss.trait.value, "times": loss.times} for loss in lost]
        print_json({"lost": report, "examples": len(dataset), "written": not dry_run})
        return
    for loss in lost:
        say(f"lost: {loss}")
    if not dry_run:
        say(f"{target}: {len(dataset):,} examples as {format_id}")
    elif not lost:
        say("nothing would be lost")


@data.command("history")
def history(store: StoreFolder, json: Json = False) -> None:
    """List the revisions of a store, the oldest first."""
    from heldout.datasets.revisions import Store

    found = Store(store).history()
    if json:
        print_json({"revisions": found})
        return
    rows = [
        (
            one.id,
            one.parent,
            f"{one.created:%Y-%m-%d %H:%M}",
            sum(one.examples.values()),
            sum(one.annotations.values()),
            one.content[:12],
            one.notes,
        )
        for one in found
    ]
    columns = ("Revision", "Parent", "Created", "Examples", "Annotations", "Content", "Notes")
    print_table(columns, rows)


@data.command("diff")
def diff(
    store: StoreFolder,
    before: Annotated[
        str | None, typer.Argument(help="A revision; the parent of the other if left out.")
    ] = None,
    after: Annotated[str | None, typer.Argument(help="A revision; the latest if left out.")] = None,
    json: Json = False,
) -> None:
    """Say what was added, removed, changed and moved between two revisions."""
    from heldout.datasets.revisions import Store
    from heldout.datasets.revisions import diff as compare

    opened = Store(store)
    last = opened.revision(after)
    first = before or last.parent
    if first is None:
        raise BadInput([Problem(last.id, "is the first revision", "name another to compare with")])
    found = compare(opened.load(first), opened.load(last.id))
    if json:
        print_json({"before": first, "after": last.id, **found.to_dict()})
        return
    _print_diff(found, first, last.id)


@data.command("verify")
def verify(
    store: StoreFolder,
    revision: Annotated[str | None, typer.Argument(help="The latest if left out.")] = None,
    json: Json = False,
) -> None:
    """Check that no table and no medium of a revision has changed."""
    from heldout.datasets.revisions import Store

    problems = Store(store).verify(revision)
    if json:
        print_json({"problems": problems})
    for problem in problems:
        say(str(problem))
    if problems:
        raise typer.Exit(1)
    if not json:
        say(f"{store}: everything is as it was written")


@data.command("withdraw")
def withdraw(
    store: StoreFolder,
    ids: Annotated[list[str], typer.Argument(help="Ids of examples.")],
    reason: Annotated[str, typer.Option(help="Why, without the name of who asked.")] = "",
    json: Json = False,
) -> None:
    """Take examples out of a new revision and of every later one; name the earlier ones they are in."""
    from heldout.datasets.revisions import Store

    opened, now = Store(store), _now()
    opened.withdraw(ids, reason=reason, now=now)
    revision = opened.commit(opened.load(), notes=f"withdrawn: {', '.join(ids)}", now=now)
    held = {one: [found.id for found in opened.holding(one)] for one in ids}
    if json:
        print_json({"revision": revision, "earlier": held})
        return
    for one, revisions in held.items():
        say(f"{one}: still in {', '.join(revisions)}; delete what was published from them")
    _say_revision(revision, store)


@data.command("fetch")
def fetch(
    addresses: Annotated[Path, typer.Argument(metavar="LIST", help="A table with a column `url`.")],
    folder: Annotated[Path, typer.Argument(help="Where the files go; a run goes on there.")],
    allow: Annotated[str, typer.Option(help="The hosts that may be asked, separated by commas.")],
    delay: Annotated[float, typer.Option(min=0, help="Seconds between requests to a host.")] = 1.0,
    attempts: Annotated[int, typer.Option(min=1, help="How often an address is tried.")] = 3,
    largest: Annotated[int, typer.Option(min=1, help="Bytes of one file.")] = 100_000_000,
    robots: Annotated[
        bool, typer.Option("--robots/--no-robots", help="Keep to the hosts' robots.txt.")
    ] = True,
    ports: Annotated[bool, typer.Option("--any-port", help="Also ask at unusual ports.")] = False,
    json: Json = False,
) -> None:
    """Fetch the images of a list of addresses, politely; run it again to go on.

    Checks each file against the list's `sha256`, keeps licence and author, and writes `examples.parquet`, which `heldout data import` reads.
    """
    from heldout.datasets import sources
    from heldout.datasets.writers import write_table

    rules = sources.Politeness(
        hosts=tuple(host.lower() for host in split_names(allow) or ()),
        delay=delay,
        attempts=attempts,
        largest=largest,
        robots=robots,
        ports=ports,
    )
    wanted = sources.read_list(addresses)
    with progress() as bar:
        task = bar.add_task("fetching", total=len(wanted))
        results = sources.fetch(wanted, folder, rules=rules, done=lambda _: bar.advance(task))
    table = sources.table_of(results)
    write_table(table, folder / "examples.parquet")
    failed = [one for one in results if not one.file]
    if json:
        print_json({"fetched": table.height, "failed": failed})
    else:
        for one in failed[:100]:
            say(f"{one.url}: {one.fault}" + ("" if one.final else "; run again to try again"))
        say(f"{folder}: {table.height:,} files, {len(failed):,} addresses without one")
    raise typer.Exit(1 if failed else 0)


@data.command("frames")
def frames(
    source: Annotated[list[Path], typer.Argument(help="Videos, or images of several frames.")],
    folder: Annotated[Path, typer.Argument(help="A new folder for the images.")],
    every: Annotated[
        float, typer.Option(min=0, help="Seconds between two frames; 0 keeps all.")
    ] = 1.0,
    json: Json = False,
) -> None:
    """Make images of videos, GIF files and stacks, to be imported like any others.

    The column `video` says which frames belong together, so that a split can keep them on one side.
    """
    import polars as pl

    from heldout.datasets.formats import new_folder
    from heldout.datasets.moving import extract
    from heldout.datasets.writers import write_table

    with new_folder(folder) as made, console.status("taking frames"):
        tables = [extract(path, made, every=every) for path in source]
        table = pl.concat(tables)
        write_table(table, made / "examples.parquet")
    if json:
        print_json({"videos": len(source), "frames": table.height})
        return
    say(f"{folder}: {table.height:,} frames of {len(source):,} files")


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  (the edge: commands have no caller to pass it)


@contextmanager
def _opened(source: Path, *, near: Path) -> Iterator[tuple[Path, Path]]:
    """Yield where data can be read, unpacked if they are an archive, and a folder for scratch."""
    from heldout.datasets.formats import FORMATS
    from heldout.datasets.sources import is_archive, unpack

    near.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".heldout.", dir=near.parent) as name:
        scratch = Path(name) / "scratch"
        scratch.mkdir()
        path = source
        if is_archive(source) and not FORMATS["webdataset"].recognise(source):
            unpacked = Path(name) / "unpacked"
            unpacked.mkdir()
            path = unpack(source, unpacked)
        yield path, scratch


def _read(
    path: Path, scratch: Path, format_id: str | None, images: Path | None, problems: Problems | None
) -> DataSet:
    from heldout.datasets.formats import read_dataset

    return read_dataset(
        path, format_id=format_id, images=images, scratch=scratch, problems=problems
    )


@contextmanager
def _loaded(
    source: Path, revision: str | None, images: Path | None, *, near: Path
) -> Iterator[DataSet]:
    from heldout.datasets.revisions import Store
    from heldout.datasets.revisions.store import REVISIONS

    if (source / REVISIONS).is_dir():
        yield Store(source).load(revision)
        return
    with _opened(source, near=near) as (path, scratch):
        yield _read(path, scratch, None, images, None)


def _part(dataset: DataSet, split: str) -> DataSet:
    if split not in dataset.splits:
        remedy = f"splits: {', '.join(dataset.splits) or 'none'}"
        raise BadInput([Problem("--split", f'there is no split "{split}"', remedy)])
    return dataset.part(split)


def _say_problems(problems: Problems) -> None:
    for problem in problems:
        say(str(problem))
    if problems.unlisted:
        say(f"and {problems.unlisted:,} more problems like these")


def _say_revision(revision: Revision, store: Path) -> None:
    def counted(counts: dict[str, int]) -> str:
        return ", ".join(f"{name} {count:,}" for name, count in counts.items())

    say(f"{store}: revision {revision.id}, content {revision.content[:16]}")
    say(f"  examples: {counted(revision.examples)}")
    if revision.annotations:
        say(f"  annotations: {counted(revision.annotations)}")
    if revision.withdrawn:
        say(f"  left out because they were withdrawn: {revision.withdrawn:,}")


def _print_diff(found: Diff, before: str, after: str) -> None:
    rows: list[tuple[str, Any, str]] = [
        ("examples added", len(found.added), _few(found.added)),
        ("examples removed", len(found.removed), _few(found.removed)),
        ("examples changed", found.changed.height, _few(found.changed["example_id"].to_list())),
        ("moved between splits", found.moved.height, _few(found.moved["example_id"].to_list())),
    ]
    rows += [(f"annotations {name}", count, "") for name, count in found.annotations.items()]
    named = (("columns", found.columns), ("categories", found.categories))
    for what, changes in named:
        rows += [
            (f"{what} {name}", len(items), _few(items)) for name, items in changes.items() if items
        ]
    print_table((f"{before} → {after}", "Count", "Such as"), rows)


def _few(items: Any) -> str:
    shown = ", ".join(list(items)[:5])
    return f"{shown} …" if len(items) > 5 else shown
