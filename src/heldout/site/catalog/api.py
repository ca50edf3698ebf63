from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from ninja import File, Form, Router, Schema, Status, UploadedFile
from pydantic import ConfigDict, Field

from heldout.site.accounts.models import User
from heldout.site.accounts.security import ANYBODY, SIGNED_IN, caller
from heldout.site.catalog import intake as intakes
from heldout.site.catalog.forms import AboutForm, AddForm, UploadForm
from heldout.site.catalog.frames import Seen, find
from heldout.site.catalog.grants import visible
from heldout.site.catalog.models import DataSet, Intake
from heldout.site.common import audit
from heldout.site.common.problems import check_form
from heldout.site.common.schemas import MISSING, REFUSED, ProblemOut, RowId
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
    lenient: bool = False


class NewRevision(Schema):
    """`notes`: what is new."""

    lenient: bool = False
    notes: str = ""


class Again(Schema):
    model_config = ConfigDict(extra="forbid")

    lenient: bool = False


class IntakeOut(Schema):
    """A file that a worker reads; `state` ends as done, refused or failed."""

    id: int
    data: str
    name: str
    size: int
    state: str
    stage: str
    examples: int | None
    problems: list[ProblemOut]
    unlisted: int
    asked_at: datetime
    ended_at: datetime | None


@router.get("/data", response=list[DataSummary], auth=ANYBODY, url_name="data-sets")
def list_data(request: HttpRequest) -> list[DataSummary]:
    """The data sets the caller may see, by title."""
    return [DataSummary(**_summary(one)) for one in visible(request.user)]


@router.post("/data", response={202: IntakeOut, **REFUSED}, auth=SIGNED_IN, url_name="add-data")
def add_data(
    request: HttpRequest, file: File[UploadedFile], given: Form[NewData]
) -> Status[IntakeOut]:
    """Bring data of one's own: a ZIP of a folder, or one table; a worker reads it."""
    by = caller(request)
    if not by.has_perm("catalog.create"):
        raise PermissionDenied
    fields = given.model_dump()
    form = AddForm({**fields, "slug": fields.pop("name")}, {"file": file})
    slug = check_form(form)["slug"]
    dataset = form.save(commit=False)
    dataset.slug, dataset.owner = slug, by
    return _take_in(dataset, file, by, lenient=given.lenient)


@router.post(
    "/data/{slug}/revisions",
    response={202: IntakeOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="revise-data",
)
def revise_data(
    request: HttpRequest, slug: str, file: File[UploadedFile], given: Form[NewRevision]
) -> Status[IntakeOut]:
    """Bring the next revision of a data set; for its owner."""
    seen, by = own(request, slug)
    files: MultiValueDict[str, Any] = MultiValueDict({"file": [file]})
    fields = check_form(UploadForm(given.model_dump(), files))
    return _take_in(seen.dataset, file, by, lenient=fields["lenient"], notes=fields["notes"])


@router.get(
    "/intakes", response={200: list[IntakeOut], **REFUSED}, auth=SIGNED_IN, url_name="intakes"
)
def list_intakes(request: HttpRequest) -> list[IntakeOut]:
    """The files the caller brought, the newest first."""
    found = Intake.objects.filter(asked_by=caller(request)).select_related("dataset")
    return [_intake(one) for one in found]


@router.get(
    "/intakes/{intake}", response={200: IntakeOut, **REFUSED}, auth=SIGNED_IN, url_name="intake"
)
def get_intake(request: HttpRequest, intake: RowId) -> IntakeOut:
    """How far a file is read, or why it was refused."""
    return _intake(_find_intake(request, intake))


@router.post(
    "/intakes/{intake}/retry",
    response={202: IntakeOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="retry-intake",
)
def retry_intake(request: HttpRequest, intake: RowId, given: Again) -> Status[IntakeOut]:
    """Have a refused file read again, perhaps without what is at fault in it."""
    found, by = _find_intake(request, intake), caller(request)
    intakes.retry(intake=found, lenient=given.lenient, by=by, now=timezone.now())
    return Status(202, _intake(_find_intake(request, intake)))


@router.delete(
    "/intakes/{intake}",
    response={204: None, **REFUSED},
    auth=SIGNED_IN,
    url_name="remove-intake",
)
def remove_intake(request: HttpRequest, intake: RowId) -> Status[None]:
    """Take a file away, and with it a data set that has no other data."""
    found = _find_intake(request, intake)
    intakes.remove(intake=found, by=caller(request), now=timezone.now())
    return Status(204, None)


@router.get("/data/{slug}", response={200: DataOut, **MISSING}, auth=ANYBODY, url_name="data-set")
def get_data(request: HttpRequest, slug: str) -> DataOut:
    """One data set as the caller sees it."""
    return _shown(find(request, slug))


@router.patch(
    "/data/{slug}", response={200: DataOut, **REFUSED}, auth=SIGNED_IN, url_name="edit-data"
)
def edit_data(request: HttpRequest, slug: str, given: About) -> DataOut:
    """Change what is said of a data set, and who sees it; for its owner."""
    seen, by = own(request, slug)
    dataset = seen.dataset
    known = {name: getattr(dataset, name) for name in ("title", "summary", "license", "visibility")}
    known |= {name: dataset.about.get(name, "") for name in ("creator", "keywords")}
    wanted = {**known, **given.model_dump(exclude_unset=True)}
    form = AboutForm({**wanted, "keywords": ",".join(wanted["keywords"])}, instance=dataset)
    check_form(form)
    form.save()
    audit.record("data described", by=by, on=dataset, now=timezone.now())
    return _shown(find(request, slug))


def own(request: HttpRequest, slug: str, permission: str = "catalog.edit") -> tuple[Seen, User]:
    """A data set and who asks, if they may do this with it; what is not theirs is not there."""
    seen, by = find(request, slug), caller(request)
    if not by.has_perm(permission, seen.dataset):
        raise Http404("There is no such data set of yours.")
    return seen, by


def _take_in(dataset: DataSet, file: UploadedFile, by: User, **how: Any) -> Status[IntakeOut]:
    made = intakes.take_in(
        dataset=dataset,
        upload=stream(file),
        name=file.name or "",
        by=by,
        now=timezone.now(),
        **how,
    )
    return Status(202, _intake(made))


def _find_intake(request: HttpRequest, intake: int) -> Intake:
    found = Intake.objects.filter(pk=intake, asked_by=caller(request)).select_related("dataset")
    if (one := found.first()) is None:
        raise Http404("There is no such upload of yours.")
    return one


def _intake(intake: Intake) -> IntakeOut:
    shown = (
        "name", "size", "state", "stage", "examples", "problems", "unlisted", "asked_at", "ended_at"
    )  # fmt: skip
    fields = {name: getattr(intake, name) for name in shown}
    return IntakeOut(id=intake.pk, data=intake.dataset.slug, **fields)


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
