"""A data set in the terms of schema.org, so that search engines for data find it."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from heldout.datasets.index.views import Role
from heldout.site.catalog.models import DataRevision, DataSet
from heldout.site.catalog.reading import layout_of

_LICENSES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC-BY-NC-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "CC-BY-NC-SA-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "CC-BY-ND-4.0": "https://creativecommons.org/licenses/by-nd/4.0/",
    "CC-BY-NC-ND-4.0": "https://creativecommons.org/licenses/by-nc-nd/4.0/",
}


def describe(request: HttpRequest, dataset: DataSet, revision: DataRevision) -> dict[str, Any]:
    """schema.org/Dataset; only what is known is said."""
    address = request.build_absolute_uri(reverse("catalog:browse", args=[dataset.slug]))
    told = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": address,
        "url": address,
        "name": dataset.title,
        "description": dataset.summary or f"{dataset.title}, a data set to browse and download.",
        "identifier": f"{dataset.slug}@{revision.digest[:12]}",
        "version": revision.digest[:12],
        "datePublished": revision.created_at.date().isoformat(),
        "isAccessibleForFree": True,
        "license": _LICENSES.get(dataset.license, dataset.license),
        "creator": _creator(dataset),
        "keywords": dataset.about.get("keywords"),
        "citation": dataset.about.get("citation"),
        "sameAs": dataset.about.get("address"),
    }
    return {name: value for name, value in told.items() if value}


def _creator(dataset: DataSet) -> dict[str, str] | None:
    name = dataset.about.get("creator")
    return {"@type": "Organization", "name": name} if name else None


def distributions(
    request: HttpRequest, dataset: DataSet, revision: DataRevision
) -> list[dict[str, Any]]:
    address = reverse("catalog:file", args=[dataset.slug, "NAME"])
    return [
        {
            "@type": "DataDownload",
            "name": file.name,
            "contentUrl": request.build_absolute_uri(address.replace("NAME", file.name)),
            "contentSize": f"{file.size} B",
            "sha256": file.sha256,
            "encodingFormat": _FORMATS.get(
                file.name.rpartition(".")[2], "application/octet-stream"
            ),
        }
        for file in revision.files.all()
    ]


_FORMATS = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "zip": "application/zip",
}


def hides_something(revision: DataRevision) -> bool:
    """Whether the files hold what not everybody may see."""
    layout = layout_of(revision)
    told = (*layout.columns.values(), *layout.splits.values(), *layout.annotations.values())
    return any(role > Role.PUBLIC for role in told)


def script(
    request: HttpRequest, dataset: DataSet, revision: DataRevision, role: Role
) -> SafeString:
    told = describe(request, dataset, revision)
    if not hides_something(revision):
        told["distribution"] = distributions(request, dataset, revision)
    # Nothing in it may end the element it stands in.
    text = json.dumps(told, ensure_ascii=False)
    for letter, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(letter, code)
    return mark_safe(text)  # noqa: S308 - escaped above
