from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """What every page's frame needs."""
    return {
        "site_name": settings.HELDOUT.site_name,
        "sign_up_open": settings.HELDOUT.sign_up == "open",
    }
