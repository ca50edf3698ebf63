"""The manifest of published data: how the splits were made, and the hash of every file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from pathlib import Path

import msgspec

from heldout.datasets.atomic import write_bytes
from heldout.datasets.media import content_hash, in_threads
from heldout.datasets.splits import Splits
from heldout.decoding import decode
from heldout.errors import BadInput, Problem

FORMAT_VERSION = 1
FILE_NAME = "manifest.json"


class SplitRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the splits were made, in words a program can repeat.

    Attributes:
        method: `random`, `stratified`, `grouped`, `by-time` or `given`.
        seed: Of the random order.
        fractions: The sizes asked for.
        column: The stratum, the group or the time.
        options: What else the method was told.
    """

    method: str
    seed: int | None = None
    fractions: dict[str, float] = {}
    column: str | None = None
    options: dict[str, str] = {}


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder of data contains.

    Attributes:
        format: The version of this file's own form.
        split: How the splits were made.
        held_out: The splits whose answers are not in the folder.
        examples: The number of examples by split.
        files: The SHA-256 of every file by relative path, this one excepted.
        content: The SHA-256 over all of the above: one name for exactly this data.
    """

    format: int = FORMAT_VERSION
    split: SplitRecord
    held_out: list[str]
    examples: dict[str, int]
    files: dict[str, str]
    content: str = ""

    def write(self, folder: Path, *, mode: int = 0o644) -> None:
        """Write `manifest.json` into the folder, whole or not at all."""
        encoded = msgspec.json.encode(self, order="sorted")
        write_bytes(folder / FILE_NAME, msgspec.json.format(encoded, indent=2) + b"\n", mode=mode)

    def verify(self, folder: Path) -> list[Problem]:
        """Return every file that has changed, is missing or was added since; empty if none."""
        problems = [] if self.content == _content(self) else [_altered(folder)]
        found = hash_files(folder)
        for name in sorted(self.files.keys() | found.keys()):
            if name not in found:
                problems.append(Problem(name, "is missing", "copy it again from its source"))
            elif name not in self.files:
                problems.append(Problem(name, "is not in the manifest", "remove it"))
            elif self.files[name] != found[name]:
                problems.append(Problem(name, "has changed", "copy it again from its source"))
        return problems


def _altered(folder: Path) -> Problem:
    return Problem(f"{folder.name}/{FILE_NAME}", "was altered: its content hash does not fit")


def describe(folder: Path, splits: Splits, *, held_out: list[str]) -> Manifest:
    """Return the manifest of a folder as it is now."""
    manifest = Manifest(
        split=record_split(splits),
        held_out=held_out,
        examples=splits.sizes,
        files=hash_files(folder),
    )
    return msgspec.structs.replace(manifest, content=_content(manifest))


def record_split(splits: Splits) -> SplitRecord:
    """Return how splits were made."""
    details: dict[str, str | None] = asdict(splits.method)
    column = details.pop("column", None)
    return SplitRecord(
        method=_METHOD_NAMES[type(splits.method).__name__],
        seed=splits.seed,
        fractions=dict(splits.fractions),
        column=column,
        options={name: value for name, value in details.items() if value is not None},
    )


_METHOD_NAMES = {
    "Random": "random",
    "Stratified": "stratified",
    "Grouped": "grouped",
    "ByTime": "by-time",
    "Given": "given",
}


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises:
        BadInput: There is none, or it is damaged or of a later format.
    """
    path = folder / FILE_NAME
    try:
        manifest = decode(path.read_bytes(), Manifest)
    except FileNotFoundError:
        raise BadInput([Problem(str(path), "is not there")]) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadInput([Problem(str(path), f"is not a manifest: {error}")]) from None
    if manifest.format > FORMAT_VERSION:
        message = f"has format {manifest.format}; this version reads up to {FORMAT_VERSION}"
        raise BadInput([Problem(str(path), message, "update Heldout")])
    return manifest


def hash_files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder by relative path, its manifest excepted."""
    paths = sorted(Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    names = [path.relative_to(folder).as_posix() for path in paths]
    hashes = in_threads(content_hash, paths)
    return {name: found for name, found in zip(names, hashes, strict=True) if name != FILE_NAME}


def _content(manifest: Manifest) -> str:
    plain = msgspec.structs.replace(manifest, content="")
    return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()
