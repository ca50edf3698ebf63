"""What the worker does with a message: tries for a day, then gives it up."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import httpx
import msgspec
from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.urls import reverse

from heldout.errors import BadInput, HeldoutError
from heldout.site.accounts.adapter import decrypt
from heldout.site.challenges.mail import absolute
from heldout.site.common import audit, jobs
from heldout.site.common.handlers import Clock, Hopeless, handles
from heldout.site.common.models import Job
from heldout.site.webhooks.addresses import resolve
from heldout.site.webhooks.models import Delivery, DeliveryState, Endpoint
from heldout.site.webhooks.posting import SECONDS, post
from heldout.site.webhooks.services import DELIVER
from heldout.site.webhooks.signing import signed_headers

MAIL_OFF = "webhook-off"
# Before the second try, the third …: a restart is over soon, an outage within a day.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 10)),
)
# An address that took nothing for so long is asked no more.
PATIENCE = timedelta(days=3)
KEPT = timedelta(days=30)
GONE = 410
# What a fault of the line is called by its number, beside its words.
NUMBERS = re.compile(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$")


class NotDelivered(HeldoutError):
    """The other machine did not take the message."""


class Gone(NotDelivered, Hopeless):
    """It wants no more of them."""


def _give_up(job: Job, now: datetime) -> None:
    delivery = _find(job)
    if delivery is None:
        return
    _mine(delivery).update(
        state=DeliveryState.FAILED,
        finished_at=now,
        answer=delivery.answer or job.error[:300],
    )
    failing = delivery.endpoint.failing_since
    if delivery.answer == str(GONE):
        _switch_off(delivery.endpoint, "it answered 410: it wants no more messages", now)
    elif failing is not None and now - failing > PATIENCE:
        _switch_off(delivery.endpoint, f"nothing was accepted for {PATIENCE.days} days", now)


def _switch_off(endpoint: Endpoint, reason: str, now: datetime) -> None:
    still_on = Endpoint.objects.filter(pk=endpoint.pk, off_at=None)
    if not still_on.update(off_at=now, off_because=reason):
        return
    jobs.enqueue(
        MAIL_OFF,
        key=f"{MAIL_OFF}:{endpoint.pk}:{now.isoformat()}",
        payload={"endpoint": endpoint.pk},
        lane=MAIL_OFF,
        now=now,
    )
    on = endpoint.challenge or endpoint.owner
    audit.record("webhook switched off", by=None, on=on, now=now, url=endpoint.url, reason=reason)


@handles(DELIVER, give_up=_give_up, slow=True, pauses=PAUSES)
def deliver(job: Job, clock: Clock) -> None:
    delivery = _find(job)
    if delivery is None:
        _end(job, clock())
        return
    if delivery.endpoint.off_at is not None:
        _end(job, clock(), delivery, state=DeliveryState.FAILED, answer="the webhook is off")
        return
    status = _try(delivery, clock)
    Endpoint.objects.filter(pk=delivery.endpoint_id).update(failing_since=None)
    _end(job, clock(), delivery, state=DeliveryState.DELIVERED, answer=str(status))


def _find(job: Job) -> Delivery | None:
    """None if the endpoint was removed meanwhile."""
    found = Delivery.objects.select_related("endpoint__challenge", "endpoint__owner")
    return found.filter(pk=job.payload["delivery"]).first()


def _mine(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk)


def _try(delivery: Delivery, clock: Clock) -> int:
    now = clock()
    try:
        answer, status = _post(delivery, now)
    except BadInput as error:
        answer, status = f"the address {error.problems[0].message}", 0
    except TimeoutError:
        answer, status = f"no answer within {SECONDS:.0f} seconds", 0
    except (httpx.HTTPError, OSError) as error:
        answer, status = NUMBERS.sub("", str(error)) or type(error).__name__, 0
    _mine(delivery).update(tries=F("tries") + 1, tried_at=now, answer=answer[:300])
    if 200 <= status < 300:
        return status
    since = Coalesce(F("failing_since"), now)
    Endpoint.objects.filter(pk=delivery.endpoint_id).update(failing_since=since)
    raise (Gone if status == GONE else NotDelivered)(answer)


def _post(delivery: Delivery, now: datetime) -> tuple[str, int]:
    target = resolve(delivery.endpoint.url, allowed=settings.HELDOUT.webhook_hosts)
    body = msgspec.json.encode(delivery.body)
    secret = decrypt(delivery.endpoint.secret)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "heldout-webhook/1",
        **signed_headers(secret, body, message=f"msg_{delivery.pk}", at=now),
    }
    status = post(target, body, headers)
    return str(status), status


def _end(job: Job, now: datetime, delivery: Delivery | None = None, **outcome: str) -> None:
    with jobs.finishing(job, now=now):
        if delivery is not None:
            _mine(delivery).update(finished_at=now, **outcome)


@handles(MAIL_OFF, slow=True)
def mail_off(job: Job, clock: Clock) -> None:
    """Tell the owner that nothing is sent there any more, unless it is on again."""
    found = Endpoint.objects.select_related("owner", "challenge")
    endpoint = found.filter(pk=job.payload["endpoint"]).exclude(off_at=None).first()
    if endpoint is not None and endpoint.owner.is_active:
        name = settings.HELDOUT.site_name
        address = absolute(reverse("webhooks:detail", args=[endpoint.pk]))
        values = {"endpoint": endpoint, "site_name": name, "address": address}
        text = render_to_string("webhooks/off.txt", values)
        subject = " ".join(f"[{name}] A webhook of yours is switched off".split())
        send_mail(subject, text, None, [endpoint.owner.email])
    _end(job, clock())


@handles("webhook-tidy", slow=True, daily=True)
def forget_old_deliveries(job: Job, clock: Clock) -> None:
    now = clock()
    old = Delivery.objects.filter(created_at__lt=now - KEPT)
    old.exclude(state=DeliveryState.WAITING).delete()
    _end(job, clock())
