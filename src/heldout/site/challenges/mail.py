"""Mails of a challenge, each as plain text and as HTML."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from heldout.site.challenges.models import Challenge

log = logging.getLogger(__name__)


def absolute(path: str) -> str:
    return str(settings.HELDOUT.base_url).rstrip("/") + path


def send(*, to: str, subject: str, page: str, challenge: Challenge, **context: Any) -> None:
    """Send `challenges/mail/<page>.txt` and `.html`.

    Raises:
        OSError: The mail server does not take it.
    """
    values = {"challenge": challenge, "site_name": settings.HELDOUT.site_name, **context}
    text = render_to_string(f"challenges/mail/{page}.txt", values)
    # A line break in a title would begin another header.
    line = " ".join(f"[{settings.HELDOUT.site_name}] {subject}".split())
    mail = EmailMultiAlternatives(line, text, to=[to])
    mail.attach_alternative(render_to_string(f"challenges/mail/{page}.html", values), "text/html")
    mail.send()


def try_to_send(**mail: Any) -> bool:
    """Send while somebody waits for the page; False if the mail server does not take it."""
    try:
        send(**mail)
    except OSError:
        log.exception("a mail could not be sent")
        return False
    return True
