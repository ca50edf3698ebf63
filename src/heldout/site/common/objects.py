"""Files in S3-compatible storage, where the settings name a bucket; the data folder is then a cache.

What is stored is in the bucket, its checksum compared by the other side and once more by us, before
the row that names it is committed. What is missing in the data folder, on another machine or a new
disk, is fetched and compared with its checksum. Nobody can guess a key: it is keyed with the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from django.conf import settings
from django.core.files.storage import storages

from heldout.decoding import decode
from heldout.errors import HeldoutError

# Answers and what would give them away have a bucket, or at least a prefix, of their own.
KINDS = ("submissions", "answers", "files")
LISTING = ".listing"


class StorageFault(HeldoutError):
    """The bucket does not answer, or holds something else than was put there."""


class Place(NamedTuple):
    """A bucket and a key."""

    storage: str
    key: str


def in_use() -> bool:
    return bool(settings.HELDOUT.s3_bucket)


def keep(path: Path) -> None:
    """Put a finished file into the bucket; it is there, and whole, once this returns.

    Raises:
        StorageFault: What arrived is not what was sent.
    """
    if in_use():
        _put(_place(path), path)


def fetch(path: Path) -> Path:
    """Return the path, its file brought from the bucket unless it is here."""
    if in_use() and not path.exists():
        _get(_place(path), path)
    return path


def forget(path: Path) -> None:
    """Delete a file from the bucket too."""
    if in_use():
        place = _place(path)
        _client(place.storage).delete_object(Bucket=_bucket(place.storage), Key=place.key)


def keep_folder(folder: Path) -> None:
    """Put all files of a finished folder into the bucket, and last the list of them."""
    if not in_use() or not _is_kept(folder):
        return
    names = sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())
    for name in names:
        keep(folder / name)
    listing = folder.with_name(f".{folder.name}-{secrets.token_hex(6)}{LISTING}")
    listing.write_bytes(msgspec.json.encode(names))
    try:
        _put(_place(folder / LISTING), listing)
    finally:
        listing.unlink()


def fetch_folder(folder: Path) -> Path:
    """Return the folder, brought from the bucket unless it is here; it appears when it is whole."""
    if not in_use() or folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}-{secrets.token_hex(6)}")
    _get(_place(folder / LISTING), part / LISTING)
    for name in decode((part / LISTING).read_bytes(), list[str]):
        _get(_place(folder / name), part / name)
    (part / LISTING).unlink()
    try:
        part.rename(folder)
    except OSError:  # Another process was first.
        if not folder.exists():
            raise
    return folder


def _is_kept(path: Path) -> bool:
    return any(path.is_relative_to(Path(settings.DATA) / kind) for kind in KINDS)


def _place(path: Path) -> Place:
    name = path.relative_to(settings.DATA).as_posix()
    kind = name.partition("/")[0]
    keyed = hmac.new(settings.SECRET_KEY.encode(), name.encode(), "sha256").hexdigest()
    return Place("answers" if kind == "answers" else "files", f"{kind}/{keyed[:48]}")


@cache
def _client(storage: str) -> Any:
    return storages[storage].connection.meta.client  # type: ignore[attr-defined]


def _bucket(storage: str) -> str:
    return str(storages[storage].bucket_name)  # type: ignore[attr-defined]


@contextmanager
def _told(client: Any) -> Iterator[None]:
    """Whatever the bucket answers is one kind of fault to us."""
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except (BotoCoreError, client.exceptions.ClientError) as error:
        raise StorageFault(f"the bucket does not answer as it should: {error}") from error


def _put(place: Place, path: Path) -> None:
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").digest()
        content.seek(0)
        at = {"Bucket": _bucket(place.storage), "Key": place.key}
        checksum = base64.b64encode(digest).decode()
        client, about = _client(place.storage), {"sha256": digest.hex()}
        with _told(client):
            client.put_object(**at, Body=content, ChecksumSHA256=checksum, Metadata=about)
            found = client.head_object(**at, ChecksumMode="ENABLED")
    whole = found["ContentLength"] == path.stat().st_size
    if not whole or found.get("ChecksumSHA256", checksum) != checksum:
        raise StorageFault(f"the bucket does not hold {path.name} as it was sent")


def _get(place: Place, path: Path) -> None:
    client = _client(place.storage)
    with _told(client):
        try:
            answer = client.get_object(Bucket=_bucket(place.storage), Key=place.key)
        except client.exceptions.NoSuchKey:
            raise FileNotFoundError(f"{path} is neither here nor in the bucket") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    digest = hashlib.sha256()
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for chunk in answer["Body"].iter_chunks(1 << 20):
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != answer["Metadata"].get("sha256"):
            raise StorageFault(f"{path.name} has changed in the bucket")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
