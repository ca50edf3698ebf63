"""Log lines that say which request or which attempt at a job they belong to."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_about: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)


@contextmanager
def about(**what: str) -> Iterator[None]:
    """Give every line that is logged meanwhile these fields: `request` or `attempt`."""
    token = _about.set({**(_about.get() or {}), **what})
    try:
        yield
    finally:
        _about.reset(token)


class Line(logging.Formatter):
    """For eyes: what it is about stands in brackets."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        what = " ".join(f"{name}={value}" for name, value in (_about.get() or {}).items())
        return super().formatMessage(record) + (f" [{what}]" if what else "")


class JsonLine(logging.Formatter):
    """For programs: one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **(_about.get() or {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configuration(*, level: str, form: str) -> dict[str, object]:
    """For Django's `LOGGING`: what a visitor did wrong is no fault of the site, so it is not told."""
    formatter = {"json": JsonLine, "text": Line}[form]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
            "nobody": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "heldout": {"level": level.upper()},
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"handlers": ["nobody"], "propagate": False},
        },
    }
