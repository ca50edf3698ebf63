"""Whole files or none: write beside the target, flush to the disk, rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path, *, mode: int = 0o644, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path to write to; on success it takes the place of `path`, else it goes.

    Args:
        path: The file to make or to replace.
        mode: Its permissions, from the moment it exists under its name.
        durable: Wait until the disk has it.
    """
    make_folder(path.parent, durable=durable)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(mode)
        if durable:
            sync(temporary)
        temporary.replace(path)
        if durable:
            sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes, *, mode: int = 0o644, durable: bool = True) -> None:
    """Write a whole file, or leave what was there.

    Args:
        path: The file.
        content: What it shall hold.
        mode: Its permissions.
        durable: Wait until the disk has it; not needed where a whole tree is flushed afterwards.
    """
    with replacing(path, mode=mode, durable=durable) as temporary:
        temporary.write_bytes(content)


def make_folder(folder: Path, *, mode: int = 0o777, durable: bool = True) -> None:
    """Make a folder and those above it; durable: a new one survives a power cut as what is in it."""
    if folder.is_dir():
        return
    make_folder(folder.parent, durable=durable)
    folder.mkdir(mode=mode, exist_ok=True)
    if durable:
        sync(folder.parent)


def sync(path: Path) -> None:
    """Make sure a file's content, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Make sure everything below a folder is on the disk."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(parent) / name)
        sync(Path(parent))
