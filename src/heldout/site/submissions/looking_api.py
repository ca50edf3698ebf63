"""What pages tell of submissions beyond their scores: how two differ, and where one errs."""

from __future__ import annotations

from typing import Annotated

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.errors import HttpError

from heldout.challenge.exploring import Exploration
from heldout.errors import BadInput, HeldoutError, Problem
from heldout.evaluation.examples import CLASS, ExampleRow
from heldout.site.accounts.security import ANYBODY, SIGNED_IN, caller
from heldout.site.challenges.api import viewer
from heldout.site.challenges.lookup import find_challenge, find_phase
from heldout.site.common.problems import check_form
from heldout.site.common.schemas import FILE, INVALID, MISSING, REFUSED
from heldout.site.submissions import boards, errors, views
from heldout.site.submissions.boards import BoardRow
from heldout.site.submissions.comparing import Busy, Comparison, comparable, compare_entrants
from heldout.site.submissions.models import Submission

router = Router(tags=["Submissions"])


class TestOut(Schema):
    test: str
    p_value: float


class ComparedPair(Schema):
    """`holm` and `benjamini_hochberg` are adjusted for the number of pairs."""

    first: str
    second: str
    difference: float | None
    p_value: float | None
    holm: float | None
    benjamini_hochberg: float | None


class ComparisonOut(Schema):
    """The first entrant less the second, on the same examples; what is undefined is null, `reason` why.

    `pairs`: every pair of the first entrants of the leaderboard and these two.
    """

    first: str
    second: str
    metric: str
    name: str
    first_value: float | None
    second_value: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    replicates: int
    seed: int
    method: str
    reason: str
    tests: list[TestOut]
    pairs: list[ComparedPair]


@router.get(
    "/challenges/{slug}/phases/{phase}/comparison",
    response={200: ComparisonOut, 403: MISSING[404], 503: MISSING[404], **MISSING, **INVALID},
    auth=ANYBODY,
    url_name="comparison",
)
def compare(
    request: HttpRequest, slug: str, phase: str, first: str = "", second: str = ""
) -> ComparisonOut:
    """Whether two entrants of a leaderboard differ by more than chance; without names its first two."""
    user, now = viewer(request), timezone.now()
    found = find_phase(find_challenge(slug, user), phase)
    rows = comparable(boards.leaderboard(phase=found, viewer=user, now=now))
    one, other = _pair(rows, first, second)
    try:
        comparison = compare_entrants(
            phase=found, viewer=user, first=one.entrant_id, second=other.entrant_id, now=now
        )
    except Busy:
        raise HttpError(503, "another comparison is being made; ask again in a moment") from None
    if comparison is None:
        raise Http404("These two cannot be compared.")
    return _comparison(comparison, one, other)


def _pair(rows: tuple[BoardRow, ...], first: str, second: str) -> tuple[BoardRow, BoardRow]:
    known = {row.entrant: row for row in rows}
    named = {"first": first, "second": second}
    unknown = [place for place, name in named.items() if name and name not in known]
    if unknown:
        raise BadInput([Problem(place, "names nobody to compare") for place in unknown])
    given = [name for name in named.values() if name]
    chosen = [*given, *(name for name in known if name not in given)][:2]
    if len(set(chosen)) < 2:
        raise Http404("There are no two entrants to compare.")
    # A second one alone stays the second.
    pair = chosen if first or not second else chosen[::-1]
    return known[pair[0]], known[pair[1]]


def _comparison(found: Comparison, first: BoardRow, second: BoardRow) -> ComparisonOut:
    test = found.test
    same = vars(test).keys() & ComparisonOut.model_fields.keys() - {"first", "second", "tests"}
    return ComparisonOut(
        **{name: getattr(test, name) for name in same},
        first=first.entrant,
        second=second.entrant,
        first_value=test.first,
        second_value=test.second,
        tests=[TestOut(test=one.test, p_value=one.p_value) for one in test.tests],
        pairs=[
            ComparedPair(**{name: getattr(one, name) for name in ComparedPair.model_fields})
            for one in found.pairs
        ],
    )


@router.get(
    "/submissions/{submission}/report",
    response={200: None, **REFUSED},
    auth=SIGNED_IN,
    url_name="report",
    openapi_extra=FILE,
)
def get_report(request: HttpRequest, submission: str) -> HttpResponseBase:
    """The evaluation report as an HTML file, as far as the phase reveals it."""
    return views.report(request, submission)


class AnswerOut(Schema):
    """What an entry says of an example, and the number that the example has alone."""

    entry: str
    prediction: str
    value: float | None


class ExampleOut(Schema):
    example_id: str
    reference: str
    answers: list[AnswerOut]
    columns: dict[str, str]
    picture: str


class ErrorsOut(Schema):
    """By which number the examples are ordered, and the examples."""

    metric: str
    name: str
    examples: list[ExampleOut]


@router.get(
    "/submissions/{submission}/errors",
    response={200: ErrorsOut, **REFUSED},
    auth=SIGNED_IN,
    url_name="errors",
)
def get_errors(
    request: HttpRequest,
    submission: str,
    order: str = "",
    beside: str = "",
    where: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006  # pydantic copies it
) -> ErrorsOut:
    """The examples on which a submission does worst, with their answers; for organisers alone.

    `order`: `worst` or `disagreement`; `beside`: another submission of the phase; `where`:
    `column=value`, `class=…` for the true class.
    """
    found = errors.scored_submission(submission, caller(request))
    given = _given(order, beside, where)
    form = errors.look_form(given, found)
    if unknown := given.keys() - form.fields.keys():
        names = sorted(one.removeprefix("in_") for one in unknown)
        raise BadInput([Problem("where", f'has no column "{name}" to choose by') for name in names])
    check_form(form)
    try:
        looked = errors.look(form, found)
    except BadInput:
        raise
    except HeldoutError:
        raise Http404("A file that this needs is gone.") from None
    examples = [_example(found, looked, row) for row in looked.rows]
    return ErrorsOut(metric=looked.metric, name=looked.name, examples=examples)


def _given(order: str, beside: str, where: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in where]
    named = {"truth" if name == CLASS else f"in_{name}": value for name, _, value in pairs}
    return {"order": order, "beside": beside, **named}


def _example(submission: Submission, found: Exploration, row: ExampleRow) -> ExampleOut:
    answers = [
        AnswerOut(entry=entry, prediction=one.prediction, value=one.value)
        for entry, one in zip(found.entries, row.answers, strict=True)
    ]
    return ExampleOut(
        example_id=row.example_id,
        reference=row.reference,
        answers=answers,
        columns=row.columns,
        picture=errors.picture_of(submission, found, row),
    )
