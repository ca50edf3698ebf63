"""Reads and writes the formats that data sets with annotations come in: one file each.

Every format is read into and written from `heldout.datasets.annotations.DataSet`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.atomic import sync, sync_tree
from heldout.datasets.formats.checking import check
from heldout.datasets.formats.format import Format, Source, Trait
from heldout.datasets.formats.losses import Loss, count_losses
from heldout.datasets.formats.registry import FORMATS
from heldout.errors import BadInput, Problem, Problems, did_you_mean

__all__ = [
    "FORMATS",
    "Format",
    "Loss",
    "Trait",
    "find_format",
    "losses",
    "read_dataset",
    "recognise",
    "write_dataset",
]


def find_format(format_id: str) -> Format:
    """Return a format by its id.

    Raises:
        BadInput: There is none of this name.
    """
    if format_id in FORMATS:
        return FORMATS[format_id]
    remedy = did_you_mean(format_id, FORMATS) or f"formats: {', '.join(FORMATS)}"
    raise BadInput([Problem("format", f'there is no format "{format_id}"', remedy)])


def recognise(path: Path) -> Format:
    """Return the format of a file or folder.

    Raises:
        BadInput: Nothing is there, or it looks like no format.
    """
    if not path.exists():
        raise BadInput([Problem(str(path), "is not there")])
    found = next((one for one in FORMATS.values() if one.recognise(path)), None)
    if found is None:
        remedy = f"name the format; formats: {', '.join(FORMATS)}"
        raise BadInput([Problem(str(path), "looks like no format that can be read", remedy)])
    return found


def read_dataset(
    path: Path,
    *,
    format_id: str | None = None,
    images: Path | None = None,
    scratch: Path | None = None,
    problems: Problems | None = None,
    decode: bool = True,
) -> DataSet:
    """Read a data set with its annotations.

    Args:
        path: A file or a folder.
        format_id: Its format; recognised by its content if not given.
        images: The folder of the images, where it is not the one the format implies.
        scratch: An empty folder for images that have to be unpacked first, such as those of
            WebDataset and IDX; it must live as long as the data set is used.
        problems: Collects what is at fault; the faulty part is left out and reading goes on. Without
            it, any fault is refused.
        decode: Decode every image to find damaged ones.

    Raises:
        BadInput: Nothing can be read; or, without `problems`, anything is at fault.
    """
    found = Problems() if problems is None else problems
    chosen = find_format(format_id) if format_id else recognise(path)
    if not path.exists():
        raise BadInput([Problem(str(path), "is not there")])
    draft = chosen.read(Source(path, images, scratch), found)
    if draft is None or draft.examples.is_empty():
        found.refuse_if_any()
        raise BadInput([Problem(str(path), f"holds no examples as {chosen.title} has them")])
    dataset = check(draft, found, decode=decode)
    if problems is None or not len(dataset):
        found.refuse_if_any()
    return dataset


def losses(dataset: DataSet, format_id: str) -> list[Loss]:
    """Return what of a data set a format cannot hold, counted; empty if nothing is lost."""
    return count_losses(dataset, find_format(format_id).holds)


def write_dataset(dataset: DataSet, path: Path, *, format_id: str) -> None:
    """Write a data set into a new folder, whole or not at all.

    Images are copied under the hash of their pixels, without metadata such as EXIF.

    Raises:
        BadInput: The folder is there and not empty, or the data set does not fit the format at all.
    """
    chosen = find_format(format_id)
    with new_folder(path) as folder:
        chosen.write(dataset, folder)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `path` on success, and goes on failure.

    Raises:
        BadInput: `path` is there and is not an empty folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BadInput([Problem(str(path), "is there already", "name a new folder")])
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        sync_tree(temporary)
        if path.is_dir():
            path.rmdir()
        temporary.rename(path)
        sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
