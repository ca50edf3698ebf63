from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from heldout.site.challenges.models import Challenge, Entrant, Phase, Revision
from heldout.site.common.models import Job


class Status(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Being scored"
    SCORED = "scored", "Scored"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Could not be scored"
    WITHDRAWN = "withdrawn", "Withdrawn"

    @property
    def is_final(self) -> bool:
        return self not in self.unfinished()

    @classmethod
    def unfinished(cls) -> tuple[Status, ...]:
        return (cls.QUEUED, cls.RUNNING)

    @classmethod
    def given_back(cls) -> tuple[Status, ...]:
        """What counts against no limit, and may be scored again."""
        return (cls.REFUSED, cls.FAILED)

    @property
    def uses_a_try(self) -> bool:
        return self in (*self.unfinished(), self.SCORED)

    @property
    def may_be_bad(self) -> bool:
        """Whether its file is one of those that were refused, or may yet be."""
        return self in (*self.unfinished(), self.REFUSED)


def new_id() -> str:
    return secrets.token_hex(8)


class Submission(models.Model):
    """A predictions file somebody handed in. The file lies under its content hash."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, editable=False)
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="submissions")
    entrant = models.ForeignKey(Entrant, on_delete=models.PROTECT, related_name="submissions")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions"
    )
    created_at = models.DateTimeField()
    filename = models.CharField(max_length=200)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    note = models.CharField(max_length=500, blank=True, default="")
    idempotency_key = models.CharField(max_length=100, blank=True, default="")
    # Where it was counted: both may change while it waits. Empty: before this was kept.
    counted_zone = models.CharField(max_length=60, blank=True, default="")
    counted_mailbox = models.CharField(max_length=40, blank=True, default="")
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    # [{"place": …, "message": …, "remedy": …}]
    problems = models.JSONField(default=list, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # The result that counts; older ones stay.
    evaluation = models.ForeignKey(
        "Evaluation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    chosen = models.BooleanField(default=False)
    # A refused file is deleted after a while; its row and its problems stay.
    file_deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["phase", "entrant", "-created_at"], name="submissions_of_entrant"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["phase", "by", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="one_submission_per_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.filename} ({self.id})"


class Evaluation(models.Model):
    """One finished scoring of one submission against one revision of the challenge."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="evaluations")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    # The attempt that wrote it.
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+")
    n = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    version = models.CharField(max_length=40)
    seconds = models.FloatField()
    # The whole report; pages and API show only what the phase reveals of it.
    report = models.JSONField()
    # Where a share of the examples is public, `report` is of that share and this one of the rest.
    private = models.JSONField(null=True, blank=True)
    # Per-example statistics of each metric, in answer storage: {metric: {"file", "sha256"}}
    stats = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    # Whether it was compared with those of other entrants.
    compared = models.BooleanField(default=False)
    # Made in the dark; counts only if the whole set is applied.
    rejudging = models.ForeignKey(
        "Rejudging", on_delete=models.PROTECT, null=True, blank=True, related_name="evaluations"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["submission", "revision"],
                condition=Q(rejudging=None),
                name="one_success_per_revision",
            ),
            models.UniqueConstraint(
                fields=["submission", "rejudging"], name="one_success_per_rejudging"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id} by revision {self.revision_id}"


class Score(models.Model):
    """One number of an evaluation. An undefined one has no value and says why."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="scores")
    metric = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    version = models.CharField(max_length=40)
    method = models.CharField(max_length=60, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["evaluation", "metric", "name"], name="one_score_per_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


class Usage(models.Model):
    """How many submissions somebody has made in one period; the only place limits are counted.

    `holder` is `entrant:<id>`, `user:<id>`, `mailbox:<hash>` or `person:<id>`; `period` is
    `day:2026-12-01`, `week:2026-W49`, `total` or, for files that may be refused, `refused:2026-12-01`.
    """

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="usage")
    holder = models.CharField(max_length=40)
    period = models.CharField(max_length=20)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["phase", "holder", "period"], name="one_count_per_period"
            )
        ]

    def __str__(self) -> str:
        return f"{self.holder} {self.period}: {self.used}"


class Linked(models.Model):
    """Accounts that organisers count as one person, in one challenge."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    person = models.CharField(max_length=32)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["challenge", "user", "person"], name="linked_to_a_person_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.person} in {self.challenge_id}"


