"""What the site takes as a request: no text that a database cannot hold, no JSON with two meanings."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from ninja.errors import HttpError
from ninja.parser import Parser

LONGEST_NUMBER = 400
CHARSETS = {"", "utf-8", "utf8", "us-ascii", "ascii"}


def well_formed(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Refuse what no honest program sends, before anything reads it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return _refusal(request) or get_response(request)

    return middleware


def _refusal(request: HttpRequest) -> HttpResponse | None:
    query = unquote_to_bytes(request.META.get("QUERY_STRING", ""))
    if "\0" in request.path or b"\0" in query or any("\0" in v for v in request.COOKIES.values()):
        return _plain("The address or a cookie holds a NUL, which is no text.", 400)
    charset = (request.content_params or {}).get("charset", "")
    if charset.strip("\"'").lower() not in CHARSETS:
        return _plain("Send text as UTF-8.", 415)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdecimal() and len(length) < 16):
        return _plain("The Content-Length is not a length.", 400)
    return None


def _plain(message: str, status: int) -> HttpResponse:
    problem = {"place": "request", "message": message, "remedy": ""}
    body = json.dumps({"problems": [problem]})
    return HttpResponse(body, content_type="application/json", status=status)


class StrictParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        try:
            return parse(request.body)
        except RecursionError:
            raise HttpError(400, "the body is nested too deeply") from None
        except UnicodeDecodeError as error:
            raise HttpError(400, f"byte {error.start + 1} of the body is not UTF-8") from None
        except ValueError as error:
            raise HttpError(400, f"the body is not JSON as this site takes it: {error}") from None


def parse(body: bytes) -> Any:
    """Decode JSON as its standard means it.

    Raises:
        ValueError: It is not JSON, or has a key twice, a number beyond all, or text that is none.
        RecursionError: It is nested too deeply.
    """
    return json.loads(
        body.decode(),
        object_pairs_hook=_once,
        parse_constant=_no_number,
        parse_float=_number,
        parse_int=_whole,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:80]!a} is there twice")
        for text in (key, value):
            _check_text(text)
        found[key] = value
    return found


def _check_text(value: Any) -> None:
    """Text in lists is looked at here too; objects in them were already."""
    if isinstance(value, list):
        for one in value:
            _check_text(one)
    elif isinstance(value, str):
        if "\0" in value:
            raise ValueError("a text holds a NUL")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("a text holds half of a surrogate pair") from None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def _number(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError(f"{text[:40]} is beyond all numbers")
    return number


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number has {len(text):,} digits")
    return int(text)
