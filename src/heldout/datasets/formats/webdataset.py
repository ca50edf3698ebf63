"""WebDataset: tar files whose members share a key: `0001.jpg`, `0001.json`, `0001.cls`, `0001.txt`."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import ANNOTATIONS, SPLIT, Kind
from heldout.datasets.annotations.storing import ABOUT, About, read_about
from heldout.datasets.formats.exporting import (
    by_split,
    place_images,
    rows_by_example,
    stems,
    write_json,
)
from heldout.datasets.formats.finding import files_ending, split_of
from heldout.datasets.formats.format import EVERYTHING, Draft, Format, Source
from heldout.datasets.formats.losses import FILE_NAME
from heldout.datasets.formats.rows import Rows
from heldout.datasets.identifiers import content_ids
from heldout.datasets.images import IMAGE_SUFFIXES
from heldout.datasets.table import ID, MEDIA
from heldout.decoding import decode
from heldout.errors import Problems

PER_SHARD = 10_000
_LARGEST = 1 << 30  # Bytes of one member.
_SCANNED = 50  # Members looked at to recognise the format.
_ROWS = "annotations"


def _recognise(path: Path) -> bool:
    files = files_ending(path, ".tar")
    return bool(files) and _shares_keys(files[0])


def _shares_keys(file: Path) -> bool:
    """Whether the members lie in no folders and some share a key; else it is a plain archive."""
    try:
        with tarfile.open(file) as archive:
            names = [one.name for one, _ in zip(archive, range(_SCANNED), strict=False)]
    except (tarfile.TarError, OSError):
        return False
    keys = [name.split(".", 1)[0] for name in names if "/" not in name.removeprefix("./")]
    return len(keys) == len(names) > len(set(keys))


def _read(source: Source, problems: Problems) -> Draft | None:
    scratch = source.unpacking(problems)
    if scratch is None:
        return None
    rows = Rows()
    files = files_ending(source.path, ".tar")
    for number, file in enumerate(files):
        folder = scratch / str(number)
        folder.mkdir()
        for key, members in _groups(file, problems):
            _read_group(key, members, file, folder, rows, problems)
    if not rows.examples:
        return None
    about = read_about(source.path if source.path.is_dir() else source.path.parent)
    return rows.draft(
        root=scratch,
        categories=about.categories if about else None,
        licences=about.licences if about else (),
        info=about.info if about else None,
    )


def _groups(file: Path, problems: Problems) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield the members that share a key, by their ending; they stand next to each other."""
    key, found = "", dict[str, bytes]()
    try:
        with tarfile.open(file) as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                if not member.isfile():
                    continue
                if member.size > _LARGEST:
                    problems.add(f"{file.name} {name}", "is too large; it is left out")
                    continue
                start, _, ending = name.partition(".")
                if start != key and found:
                    yield key, found
                    found = {}
                key = start
                stream = archive.extractfile(member)
                found[ending.lower()] = stream.read() if stream else b""
            if not _ends(file, archive.offset):
                problems.add(file.name, "has no end mark; it may be cut short")
    except (tarfile.TarError, OSError, EOFError) as error:
        problems.add(file.name, f"is damaged or cut short: {error}")
    if found:
        yield key, found


def _ends(file: Path, offset: int) -> bool:
    """Whether the block of zeros that ends an archive stands behind the last member."""
    with file.open("rb") as stream:
        stream.seek(offset)
        block = stream.read(tarfile.BLOCKSIZE)
    return len(block) == tarfile.BLOCKSIZE and not any(block)