class Board(models.Model):
    """A phase's leaderboard as computed for one version of it; complete, so never shown unfiltered."""

    phase = models.OneToOneField(Phase, on_delete=models.CASCADE, related_name="board")
    version = models.PositiveBigIntegerField()
    # Ranges of ranks take longer and follow; rows without them yet say nothing of ranges.
    ranges_version = models.PositiveBigIntegerField(default=0)
    metric = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    higher_is_better = models.BooleanField(default=True)
    rows = models.JSONField(default=list)
    # What all others than organisers may see, where that is less: frozen, guarded, or later.
    public_rows = models.JSONField(null=True, blank=True)
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"board of {self.phase_id}, version {self.version}"


class Partition(models.Model):
    """What decides which examples of a split are public. Secret, and the same for ever."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="partitions")
    split = models.CharField(max_length=80)
    seed = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["challenge", "split"], name="one_partition_per_split")
        ]

    def __str__(self) -> str:
        return f"{self.split} of {self.challenge_id}"


class Told(models.Model):
    """What a guarded phase tells of a submission, in the order in which it was told."""

    submission = models.OneToOneField(Submission, on_delete=models.CASCADE, related_name="told")
    value = models.FloatField(null=True)
    # The submission whose result a Ladder compares the next one with.
    best = models.ForeignKey(Submission, on_delete=models.CASCADE, null=True, related_name="+")
    # Thresholdout: the noisy threshold, and how many gaps may still be told.
    threshold = models.FloatField(null=True)
    left = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.value}"


class RejudgingState(models.TextChoices):
    OPEN = "open", "Being scored in the dark"
    APPLIED = "applied", "Applied"
    CANCELLED = "cancelled", "Cancelled"


class Rejudging(models.Model):
    """Submissions that are scored anew in the dark, to be applied or cancelled as a whole."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="rejudgings")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    # Every scored submission belongs to it, also those that come later; else the chosen ones alone.
    whole = models.BooleanField(default=True)
    # Test items that would count no more, by split.
    retires = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=RejudgingState, default=RejudgingState.OPEN)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["challenge"], condition=Q(state="open"), name="one_open_rejudging"
            )
        ]

    def __str__(self) -> str:
        return f"rejudging {self.pk} of {self.challenge_id} ({self.state})"


class Rejudged(models.Model):
    """One submission of a rejudging set. Without an evaluation it waits, was refused or failed."""

    rejudging = models.ForeignKey(Rejudging, on_delete=models.CASCADE, related_name="members")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    # What counted before, and what would count.
    before = models.ForeignKey(Evaluation, on_delete=models.PROTECT, null=True, related_name="+")
    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.PROTECT, null=True, related_name="+"
    )
    problems = models.JSONField(default=list, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rejudging", "submission"], name="rejudged_once_per_set"
            )
        ]

    def __str__(self) -> str:
        return f"{self.submission_id} in {self.rejudging_id}: {self.status}"


class RetiredItem(models.Model):
    """A test example that was found faulty and counts no more: its weight is 0."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="retired_items")
    split = models.CharField(max_length=80)
    example_id = models.CharField(max_length=300)
    rejudging = models.ForeignKey(Rejudging, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["challenge", "split", "example_id"], name="retired_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.example_id} of {self.split}"


class AlertKind(models.TextChoices):
    BURST = "burst", "Many submissions in a short time"
    SAME_FILE = "same-file", "One file from different entrants"
    ALIKE = "alike", "Nearly the same predictions from different entrants"


class Alert(models.Model):
    """Something organisers should look at. It accuses nobody: chance and shared code do this too."""

    challenge = models.ForeignKey(Challenge, on_delete=models.CASCADE, related_name="alerts")
    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=AlertKind)
    # What it is about, so that it is raised once.
    key = models.CharField(max_length=120)
    entrants = models.ManyToManyField(Entrant, related_name="+")
    words = models.CharField(max_length=400)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["phase", "key"], name="one_alert_per_matter")
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.phase_id}"
