"""Holds answers out: public data and held-out answers, written to two separate trees.

The public tree is what participants download; nothing in it may depend on a held-out answer:

- a held-out split's table has ids, images and the columns declared public, nothing else;
- images are named by content, carry no metadata, and have all the same date;
- rows are in the order of a hash of their public ids;
- names and paths the examples had before stay with the answers.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from heldout.datasets.atomic import sync, sync_tree
from heldout.datasets.giveaways import find_giveaways
from heldout.datasets.identifiers import hash_keys, keyed_ids
from heldout.datasets.manifest import Manifest, describe
from heldout.datasets.media import in_threads, store_media
from heldout.datasets.splits import Splits
from heldout.datasets.table import ID, MEDIA, REFERENCE, ExampleTable
from heldout.datasets.tasks import Family
from heldout.datasets.writers import write_table
from heldout.errors import Problems, did_you_mean

MEDIA_FOLDER = "media"
ORIGINALS = "originals.parquet"

_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
_PUBLIC_FOLDER, _PUBLIC_FILE = 0o755, 0o644
_EARLIEST_IN_ZIP = 315_532_800  # 1980-01-01T00:00:00Z, in seconds.


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is written where."""

    splits: Splits
    held_out: frozenset[str]
    public: frozenset[str]
    new_ids: bool
    key: bytes

    def public_columns(self, name: str) -> list[str]:
        table = self.splits[name]
        if name not in self.held_out:
            return table.frame.columns
        return [column for column in table.frame.columns if column in {ID, MEDIA, *self.public}]

    def answers(self, name: str) -> list[str]:
        """Return the columns that hold a split's answers: of a custom task, all but the public."""
        table = self.splits[name]
        if table.has_reference:
            return [REFERENCE]
        if table.task.family is not Family.CUSTOM:
            return []
        return [column for column in table.metadata if column not in self.public]


def hold_out(
    splits: Splits,
    *,
    held_out: Collection[str],
    data: Path,
    answers: Path,
    public: Collection[str] = (),
    trusted: Collection[str] = (),
    new_ids: bool = False,
    key: bytes | None = None,
) -> Manifest:
    """Write the public data and the held-out answers, both whole or neither.

    `data` gets one table per split (`train.parquet` …), `media/` and the manifest; `answers` one table
    per held-out split with its references and the columns that are not public, `originals.parquet`
    (the ids and paths the examples had before) and a manifest of its own.

    Args:
        splits: The examples. Held-out splits must have references.
        held_out: The splits whose answers participants do not get.
        data: A folder that is made; it may exist if it is empty.
        answers: The same, for the answers. Mode 0700, its files 0600. Not inside `data`.
        public: The metadata columns that held-out splits show. The other splits show all of theirs.
        trusted: Public columns that may determine the answer because they are meant to be known.
        new_ids: Replace the ids, which may tell something, by ones that cannot be led back.
        key: What new ids are made from; drawn at random if left out.

    Returns:
        The public manifest.

    Raises:
        BadInput: A name is unknown, a target is in use, or something public would give answers away.
    """
    plan = _Plan(
        splits, frozenset(held_out), frozenset(public), new_ids, key or secrets.token_bytes(32)
    )
    problems = Problems()
    _check_targets(data, answers, problems)
    _check_names(plan, frozenset(trusted), problems)
    problems.refuse_if_any()
    _check_giveaways(plan, frozenset(trusted), problems)
    problems.refuse_if_any()
    with _two_folders(data, answers) as (shown, private):
        named = {name: _renamed(splits[name], plan) for name in splits}
        _write_public(named, plan, shown)
        _write_answers(named, plan, private)
        manifest = describe(shown, splits, held_out=sorted(held_out))
        manifest.write(shown)
        describe(private, splits, held_out=sorted(held_out)).write(private, mode=_PRIVATE_FILE)
        _settle_times(shown)
    return manifest


def _check_targets(data: Path, answers: Path, problems: Problems) -> None:
    for path in (data, answers):
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            problems.add(str(path), "is in use", "name a folder that is new or empty")
    public, private = data.resolve(), answers.resolve()
    if private.is_relative_to(public) or public.is_relative_to(private):
        problems.add(
            str(answers), f"and {data} are one inside the other", "keep the answers elsewhere"
        )


