"""Writes the pages of `docs/reference` that are made from the code. `make docs` runs it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from heldout.cli.reference import reference
from heldout.conf import SETTINGS, Setting
from heldout.datasets.tasks import TASKS
from heldout.evaluation.metric import Metric, Number
from heldout.evaluation.registry import all_metrics

REFERENCE = Path(__file__).parent.parent / "docs/reference"

SETTINGS_PAGE = """\
# Settings

Written from `heldout.conf` by `make docs`.

A setting is an environment variable. `heldout serve` and `heldout worker` read them when they start; a bad value, or a name that is
not in this table, stops them with every problem listed. A secret may stand in a file instead: `HELDOUT_SECRET_KEY_FILE` names the file
that holds the value of `HELDOUT_SECRET_KEY`.

| setting | kind | default | what it does |
|---|---|---|---|
"""

METRICS_PAGE = """\
# Metrics

Written from the metrics' own docstrings by `make docs`; `heldout metrics` lists them in the terminal.

A metric is named by its id, with parameters where it has any: `top-k:k=5` on the command line, `{ id = "top-k", k = 5 }` in
`challenge.toml`. Every score stands with its interval, its number of examples, the metric's version and the seed; a number that is not
defined is `null` with a reason, never 0.
"""

API_PAGE = """\
# API

Written from the site's own schema by `make docs`; a site shows the same, to try out, at `/api/v1/docs`.

Requests that need a person carry a token: `Authorization: Bearer TOKEN`. Bad input is answered with status 422 (or 400) and every
problem at once: `{"problems": [{"place", "message", "remedy"}]}`.
"""


def settings_page() -> str:
    """Return the page of all settings."""
    return SETTINGS_PAGE + "\n".join(map(_setting, SETTINGS.values())) + "\n"


def _setting(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else "–"
    kind = setting.kind + (", secret" if setting.secret else "")
    cells = (f"`{setting.name}`", kind.replace("|", "\\|"), default, setting.help)
    return f"| {' | '.join(cells)} |"


def metrics_page() -> str:
    """Return the page of all metrics, an entry for each id."""
    return METRICS_PAGE + "".join(map(_metric, all_metrics()))


def _metric(metric: type[Metric[Any, Any]]) -> str:
    usual = metric()
    prose, attributes = _prose(metric)
    facts = {
        "Tasks": _code(each.id for each in TASKS.values() if each.family in metric.families),
        "Reads": metric.needs,
        "Parameters": "; ".join(_parameter(*each, attributes) for each in usual.parameters.items()),
        "Numbers": "; ".join(_numbers(usual)),
        "Interval": str(metric.interval),
        "Undefined when": metric.undefined,
        "Agrees with": metric.source,
        "Version": metric.version,
    }
    rows = "".join(f"| {name} | {text} |\n" for name, text in facts.items() if text)
    return f"\n## `{metric.id}`\n\n{prose}\n\n| {metric.title} | |\n|---|---|\n{rows}"


def _prose(documented: object) -> tuple[str, dict[str, str]]:
    """Return a docstring's paragraphs, and what it says of each attribute."""
    prose, _, listed = (inspect.getdoc(documented) or "").partition("\n\nAttributes:\n")
    attributes = re.findall(r"^    (\w+): ((?:.|\n {8})+)$", listed, re.MULTILINE)
    return prose, {name: " ".join(meaning.split()).rstrip(".") for name, meaning in attributes}


def _parameter(name: str, default: object, attributes: dict[str, str]) -> str:
    meaning = attributes.get(name, "")
    return f"`{name}={default}`" + (f": {meaning[0].lower()}{meaning[1:]}" if meaning else "")


def _numbers(metric: Metric[Any, Any]) -> Iterator[str]:
    for (low, high, up), alike in groupby(metric.numbers, key=attrgetter(*Number._fields[1:])):
        direction = "higher" if up else "lower"
        names = _code(number.name for number in alike)
        yield f"{names} from {low:g} to {high:g}, {direction} is better"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def api_page(schema: dict[str, Any]) -> str:
    """Return the page of all routes in an OpenAPI schema."""
    return API_PAGE + "".join(_routes(schema))


def _routes(schema: dict[str, Any]) -> Iterator[str]:
    for path, operations in schema["paths"].items():
        for verb, operation in operations.items():
            yield f"\n## `{verb.upper()} {path}`\n\n{_sentence(operation)}\n"
            yield from _parameters(operation)
            yield from _answers(operation)


def _sentence(operation: dict[str, Any]) -> str:
    text = operation.get("description") or f"{operation['summary']}."
    return text + ("" if operation.get("security") else " Open to everybody.")


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    rows = [
        f"| `{each['name']}` | {each['in']} | {_type(each['schema'])} |\n"
        for each in operation.get("parameters", [])
    ]
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        rows.append(f"| body | `{kind}` | {_type(body['schema'])} |\n")
    if rows:
        yield "\n| parameter | in | type |\n|---|---|---|\n"
        yield from rows


def _answers(operation: dict[str, Any]) -> Iterator[str]:
    yield "\n"
    for status, answer in operation["responses"].items():
        kinds = [_type(body["schema"]) for body in answer.get("content", {}).values()]
        yield f"- {status}: {', '.join(kinds) or 'no body'}\n"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].split('/')[-1]}`"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("format") or schema.get("type") or schema.get("title", "anything"))


def _site_api() -> str:
    import django

    django.setup()
    from heldout.site.api import api

    return api_page(api.get_openapi_schema())


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": reference,
    "settings.md": settings_page,
    "metrics.md": metrics_page,
    "api.md": _site_api,
}


if __name__ == "__main__":
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page())
