"""`heldout new`: a challenge folder from data, or a skeleton to fill in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.options import Classes, Json, Seed, split_names
from heldout.cli.output import following, print_json, say
from heldout.cli.recipe import (
    DEFAULT_FRACTIONS,
    AtRandom,
    Fractions,
    Group,
    HeldOut,
    IdColumn,
    MediaColumn,
    NewIds,
    Public,
    ReferenceColumn,
    Stratify,
    TaskId,
    Time,
    Trusted,
    Ungrouped,
    kept_back,
    make_recipe,
    naming_options,
    parse_splits,
)
from heldout.errors import BadInput, Problem, Problems


def new(
    folder: Annotated[Path, typer.Argument(help="The challenge folder to make.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="The data: a folder with one folder of images per class, or a table (CSV, JSON "
            "Lines, Parquet).",
        ),
    ] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            help="In place of --from: data that is split already; repeat for each split, the one "
            "to train on first.",
        ),
    ] = None,
    task: TaskId = None,
    title: Annotated[str | None, typer.Option(help="What people read.")] = None,
    challenge_id: Annotated[
        str | None, typer.Option("--id", help="The name in addresses; the folder's if left out.")
    ] = None,
    data_license: Annotated[str, typer.Option("--license", help="Of the data.")] = "",
    organiser: Annotated[
        list[str] | None, typer.Option(help="E-mail address of an organiser; repeat for more.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="A metric; the first ranks. Repeat for more.")
    ] = None,
    subgroup: Annotated[
        list[str] | None,
        typer.Option(help="A column to score apart; a,b is an intersection. Repeat for more."),
    ] = None,
    along: Annotated[
        list[str] | None,
        typer.Option(help="A column of numbers to score along, such as income. Repeat for more."),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="The column whose values intervals resample.")
    ] = None,
    classes: Classes = None,
    fractions: Fractions = DEFAULT_FRACTIONS,
    held_out: HeldOut = None,
    stratify: Stratify = None,
    group: Group = None,
    ungrouped: Ungrouped = "refuse",
    time: Time = None,
    at_random: AtRandom = False,
    public: Public = None,
    trusted: Trusted = None,
    new_ids: NewIds = False,
    id_column: IdColumn = None,
    media_column: MediaColumn = None,
    reference_column: ReferenceColumn = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Make a challenge folder.

    With `--from` it is complete: the data is read, split (with the same proportions of every class), and the answers of all splits but the first are held out. Without it you get a commented skeleton.
    """
    from heldout.challenge.template import Wishes, create, create_skeleton

    now = datetime.now(UTC)  # noqa: TID251  (the edge: commands have no caller to pass it)
    wishes = Wishes(
        id=challenge_id,
        title=title,
        license=data_license,
        organisers=tuple(organiser or ()),
        metrics=tuple(metric or ()),
        subgroups=[split_names(names) or () for names in subgroup or ()],
        along=tuple(along or ()),
        cluster=cluster,
    )
    _refuse_organisers(wishes.organisers)
    splits = parse_splits(split or [])
    if source is not None and splits:
        raise BadInput([Problem("--split", "is not for use with --from", "choose one of them")])
    if source is None and not splits:
        create_skeleton(folder, wishes=wishes, task=task or "image-classification", now=now)
        _print_skeleton(folder, json=json)
        return
    recipe = make_recipe(
        source or next(iter(splits.values())),
        task=task,
        classes=classes,
        fractions=fractions,
        held_out=held_out,
        stratify=stratify,
        group=group,
        ungrouped=ungrouped,
        time=time,
        at_random=at_random,
        public=public,
        trusted=trusted,
        new_ids=new_ids,
        id_column=id_column,
        media_column=media_column,
        reference_column=reference_column,
        seed=seed,
    )
    with following("reading, splitting and holding out"), naming_options():
        manifest = create(folder, source=source or splits, recipe=recipe, wishes=wishes, now=now)
    if json:
        print_json({"folder": str(folder), "manifest": manifest})
        return
    sizes = ", ".join(f"{name} {size:,}" for name, size in manifest.examples.items())
    say(f"{folder} is complete: {sizes}; answers held out: {', '.join(kept_back(manifest))}")
    say(f"edit its README.md, terms.md and challenge.toml, then: heldout check {folder}")


def _refuse_organisers(organisers: Sequence[str]) -> None:
    from heldout.challenge.definition import HOW_ORGANISERS_GET_IN, is_address

    problems = Problems()
    for one in organisers:
        if not is_address(one):
            message = f'"{one}" is not an e-mail address'
            problems.add("--organiser", message, HOW_ORGANISERS_GET_IN)
    problems.refuse_if_any()


def _print_skeleton(folder: Path, *, json: bool) -> None:
    from heldout.challenge.check import check

    missing = check(folder).problems
    if json:
        print_json({"folder": str(folder), "to_fill_in": missing})
        return
    say(f"{folder} is a skeleton. Put tables into data/ and answers/ (or start again with --from).")
    say("Still to fill in:")
    for problem in missing:
        say(f"  {problem}")