def _check_names(plan: _Plan, trusted: frozenset[str], problems: Problems) -> None:
    if not plan.held_out:
        problems.add("held out", "no split is named", f"splits: {', '.join(plan.splits)}")
    for name in sorted(plan.held_out - set(plan.splits)):
        problems.add("held out", f'there is no split "{name}"', did_you_mean(name, plan.splits))
    for name in sorted(plan.held_out & set(plan.splits)):
        if not plan.answers(name):
            custom = plan.splits[name].task.family is Family.CUSTOM
            remedy = "make fewer of its columns public" if custom else "label it first"
            problems.add(f'split "{name}"', "has no references to hold out", remedy)
    known = {column for part in plan.splits.parts.values() for column in part.metadata}
    for name in sorted((plan.public | trusted) - known):
        problems.add("public columns", f'there is no column "{name}"', did_you_mean(name, known))


def _check_giveaways(plan: _Plan, trusted: frozenset[str], problems: Problems) -> None:
    for name in sorted(plan.held_out):
        part = plan.splits[name]
        for problem in find_giveaways(
            part,
            public=plan.public - trusted,
            new_ids=plan.new_ids,
            answers=plan.answers(name),
        ):
            problems.add(f'split "{name}", {problem.place}', problem.message, problem.remedy)


@contextmanager
def _two_folders(data: Path, answers: Path) -> Iterator[tuple[Path, Path]]:
    """Yield temporary folders that take the targets' places together if all goes well."""
    with _temporary_beside(data) as shown, _temporary_beside(answers) as private:
        yield shown, private
        shown.chmod(_PUBLIC_FOLDER)
        private.chmod(_PRIVATE_FOLDER)
        sync_tree(shown)
        sync_tree(private)
        private.replace(answers)
        try:
            shown.replace(data)
        except OSError:
            answers.replace(private)
            raise
        sync(data.parent)
        sync(answers.parent)


@contextmanager
def _temporary_beside(target: Path) -> Iterator[Path]:
    """Yield a folder only its maker can enter; what is still there at the end is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Named:
    """A split in its public order: rows by the hash of their public ids."""

    table: ExampleTable
    originals: pl.DataFrame


def _renamed(table: ExampleTable, plan: _Plan) -> _Named:
    ids = keyed_ids(table.ids, key=plan.key) if plan.new_ids else table.ids
    keys = hash_keys(ids, seed=0)
    order = sorted(range(len(ids)), key=keys.__getitem__)
    public_ids = pl.Series(ID, ids, dtype=pl.String)
    originals = {ID: public_ids, "original_id": table.frame[ID]}
    if table.has_media:
        originals["original_path"] = table.frame[MEDIA]
    frame = table.frame.with_columns(public_ids)
    return _Named(table.with_frame(frame[order]), pl.DataFrame(originals)[order])


def _write_public(named: dict[str, _Named], plan: _Plan, folder: Path) -> None:
    for name, part in named.items():
        frame = part.table.frame.select(plan.public_columns(name))
        if part.table.has_media:
            frame = frame.with_columns(_store_all(part.table, folder / MEDIA_FOLDER))
        write_table(frame, folder / f"{name}.parquet")


def _store_all(table: ExampleTable, folder: Path) -> pl.Series:
    """Store the images in the public order of their rows; return their paths in the data folder."""
    folder.mkdir(exist_ok=True)
    store = partial(store_media, folder=folder, durable=False)
    names = in_threads(store, table.media_paths(), stage="storing the images")
    return pl.Series(MEDIA, [f"{MEDIA_FOLDER}/{name}" for name in names], dtype=pl.String)


def _write_answers(named: dict[str, _Named], plan: _Plan, folder: Path) -> None:
    for name in sorted(plan.held_out):
        frame = named[name].table.frame
        kept = [column for column in frame.columns if column not in {MEDIA, *plan.public}]
        write_table(frame.select(kept), folder / f"{name}.parquet", mode=_PRIVATE_FILE)
    originals = pl.concat([part.originals for part in named.values()])
    write_table(originals, folder / ORIGINALS, mode=_PRIVATE_FILE)


def _settle_times(folder: Path) -> None:
    """Give every file one date: the order in which files were made is nobody's business."""
    for parent, _, names in os.walk(folder, topdown=False):
        for path in [*(Path(parent) / name for name in names), Path(parent)]:
            if path.is_file():
                path.chmod(_PUBLIC_FILE)
            os.utime(path, (_EARLIEST_IN_ZIP, _EARLIEST_IN_ZIP))
