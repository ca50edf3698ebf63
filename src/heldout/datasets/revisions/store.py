"""A folder of revisions: `revisions/r1/…` hold tables, `media/ab/abcd….jpg` what they point to.

Media keep every byte they came with, EXIF included: this is the organiser's own copy, from which public
releases are made without metadata.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import SPLIT
from heldout.datasets.annotations.storing import load_dataset, save_dataset
from heldout.datasets.atomic import replacing, sync, sync_tree
from heldout.datasets.images import SUFFIXES, MediaFault, inspect_image
from heldout.datasets.media import content_hash, in_threads
from heldout.datasets.revisions.revision import (
    FILE_NAME,
    Revision,
    content_of,
    read_revision,
    write_revision,
)
from heldout.datasets.revisions.withdrawals import (
    Withdrawal,
    is_withdrawn,
    read_withdrawals,
    write_withdrawals,
)
from heldout.datasets.table import ID, MEDIA
from heldout.errors import BadInput, Problem, Problems, did_you_mean

REVISIONS, MEDIA_FOLDER = "revisions", "media"
_WHOLE = "all"


@dataclass(frozen=True, slots=True)
class Store:
    """A data set with its history.

    Attributes:
        folder: Where it is; made with the first revision.
    """

    folder: Path

    def history(self) -> list[Revision]:
        """Return all revisions, the oldest first."""
        folder = self.folder / REVISIONS
        found = [one for one in folder.glob("r*") if (one / FILE_NAME).is_file()]
        return sorted(map(read_revision, found), key=lambda one: one.number)

    def revision(self, name: str | None = None) -> Revision:
        """Return a revision by its id, or by the beginning of its content hash; the latest without.

        Raises:
            BadInput: There is none of this name, or there are several.
        """
        history = self.history()
        if not history:
            raise BadInput([Problem(str(self.folder), "holds no revisions", "import data into it")])
        if name is None:
            return history[-1]
        found = [one for one in history if name == one.id]
        found = found or [one for one in history if len(name) >= 6 and one.content.startswith(name)]
        if len(found) != 1:
            ids = [one.id for one in history]
            remedy = did_you_mean(name, ids) or f"revisions: {', '.join(ids)}"
            message = f'there is no revision "{name}"' if not found else f'"{name}" is ambiguous'
            raise BadInput([Problem(str(self.folder), message, remedy)])
        return found[0]

    def load(self, name: str | None = None) -> DataSet:
        """Return the data of a revision, the latest if none is named.

        Raises:
            BadInput: There is no such revision, or its files are damaged.
        """
        revision = self.revision(name)
        return load_dataset(self.folder / REVISIONS / revision.id, root=self.folder)

    def verify(self, name: str | None = None) -> list[Problem]:
        """Return every table and medium of a revision that is missing or has changed."""
        revision = self.revision(name)
        folder = self.folder / REVISIONS / revision.id
        problems = [
            Problem(f"{revision.id}/{file}", "has changed", "restore it from a backup")
            for file, digest in revision.files.items()
            if not (folder / file).is_file() or content_hash(folder / file) != digest
        ]
        if problems:
            return problems
        media = [path for path in self.load(revision.id).media_paths() if path is not None]
        whole = in_threads(_is_whole, media)
        return [
            Problem(path.name, "is missing or has changed", "restore it from a backup")
            for path, sound in zip(media, whole, strict=True)
            if not sound
        ]

    def commit(
        self, dataset: DataSet, *, notes: str = "", parent: str | None = None, now: datetime
    ) -> Revision:
        """Keep a data set as a new revision, whole or not at all.

        Examples that were withdrawn are left out. Where nothing has changed since the parent, the
        parent is returned and no revision is made.

        Args:
            dataset: What to keep; its media are copied.
            notes: What changed and why.
            parent: The revision it was made from; the latest if not given.
            now: The time, with an offset.

        Raises:
            BadInput: The parent does not exist, or a medium is not there.
        """
        origin = self.revision(parent) if parent or self.history() else None
        kept, withdrawn = self._without_withdrawn(self._take_in(dataset))
        folder = self.folder / REVISIONS
        folder.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".new.", dir=folder))
        try:
            save_dataset(kept, temporary)
            files = {path.name: content_hash(path) for path in sorted(temporary.iterdir())}
            content = content_of(files)
            if origin is not None and origin.content == content:
                return origin
            revision = Revision(
                id=f"r{self._next_number()}",
                parent=origin.id if origin else None,
                notes=notes,
                created=now,
                content=content,
                files=files,
                examples=_counted(kept.examples, SPLIT),
                annotations=_counted(kept.annotations, "kind"),
                media=_media_count(kept),
                withdrawn=withdrawn,
            )
            write_revision(revision, temporary)
            sync_tree(temporary)
            temporary.chmod(0o755)
            temporary.rename(folder / revision.id)
            sync(folder)
            return revision
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def withdraw(
        self, ids: Iterable[str], *, reason: str = "", now: datetime
    ) -> tuple[Withdrawal, ...]:
        """Leave examples out of every later revision; earlier ones stay as they are.

        Make a revision after it (`commit` of `load`) to take effect, and see `holding` for where the
        items still are.

        Raises:
            BadInput: An example is in no revision.
        """
        media: dict[str, str | None] = {}
        for revision in self.history():
            media |= _media_of(self.load(revision.id))
        problems = Problems()
        wanted = list(dict.fromkeys(ids))
        for one in wanted:
            if one not in media:
                problems.add(one, "is in no revision")
        problems.refuse_if_any()
        before = read_withdrawals(self.folder)
        known = {one.example_id for one in before}
        new = tuple(Withdrawal(one, now, media[one], reason) for one in wanted if one not in known)
        write_withdrawals(before + new, self.folder)
        return new

    def withdrawals(self) -> tuple[Withdrawal, ...]:
        """Return all requests to take an item down."""
        return read_withdrawals(self.folder)

    def holding(self, example_id: str) -> list[Revision]:
        """Return the revisions an example is in, by its id or as the same medium."""
        found = [one for one in self.withdrawals() if one.example_id == example_id]
        asked = tuple(found) or (Withdrawal(example_id, datetime.min),)  # noqa: DTZ901
        return [
            revision
            for revision in self.history()
            if is_withdrawn(self.load(revision.id).examples, asked).any()
        ]

    def _next_number(self) -> int:
        return max((one.number for one in self.history()), default=0) + 1

    def _take_in(self, dataset: DataSet) -> DataSet:
        """Copy the media under their hashes and point the examples to them."""
        if MEDIA not in dataset.examples.columns:
            return replace(dataset, root=self.folder)
        paths = dataset.media_paths()
        unreadable = [path for path in paths if path is not None and not path.is_file()]
        if unreadable:
            raise BadInput([Problem(str(path), "is not there") for path in unreadable])
        names = in_threads(self._store, paths)
        for parent in {(self.folder / name).parent for name in names if name is not None}:
            sync(parent)
        stored = pl.Series(MEDIA, names, dtype=pl.String)
        return replace(dataset, examples=dataset.examples.with_columns(stored), root=self.folder)

    def _store(self, path: Path | None) -> str | None:
        if path is None:
            return None
        digest = content_hash(path)
        name = f"{MEDIA_FOLDER}/{digest[:2]}/{digest}{_suffix(path)}"
        target = self.folder / name
        if not target.exists():
            with replacing(target) as temporary:
                shutil.copyfile(path, temporary)
        return name

    def _without_withdrawn(self, dataset: DataSet) -> tuple[DataSet, int]:
        withdrawals = read_withdrawals(self.folder)
        gone = is_withdrawn(dataset.examples, withdrawals)
        if not gone.any():
            return dataset, 0
        return dataset.take(dataset.examples.filter(~gone)[ID]), int(gone.sum())


def _suffix(path: Path) -> str:
    """Return the ending that fits an image's content; other media keep theirs."""
    facts = inspect_image(path)
    if isinstance(facts, MediaFault):
        return path.suffix.lower()
    return SUFFIXES[facts.format][0]


def _is_whole(path: Path) -> bool:
    return path.is_file() and content_hash(path) == path.stem


def _counted(frame: pl.DataFrame, column: str) -> dict[str, int]:
    if column not in frame.columns:
        return {_WHOLE: frame.height}
    counts = frame[column].fill_null(_WHOLE).value_counts(sort=False).sort(column)
    return dict(counts.iter_rows())


def _media_count(dataset: DataSet) -> int:
    if MEDIA not in dataset.examples.columns:
        return 0
    return dataset.examples[MEDIA].drop_nulls().n_unique()


def _media_of(dataset: DataSet) -> dict[str, str | None]:
    names = [path and path.relative_to(dataset.root or "") for path in dataset.media_paths()]
    shown = [None if name is None else name.as_posix() for name in names]
    return dict(zip(dataset.examples[ID], shown, strict=True))
