"""`heldout new`: a complete challenge folder from a data set, or a skeleton to fill in."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from heldout.challenge.check import check
from heldout.challenge.pages import Facts, challenge_toml, datasheet, readme, terms
from heldout.challenge.parsing import FILE
from heldout.challenge.recipe import Recipe
from heldout.datasets.atomic import sync_tree
from heldout.datasets.manifest import Manifest
from heldout.datasets.splits import Splits
from heldout.datasets.table import REFERENCE, ExampleTable
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput, Problem, Problems, did_you_mean
from heldout.evaluation.registry import find_metric

OPEN_FOR = timedelta(days=90)
_LARGEST_GROUP = 30


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What an organiser may say about a new challenge; everything has a default.

    Attributes:
        id: The name in addresses; the folder's if None.
        title: What people read; made of the id if None.
        license: Of the data.
        organisers: E-mail addresses.
        metrics: Specs, the first of which ranks; those of the task if empty.
        subgroups: Columns to score apart; several columns are an intersection.
        along: Columns of numbers to score along, such as income.
        cluster: The column whose values belong together.
        summary: One sentence under the title.
        pages: Text of a page (`overview`, `terms`, `datasheet`) in place of the one to edit.
    """

    id: str | None = None
    title: str | None = None
    summary: str = ""
    pages: Mapping[str, str] = field(default_factory=dict)
    license: str = ""
    organisers: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    subgroups: Sequence[tuple[str, ...]] = ()
    along: tuple[str, ...] = ()
    cluster: str | None = None


def create(
    folder: Path,
    *,
    source: Path | ExampleTable | Mapping[str, Path],
    recipe: Recipe,
    wishes: Wishes | None = None,
    now: datetime,
) -> Manifest:
    """Make a challenge folder from a data set: read, split, hold out, describe.

    The folder appears whole, having passed `check`, or not at all.

    Args:
        folder: A path that is new, or an empty folder.
        source: The data set, or where it is; or where each split is, if it was split elsewhere.
        recipe: How it is divided.
        wishes: What the organiser wants.
        now: When the phases open; they close 90 days later.

    Raises:
        BadInput: Every problem of the data or of the wishes.
    """
    wishes = wishes or Wishes()
    _refuse_target(folder)
    splits = _divide(source, recipe, wishes)
    facts = _facts(folder, wishes, recipe, splits, now)
    with _new_folder(folder) as building:
        manifest = recipe.hold_out(splits, data=building / "data", answers=building / "answers")
        _write_pages(building, facts, wishes.pages)
        report = check(building)
        if not report.ok:
            raise BadInput(report.problems)
    return manifest


def create_skeleton(
    folder: Path, *, wishes: Wishes | None = None, task: str, now: datetime
) -> None:
    """Make a challenge folder without data; `check` then says what to fill in.

    Raises:
        BadInput: The folder is in use, or the wishes do not fit.
    """
    wishes = wishes or Wishes()
    _refuse_target(folder)
    found = find_task(task)
    opens = _next_hour(now)
    facts = Facts(
        id=wishes.id or slug(folder.resolve().name),
        title=wishes.title or _title(wishes.id or slug(folder.resolve().name)),
        summary=wishes.summary,
        task=found,
        classes=("first-class", "second-class") if found.has_classes else (),
        license=wishes.license,
        organisers=wishes.organisers,
        metrics=wishes.metrics or found.metrics,
        media=found.media != "none",
        held_out=("val", "test"),
        opens=opens,
        closes=opens + OPEN_FOR,
    )
    with _new_folder(folder) as building:
        _write_pages(building, facts, wishes.pages)
        (building / "data").mkdir()
        (building / "answers").mkdir(mode=0o700)