def _read_group(
    key: str, members: dict[str, bytes], file: Path, folder: Path, rows: Rows, problems: Problems
) -> None:
    place = f"{file.name} {key}"
    record = _record(members.get("json"), place, problems)
    example_id = str(record.pop(ID, key))
    ending = next((one for one in members if f".{one}" in IMAGE_SUFFIXES), None)
    image = None
    if ending is not None:
        name = f"{len(rows.examples)}.{ending}"
        (folder / name).write_bytes(members[ending])
        image = f"{folder.name}/{name}"
    made = record.pop(_ROWS, [])
    split = record.pop(SPLIT, split_of(file))
    columns = {name: value for name, value in record.items() if _is_plain(value)}
    columns.setdefault(FILE_NAME, None if ending is None else f"{key}.{ending}")
    rows.example(place, example_id, image, **columns, **({SPLIT: split} if split else {}))
    for one in made if isinstance(made, list) else []:
        _read_row(one, place, example_id, rows, problems)
    if "cls" in members and not made:
        label = members["cls"].decode("utf-8", "replace").strip()
        rows.annotation(place, example_id, Kind.LABEL, category=label)
    if "txt" in members and not made:
        text = members["txt"].decode("utf-8", "replace").strip()
        rows.annotation(place, example_id, Kind.CAPTION, text=text)


def _record(content: bytes | None, place: str, problems: Problems) -> dict[str, Any]:
    if content is None:
        return {}
    try:
        return decode(content, dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        problems.add(place, f"its JSON cannot be read: {error}")
        return {}


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value) or all(
            isinstance(item, int | float) for item in value
        )
    return isinstance(value, str | int | float)


def _read_row(one: Any, place: str, example_id: str, rows: Rows, problems: Problems) -> None:
    if not isinstance(one, dict) or one.get("kind") not in set(Kind):
        problems.add(place, "has an annotation of an unknown form; it is left out")
        return
    known = {name: value for name, value in one.items() if name in ANNOTATIONS}
    kind = known.pop("kind")
    known.pop(ID, None)
    rows.annotation(f"{place} annotation {known.get('annotation_id')}", example_id, kind, **known)


def _write(dataset: DataSet, folder: Path) -> None:
    media = folder / "media"
    shared = place_images(dataset, media)
    annotations = rows_by_example(dataset.annotations)
    chosen = dict(zip(dataset.examples[ID], shared, strict=True))
    keys = dict(zip(dataset.examples[ID], _keys(dataset, shared), strict=True))
    for split, part in by_split(dataset):
        rows = list(part.examples.iter_rows(named=True))
        for number, start in enumerate(range(0, len(rows), PER_SHARD)):
            with tarfile.open(folder / f"{split}-{number:06d}.tar", "w") as archive:
                for row in rows[start : start + PER_SHARD]:
                    name = chosen[row[ID]]
                    made = annotations.get(row[ID], [])
                    if name is not None:
                        content = (media / name).read_bytes()
                        _add(archive, keys[row[ID]] + Path(name).suffix, content)
                    _add(archive, f"{keys[row[ID]]}.json", _row_json(row, made))
    for name in {one for one in shared if one}:
        (media / name).unlink()
    media.rmdir()
    write_json(About(dataset.categories, dataset.licences, dict(dataset.info)), folder / ABOUT)


def _keys(dataset: DataSet, names: list[str | None]) -> list[str]:
    found = stems(dataset, names)
    return content_ids(found, found) if len(set(found)) < len(found) else found


def _row_json(row: dict[str, Any], made: list[dict[str, Any]]) -> bytes:
    plain = {name: value for name, value in row.items() if value is not None and name != MEDIA}
    cells = [
        {name: value for name, value in one.items() if value is not None and name != ID}
        for one in made
    ]
    return msgspec.json.encode({**plain, _ROWS: cells})


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a member without a time or an owner, so that the same data make the same bytes."""
    member = tarfile.TarInfo(PurePosixPath(name).name)
    member.size, member.mode = len(content), 0o644
    archive.addfile(member, io.BytesIO(content))


FORMAT = Format(
    id="webdataset",
    title="WebDataset",
    layout="a tar file, or a folder of them",
    holds=EVERYTHING,
    recognise=_recognise,
    read=_read,
    write=_write,
)
