"""The public bundle of a challenge: data, documents and checksums, scanned before anybody gets it."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from heldout.cards import croissant, facts
from heldout.cards.croissant_check import check_croissant
from heldout.cards.datasheet import fill_in
from heldout.cards.facts import DatasetFacts, collect_facts
from heldout.cards.huggingface import dataset_card
from heldout.cards.scan import Secrets, scan, secrets_of
from heldout.challenge.check import check
from heldout.challenge.datasheet import read_answers
from heldout.challenge.folder import Challenge
from heldout.datasets.manifest import hash_files
from heldout.errors import BadInput, Problem

CHECKSUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Release:
    """A bundle that was written.

    Attributes:
        path: The folder, or the ZIP archive.
        files: How many files it holds.
    """

    path: Path
    facts: DatasetFacts
    files: int


def document(challenge: Challenge, *, url: str, published: date) -> dict[str, bytes]:
    """Return the documents of a challenge's data by file name, all from the same facts.

    Raises:
        BadInput: A table cannot be read.
    """
    return _documents(challenge, collect_facts(challenge), url=url, published=published)


def _documents(
    challenge: Challenge, counted: DatasetFacts, *, url: str, published: date
) -> dict[str, bytes]:
    return documents_of(
        counted,
        written=challenge.page("datasheet"),
        overview=challenge.page("overview"),
        url=url,
        published=published,
    )


def documents_of(
    counted: DatasetFacts, *, written: str, overview: str = "", url: str, published: date
) -> dict[str, bytes]:
    """Return the documents by file name.

    Args:
        counted: Of the version that they are about.
        written: The datasheet as people wrote it.
        overview: What the card begins with; made of the facts if empty.
        url: Where the data set is at home.
        published: When it was handed out.
    """
    datasheet = fill_in(counted, written)
    described = croissant.croissant(
        counted, url=url, published=published, answers=read_answers(datasheet)
    )
    return {
        "README.md": dataset_card(counted, overview=overview).encode(),
        "datasheet.md": datasheet.encode(),
        croissant.NAME: croissant.to_json(described),
        facts.NAME: counted.to_json(),
    }


def release(challenge: Challenge, *, to: Path, url: str, published: date) -> Release:
    """Write the public bundle into a new folder, or into an archive where `to` ends in `.zip`.

    It is made beside its place, checked, scanned for every held-out answer, and renamed: a bundle with
    an answer in it never stands under its name.

    Raises:
        BadInput: Something is there already, the challenge has problems, its description is not whole,
            or an answer was found; with every problem.
    """
    if to.exists():
        raise BadInput([Problem(str(to), "is there already", "name a new folder or archive")])
    found = check(challenge.root)
    if not found.ok:
        raise BadInput(found.problems)
    counted = collect_facts(challenge)
    documents = _documents(challenge, counted, url=url, published=published)
    files = write_bundle(to, challenge.data, documents, secrets=[secrets_of(challenge)])
    return Release(to, counted, files)


def write_bundle(
    to: Path, data: Path, documents: Mapping[str, bytes], *, secrets: Sequence[Secrets]
) -> int:
    """Write a bundle of public data and documents, whole or not at all; returns its number of files.

    Raises:
        BadInput: Its description is not whole, or an answer was found in it.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as scratch:
        bundle = Path(scratch) / to.stem
        _fill(bundle, data, documents)
        problems = check_croissant(bundle / croissant.NAME)
        problems += [found for secret in secrets for found in scan(bundle, secret)]
        if problems:
            raise BadInput(problems)
        files = sum(1 for _ in _files(bundle))
        _hand_over(bundle, to, Path(scratch))
    return files


def _fill(bundle: Path, data: Path, documents: Mapping[str, bytes]) -> None:
    shutil.copytree(data, bundle / "data")
    for name, content in documents.items():
        (bundle / name).write_bytes(content)
    sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(hash_files(bundle).items()))
    (bundle / CHECKSUMS).write_text(sums, "utf-8")


def _hand_over(bundle: Path, to: Path, scratch: Path) -> None:
    if to.suffix.lower() != ".zip":
        bundle.rename(to)
        return
    packed = scratch / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(bundle):
            archive.write(path, path.relative_to(bundle))
    packed.rename(to)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
