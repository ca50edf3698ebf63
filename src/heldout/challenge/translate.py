"""Pydantic's errors as plain sentences with a way out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from heldout.challenge.grammar import Refusal
from heldout.challenge.lines import Path
from heldout.errors import did_you_mean

_EXPECTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "datetime_type": "a date with a time, as in 2026-12-01T00:00:00",
    "timezone_aware": "a time with an offset",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "below"),
}
_REMEDIES = {
    "timezone_aware": 'set challenge.timezone = "UTC", or write an offset: 2026-12-01T00:00:00+01:00',
}


def explain(error: ErrorDetails, *, root: type[BaseModel]) -> tuple[Path, str, str]:
    """Return the path, the message and the remedy of one of pydantic's errors."""
    path, kind = tuple(error["loc"]), error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})
    value = error["input"]
    cause = context.get("error")
    if isinstance(cause, Refusal):
        return path, cause.message, cause.remedy
    if kind == "missing":
        return path, "is missing", ""
    if kind == "extra_forbidden":
        return path, "is not a known key", _nearest_key(path, root)
    if kind == "enum":
        return path, *_explain_choice(value, str(context["expected"]))
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return path, f"should be {words} {context[name]}, not {show_value(value)}", ""
    if kind in _EXPECTED:
        return path, _explain_type(value, _EXPECTED[kind]), _REMEDIES.get(kind, "")
    return path, error["msg"][:1].lower() + error["msg"][1:], ""


def _explain_type(value: object, expected: str) -> str:
    return f"should be {expected}, not {show_value(value)}"


def _explain_choice(value: object, expected: str) -> tuple[str, str]:
    choices = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
    nearest = did_you_mean(value, choices) if isinstance(value, str) else ""
    return f"{show_value(value)} is not one of {', '.join(choices)}", nearest


def _nearest_key(path: Path, root: type[BaseModel]) -> str:
    known = fields_at(path[:-1], root)
    return did_you_mean(str(path[-1]), known) or f"known keys here: {', '.join(known)}"


def fields_at(path: Path, root: type[BaseModel]) -> list[str]:
    """Return the known keys of the table at this path."""
    model = root
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = getattr(annotation, "__args__", ())
    return next((model for part in inner if (model := _model_in(part)) is not None), None)


def show_value(value: object) -> str:
    """Name a value of the file briefly, as its writer knows it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'the text "{value[:40]}{"…" if len(value) > 40 else ""}"'
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of more than 64 bits"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, date):
        return str(value)
    return {"list": "a list", "tuple": "a list", "dict": "a table"}.get(
        type(value).__name__, "this"
    )
