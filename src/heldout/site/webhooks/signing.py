"""Signatures in the manner of Standard Webhooks: whoever has the secret can check a message."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from datetime import datetime
from hashlib import sha256

PREFIX = "whsec_"


def new_secret() -> str:
    return PREFIX + b64encode(secrets.token_bytes(32)).decode()


def signed_headers(secret: str, body: bytes, *, message: str, at: datetime) -> dict[str, str]:
    """The message's id and time are covered too, so that an old one cannot be played again."""
    seconds = int(at.timestamp())
    covered = f"{message}.{seconds}.".encode() + body
    digest = hmac.new(b64decode(secret.removeprefix(PREFIX)), covered, sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{b64encode(digest).decode()}",
    }
