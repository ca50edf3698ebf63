from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import File, Form, Router, Schema, Status, UploadedFile
from pydantic import ConfigDict, Field

from heldout.site.accounts.models import User
from heldout.site.accounts.security import ANYBODY, SIGNED_IN, caller
from heldout.site.catalog.forms import AboutForm, AddForm
from heldout.site.catalog.frames import Seen, find
from heldout.site.catalog.grants import visible
from heldout.site.catalog.importing import import_data
from heldout.site.catalog.models import DataSet
from heldout.site.common import audit
from heldout.site.common.problems import check_form
from heldout.site.common.schemas import MISSING, REFUSED
from heldout.site.common.uploads import stream

router = Router(tags=["Data sets"])


class DataSummary(Schema):
    id: str
    title: str
    summary: str
    license: str


class DataOut(DataSummary):
    """As the caller sees it; `rows`, `splits` and `classes` are null until its index is built.

    `visibility` is null for the data of a challenge, which says itself who sees them.
    """

    creator: str
    keywords: list[str]
    visibility: str | None
    revision: str
    published_at: datetime
    rows: int | None
    splits: dict[str, int] | None
    classes: list[str] | None
    columns: list[str] | None


class About(Schema):
    """Only what is given is changed."""

    model_config = ConfigDict(extra="forbid")

    title: str = ""
    summary: str = ""
    license: str = ""
    creator: str = ""
    keywords: list[str] = Field(default=[], max_length=50)
    visibility: str = "private"


class NewData(Schema):
    """`keywords` are separated by commas. `lenient`: leave out what is at fault."""

    name: str
    title: str
    summary: str = ""
    license: str = ""
    creator: str = ""
    keywords: str = ""
    visibility: str = "private"
    lenient: bool = False


@router.get("/data", response=list[DataSummary], auth=ANYBODY, url_name="data-sets")
def list_data(request: HttpRequest) -> list[DataSummary]:
    """The data sets the caller may see, by title."""
    return [DataSummary(**_summary(one)) for one in visible(request.user)]


@router.post("/data", response={201: DataOut, **REFUSED}, auth=SIGNED_IN, url_name="add-data")
def add_data(
    request: HttpRequest, file: File[UploadedFile], given: Form[NewData]
) -> Status[DataOut]:
    """Take in data of one's own: a ZIP of a folder, or one table; for those who may organise."""
    by = caller(request)
    if not by.has_perm("catalog.create"):
        raise PermissionDenied
    fields = given.model_dump()
    form = AddForm({**fields, "slug": fields.pop("name")}, {"file": file})
    slug = check_form(form)["slug"]
    dataset = form.save(commit=False)
    dataset.slug, dataset.owner = slug, by
    import_data(
        dataset=dataset,
        source=stream(file),
        name=file.name or "",
        by=by,
        now=timezone.now(),
        lenient=given.lenient,
    )
    return Status(201, _shown(find(request, slug)))


@router.get("/data/{slug}", response={200: DataOut, **MISSING}, auth=ANYBODY, url_name="data-set")
def get_data(request: HttpRequest, slug: str) -> DataOut:
    """One data set as the caller sees it."""
    return _shown(find(request, slug))


@router.patch(
    "/data/{slug}", response={200: DataOut, **REFUSED}, auth=SIGNED_IN, url_name="edit-data"
)
def edit_data(request: HttpRequest, slug: str, given: About) -> DataOut:
    """Change what is said of a data set, and who sees it; for its owner."""
    dataset, by = _own(request, slug)
    known = {name: getattr(dataset, name) for name in ("title", "summary", "license", "visibility")}
    known |= {name: dataset.about.get(name, "") for name in ("creator", "keywords")}
    wanted = {**known, **given.model_dump(exclude_unset=True)}
    form = AboutForm({**wanted, "keywords": ",".join(wanted["keywords"])}, instance=dataset)
    check_form(form)
    form.save()
    audit.record("data described", by=by, on=dataset, now=timezone.now())
    return _shown(find(request, slug))


def _own(request: HttpRequest, slug: str) -> tuple[DataSet, User]:
    dataset, by = find(request, slug).dataset, caller(request)
    if not by.has_perm("catalog.edit", dataset):
        raise Http404("There is no such data set of yours.")
    return dataset, by


def _summary(dataset: DataSet) -> dict[str, Any]:
    shown = ("title", "summary", "license")
    return {"id": dataset.slug, **{name: getattr(dataset, name) for name in shown}}


def _shown(seen: Seen) -> DataOut:
    about, index = seen.dataset.about, seen.index
    return DataOut(
        **_summary(seen.dataset),
        creator=str(about.get("creator", "")),
        keywords=list(map(str, about.get("keywords", ()))),
        visibility=seen.dataset.visibility if seen.dataset.owner_id else None,
        revision=seen.revision.digest,
        published_at=seen.revision.created_at,
        rows=index.summary.rows if index else None,
        splits=dict(index.summary.splits) if index else None,
        classes=[one.name for one in index.summary.categories] if index else None,
        columns=list(index.columns) if index else None,
    )
