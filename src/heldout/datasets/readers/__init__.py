"""Reads examples in any common format into one checked table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from heldout.datasets.kinds import Kind
from heldout.datasets.readers import image_folder, tables
from heldout.datasets.readers.assembling import Wishes, assemble
from heldout.datasets.readers.reader import RawTable, Reader
from heldout.datasets.table import ID, MEDIA, REFERENCE, ExampleTable
from heldout.datasets.tasks import Task
from heldout.errors import BadInput, Problem, Problems, did_you_mean_beside

__all__ = ["RawTable", "Reader", "all_readers", "find_reader", "read_examples"]

ENTRY_POINTS = "heldout.readers"


def all_readers() -> list[Reader]:
    """Return the readers of Heldout and of installed packages; an installed one wins."""
    return [*_installed_readers(), *tables.READERS, image_folder.READER]


@cache
def _installed_readers() -> tuple[Reader, ...]:
    return tuple(point.load() for point in entry_points(group=ENTRY_POINTS))


def find_reader(path: Path, *, format_id: str | None = None) -> Reader:
    """Return the reader for a file or folder.

    Raises:
        BadInput: Nothing is there, or no reader reads it.
    """
    if not path.exists():
        raise BadInput([Problem(str(path), "is not there", did_you_mean_beside(path))])
    suffix = path.suffix.lower()
    for reader in all_readers():
        if format_id is not None:
            if reader.id == format_id:
                return reader
        elif suffix in reader.suffixes if path.is_file() else not reader.suffixes:
            return reader
    endings = sorted(suffix for reader in all_readers() for suffix in reader.suffixes)
    remedy = f"give a folder of images or a table ending in {', '.join(endings)}"
    raise BadInput([Problem(str(path), "is in no format that can be read", remedy)])


def read_examples(
    path: Path,
    *,
    task: Task,
    classes: Sequence[str] | None = None,
    id_column: str | None = None,
    media_column: str | None = None,
    reference_column: str | None = None,
    columns: Mapping[str, Kind] | None = None,
    format_id: str | None = None,
    decode: bool = True,
) -> ExampleTable:
    """Read and check a data set.

    Args:
        path: A table (CSV, JSON Lines, Parquet) whose media paths start from its folder, a folder of
            images beside one such table, or a folder with one folder of images per class.
        task: What the references look like.
        classes: The declared classes. Without them those that occur are the classes.
        id_column: The column of ids, if it is not `example_id`.
        media_column: The column of image paths, if it is not `image`.
        reference_column: The column of references, if it is not `reference`.
        columns: Kinds of metadata columns that CSV cannot tell, such as lists joined by `|`.
        format_id: Which reader to take, if the file's name does not say.
        decode: Decode every image to find damaged ones. Paths are checked in any case.

    Raises:
        BadInput: With every problem found, each with its place.
    """
    names = {ID: id_column, MEDIA: media_column, REFERENCE: reference_column}
    wishes = Wishes(
        task=task,
        classes=classes,
        names={role: name for role, name in names.items() if name},
        kinds=columns or {},
        decode=decode,
    )
    problems = Problems()
    raw = find_reader(path, format_id=format_id).read(path, problems)
    table = assemble(raw, wishes, problems) if raw is not None else None
    problems.refuse_if_any()
    if table is None:
        raise BadInput([Problem(str(path), "could not be read")])
    return table
