"""`heldout profile`: what is in a data set, who is missing from it, and what it may be used for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heldout.cli.options import Address, Json, Seed, require_engine, split_names
from heldout.cli.output import console, print_json, print_table, say
from heldout.errors import BadInput, Problem, Problems, did_you_mean

if TYPE_CHECKING:
    import polars as pl

    from heldout.challenge.folder import Challenge
    from heldout.datasets.annotations.dataset import DataSet
    from heldout.datasets.profile import Statistic
    from heldout.datasets.profile.engine import Engine
    from heldout.datasets.vectors import Vectors

MOST_ROWS = 8


def profile(
    path: Annotated[Path, typer.Argument(help="A challenge folder, a data set or a table.")],
    format: Annotated[
        str | None, typer.Option(help="The format of a data set; recognised if left out.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="The folder of the images, if it is elsewhere.")
    ] = None,
    subgroup: Annotated[
        list[str] | None,
        typer.Option(help="A column to count groups of; `a,b` for intersections. May be repeated."),
    ] = None,
    licence: Annotated[
        str, typer.Option(help="The licence of the whole, if a challenge does not say it.")
    ] = "",
    media: Annotated[
        bool, typer.Option(help="Decode every image: quality, and places in EXIF.")
    ] = False,
    probabilities: Annotated[
        Path | None,
        typer.Option(
            help="Out-of-fold probabilities, `example_id` and `score_<class>`: lists labels that contradict them."
        ),
    ] = None,
    out_of_fold: Annotated[
        bool,
        typer.Option(
            "--out-of-fold", help="Of a challenge: make those probabilities with a small model."
        ),
    ] = False,
    two_sample: Annotated[
        bool, typer.Option("--two-sample", help="Let a classifier try to tell the splits apart.")
    ] = False,
    embeddings: Annotated[
        Path | None,
        typer.Option(
            help="What that classifier sees: `example_id` and `embedding`, or `embedding_…` columns."
        ),
    ] = None,
    seed: Seed = 0,
    engine: Annotated[
        str, typer.Option(help="Where it is counted: local, or ray for an existing Ray cluster.")
    ] = "local",
    address: Address = "auto",
    html: Annotated[Path | None, typer.Option(help="Write a page with charts.")] = None,
    json: Json = False,
) -> None:
    """Count and measure what is in a data set: classes, objects, groups, incomes, licences.

    Of a challenge only what participants get is read, never a held-out answer.
    """
    from heldout.datasets.profile import profile as make

    require_engine(engine)
    with console.status("reading"), _on(engine, address) as counting:
        dataset, stated = read(path, format, images)
        groups = [split_names(names) or () for names in subgroup or ()]
        _refuse_unknown(groups, dataset.examples.columns)
        found = make(
            dataset,
            subgroups=groups,
            stated=licence or stated,
            media=media,
            probabilities=_probabilities(path, probabilities, out_of_fold, seed),
            embeddings=_embeddings(embeddings),
            two_sample_seed=seed if two_sample or embeddings else None,
            engine=counting,
        )
    if html is not None:
        write_page(found, html, title=path.resolve().name, examples=len(dataset))
    if json:
        print_json({"examples": len(dataset), "statistics": [as_plain(one) for one in found]})
    else:
        show(found)


def _on(engine: str, address: str) -> AbstractContextManager[Engine | None]:
    if engine == "local":
        return nullcontext()
    from heldout.datasets.profile.ray_engine import cluster

    return cluster(address)


def read(path: Path, format_id: str | None, images: Path | None) -> tuple[DataSet, str]:
    """Return a data set and the licence stated for it."""
    from heldout.datasets.formats import read_dataset

    if (path / "challenge.toml").is_file() or path.name == "challenge.toml":
        from heldout.challenge.folder import load

        challenge = load(path)
        return public_part(challenge), challenge.definition.challenge.license
    problems = Problems()
    dataset = read_dataset(
        path, format_id=format_id, images=images, problems=problems, decode=False
    )
    for problem in problems:
        say(f"note: {problem}")
    return dataset, dataset.info.get("license", "")


def _probabilities(path: Path, file: Path | None, make: bool, seed: int) -> Vectors | None:
    from heldout.datasets.vectors import of_frame, read_vectors

    if file is not None and make:
        raise BadInput([Problem("--out-of-fold", "is not for use with --probabilities")])
    if file is not None:
        return read_vectors(file, prefix="score_", listed="scores")
    if not make:
        return None
    from heldout.baselines.features import read_features
    from heldout.baselines.out_of_fold import out_of_fold
    from heldout.challenge.folder import load

    challenge = load(path)
    about, data = challenge.definition.challenge, challenge.definition.data
    features = read_features(
        challenge.data,
        task=challenge.task,
        classes=about.classes,
        splits=(),
        id_column=data.id,
        media_column=data.media or "image",
    )
    return of_frame(out_of_fold("logistic-regression", features, seed=seed), prefix="score_")


def _embeddings(file: Path | None) -> Vectors | None:
    from heldout.datasets.vectors import read_vectors

    return None if file is None else read_vectors(file, prefix="embedding_", listed="embedding")


def public_part(challenge: Challenge) -> DataSet:
    """Return the examples of all splits; those of the splits that are scored lose their answers."""
    import polars as pl

    from heldout.datasets.annotations.dataset import DataSet
    from heldout.datasets.annotations.schema import SPLIT
    from heldout.datasets.table import ID, MEDIA, REFERENCE
    from heldout.datasets.tables import format_of

    scored = {phase.split for phase in challenge.definition.phases}
    problems, frames = Problems(), []
    for split in challenge.splits():
        place = challenge.table_path(split)
        form = format_of(place.suffix) if place else None
        table = form.read(place, problems) if form and place else None
        if table is not None:
            frame = table.frame.drop(REFERENCE, strict=False) if split in scored else table.frame
            frames.append(frame.with_columns(pl.lit(split).alias(SPLIT)))
    problems.refuse_if_any()
    data = challenge.definition.data
    names = {data.id: ID, **({data.media: MEDIA} if data.media else {})}
    frame = pl.concat(frames, how="diagonal_relaxed").rename(names, strict=False)
    examples = frame.drop(REFERENCE, strict=False).with_columns(pl.col(ID).cast(pl.String))
    return DataSet(examples, _labels(challenge, frame), root=challenge.data)


def _labels(challenge: Challenge, frame: pl.DataFrame) -> pl.DataFrame:
    from heldout.datasets.annotations.labels import labels_in
    from heldout.datasets.annotations.schema import annotation_frame
    from heldout.datasets.tasks import Family

    labelled = challenge.task.family in (Family.LABEL, Family.LABEL_SET)
    return labels_in(frame) if labelled else annotation_frame({})


def _refuse_unknown(groups: list[tuple[str, ...]], columns: list[str]) -> None:
    problems = Problems()
    for name in (name for group in groups for name in group):
        if name not in columns:
            problems.add("--subgroup", f'no column is called "{name}"', did_you_mean(name, columns))
    problems.refuse_if_any()


def show(found: list[Statistic]) -> None:
    for one in found:
        print(f"\n{one.title}\n{one.note}")
        for alarm in one.alarms:
            print(f"Look at this: {alarm}")
        if one.table.height:
            print()
            print_table(one.table.columns, one.table.head(MOST_ROWS).rows())
        if one.table.height > MOST_ROWS:
            print(f"… and {one.table.height - MOST_ROWS:,} more rows")


def as_plain(one: Statistic) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "note": one.note,
        "alarms": list(one.alarms),
        "query": one.query,
        "table": one.table.to_dicts(),
    }


def write_page(found: list[Statistic], path: Path, *, title: str, examples: int) -> None:
    from heldout.cards.profile_report import render
    from heldout.datasets.atomic import write_bytes

    write_bytes(path, render(found, title=title, examples=examples).encode())
    say(f"the page is {path}")