def _divide(
    source: Path | ExampleTable | Mapping[str, Path], recipe: Recipe, wishes: Wishes
) -> Splits:
    if isinstance(source, Mapping):
        splits = recipe.read_splits(source)
        _refuse_wishes(wishes, recipe, next(iter(splits.parts.values())), list(splits))
        return splits
    table = source if isinstance(source, ExampleTable) else recipe.read(source)
    _refuse_wishes(wishes, recipe, table, list(recipe.fractions))
    return recipe.divide(table)


def slug(name: str) -> str:
    """Return a name in a-z, 0-9 and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or "challenge"


def _title(challenge_id: str) -> str:
    return challenge_id.replace("-", " ").capitalize()


def _next_hour(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _refuse_target(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() or folder.is_symlink():
        raise BadInput([Problem(str(folder), "is there already", "name a new folder")])


def _refuse_wishes(
    wishes: Wishes, recipe: Recipe, table: ExampleTable, splits: Sequence[str]
) -> None:
    problems = Problems()
    for spec in wishes.metrics:
        try:
            find_metric(spec, task=recipe.task)
        except BadInput as error:
            problems.absorb(error)
    columns = [(name, "subgroup") for names in wishes.subgroups for name in names]
    columns += [(name, "along") for name in wishes.along]
    columns += [(wishes.cluster, "cluster")] if wishes.cluster else []
    for name, what in columns:
        if name not in table.metadata:
            known = ", ".join(table.metadata) or "none"
            remedy = did_you_mean(name, table.metadata) or f"the metadata columns are {known}"
            problems.add(what, f'there is no column "{name}"', remedy)
    for name in recipe.kept_back(splits):
        if name not in splits:
            remedy = did_you_mean(name, splits) or f"splits: {', '.join(splits)}"
            problems.add("held out", f'there is no split "{name}"', remedy)
    problems.refuse_if_any()


def _facts(folder: Path, wishes: Wishes, recipe: Recipe, splits: Splits, now: datetime) -> Facts:
    table = next(iter(splits.parts.values()))
    metrics = wishes.metrics or recipe.task.metrics
    names = find_metric(metrics[0], task=recipe.task).names
    challenge_id = wishes.id or slug(folder.resolve().name)
    opens = _next_hour(now)
    held_out = tuple(name for name in splits if name in recipe.kept_back(splits))
    return Facts(
        id=challenge_id,
        title=wishes.title or _title(challenge_id),
        summary=wishes.summary,
        task=recipe.task,
        classes=table.classes,
        license=wishes.license,
        organisers=wishes.organisers,
        metrics=metrics,
        primary=names[0] if len(names) > 1 else None,
        subgroups=tuple(tuple(names) for names in wishes.subgroups),
        smallest_group=min(_LARGEST_GROUP, *(splits.sizes[name] for name in held_out)),
        along=wishes.along,
        cluster=wishes.cluster,
        media=table.has_media,
        sizes=splits.sizes,
        held_out=held_out,
        method=_describe(splits),
        opens=opens,
        closes=opens + OPEN_FOR,
        seed=recipe.seed,
    )


def _describe(splits: Splits) -> str:
    column = getattr(splits.method, "column", "")
    words = {
        "Stratified": f"The splits have the same proportions of {_named(column)}",
        "Grouped": f"All examples of one `{column}` are in one split",
        "ByTime": f"The splits follow each other in `{column}`",
        "Given": "The splits were given",
    }.get(type(splits.method).__name__, "The splits were drawn at random")
    return f"{words} (seed {splits.seed})." if splits.seed is not None else f"{words}."


def _named(column: str) -> str:
    return "every answer" if column == REFERENCE else f"every value of `{column}`"


def _write_pages(folder: Path, facts: Facts, written: Mapping[str, str]) -> None:
    pages = {
        FILE: challenge_toml(facts),
        "README.md": written.get("overview") or readme(facts),
        "terms.md": written.get("terms") or terms(),
        "datasheet.md": written.get("datasheet") or datasheet(facts),
    }
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder that takes the target's place if all goes well, and else goes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.resolve().parent))
    try:
        yield building
        building.chmod(0o755)
        sync_tree(building)
        building.replace(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
