"""Where the files of a data set are: annotation files of a folder, splits in names, images beside them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

import msgspec

from heldout.datasets.formats.format import Source
from heldout.decoding import decode

_MOST_FILES = 200  # Of one kind in one folder; more are data, not annotation files.
_SPLITS = {
    "train": "train",
    "training": "train",
    "trainval": "trainval",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "dev",
    "test": "test",
    "testing": "test",
    "minival": "minival",
}
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
_HEAD = 1 << 16


def split_of(path: Path | PurePosixPath) -> str | None:
    """Return the split a file's or folder's name tells, such as `train` of `instances_train2017`."""
    for word in _WORD.findall(path.stem):
        if word.lower() in _SPLITS:
            return _SPLITS[word.lower()]
    return None


def json_files(path: Path, folder: str) -> list[Path]:
    """Return the file itself, or the JSON files in a folder or in its subfolder of this name."""
    return files_ending(path, ".json", folder)


def files_ending(path: Path, suffix: str, *folders: str) -> list[Path]:
    """Return the file itself if it ends so, or those in a folder or in one of these subfolders."""
    if path.is_file():
        return [path] if path.suffix.lower() == suffix else []
    for place in (path, *(path / name for name in folders)):
        if place.is_dir():
            found = sorted(
                file for file in place.iterdir() if file.suffix.lower() == suffix and file.is_file()
            )
            if found:
                return found
    return []


def top_keys(file: Path) -> frozenset[str]:
    """Return the keys of a JSON object, and with them `segments_info` for a panoptic file."""
    try:
        found = file.stat()
    except OSError:
        return frozenset()
    return _keys(file, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _keys(file: Path, *_: int) -> frozenset[str]:
    """Read a file once for all formats that ask, as long as it does not change."""
    try:
        content = file.read_bytes()
        document = decode(content, dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError):
        return frozenset()
    keys = set(document)
    start = bytes(document.get("annotations", b""))[:_HEAD]
    if {"images", "annotations"} <= keys and file.stem.startswith("panoptic"):
        keys.add("segments_info")  # A map without segments does not show the key.
    return frozenset(keys) | {
        key for key in ("segments_info", "question_id") if f'"{key}"'.encode() in start
    }


def find_images(names: Sequence[str], file: Path, source: Source) -> tuple[Path, list[str | None]]:
    """Return the folder images are relative to, and each image's path in it.

    Looked for, by the first names: in the folder that was given, beside the annotation file, in
    `images`, and in folders named like the annotation file's split, there or one or two levels up.
    """
    wanted = [name for name in names if name][:20]
    for root in _candidates(file, source):
        for folder in _below(root, file):
            if any(_is_file(folder / name) for name in wanted):
                prefix = folder.relative_to(root).as_posix()
                return root, [_joined(prefix, name) for name in names]
    root = source.images or (source.path if source.path.is_dir() else file.parent)
    return root, [name or None for name in names]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _joined(prefix: str, name: str) -> str | None:
    if not name:
        return None
    return name if prefix == "." or name.startswith("/") else f"{prefix}/{name}"


def _candidates(file: Path, source: Source) -> list[Path]:
    if source.images is not None:
        return [source.images]
    if source.path.is_dir():
        return [source.path]
    return [file.parent, file.parent.parent]


def _below(root: Path, file: Path) -> list[Path]:
    """Return the folders below a root that may hold the images of an annotation file."""
    tail = re.split(r"[_.]", file.stem)[-1]
    split = split_of(file)
    names = dict.fromkeys(filter(None, (tail, split)))
    folders = [root, root / "images"]
    folders += [root / name for name in names] + [root / "images" / name for name in names]
    folders += [root / name / "images" for name in names]
    return [folder for folder in folders if folder.is_dir()]


def listing(folder: Path) -> list[str]:
    """Return the relative paths of all files below a folder, hidden ones left out, sorted."""
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            (Path(parent) / name).relative_to(folder).as_posix()
            for name in files
            if not name.startswith(".")
        ]
    return sorted(found)
