"""Lists of addresses: a table with a row per file to fetch, in the manner of Conceptual 12M."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import polars as pl

from heldout.datasets.readers import find_reader
from heldout.errors import BadInput, Problem, Problems

URL, CHECKSUM = "url", "sha256"
_NAMES = {URL: ("url", "source", "image_url", "address"), CHECKSUM: ("sha256", "checksum", "hash")}
_HEX = re.compile(r"[0-9a-f]{64}")


class Wanted(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file to fetch.

    Attributes:
        url: Its address, `http` or `https`.
        sha256: The hash it must have; empty if unknown.
        known: What else the list says of it: licence, author, caption and the like.
    """

    url: str
    sha256: str = ""
    known: dict[str, str] = {}

    @property
    def host(self) -> str:
        """The machine it is on, in lower case, without a port."""
        return (urlsplit(self.url).hostname or "").lower()


def read_list(path: Path) -> list[Wanted]:
    """Read a CSV, JSON Lines or Parquet file with a column of addresses.

    Columns are `url`, and if there are any `sha256`, `licence`, `author` and further ones. A TSV file
    without a header, address first and caption second, is read as well.

    Raises:
        BadInput: With every row that has no proper address or hash.
    """
    problems = Problems()
    frame = _frame(path, problems)
    problems.refuse_if_any()
    found = {
        role: next((one for one in names if one in frame.columns), None)
        for role, names in _NAMES.items()
    }
    if found[URL] is None:
        problems.add(path.name, "has no column of addresses", f"call it {URL}")
        problems.refuse_if_any()
    rows = frame.rename({name: role for role, name in found.items() if name and name != role})
    wanted = [
        _wanted(row, f"{path.name} row {number}", problems)
        for number, row in enumerate(rows.iter_rows(named=True), 1)
    ]
    problems.refuse_if_any()
    return wanted


def _frame(path: Path, problems: Problems) -> pl.DataFrame:
    if path.suffix.lower() == ".tsv":
        try:
            return pl.read_csv(
                path,
                separator="\t",
                has_header=False,
                new_columns=[URL, "caption"],
                quote_char=None,
                infer_schema=False,
            )
        except (pl.exceptions.PolarsError, OSError) as error:
            raise BadInput([Problem(path.name, f"cannot be read: {error}")]) from None
    raw = find_reader(path).read(path, problems)
    if raw is None:
        return pl.DataFrame()
    return pl.DataFrame([cells.alias(name) for name, cells in raw.columns.items()])


def _wanted(row: dict[str, object], place: str, problems: Problems) -> Wanted:
    url, digest = str(row[URL] or "").strip(), str(row.get(CHECKSUM) or "").strip().lower()
    parts = urlsplit(url) if not re.search(r"[\x00-\x20\x7f]", url) else urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        problems.add(place, f"{url[:80]!r} is no http address")
    if digest and not _HEX.fullmatch(digest):
        problems.add(place, "its sha256 is not 64 hexadecimal digits")
    renamed = {"license": "licence"}
    known = {
        renamed.get(name, name): str(value)
        for name, value in row.items()
        if name not in (URL, CHECKSUM) and value not in (None, "")
    }
    return Wanted(url, digest, known)
