from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict

from heldout.site.accounts.models import User
from heldout.site.accounts.security import SIGNED_IN, caller
from heldout.site.challenges.lookup import find_challenge
from heldout.site.common.schemas import REFUSED, RowId
from heldout.site.webhooks import services
from heldout.site.webhooks.models import Delivery, Endpoint

router = Router(tags=["Webhooks"], auth=SIGNED_IN)
SHOWN = 100


class WebhookIn(Schema):
    """Without a challenge it is told of the caller's submissions and their teams'."""

    model_config = ConfigDict(extra="forbid")

    url: str
    challenge: str | None = None


class WebhookChange(Schema):
    model_config = ConfigDict(extra="forbid")

    on: bool


class WebhookOut(Schema):
    """`off_because` is empty where its owner switched it off. `failing_since`: nothing was accepted."""

    id: int
    url: str
    challenge: str | None
    on: bool
    off_at: datetime | None
    off_because: str
    failing_since: datetime | None
    created_at: datetime


class NewWebhook(WebhookOut):
    """`secret` signs the messages; it is shown this once."""

    secret: str


class DeliveryOut(Schema):
    """`state` ends as delivered or failed; `answer` is what the last try met."""

    id: str
    event: str
    state: str
    tries: int
    answer: str
    body: dict[str, Any]
    created_at: datetime
    tried_at: datetime | None
    finished_at: datetime | None


@router.get("/webhooks", response={200: list[WebhookOut], **REFUSED}, url_name="webhooks")
def list_webhooks(request: HttpRequest) -> list[WebhookOut]:
    """The caller's webhooks."""
    return [WebhookOut(**_fields(one)) for one in services.endpoints(caller(request))]


@router.post("/webhooks", response={201: NewWebhook, **REFUSED}, url_name="add-webhook")
def add_webhook(request: HttpRequest, given: WebhookIn) -> Status[NewWebhook]:
    """Have finished submissions told to an https address on the public internet."""
    user = caller(request)
    challenge = find_challenge(given.challenge, user) if given.challenge else None
    endpoint, secret = services.add_endpoint(
        owner=user, url=given.url, challenge=challenge, now=timezone.now()
    )
    return Status(201, NewWebhook(**_fields(endpoint), secret=secret))


@router.get("/webhooks/{endpoint}", response={200: WebhookOut, **REFUSED}, url_name="webhook")
def get_webhook(request: HttpRequest, endpoint: RowId) -> WebhookOut:
    """One webhook."""
    return WebhookOut(**_fields(_find(endpoint, caller(request))))


@router.patch(
    "/webhooks/{endpoint}", response={200: WebhookOut, **REFUSED}, url_name="switch-webhook"
)
def switch_webhook(request: HttpRequest, endpoint: RowId, given: WebhookChange) -> WebhookOut:
    """Switch a webhook off, or on again; what happened in between is not sent."""
    user = caller(request)
    found = _find(endpoint, user)
    services.switch(endpoint=found, on=given.on, by=user, now=timezone.now())
    return WebhookOut(**_fields(found))


@router.delete("/webhooks/{endpoint}", response={204: None, **REFUSED}, url_name="remove-webhook")
def remove_webhook(request: HttpRequest, endpoint: RowId) -> Status[None]:
    """Send nothing more there, and forget what was sent."""
    user = caller(request)
    services.remove_endpoint(endpoint=_find(endpoint, user), by=user, now=timezone.now())
    return Status(204, None)


@router.post(
    "/webhooks/{endpoint}/ping", response={202: DeliveryOut, **REFUSED}, url_name="ping-webhook"
)
def ping_webhook(request: HttpRequest, endpoint: RowId) -> Status[DeliveryOut]:
    """Send a message of the type `ping`, to try the address."""
    made = services.ping(endpoint=_find(endpoint, caller(request)), now=timezone.now())
    return Status(202, DeliveryOut.from_orm(made))


@router.get(
    "/webhooks/{endpoint}/deliveries",
    response={200: list[DeliveryOut], **REFUSED},
    url_name="deliveries",
)
def list_deliveries(request: HttpRequest, endpoint: RowId) -> list[DeliveryOut]:
    """What was sent in the last 30 days and what became of it, the newest first."""
    found = _find(endpoint, caller(request)).deliveries.all()[:SHOWN]
    return [DeliveryOut.from_orm(one) for one in found]


@router.post(
    "/webhooks/{endpoint}/deliveries/{delivery}/again",
    response={202: DeliveryOut, **REFUSED},
    url_name="send-again",
)
def send_again(request: HttpRequest, endpoint: RowId, delivery: str) -> Status[DeliveryOut]:
    """Send a finished message once more, under its old id."""
    found = Delivery.objects.select_related("endpoint").filter(
        pk=delivery.replace("\0", ""), endpoint=_find(endpoint, caller(request))
    )
    if (one := found.first()) is None:
        raise Http404("There is no such message.")
    return Status(202, DeliveryOut.from_orm(services.send_again(delivery=one, now=timezone.now())))


def _find(endpoint: int, user: User) -> Endpoint:
    found = services.endpoints(user).filter(pk=endpoint).first()
    if found is None:
        raise Http404("There is no such webhook.")
    return found


def _fields(endpoint: Endpoint) -> dict[str, Any]:
    shown = ("url", "off_at", "off_because", "failing_since", "created_at")
    return {
        **{name: getattr(endpoint, name) for name in shown},
        "id": endpoint.pk,
        "challenge": endpoint.challenge.slug if endpoint.challenge else None,
        "on": endpoint.off_at is None,
    }
