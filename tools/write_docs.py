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
from heldout.compute.devices import Device, built_in_devices
from heldout.conf import SETTINGS, Setting
from heldout.datasets.tasks import TASKS, Task
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

TASKS_PAGE = """\
# Tasks

Written from `heldout.datasets.tasks` by `make docs`.

A task says what a reference and a prediction look like. Tables are CSV, JSON Lines or Parquet with the same columns ([data
formats](data-formats.md)). The first of the default metrics is primary unless `challenge.toml` says otherwise; all are on the page of
[metrics](metrics.md).
"""

DEVICES_PAGE = """\
# Devices

Written from `heldout/compute/data/devices.csv` by `make docs`; `heldout devices --json` gives every column.

Rates are dense, in 10^12 operations a second. fp32 is the rate outside tensor cores. An empty cell is unknown, not zero. Rent is in dollars
an hour, on demand, at the date beside it: prices change faster than this table.

| id | name | year | GB | GB/s | fp32 | bf16 | W | rent | as of | confidence | source | note |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""

METRICS_PAGE = """\
# Metrics

Written from the metrics' own docstrings by `make docs`; `heldout metrics` lists them in the terminal.

A metric is named by its id, with parameters where it has any: `top-k:k=5` on the command line, `{ id = "top-k", k = 5 }` in
`challenge.toml`. Every score stands with its interval, its number of examples, the metric's version and the seed; a number that is not
defined is `null` with a reason, never 0.
"""

# Said once, at the top of the page.
ANYWHERE = (400, 413, 415, 503)
API_PAGE = """\
# API

Written from the site's own schema by `make docs`; a site gives it to programs at `/api/v1/openapi.json`.

A token says who is calling: `Authorization: Bearer TOKEN`; a person's account page makes one. Refused input is answered with every
problem at once: `{"problems": [{"place", "message", "remedy"}]}`. A status of 401 says that the caller is not known, 403 that they may not,
404 that there is no such thing or that it is not theirs to know of, 409 that the time or the state is wrong, 422 that the input is bad.

Any request may also be answered with 400 (it is no request: a NUL, a JSON key given twice), 413 or 415 (its body is too large, or not UTF-8), and
503 with `Retry-After` (the disk is full or the database is away).
"""


EMPTY = {204: "nothing", 304: "nothing: what you have is up to date"}


def devices_page() -> str:
    """Return the page of all devices."""
    return DEVICES_PAGE + "\n".join(map(_device, built_in_devices())) + "\n"


def _device(device: Device) -> str:
    rates = (device.bandwidth_gbs, device.fp32_tflops, device.bf16_tflops_dense, device.tdp_w)
    cells = (
        f"`{device.id}`",
        device.name,
        str(device.launch_year),
        f"{device.memory_gb:g}",
        *(f"{rate:g}" if rate else "" for rate in rates),
        str(device.rent_usd_h or ""),
        device.rent_date,
        device.confidence,
        device.source,
        device.note,
    )
    return f"| {' | '.join(cells)} |"


def settings_page() -> str:
    """Return the page of all settings."""
    return SETTINGS_PAGE + "\n".join(map(_setting, SETTINGS.values())) + "\n"


def _setting(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else "–"
    kind = setting.kind + (", secret" if setting.secret else "")
    cells = (f"`{setting.name}`", kind.replace("|", "\\|"), default, setting.help)
    return f"| {' | '.join(cells)} |"


def tasks_page() -> str:
    """Return the page of all tasks."""
    return TASKS_PAGE + "".join(map(_task, TASKS.values()))


def _task(task: Task) -> str:
    facts = {
        "Examples": "images" if task.media == "image" else "rows of a table",
        "Classes": "declared in `challenge.toml`" if task.has_classes else "",
        "References": _plain(task.reference_columns),
        "Predictions": "<br>".join(map(_plain, task.prediction_columns)),
        "Default metrics": _code(task.metrics),
    }
    rows = "".join(f"| {name} | {text} |\n" for name, text in facts.items() if text)
    return f"\n## `{task.id}`\n\n| {task.title} | |\n|---|---|\n{rows}"


def _plain(text: str) -> str:
    """Write out what a cell of a Markdown table would take for markup."""
    return text.replace("<", "&lt;").replace("|", "&#124;")


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
    for (low, high, up), alike in groupby(metric.numbers, key=attrgetter(*Number._fields[1:4])):
        direction = "higher" if up else "lower"
        names = _code(number.name for number in alike)
        yield f"{names} from {low:g} to {high:g}, {direction} is better"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def api_page(schema: dict[str, Any]) -> str:
    """Return the page of all routes in an OpenAPI schema, and of what they take and give."""
    components = schema["components"]["schemas"]
    files = {name for name in components if not components[name].get("properties")}
    objects = [_object(name, components[name]) for name in sorted(components.keys() - files)]
    return API_PAGE + "".join(_routes(schema)) + "\n## Objects\n" + "".join(objects)


def _routes(schema: dict[str, Any]) -> Iterator[str]:
    for path, operations in schema["paths"].items():
        for verb, operation in operations.items():
            text = operation.get("description") or f"{operation['summary']}."
            yield f"\n## `{verb.upper()} {path}`\n\n{text}\n\n- name: `{operation['operationId']}`\n"
            yield from _inputs(operation)
            yield from _answers(operation)


def _inputs(operation: dict[str, Any]) -> Iterator[str]:
    for each in operation.get("parameters", []):
        if each["in"] != "path":
            yield f"- {each['in']} `{each['name']}`: {_type(each['schema'])}\n"
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        fields = body["schema"].get("properties", {})
        listed = ", ".join(f"`{name}`: {_type(each)}" for name, each in fields.items())
        yield f"- body: {listed or _type(body['schema'])}, as `{kind}`\n"


def _answers(operation: dict[str, Any]) -> Iterator[str]:
    refusals = []
    for status, answer in operation["responses"].items():
        if int(status) in ANYWHERE:
            continue
        if int(status) >= 400:
            refusals.append(str(status))
            continue
        kinds = [_type(body["schema"]) for body in answer.get("content", {}).values()]
        yield f"- {status}: {', '.join(kinds) or EMPTY.get(int(status), 'a file')}\n"
    if refusals:
        yield f"- refused with: {', '.join(refusals)}\n"


def _object(name: str, schema: dict[str, Any]) -> str:
    rows = "".join(
        f"| `{field}` | {_type(each)} |\n" for field, each in schema["properties"].items()
    )
    about = f"{schema['description']}\n\n" if "description" in schema else ""
    return f"\n### `{name}`\n\n{about}| field | type |\n|---|---|\n{rows}"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].split('/')[-1]}`"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"])
    return str(schema.get("format") or schema.get("type") or "anything")


def _site_api() -> str:
    import django

    django.setup()
    from heldout.site.api import api

    return api_page(api.get_openapi_schema())


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": reference,
    "settings.md": settings_page,
    "devices.md": devices_page,
    "metrics.md": metrics_page,
    "tasks.md": tasks_page,
    "api.md": _site_api,
}


if __name__ == "__main__":
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page())
