"""What the documents of a challenge's data say, and what must not be in their bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from heldout.cards.facts import Subject, subject_of
from heldout.cards.scan import Secrets, secrets_of
from heldout.challenge.folder import Challenge as Folder
from heldout.challenge.folder import load
from heldout.site.catalog.models import DataRevision, DataSet
from heldout.site.catalog.services import data_folder
from heldout.site.challenges.models import Challenge, Revision
from heldout.site.common import objects


class ChallengeDocuments:
    """The challenge's own definition, pages and answers."""

    def supplies(self, dataset: DataSet) -> bool:
        return Challenge.objects.filter(dataset=dataset, current__isnull=False).exists()

    def subject(self, revision: DataRevision, data: Path, tables: Mapping[str, Path]) -> Subject:
        # Addresses stand in the definition; on the site nobody is told of them.
        names = _revision(revision).challenge.organisers.values_list("user__handle", flat=True)
        subject = subject_of(_folder(revision))
        return replace(subject, data=data, tables=tables, organisers=sorted(names))

    def datasheet(self, revision: DataRevision) -> str:
        return _revision(revision).datasheet

    def overview(self, revision: DataRevision) -> str:
        return _revision(revision).overview

    def secrets(self, revision: DataRevision) -> list[Secrets]:
        return [secrets_of(_folder(revision))]


def _revision(data: DataRevision) -> Revision:
    """The newest revision of the challenge that has these data."""
    return Revision.objects.select_related("challenge").filter(data=data).order_by("-number")[0]


def _folder(data: DataRevision) -> Folder:
    """The challenge folder put together again: its public data lie among the site's files."""
    found = load(objects.fetch_folder(Path(settings.ANSWERS) / _revision(data).folder))
    public = found.definition.data.model_copy(update={"examples": str(data_folder(data))})
    return Folder(found.root, found.definition.model_copy(update={"data": public}))
