"""Public files: written once beside the others, renamed into place, never changed."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heldout.datasets.atomic import make_folder
from heldout.site.common import objects

EPOCH = (1980, 1, 1, 0, 0, 0)
# Packing these again takes long and saves nothing.
PACKED = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".parquet", ".zip", ".gz", ".mp4", ".mp3"}


@contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """A folder that appears under its name only when it is complete and flushed."""
    make_folder(final.parent)
    part = final.parent / f".{final.name}-{secrets.token_hex(8)}"
    part.mkdir()
    try:
        yield part
        _flush(part)
        part.rename(final)
        _flush_folder(final.parent)
        objects.keep_folder(final)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _flush(folder: Path) -> None:
    for root, _, files in os.walk(folder):
        for name in files:
            with (Path(root) / name).open("rb") as file:
                os.fsync(file.fileno())
        _flush_folder(Path(root))


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def walk(folder: Path) -> list[Path]:
    """All regular files in a fixed order; a link is not followed."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree_digest(folder: Path) -> str:
    """One hash over all names and contents."""
    digest = hashlib.sha256()
    for path in walk(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{sha256(path)}\n".encode())
    return digest.hexdigest()


def copy_tree(source: Path, target: Path) -> None:
    for path in walk(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def pack(folder: Path, target: Path, *, top: str) -> None:
    """Zip a folder; equal files give an equal archive."""
    with zipfile.ZipFile(target, "x") as archive:
        for path in walk(folder):
            info = zipfile.ZipInfo(f"{top}/{path.relative_to(folder).as_posix()}", EPOCH)
            info.external_attr = 0o644 << 16
            packed = path.suffix.lower() in PACKED
            info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as out:
                shutil.copyfileobj(source, out, 1 << 20)
