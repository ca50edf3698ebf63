"""What is written beside the tables of one revision."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec

from heldout.datasets.atomic import write_bytes
from heldout.decoding import decode
from heldout.errors import BadInput, Problem

FILE_NAME = "revision.json"
FORMAT_VERSION = 1


class Revision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One state of a data set, which never changes.

    Attributes:
        id: `r1`, `r2` … in the order in which they were made.
        parent: The revision it was made from; None for the first.
        notes: What changed and why, in its maker's words.
        created: When.
        content: The SHA-256 over the hashes of its tables: one name for exactly this data.
        files: The SHA-256 of each table. Media are named by their hash in the table of examples.
        examples: The number of examples by split; without splits, under `all`.
        annotations: The number of annotations by kind.
        media: How many different media there are.
        withdrawn: How many examples were left out because they were withdrawn.
        format: The version of this file's own form.
    """

    id: str
    parent: str | None = None
    notes: str = ""
    created: datetime
    content: str
    files: dict[str, str]
    examples: dict[str, int]
    annotations: dict[str, int]
    media: int = 0
    withdrawn: int = 0
    format: int = FORMAT_VERSION

    @property
    def number(self) -> int:
        """The place of the revision among all."""
        return int(self.id[1:])


def content_of(files: dict[str, str]) -> str:
    """Return one hash over the hashes of files."""
    return hashlib.sha256(msgspec.json.encode(files, order="sorted")).hexdigest()


def write_revision(revision: Revision, folder: Path) -> None:
    """Write `revision.json`."""
    content = msgspec.json.format(msgspec.json.encode(revision), indent=2)
    write_bytes(folder / FILE_NAME, content + b"\n")


def read_revision(folder: Path) -> Revision:
    """Read `revision.json`.

    Raises:
        BadInput: It is damaged, or of a later format.
    """
    path = folder / FILE_NAME
    try:
        revision = decode(path.read_bytes(), Revision)
    except (OSError, msgspec.MsgspecError) as error:
        raise BadInput([Problem(str(path), f"is no revision: {error}")]) from None
    if revision.format > FORMAT_VERSION:
        message = f"has format {revision.format}; this version reads up to {FORMAT_VERSION}"
        raise BadInput([Problem(str(path), message, "update Heldout")])
    return revision
