from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from heldout.errors import BadInput, Problem
from heldout.site.accounts.adapter import encrypt
from heldout.site.accounts.models import User
from heldout.site.challenges.models import Challenge, Entrant, Organiser, Phase
from heldout.site.challenges.permissions import REVIEWERS
from heldout.site.challenges.services import require
from heldout.site.common import audit, jobs
from heldout.site.common.problems import Refused
from heldout.site.webhooks.addresses import resolve
from heldout.site.webhooks.models import Delivery, DeliveryState, Endpoint
from heldout.site.webhooks.signing import new_secret

DELIVER = "webhook"
FINISHED, PING = "submission.finished", "ping"
# Endpoints of one person.
MOST = 10
LONGEST = 500


def add_endpoint(
    *, owner: User, url: str, now: datetime, challenge: Challenge | None = None
) -> tuple[Endpoint, str]:
    """Add an address; the second value is the secret that signs, which is not shown again.

    Raises:
        BadInput: The address may not be sent to, or is there already.
        PermissionDenied: A challenge's webhooks are for those who see all its submissions.
    """
    if challenge is not None:
        require(owner, "challenges.review", challenge)
    if len(url) > LONGEST:
        raise BadInput([Problem("url", f"is longer than {LONGEST} letters")])
    resolve(url, allowed=settings.HELDOUT.webhook_hosts)
    if owner.webhooks.count() >= MOST:
        raise Refused([Problem("url", f"is one too many: you have {MOST} webhooks", "remove one")])
    secret = new_secret()
    try:
        with transaction.atomic():
            endpoint = Endpoint.objects.create(
                owner=owner, challenge=challenge, url=url, secret=encrypt(secret), created_at=now
            )
            audit.record("webhook added", by=owner, on=challenge or owner, now=now, url=url)
    except IntegrityError:
        raise Refused([Problem("url", "has a webhook already")]) from None
    return endpoint, secret


def remove_endpoint(*, endpoint: Endpoint, by: User, now: datetime) -> None:
    """Send nothing more there, and forget what was sent."""
    on = endpoint.challenge or endpoint.owner
    with transaction.atomic():
        endpoint.delete()
        audit.record("webhook removed", by=by, on=on, now=now, url=endpoint.url)


def switch(*, endpoint: Endpoint, on: bool, by: User, now: datetime) -> Endpoint:
    """Stop sending there for a while, or begin again with what comes from now on."""
    mine = Endpoint.objects.filter(pk=endpoint.pk, off_at__isnull=not on)
    fields = {"off_at": None if on else now, "off_because": "", "failing_since": None}
    with transaction.atomic():
        if mine.update(**fields):
            done = "webhook switched on" if on else "webhook switched off"
            subject = endpoint.challenge or endpoint.owner
            audit.record(done, by=by, on=subject, now=now, url=endpoint.url)
    endpoint.refresh_from_db()
    return endpoint


def endpoints(owner: User) -> QuerySet[Endpoint]:
    return owner.webhooks.select_related("challenge", "owner")


def announce(
    *, submission: str, entrant: Entrant, phase: Phase, status: str, now: datetime
) -> None:
    """Tell those concerned that a submission is finished; call it where its outcome is written.

    The message holds no score: what the phase tells of one, and when, is for the API to say.
    """
    about = {
        "submission": submission,
        "challenge": phase.challenge.slug,
        "phase": phase.key,
        "entrant": entrant.name,
        "status": status,
        "url": f"{settings.HELDOUT.base_url}/api/v1/submissions/{submission}",
    }
    for endpoint in _concerned(entrant):
        send(endpoint=endpoint, event=FINISHED, about=about, now=now)


def _concerned(entrant: Entrant) -> QuerySet[Endpoint]:
    """Rights are looked at now: who has left a team, or reviews no more, is told nothing."""
    runs = Organiser.objects.filter(challenge=entrant.challenge_id, role__in=REVIEWERS)
    own = Q(challenge=None, owner__in=entrant.members.values("user"))
    organised = Q(challenge=entrant.challenge_id, owner__in=runs.values("user"))
    return Endpoint.objects.filter(own | organised, off_at=None, owner__is_active=True)


def ping(*, endpoint: Endpoint, now: datetime) -> Delivery:
    """Send a message that says nothing, to try the address.

    Raises:
        Refused: The webhook is off, or the last such message is still on its way.
    """
    _check_on(endpoint)
    if endpoint.deliveries.filter(event=PING, state=DeliveryState.WAITING).exists():
        raise Refused([Problem("", "a test message is on its way already", "wait for it")])
    return send(endpoint=endpoint, event=PING, about={}, now=now)


def send(*, endpoint: Endpoint, event: str, about: dict[str, Any], now: datetime) -> Delivery:
    body = {"type": event, "timestamp": now.isoformat(), "data": about}
    with transaction.atomic():
        delivery = Delivery.objects.create(
            endpoint=endpoint, event=event, body=body, created_at=now
        )
        _enqueue(delivery, now=now)
    return delivery


def send_again(*, delivery: Delivery, now: datetime) -> Delivery:
    """Send a finished message once more, under its old id.

    Raises:
        Refused: The webhook is off, or the message is on its way already.
    """
    _check_on(delivery.endpoint)
    finished = Delivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.WAITING)
    with transaction.atomic():
        if not finished.update(state=DeliveryState.WAITING, finished_at=None):
            raise Refused([Problem("", "this message is on its way already", "wait for it")])
        _enqueue(delivery, now=now)
    delivery.refresh_from_db()
    return delivery


def _check_on(endpoint: Endpoint) -> None:
    if endpoint.off_at is not None:
        raise Refused([Problem("", "this webhook is off", "switch it on first")])


def _enqueue(delivery: Delivery, *, now: datetime) -> None:
    jobs.enqueue(
        DELIVER,
        key=f"{DELIVER}:{delivery.pk}:{now.isoformat()}",
        payload={"delivery": delivery.pk},
        # Messages take turns with other slow work, and endpoints with each other.
        pool=DELIVER,
        lane=f"{DELIVER}/{delivery.endpoint_id}",
        now=now,
    )
