"""The documents of a revision: all made from the same facts and the same answers, whenever asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from heldout.cards.release import CHECKSUMS, documents_of
from heldout.site.catalog import counting, datasheets
from heldout.site.catalog.models import DataRevision, DataSet
from heldout.site.catalog.suppliers import supplier_of

NAMES = {
    "datasheet.md": "the datasheet, to read and to fill in",
    "README.md": "a dataset card for the Hugging Face Hub",
    "croissant.json": "every file and column in Croissant 1.1, with its responsible-AI terms",
    "facts.json": "every count behind these documents, and how it was made",
    CHECKSUMS: "the hash of every data file",
}


class Report(NamedTuple):
    """An evaluation report of somebody's model on these data."""

    title: str
    address: str


# Another app tells of its reports: given a person and a data set, those the person may see.
Reports = Callable[[Any, DataSet], Iterable[Report]]
_REPORTS: list[Reports] = []


def register_reports(reports: Reports) -> None:
    _REPORTS.append(reports)


def reports_of(user: Any, dataset: DataSet) -> list[Report]:
    return [one for reports in _REPORTS for one in reports(user, dataset)]


def make(revision: DataRevision, name: str, *, url: str) -> bytes | None:
    """A document; None until the data are counted."""
    facts = counting.facts_of(revision)
    if facts is None:
        return None
    if name == CHECKSUMS:
        lines = (f"{digest}  data/{file}\n" for file, (_, digest) in sorted(facts.files.items()))
        return "".join(lines).encode()
    made = documents_of(
        facts,
        written=datasheets.written(revision),
        overview=supplier_of(revision.dataset).overview(revision),
        url=url,
        published=revision.created_at.date(),
    )
    return made[name]
