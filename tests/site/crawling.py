"""Visit every address of the URL resolver as somebody, and read all that comes back.

Nothing here names a page: the routes come from the resolver, and what stands in their addresses from
the rows of the database.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from itertools import product
from typing import Any, NamedTuple

import polars as pl
from django.apps import apps
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RegexPattern
from django.utils.regex_helper import normalize

from heldout.site.common import health

PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
OWN = "heldout.site."
# Fields by which an address may name a row.
NAMES = ("slug", "key", "handle", "code")
MOST_VALUES = 4
# Who must not see what others may: they ask for many addresses of a route, the others for some.
STRANGERS = ("anonymous", "rival")
MANY, SOME = 12, 3
# Who differs from a stranger in one challenge alone: what knows of none they need not ask for.
OF_ONE_CHALLENGE = ("reviewer", "annotator")
OF_NO_CHALLENGE = ("accounts/", "admin/")
# Parameters of queries, each with the first of the values given.
QUERY = ("phase", "everybody", "metric", "page")


class Route(NamedTuple):
    """An address with `%(name)s` for its parameters, and the kind of each of them."""

    format: str
    kinds: dict[str, str]


class Visit(NamedTuple):
    role: str
    verb: str
    route: str
    address: str
    status: int
    found: frozenset[str]
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.address} as {self.role}: {self.status}"


def routes(resolver: URLResolver) -> Iterator[Route]:
    """Every route the site answers, those of its packages too."""
    for entry in resolver.url_patterns:
        for route in _one(entry.pattern):
            if isinstance(entry, URLPattern):
                yield route
                continue
            for inner in routes(entry):
                yield Route(route.format + inner.format, {**route.kinds, **inner.kinds})


def _one(pattern: Any) -> Iterator[Route]:
    if isinstance(pattern, RegexPattern):
        for text, names in normalize(pattern.regex.pattern):
            yield Route(text, dict.fromkeys(names, "str"))
        return
    route = str(pattern)
    kinds = {name: kind or "str" for kind, name in PARAMETER.findall(route)}
    yield Route(PARAMETER.sub(r"%(\2)s", route.replace("%", "%%")), kinds)


def choices(route: Route, given: dict[str, list[str]]) -> dict[str, list[str]]:
    """For each parameter the values that exist: the caller's, else the database's."""
    return {
        name: given.get(name) or _values(route.format, name, kind)
        for name, kind in route.kinds.items()
    }


def _values(format: str, name: str, kind: str) -> list[str]:
    if format.startswith("admin/"):
        return _keys(_model_of_admin(format), "int")[:1] or ["1"]
    stem = name.removesuffix("_id").replace("_", "")
    own = [one for one in apps.get_models() if one.__module__.startswith(OWN)]
    named = [one for one in own if one._meta.model_name.endswith(stem)]
    found = [key for model in named or own for key in _keys(model, kind)[:MOST_VALUES]]
    return list(dict.fromkeys(found))[:MOST_VALUES] or ["1"]


def _model_of_admin(format: str) -> type[models.Model]:
    _, app, model, *_ = [*format.split("/"), "", ""]
    try:
        return apps.get_model(app, model)
    except LookupError:
        return apps.get_model("contenttypes", "contenttype")


def _keys(model: type[models.Model], kind: str) -> list[str]:
    """What may name the rows of a table in an address, the newest first."""
    fields = {field.name for field in model._meta.concrete_fields}
    pk = model._meta.pk
    if kind == "int" and not isinstance(pk, models.IntegerField):
        return []
    natural = [name for name in NAMES if name in fields] if kind != "int" else []
    by_pk = kind == "int" or not natural or isinstance(pk, models.CharField | models.UUIDField)
    columns = [*natural, *(["pk"] if by_pk else [])]
    rows = model._base_manager.order_by("-pk").values_list(*columns)[:MOST_VALUES]
    return [str(value) for row in rows for value in row if value]


def addresses(route: Route, given: dict[str, list[str]]) -> list[str]:
    found = choices(route, given)
    return [
        "/" + route.format % dict(zip(found, values, strict=True))
        for values in product(*found.values())
    ]


def crawl(
    visitors: dict[str, list[Client]],
    resolver: URLResolver,
    *,
    given: dict[str, list[str]],
    marks: Iterable[str],
) -> Iterator[Visit]:
    """GET every address, with and without a query, and send every form empty, as everybody."""
    found = {(one.format, tuple(one.kinds.items())) for one in routes(resolver)}
    # Answered before the resolver is asked.
    found |= {(address.lstrip("/"), ()) for address in health.ADDRESSES}
    for template, kinds in sorted(found):
        listed = addresses(Route(template, dict(kinds)), given)
        verbs = _verbs(template)
        for role, clients in visitors.items():
            if role in OF_ONE_CHALLENGE and template.startswith(OF_NO_CHALLENGE):
                continue
            mine = listed[: MANY if role in STRANGERS else SOME]
            for client in _speaking(clients, template):
                for verb, address in _asked(mine, verbs, given):
                    yield (one := visit(client, role, verb, address, marks=marks, route=template))
                    if one.status == HTTPStatus.METHOD_NOT_ALLOWED:
                        verbs = [other for other in verbs if other != verb]


def _verbs(route: str) -> list[str]:
    if route.startswith("admin/"):
        return []
    return ["POST", "PATCH", "PUT", "DELETE"] if route.startswith("api/") else ["POST"]


def _speaking(clients: list[Client], route: str) -> list[Client]:
    """Pages know no tokens."""
    return clients if route.startswith("api/") else clients[:1]


def _asked(
    listed: list[str], verbs: list[str], given: dict[str, list[str]]
) -> list[tuple[str, str]]:
    query = "&".join(f"{name}={given[name][0]}" for name in QUERY if name in given)
    asked = [("GET", address) for address in listed]
    asked += [("GET", f"{listed[0]}?{query}")] if listed[0].count("/") > 2 else []
    return asked + [(verb, listed[0]) for verb in verbs]


def visit(
    client: Client, role: str, verb: str, address: str, *, marks: Iterable[str], route: str = ""
) -> Visit:
    """Ask once; whatever it changed in the database is undone, and the client keeps its cookies."""
    kind = "application/json" if address.startswith("/api/") else ""
    with transaction.atomic():
        response = client.generic(verb, address, b"{}" if verb != "GET" else b"", kind)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        transaction.set_rollback(True)
    text = readable(body) + str(response.headers).encode()
    kind = response.headers.get("Content-Type", "")
    return Visit(role, verb, route, address, response.status_code, marked(text, marks), kind)


def marked(text: bytes, marks: Iterable[str]) -> frozenset[str]:
    return frozenset(mark for mark in marks if mark.encode() in text)


class Visitor(Client):
    """A client that keeps no note of templates and cookies, and so is quick."""

    @classmethod
    def like(cls, client: Client) -> "Visitor":
        visitor = cls()
        visitor.cookies, visitor.defaults = client.cookies, client.defaults
        return visitor

    def request(self, **request: Any) -> Any:
        return self.handler(self._base_environ(**request))


def readable(body: bytes) -> bytes:
    """A body with what is packed in it laid open."""
    if body.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return b"".join(
                name.encode() + readable(archive.read(name)) for name in archive.namelist()
            )
    if body.startswith(b"PAR1"):
        return pl.read_parquet(body).write_ndjson().encode()
    return body
