"""`heldout split`: split and hold out, without making a challenge of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.options import Classes, Json, Seed
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
)


def split(
    source: Annotated[Path, typer.Argument(help="A table, or a folder of images.")],
    data: Annotated[Path, typer.Option(help="Where the public data goes: a new folder.")],
    answers: Annotated[Path, typer.Option(help="Where the answers go: another new folder.")],
    task: TaskId = None,
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
    """Split a data set and hold answers out.

    The public folder gets a table per split, the images by content hash and a manifest; the other folder gets the answers. The same seed gives the same splits.
    """
    recipe = make_recipe(
        source,
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
        splits = recipe.divide(recipe.read(source))
        manifest = recipe.hold_out(splits, data=data, answers=answers)
    if json:
        print_json(manifest)
        return
    sizes = ", ".join(f"{name} {size:,}" for name, size in manifest.examples.items())
    say(f"{data}: {sizes}; content {manifest.content[:16]}")
    say(f"{answers}: the answers of {', '.join(kept_back(manifest))}; keep them to yourself")
