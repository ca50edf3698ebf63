from __future__ import annotations

from typing import ClassVar

from django.db import models


class DataSet(models.Model):
    """The public data of a challenge. Each publication is a revision; files never change."""

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    license = models.CharField(max_length=100, blank=True, default="")

    def __str__(self) -> str:
        return self.slug


class DataRevision(models.Model):
    """One state of a data set. `folder` is relative to the site's public files."""

    dataset = models.ForeignKey(DataSet, on_delete=models.CASCADE, related_name="revisions")
    folder = models.CharField(max_length=200, unique=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.dataset_id}@{self.digest[:12]}"


class DataFile(models.Model):
    """One file a visitor can download: a table, or a ZIP of a split or of everything."""

    revision = models.ForeignKey(DataRevision, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    split = models.CharField(max_length=80, blank=True, default="")
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    examples = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["revision", "name"], name="one_file_per_name")
        ]

    def __str__(self) -> str:
        return self.name
