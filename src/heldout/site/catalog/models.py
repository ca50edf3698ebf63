from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from heldout.datasets.index.views import Role


class Visibility(models.TextChoices):
    """Who sees a data set that belongs to no challenge."""

    PUBLIC = "public", "Everybody"
    PRIVATE = "private", "Only me"


class DataSet(models.Model):
    """Data, of a challenge or on their own. Each publication is a revision; files never change.

    One that has an owner stands on its own; who sees the others, their challenge says.
    """

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    license = models.CharField(max_length=100, blank=True, default="")
    summary = models.CharField(max_length=500, blank=True, default="")
    # What schema.org calls creator, keywords, citation and the like.
    about = models.JSONField(default=dict, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="datasets",
        null=True,
        blank=True,
    )
    visibility = models.CharField(
        max_length=10, choices=Visibility, default=Visibility.PUBLIC, blank=True
    )
    # Who sees what is for participants, of a data set that belongs to no challenge.
    participants = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="datasets_seen", blank=True
    )
    current = models.ForeignKey(
        "DataRevision", on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )

    def __str__(self) -> str:
        return self.slug


class DataRevision(models.Model):
    """One state of a data set. `folder` is relative to the site's public files.

    `layout` says what the tables' columns are; `hidden` is the folder of the held-out answers among
    the site's answers, read for the organisers' index only.
    """

    dataset = models.ForeignKey(DataSet, on_delete=models.CASCADE, related_name="revisions")
    folder = models.CharField(max_length=200, unique=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    layout = models.JSONField(default=dict, blank=True)
    hidden = models.CharField(max_length=300, blank=True, default="")
    notes = models.TextField(blank=True, default="")

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


class RevisionIndex(models.Model):
    """The index of a revision for one role; `folder` is relative to the site's indexes."""

    ROLES: ClassVar = [(int(role), role.word) for role in Role]

    revision = models.ForeignKey(DataRevision, on_delete=models.CASCADE, related_name="indexes")
    role = models.PositiveSmallIntegerField(choices=ROLES)
    folder = models.CharField(max_length=200)
    rows = models.PositiveBigIntegerField()
    built_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["revision", "role"], name="one_index_per_role")
        ]
        verbose_name_plural = "revision indexes"

    def __str__(self) -> str:
        return f"{self.revision_id} for {Role(self.role).word}"


class Source(models.Model):
    """A catalogue elsewhere from which entries were taken; `address` is where it was read."""

    address = models.CharField(max_length=500, unique=True)
    title = models.CharField(max_length=300, blank=True, default="")
    kind = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    etag = models.CharField(max_length=200, blank=True, default="")
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title or self.address


class Entry(models.Model):
    """A data set of another catalogue, as that catalogue describes it."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="entries")
    identifier = models.CharField(max_length=500)
    title = models.CharField(max_length=500)
    description = models.TextField(blank=True, default="")
    address = models.CharField(max_length=1000, blank=True, default="")
    license = models.CharField(max_length=500, blank=True, default="")
    creator = models.CharField(max_length=500, blank=True, default="")
    keywords = models.JSONField(default=list, blank=True)
    modified = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["title", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "identifier"], name="one_entry_per_source")
        ]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return self.title


class DatasheetAnswer(models.Model):
    """An answer to a question of the datasheet. The newest counts; none is changed or removed."""

    dataset = models.ForeignKey(DataSet, on_delete=models.CASCADE, related_name="answers")
    question = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True, default="")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["question", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dataset", "question", "number"], name="one_answer")
        ]

    def __str__(self) -> str:
        return f"{self.question} #{self.number}"


class WorkState(models.TextChoices):
    """How far a worker is with what somebody asked for."""

    WAITING = "waiting", "Waiting"
    WORKING = "working", "Being worked on"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"


class Release(models.Model):
    """A bundle of a revision that was asked for; offered only after its scan found no answer.

    `made_from` names the data and who sees what of them: a bundle of another state is not offered.
    """

    revision = models.ForeignKey(DataRevision, on_delete=models.CASCADE, related_name="releases")
    made_from = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=WorkState, default=WorkState.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    problems = models.JSONField(default=list, blank=True)
    file = models.CharField(max_length=200, blank=True, default="")
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    files = models.PositiveIntegerField(default=0)
    # How many held-out answers the bundle was searched for.
    sought = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"release {self.pk} of {self.revision_id}"


class Intake(models.Model):
    """A file somebody brought, from its upload until it is a revision or is taken away."""

    dataset = models.ForeignKey(DataSet, on_delete=models.CASCADE, related_name="intakes")
    # Below the site's folder of what comes in; its sender's name for it tells the format.
    file = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    size = models.BigIntegerField()
    lenient = models.BooleanField(default=False)
    notes = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=WorkState, default=WorkState.WAITING)
    stage = models.CharField(max_length=200, blank=True, default="")
    problems = models.JSONField(default=list, blank=True)
    unlisted = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=1)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    revision = models.ForeignKey(
        DataRevision, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    examples = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"intake {self.pk} of {self.dataset_id}"


class Analysis(models.Model):
    """What a worker finds out about a revision, for one role: its statistics, or its leaks.

    `made_from` names the data and who sees what of them, as an index does; `folder` is relative to
    the site's documents.
    """

    class Kind(models.TextChoices):
        STATISTICS = "statistics"
        LEAKS = "leaks"

    revision = models.ForeignKey(DataRevision, on_delete=models.CASCADE, related_name="analyses")
    kind = models.CharField(max_length=12, choices=Kind)
    role = models.PositiveSmallIntegerField(choices=RevisionIndex.ROLES)
    made_from = models.CharField(max_length=80)
    options = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=WorkState, default=WorkState.WAITING)
    stage = models.CharField(max_length=200, blank=True, default="")
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    folder = models.CharField(max_length=200, blank=True, default="")
    summary = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["revision", "kind", "role"], name="one_analysis")
        ]
        verbose_name_plural = "analyses"

    def __str__(self) -> str:
        return f"{self.kind} of {self.revision_id} for {Role(self.role).word}"


class LeakVerdict(models.Model):
    """What a person says of two examples that look alike across splits; stays over revisions.

    `key` is the hash of both names, which may be of any length.
    """

    dataset = models.ForeignKey(DataSet, on_delete=models.CASCADE, related_name="leak_verdicts")
    key = models.CharField(max_length=64)
    first_split = models.TextField()
    first = models.TextField()
    second_split = models.TextField()
    second = models.TextField()
    is_leak = models.BooleanField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dataset", "key"], name="one_verdict_per_pair")
        ]

    def __str__(self) -> str:
        return f"{self.first} and {self.second}: {'leak' if self.is_leak else 'no leak'}"
