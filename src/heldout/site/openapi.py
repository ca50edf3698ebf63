"""What the API's description says of every operation alike."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

PROBLEMS = {"application/json": {"schema": {"$ref": "#/components/schemas/Problems"}}}
# Whatever is asked: it may be no request at all, and the machine may have a fault.
ALWAYS = (HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE)
WITH_TOKEN = (HTTPStatus.UNAUTHORIZED,)
WITH_BODY = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def complete(schema: dict[str, Any]) -> None:
    """Add the refusals that no route declares, because what stands before all of them gives them."""
    for verbs in schema["paths"].values():
        for operation in verbs.values():
            for status in _everywhere(operation):
                answer = {"description": status.phrase, "content": PROBLEMS}
                operation["responses"].setdefault(int(status), answer)


def _everywhere(operation: dict[str, Any]) -> Iterator[HTTPStatus]:
    yield from ALWAYS
    yield from WITH_TOKEN if "security" in operation else ()
    yield from WITH_BODY if "requestBody" in operation else ()
