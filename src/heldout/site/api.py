"""The API under `/api/v1/`: everything a page can do, with the same verbs and the same refusals."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from heldout import __version__
from heldout.errors import BadInput, Problem
from heldout.site.accounts.api import router as accounts
from heldout.site.catalog.analyses_api import router as analyses
from heldout.site.catalog.api import router as catalog
from heldout.site.catalog.documents_api import router as documents
from heldout.site.catalog.rows_api import router as rows
from heldout.site.catalog.visibility_api import router as visibility
from heldout.site.challenges.api import router as challenges
from heldout.site.challenges.disqualifying_api import router as disqualifications
from heldout.site.challenges.news_api import router as news
from heldout.site.challenges.people_api import router as people
from heldout.site.challenges.team_api import router as teams
from heldout.site.common import faults
from heldout.site.common.bodies import StrictParser
from heldout.site.common.problems import ProblemJson, Refused, as_json, refusal
from heldout.site.openapi import complete
from heldout.site.planner.api import router as planner
from heldout.site.submissions.activity_api import router as activity
from heldout.site.submissions.api import router as submissions
from heldout.site.submissions.looking_api import router as looking
from heldout.site.submissions.resumable_api import router as uploads
from heldout.site.transfer.api import router as transfer
from heldout.site.webhooks.api import router as webhooks

log = logging.getLogger(__name__)


class Api(NinjaAPI):
    made: OpenAPISchema | None = None

    def get_openapi_schema(self, **given: Any) -> OpenAPISchema:
        """The schema is made once: it takes a tenth of a second and anybody may ask for it."""
        if self.made is None:
            self.made = super().get_openapi_schema(**given)
            complete(self.made)
        return self.made

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The verb alone: programs that are made from the description have short names."""
        return operation.view_func.__name__


# The page that shows the schema comes from elsewhere's servers, so it stays off.
api = Api(
    parser=StrictParser(),
    title="Heldout",
    version=__version__,
    docs_url=None,
    urls_namespace="api",
    servers=[],
)
ROUTERS = (
    accounts,
    catalog,
    documents,
    visibility,
    rows,
    analyses,
    challenges,
    people,
    teams,
    news,
    disqualifications,
    submissions,
    uploads,
    activity,
    looking,
    transfer,
    planner,
    webhooks,
)
for router in ROUTERS:
    api.add_router("", router)


def _answer(request: HttpRequest, problems: Sequence[ProblemJson], status: int) -> HttpResponse:
    return api.create_response(request, {"problems": list(problems)}, status=status)


def _one(request: HttpRequest, message: str, status: int, remedy: str = "") -> HttpResponse:
    return _answer(request, as_json([Problem("", message, remedy)]), status)


@api.exception_handler(Exception)
def broken(request: HttpRequest, error: Exception) -> HttpResponse:
    """A fault of ours: the log has it, and a program still gets JSON."""
    log.error("%s %s", request.method, request.path, exc_info=error)
    if problem := faults.explain(error):
        response = _answer(request, as_json([problem]), 503)
        response["Retry-After"] = str(faults.RETRY_SECONDS)
        return response
    return _one(request, "something went wrong on the site", 500, "try again later")


@api.exception_handler(BadInput)
def bad_input(request: HttpRequest, error: BadInput) -> HttpResponse:
    return _answer(request, refusal(error), 409 if isinstance(error, Refused) else 422)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    found = [Problem(_place(one["loc"]), one["msg"]) for one in error.errors]
    return _answer(request, as_json(found), 422)


def _place(location: Sequence[Any]) -> str:
    """`("body", "changes", "opens")` is `opens` to the caller."""
    return ".".join(str(part) for part in location[1:]) or str(location[0])


@api.exception_handler(AuthenticationError)
def unknown_caller(request: HttpRequest, error: Exception) -> HttpResponse:
    remedy = "send a valid token as Authorization: Bearer …; your account page makes one"
    return _one(request, "who you are is not known", 401, remedy)


@api.exception_handler(PermissionDenied)
def forbidden(request: HttpRequest, error: Exception) -> HttpResponse:
    return _one(request, "you are not allowed to do this", 403)


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Exception) -> HttpResponse:
    return _one(request, str(error).rstrip(".").lower() or "there is nothing here", 404)


@api.exception_handler(MultiPartParserError)
@api.exception_handler(BadRequest)
@api.exception_handler(SuspiciousOperation)
def unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    remedy = "send multipart/form-data with one file"
    return _one(request, f"the request cannot be read: {error}"[:300], 400, remedy)


@api.exception_handler(RequestDataTooBig)
def too_big(request: HttpRequest, error: Exception) -> HttpResponse:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return _one(request, f"the body is larger than {most / 1e6:,.1f} MB", 413, "send less")


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    # The framework wraps what our parser says of a body in words that tell nothing.
    told = error.__context__ if isinstance(error.__context__, HttpError) else error
    return _one(request, str(told), error.status_code)
