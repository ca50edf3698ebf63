"""The options of `heldout new` and `heldout split` that say how data is divided."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from heldout.cli.options import split_names
from heldout.errors import BadInput, Problem, Problems, did_you_mean_beside

if TYPE_CHECKING:
    from heldout.challenge.recipe import Recipe
    from heldout.datasets.manifest import Manifest
    from heldout.datasets.splits import ByTime, Grouped, Random, Stratified, Unknown

TaskId = Annotated[
    str | None,
    typer.Option("--task", help="The task; a folder of images is image-classification."),
]
Fractions = Annotated[str, typer.Option(help="The share of each split.", metavar="NAME=SHARE,…")]
HeldOut = Annotated[
    str | None,
    typer.Option(help="Splits whose answers are kept back; all but the first if left out."),
]
Stratify = Annotated[
    str | None,
    typer.Option(help="Spread this column's values evenly; the labels if left out."),
]
Group = Annotated[
    str | None,
    typer.Option(help="Keep all rows with one value of this column (a person) on one side."),
]
Ungrouped = Annotated[
    str,
    typer.Option(help="What rows without a group are: refuse them, each alone, or all together."),
]
Time = Annotated[
    str | None, typer.Option(help="Split by this column: the last split is the latest.")
]
AtRandom = Annotated[bool, typer.Option("--random", help="Split without regard to anything.")]
Public = Annotated[
    str | None,
    typer.Option(
        help="Metadata columns that held-out splits show. Left out: none of images, all of tables."
    ),
]
Trusted = Annotated[
    str | None,
    typer.Option(help="Public columns that may determine the answer, because they are meant to."),
]
NewIds = Annotated[bool, typer.Option("--new-ids", help="Replace ids by ones that tell nothing.")]
IdColumn = Annotated[str | None, typer.Option(help="The column of ids in the data.")]
MediaColumn = Annotated[str | None, typer.Option(help="The column of image paths in the data.")]
ReferenceColumn = Annotated[str | None, typer.Option(help="The column of answers in the data.")]

DEFAULT_FRACTIONS = "train=0.6,val=0.2,test=0.2"


def make_recipe(
    source: Path,
    *,
    task: str | None,
    fractions: str,
    stratify: str | None,
    group: str | None,
    ungrouped: str,
    time: str | None,
    at_random: bool,
    **columns: Any,
) -> Recipe:
    """Read the options of a recipe.

    Raises:
        BadInput: Everything that does not fit.
    """
    from heldout.challenge.recipe import Recipe
    from heldout.datasets.tasks import find_task

    problems = Problems()
    shares = _parse_fractions(fractions, problems)
    method = _method(stratify, group, ungrouped, time, at_random, problems)
    if not source.exists():
        problems.add(str(source), "there is no such file or folder", did_you_mean_beside(source))
    elif task is None and not source.is_dir():
        problems.add("--task", "is not given", "say what to predict, as in --task regression")
    problems.refuse_if_any()
    lists = ("classes", "held_out", "public", "trusted")
    given: dict[str, Any] = {
        name: split_names(value) if name in lists else value for name, value in columns.items()
    }
    given["trusted"] = given.get("trusted") or ()
    return Recipe(
        task=find_task(task or "image-classification"), fractions=shares, by=method, **given
    )


@contextmanager
def naming_options() -> Iterator[None]:
    """Say beside a problem of the data which option of a command mends it."""
    try:
        yield
    except BadInput as error:
        named = [replace(it, remedy=_with_option(it)) for it in error.problems]
        raise BadInput(named, unlisted=error.unlisted) from error


def _with_option(problem: Problem) -> str:
    said = f"{problem.message}; {problem.remedy}"
    options = (option for sign, option in _OPTIONS.items() if sign in said)
    return "; ".join(filter(None, (problem.remedy, next(options, ""))))


_OPTIONS = {
    "(the id)": "say which it is with --id-column",
    "(the path of the image)": "say which it is with --media-column",
    "(the reference)": "say which it is with --reference-column",
    "keep the column back": "--public lists the columns to show, --trusted those meant to be known",
    "publish new ids": "add --new-ids",
}


def parse_splits(texts: list[str]) -> dict[str, Path]:
    """Read `train=PATH` for each split.

    Raises:
        BadInput: A text is not of this form, or there is one split only.
    """
    problems, splits = Problems(), dict[str, Path]()
    for text in texts:
        name, given, path = text.partition("=")
        if not given or not path or name in splits:
            problems.add("--split", f'"{text}" is not NAME=PATH', "write train=images/train")
        splits[name] = Path(path)
    problems.refuse_if_any()
    return splits


def kept_back(manifest: Manifest) -> list[str]:
    """Return the splits with held-out answers, in the order in which they were made."""
    return [name for name in manifest.examples if name in manifest.held_out]


def _parse_fractions(text: str, problems: Problems) -> dict[str, float]:
    shares = {}
    for part in text.split(","):
        name, _, share = part.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            problems.add("--fractions", f'"{part}" is not a share', "write train=0.8,test=0.2")
    return shares


def _method(
    stratify: str | None,
    group: str | None,
    ungrouped: str,
    time: str | None,
    at_random: bool,
    problems: Problems,
) -> Random | Stratified | Grouped | ByTime | None:
    from heldout.datasets import splits

    if sum([at_random, time is not None, group is not None or stratify is not None]) > 1:
        problems.add("--random, --group, --time", "exclude each other", "choose one way to split")
    if at_random:
        return splits.Random()
    if time is not None:
        return splits.ByTime(time)
    if group is not None:
        return splits.Grouped(group, unknown=_unknown(ungrouped, problems), stratify=stratify)
    if ungrouped != "refuse":
        problems.add("--ungrouped", "is for use with --group")
    return None if stratify is None else splits.Stratified(stratify)


def _unknown(ungrouped: str, problems: Problems) -> Unknown:
    from heldout.datasets.splits import Unknown

    known: dict[str, Unknown] = {name: name for name in get_args(Unknown)}
    if ungrouped not in known:
        problems.add("--ungrouped", f'"{ungrouped}" is not one of {", ".join(known)}')
    return known.get(ungrouped, "refuse")
