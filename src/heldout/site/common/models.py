from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class JobState(models.TextChoices):
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    # The worker fell silent; the next attempt is a row of its own.
    EXPIRED = "expired"
    # The attempt reported a failure; the next one, if any, is a row of its own.
    FAILED = "failed"
    # The last attempt failed too: an organiser must look.
    DEAD = "dead"
    CANCELLED = "cancelled"


class Job(models.Model):
    """One attempt at one piece of work. A row is never used for a second attempt.

    `key` names the work: its attempts share it. The lease fences: only while the row is `running`
    under the same `owner` may that owner write the result, in the transaction that ends the row.
    """

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    attempt = models.PositiveSmallIntegerField(default=1)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=JobState, default=JobState.READY)
    # Who shares a turn: pools take turns, and in a pool its lanes do.
    pool = models.CharField(max_length=60, default="", blank=True)
    lane = models.CharField(max_length=120, default="")
    # What may be paused together.
    gate = models.CharField(max_length=60, default="", blank=True)
    virtual_time = models.FloatField(default=0.0)
    priority = models.SmallIntegerField(default=0)
    run_at = models.DateTimeField()
    owner = models.CharField(max_length=120, default="", blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "attempt"], name="one_row_per_attempt"),
            models.UniqueConstraint(
                fields=["key"], condition=Q(state="done"), name="done_at_most_once"
            ),
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(state__in=["ready", "running"]),
                name="one_open_attempt",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                "pool",
                F("priority").desc(),
                "virtual_time",
                "id",
                name="job_next",
                condition=Q(state="ready"),
            ),
            models.Index(fields=["gate", "-finished_at"], name="job_gate"),
            models.Index(fields=["lease_until"], name="job_lease", condition=Q(state="running")),
        ]

    def __str__(self) -> str:
        return f"{self.key} (attempt {self.attempt}, {self.state})"


class Lane(models.Model):
    """The virtual clock of those who share one turn: a team in a challenge, or a whole pool."""

    name = models.CharField(max_length=120, primary_key=True)
    virtual_time = models.FloatField(default=0.0)

    def __str__(self) -> str:
        return self.name


class Gate(models.Model):
    """While it is closed none of its jobs is begun; they wait, and nothing is lost."""

    name = models.CharField(max_length=60, primary_key=True)
    closed = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True, default="")
    # When it was closed or opened last.
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} ({'closed' if self.closed else 'open'})"


class Remembered(models.Model):
    """A value of the cache that all processes share, until it expires; the key is hashed."""

    key = models.CharField(max_length=64, primary_key=True)
    value = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key[:12]} until {self.expires_at:%Y-%m-%d %H:%M:%S}"


class AuditEntry(models.Model):
    """Who did what, when. Rows are only ever added: the database itself refuses anything else.

    Each entry's digest covers the digest of the one before it, so that a change of any shows.
    """

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["subject", "id"], name="audit_subject")]
        constraints: ClassVar = [
            # The chain cannot fork, whoever writes.
            models.UniqueConstraint(fields=["previous"], name="one_entry_after_another")
        ]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("an audit entry is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("an audit entry is never deleted")
