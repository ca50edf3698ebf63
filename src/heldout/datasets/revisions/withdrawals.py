"""Items that somebody asked to take down: they are left out of every later revision."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl

from heldout.datasets.atomic import write_bytes
from heldout.datasets.table import ID, MEDIA
from heldout.decoding import decode
from heldout.errors import BadInput, Problem

FILE_NAME = "withdrawn.json"


class Withdrawal(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request.

    Attributes:
        example_id: The example.
        medium: The name of its medium in the store, so that a copy under another id goes too.
        reason: As it is told; never a name or an address of the person who asked.
        requested: When.
    """

    example_id: str
    requested: datetime
    medium: str | None = None
    reason: str = ""


def read_withdrawals(folder: Path) -> tuple[Withdrawal, ...]:
    """Return all requests, in their order.

    Raises:
        BadInput: The file is damaged.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return ()
    try:
        return decode(path.read_bytes(), tuple[Withdrawal, ...])
    except msgspec.MsgspecError as error:
        raise BadInput([Problem(str(path), f"is damaged: {error}")]) from None


def write_withdrawals(withdrawals: tuple[Withdrawal, ...], folder: Path) -> None:
    """Replace the list of requests."""
    content = msgspec.json.format(msgspec.json.encode(withdrawals), indent=2)
    write_bytes(folder / FILE_NAME, content + b"\n")


def is_withdrawn(examples: pl.DataFrame, withdrawals: tuple[Withdrawal, ...]) -> pl.Series:
    """Return which examples are withdrawn, by their id or their medium."""
    ids = [one.example_id for one in withdrawals]
    media = [one.medium for one in withdrawals if one.medium is not None]
    found = examples[ID].is_in(ids)
    if MEDIA in examples.columns and media:
        found |= examples[MEDIA].is_in(media).fill_null(value=False)
    return found
