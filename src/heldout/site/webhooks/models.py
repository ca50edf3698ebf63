from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from heldout.site.challenges.models import Challenge


def new_id() -> str:
    return secrets.token_hex(8)


class Endpoint(models.Model):
    """Where messages go: those of a person's own submissions, or of a whole challenge."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks"
    )
    # Empty: the submissions of the owner and of their teams.
    challenge = models.ForeignKey(
        Challenge, on_delete=models.CASCADE, null=True, blank=True, related_name="webhooks"
    )
    url = models.CharField(max_length=500)
    # Encrypted: signing needs the secret itself, a copy of the database must not tell it.
    secret = models.CharField(max_length=300)
    created_at = models.DateTimeField()
    # Since when nothing is sent; empty: it is on. `off_because` is empty if its owner did it.
    off_at = models.DateTimeField(null=True, blank=True)
    off_because = models.CharField(max_length=300, blank=True, default="")
    # Since when nothing has been accepted.
    failing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "challenge", "url"], name="one_webhook_per_challenge_and_address"
            ),
            models.UniqueConstraint(
                fields=["owner", "url"],
                condition=Q(challenge=None),
                name="one_own_webhook_per_address",
            ),
        ]

    def __str__(self) -> str:
        return self.url


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"


class Delivery(models.Model):
    """One message to one endpoint; its tries are jobs."""

    id = models.CharField(primary_key=True, max_length=16, default=new_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    body = models.JSONField()
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    tries = models.PositiveIntegerField(default=0)
    # What the last try met: the status of the answer, or why there was none.
    answer = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        verbose_name_plural = "deliveries"
        indexes: ClassVar = [
            models.Index(fields=["endpoint", "-created_at"], name="deliveries_of_endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint_id}"
