"""Reads folders of images: one folder per class, or images beside one table that names them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl

from heldout.datasets.identifiers import content_ids
from heldout.datasets.images import IMAGE_SUFFIXES
from heldout.datasets.media import in_threads, public_hash
from heldout.datasets.readers import tables
from heldout.datasets.readers.reader import RawTable, Reader
from heldout.datasets.table import ID, MEDIA, REFERENCE
from heldout.errors import Problems

_LEFT_BY_SYSTEMS = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_SPLIT_NAMES = frozenset(
    {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}
)


def _read(path: Path, problems: Problems) -> RawTable | None:
    table = _single_table(path, problems)
    if table is not None:
        return _table_reader(table)(table, problems)
    return _read_classes(path, problems)


def _single_table(path: Path, problems: Problems) -> Path | None:
    suffixes = {suffix for reader in tables.READERS for suffix in reader.suffixes}
    found = sorted(item for item in path.iterdir() if item.suffix.lower() in suffixes)
    if len(found) > 1:
        names = ", ".join(item.name for item in found)
        problems.add(path.name, f"holds {len(found)} tables ({names})", "name the one to read")
    return found[0] if found else None


def _table_reader(table: Path) -> Callable[[Path, Problems], RawTable | None]:
    suffix = table.suffix.lower()
    return next(reader.read for reader in tables.READERS if suffix in reader.suffixes)


def _read_classes(path: Path, problems: Problems) -> RawTable | None:
    names = _image_names(path, problems)
    classes = [name.split("/")[0] for name in names]
    if names and {label.lower() for label in classes} <= _SPLIT_NAMES:
        problems.add(
            path.name,
            f"has splits where classes are expected ({', '.join(sorted(set(classes)))})",
            "read each split's folder by itself",
        )
        return None
    if not names:
        if not problems:
            problems.add(path.name, "holds no images", "put one folder per class into it")
        return None
    digests = in_threads(public_hash, [path / name for name in names], stage="reading the images")
    columns = {ID: content_ids(digests, names), MEDIA: names, REFERENCE: classes}
    return RawTable(
        columns={name: pl.Series(name, cells, dtype=pl.String) for name, cells in columns.items()},
        place=lambda row: _printable(names[row]),
        root=path,
        roles={ID: ID, MEDIA: MEDIA, REFERENCE: REFERENCE},
    )


def _image_names(path: Path, problems: Problems) -> list[str]:
    """Return the relative paths of all images below class folders; what else is there is a problem."""
    names = []
    for parent, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not _is_ignored(name))
        for name in [*folders, *sorted(files)]:
            item = Path(parent) / name
            relative = item.relative_to(path).as_posix()
            if name in folders:
                if item.is_symlink():
                    problems.add(
                        _printable(relative), "is a link to a folder", "copy the folder here"
                    )
            elif not _is_ignored(name) and _is_image(relative, problems):
                names.append(relative)
    return names


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LEFT_BY_SYSTEMS


def _is_image(relative: str, problems: Problems) -> bool:
    place = _printable(relative)
    if place != relative:
        problems.add(place, "has a name that is not plain text", "rename it")
    elif Path(relative).suffix.lower() not in IMAGE_SUFFIXES:
        known = ", ".join(sorted(IMAGE_SUFFIXES))
        problems.add(place, "is not an image", f"move it elsewhere; images end in {known}")
    elif "/" not in relative:
        problems.add(place, "lies in no class folder", "move it into the folder of its class")
    else:
        return True
    return False


def _printable(name: str) -> str:
    """Return the name with control characters and bytes that are not UTF-8 written out."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in name
    )


READER = Reader(id="image-folder", title="Folder of images", suffixes=(), read=_read)
