"""A strict check of a Croissant file: what the specification requires, and that the data are as it says.

The reference library passes files without a name or a description; users of a data set should not have
to. Source of the requirements: "Croissant Format Specification" 1.1, tables of required properties.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from heldout.cards.croissant import CONFORMS_TO, CONTEXT, data_type
from heldout.decoding import decode
from heldout.errors import Problem

REQUIRED = {
    "Dataset": ("name", "description", "conformsTo", "license", "url", "creator", "datePublished"),
    "FileObject": ("@id", "name", "contentUrl", "encodingFormat", "sha256"),
    "FileSet": ("@id", "name", "includes", "encodingFormat"),
    "RecordSet": ("@id", "name", "field"),
    "Field": ("@id", "name", "dataType", "source"),
}
_READERS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    ".parquet": pl.scan_parquet,
    ".csv": pl.scan_csv,
    ".jsonl": pl.scan_ndjson,
}


def check_croissant(path: Path) -> list[Problem]:
    """Return everything that is wrong with a Croissant file and with the files it names beside it.

    The first record of every record set is read, so a column that is not there is found.
    """
    try:
        described = decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        return [Problem(path.name, f"cannot be read: {error}")]
    if not isinstance(described, dict):
        return [Problem(path.name, "is not a JSON object")]
    return [*_whole(described), *_files(described, path.parent), *_records(described, path.parent)]


def _whole(described: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _missing("Dataset", described, "data set")
    context = described.get("@context", {})
    for word in ("cr", "rai", "sc", "dct"):
        if not isinstance(context, dict) or context.get(word) != CONTEXT[word]:
            yield Problem(f"@context.{word}", "is not that of Croissant", f"write {CONTEXT[word]}")
    conforms = described.get("conformsTo", ())
    if CONFORMS_TO not in ([conforms] if isinstance(conforms, str) else conforms):
        yield Problem("conformsTo", "does not name Croissant 1.1", f"write {CONFORMS_TO}")
    ids = [part["@id"] for part in _parts(described) if "@id" in part]
    for twice in dict.fromkeys(name for name in ids if ids.count(name) > 1):
        yield Problem(twice, "is the @id of more than one part", "ids are unique")


def _parts(described: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from described.get("distribution", ())
    for records in described.get("recordSet", ()):
        yield records
        yield from records.get("field", ())


def _missing(kind: str, part: Mapping[str, Any], place: str) -> Iterator[Problem]:
    for name in REQUIRED[kind]:
        if part.get(name) in (None, "", [], {}):
            yield Problem(place, f"a {kind} has no {name}", "Croissant requires it")


def _kind(part: Mapping[str, Any]) -> str:
    return str(part.get("@type", "")).rsplit(":", 1)[-1]


def _files(described: Mapping[str, Any], folder: Path) -> Iterator[Problem]:
    for part in described.get("distribution", ()):
        kind, place = _kind(part), str(part.get("@id", "distribution"))
        if kind not in ("FileObject", "FileSet"):
            yield Problem(place, f'"{kind}" is no kind of file', "use FileObject or FileSet")
            continue
        yield from _missing(kind, part, place)
        if kind == "FileObject" and part.get("contentUrl"):
            yield from _file(part, place, folder)
        elif part.get("includes") and not any(folder.glob(str(part["includes"]))):
            yield Problem(place, f"no file matches {part['includes']}", "mend the pattern")


def _file(part: Mapping[str, Any], place: str, folder: Path) -> Iterator[Problem]:
    url = str(part["contentUrl"])
    if "://" in url:
        return
    path = folder / url
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        yield Problem(place, f"there is no file {url}", "put it into the bundle")
    elif hashlib.sha256(path.read_bytes()).hexdigest() != part.get("sha256"):
        yield Problem(place, f"{url} has another SHA-256", "describe the data again")


def _records(described: Mapping[str, Any], folder: Path) -> Iterator[Problem]:
    files = {part.get("@id"): part for part in described.get("distribution", ())}
    for records in described.get("recordSet", ()):
        place = str(records.get("@id", "recordSet"))
        yield from _missing("RecordSet", records, place)
        for field in records.get("field", ()):
            name = str(field.get("@id", place))
            yield from _missing("Field", field, name)
            yield from _first_value(field, name, files, folder)


def _first_value(
    field: Mapping[str, Any], place: str, files: Mapping[Any, Any], folder: Path
) -> Iterator[Problem]:
    source = field.get("source", {})
    file = files.get(source.get("fileObject", {}).get("@id"))
    column = source.get("extract", {}).get("column")
    if file is None:
        yield Problem(place, "its source names no file of the distribution", "mend the @id")
        return
    path = folder / str(file.get("contentUrl", ""))
    reader = _READERS.get(path.suffix)
    if column is None or reader is None or not path.is_file():
        return
    first = reader(path).head(1).collect()
    if column not in first.columns:
        yield Problem(place, f'{path.name} has no column "{column}"', "describe the data again")
    elif path.suffix == ".parquet" and data_type(str(first[column].dtype)) != field.get("dataType"):
        yield Problem(place, f"{column} is {first[column].dtype}, not {field.get('dataType')}")
