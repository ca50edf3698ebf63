"""Entries of other catalogues: fetched once, kept with where they are from, searched with our own.

Read are schema.org JSON-LD (a page or a document), DCAT as JSON-LD, CKAN's package lists, and Croissant,
which is schema.org too. Nothing that is described is fetched.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
from django.db import transaction

from heldout import __version__
from heldout.errors import BadInput, Problem
from heldout.site.catalog.models import Entry, Source

LARGEST = 50_000_000
MOST_ENTRIES = 20_000
_SECONDS = 30.0
_SCRIPT = re.compile(
    r"<script[^>]*type=[\"']?application/ld\+json[\"']?[^>]*>(.*?)</script>", re.S | re.I
)
_TAGS = re.compile(r"<[^>]+>")


class Fetched(NamedTuple):
    content: bytes
    etag: str


class Harvest(NamedTuple):
    """What came of it; `new` is false where the catalogue had not changed."""

    source: Source
    entries: int
    new: bool


def harvest(*, address: str, now: datetime) -> Harvest:
    """Read a catalogue from an address or a file; its earlier entries are replaced.

    Raises:
        BadInput: It cannot be read, or describes no data set.
    """
    known = Source.objects.filter(address=address).first()
    fetched = _fetch(address, known.etag if known else "")
    digest = (
        hashlib.sha256(fetched.content).hexdigest() if fetched else known.sha256 if known else ""
    )
    if known is not None and digest == known.sha256:
        Source.objects.filter(pk=known.pk).update(fetched_at=now)
        return Harvest(known, known.entries.count(), new=False)
    assert fetched is not None
    kind, title, found = read(fetched.content, address)
    with transaction.atomic():
        source, _ = Source.objects.update_or_create(
            address=address,
            defaults={
                "title": title[:300],
                "kind": kind,
                "sha256": digest,
                "etag": fetched.etag[:200],
                "fetched_at": now,
            },
        )
        source.entries.all().delete()
        Entry.objects.bulk_create(Entry(source=source, **one) for one in found.values())
    return Harvest(source, len(found), new=True)


def _fetch(address: str, etag: str) -> Fetched | None:
    """The content, or None where it has not changed."""
    if urlsplit(address).scheme not in ("http", "https"):
        return _read_file(Path(address))
    headers = {
        "User-Agent": f"heldout/{__version__}",
        "Accept": "application/ld+json, application/json, text/html",
    }
    headers |= {"If-None-Match": etag} if etag else {}
    try:
        with httpx.stream(
            "GET", address, headers=headers, timeout=_SECONDS, follow_redirects=True
        ) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return None
            response.raise_for_status()
            content = b""
            for chunk in response.iter_bytes():
                content += chunk
                _require_size(address, len(content))
    except httpx.HTTPError as error:
        raise BadInput([Problem(address, f"cannot be read: {error}")]) from None
    return Fetched(content, response.headers.get("etag", ""))


def _read_file(path: Path) -> Fetched:
    try:
        _require_size(str(path), path.stat().st_size)
        return Fetched(path.read_bytes(), "")
    except OSError as error:
        raise BadInput([Problem(str(path), f"cannot be read: {error.strerror}")]) from None


def _require_size(place: str, size: int) -> None:
    if size > LARGEST:
        raise BadInput([Problem(place, f"is larger than {LARGEST // 1_000_000} MB")])


def read(content: bytes, address: str) -> tuple[str, str, dict[str, dict[str, Any]]]:
    """The kind of catalogue, its title, and its entries by identifier.

    Raises:
        BadInput: There is no data set in it.
    """
    documents = list(_documents(content, address))
    for kind, reader in (
        ("ckan", _ckan),
        ("dcat", _dcat),
        ("croissant", _croissant),
        ("schema.org", _schema),
    ):
        told = [one for document in documents for one in reader(document)]
        if told:
            found = {one["identifier"]: one for one in told[:MOST_ENTRIES]}
            title = next(
                filter(
                    None,
                    (
                        _text(document, "name", "dct:title")
                        for document in documents
                        if isinstance(document, dict)
                    ),
                ),
                "",
            )
            return kind, title if len(found) > 1 else urlsplit(address).hostname or title, found
    remedy = "schema.org JSON-LD, DCAT JSON-LD, CKAN package lists and Croissant can be read"
    raise BadInput([Problem(address, "describes no data set", remedy)])


def _documents(content: bytes, address: str) -> Iterator[Any]:
    text = content.decode("utf-8", "replace")
    parts = [text] if text.lstrip()[:1] in ("{", "[") else map(unescape, _SCRIPT.findall(text))
    for part in parts:
        try:
            yield json.loads(part)
        except (ValueError, RecursionError):
            raise BadInput([Problem(address, "holds JSON that cannot be read")]) from None


def _nodes(document: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """All objects of a document, at any depth."""
    if depth > 40:
        return
    if isinstance(document, dict):
        yield document
    below = document.values() if isinstance(document, dict) else document
    for one in below if isinstance(document, dict | list) else ():
        yield from _nodes(one, depth + 1)


def _is(node: dict[str, Any], *kinds: str) -> bool:
    said = node.get("@type", ())
    return bool({str(one) for one in (said if isinstance(said, list) else [said])} & set(kinds))


_SCHEMA = (
    "Dataset",
    "schema:Dataset",
    "sc:Dataset",
    "https://schema.org/Dataset",
    "http://schema.org/Dataset",
)
_DCAT = ("dcat:Dataset", "http://www.w3.org/ns/dcat#Dataset")


def _schema(document: Any) -> Iterator[dict[str, Any]]:
    for node in _nodes(document):
        if _is(node, *_SCHEMA):
            yield _entry(
                node, prefixes=("", "schema:", "https://schema.org/", "http://schema.org/")
            )


def _croissant(document: Any) -> Iterator[dict[str, Any]]:
    """Croissant is schema.org with `recordSet` and `conformsTo`."""
    for node in _nodes(document):
        told = str(node.get("conformsTo", node.get("dct:conformsTo", "")))
        if _is(node, *_SCHEMA) and ("croissant" in told or "recordSet" in node):
            yield _entry(node, prefixes=("", "sc:"))


def _dcat(document: Any) -> Iterator[dict[str, Any]]:
    for node in _nodes(document):
        if _is(node, *_DCAT):
            yield _entry(
                node,
                prefixes=(
                    "dct:",
                    "dcat:",
                    "dcterms:",
                    "http://purl.org/dc/terms/",
                    "http://www.w3.org/ns/dcat#",
                ),
            )


def _ckan(document: Any) -> Iterator[dict[str, Any]]:
    result = document.get("result") if isinstance(document, dict) else None
    found = result.get("results", result) if isinstance(result, dict) else result
    packages = [found] if isinstance(found, dict) else found if isinstance(found, list) else []
    for one in packages:
        if isinstance(one, dict) and "name" in one and ("resources" in one or "notes" in one):
            yield _made(
                identifier=str(one.get("id") or one["name"]),
                title=_text(one, "title", "name"),
                description=_text(one, "notes"),
                address=_text(one, "url"),
                license=_text(one, "license_title", "license_id"),
                creator=_text(one, "author", "maintainer"),
                keywords=[
                    _text(tag, "display_name", "name")
                    for tag in one.get("tags", ())
                    if isinstance(tag, dict)
                ],
                modified=_text(one, "metadata_modified"),
            )


def _entry(node: dict[str, Any], *, prefixes: tuple[str, ...]) -> dict[str, Any]:
    def told(*names: str) -> str:
        return _text(node, *(f"{prefix}{name}" for name in names for prefix in prefixes))

    keywords = [
        one
        for prefix in prefixes
        for one in _list(node.get(f"{prefix}keywords") or node.get(f"{prefix}keyword"))
    ]
    title, address = told("name", "title"), told("url", "landingPage") or str(node.get("@id", ""))
    return _made(
        identifier=str(node.get("@id") or told("identifier") or address or title),
        title=title,
        description=told("description"),
        address=address,
        license=told("license"),
        creator=told("creator", "author", "publisher"),
        keywords=keywords,
        modified=told("dateModified", "modified", "datePublished", "issued"),
    )


def _text(node: dict[str, Any], *names: str) -> str:
    return next(filter(None, (_plain(node.get(name)) for name in names)), "")


def _plain(value: Any) -> str:
    """The text of a value: of a list its parts, of an object its name."""
    if isinstance(value, dict):
        return _plain(
            next(
                (
                    value[one]
                    for one in ("@value", "name", "schema:name", "foaf:name", "title", "url", "@id")
                    if one in value
                ),
                "",
            )
        )
    if isinstance(value, list):
        return ", ".join(filter(None, map(_plain, value[:20])))
    return (
        " ".join(_TAGS.sub(" ", str(value)).split()) if isinstance(value, str | int | float) else ""
    )


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        return [one.strip() for one in value.split(",") if one.strip()]
    return [text for one in value if (text := _plain(one))] if isinstance(value, list) else []


_LONGEST = {
    "identifier": 500,
    "title": 500,
    "description": 20_000,
    "license": 500,
    "creator": 500,
    "modified": 40,
}


def _made(**told: Any) -> dict[str, Any]:
    """An entry cut to what is kept; an address that is none is left out."""
    cut = {name: told[name][:longest] for name, longest in _LONGEST.items()}
    address = told["address"] if urlsplit(told["address"]).scheme in ("http", "https") else ""
    title = cut["title"] or cut["identifier"]
    keywords = [one[:100] for one in told["keywords"][:50]]
    return {**cut, "title": title, "address": address[:1000], "keywords": keywords}
