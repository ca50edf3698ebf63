from __future__ import annotations

from django.contrib import admin

from heldout.site.common.admin import ReadOnly
from heldout.site.webhooks.models import Delivery, Endpoint


@admin.register(Endpoint)
class EndpointAdmin(ReadOnly):
    list_display = ("url", "owner", "challenge", "created_at", "off_at")
    exclude = ("secret",)
    search_fields = ("url",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("id", "event", "endpoint", "state", "answer", "created_at")
    list_filter = ("state",)
