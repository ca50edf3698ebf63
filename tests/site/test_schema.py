"""The API keeps to its own description, whatever is sent: schemathesis draws requests from it.

Every operation gets requests that fit the description and some that do not, each as a participant and as
an organiser. What a request changed is undone before the next.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.http import HttpResponse
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from ninja import Schema
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from heldout.site.accounts.services import create_token
from heldout.site.api import api
from heldout.site.challenges import disqualifying, news
from heldout.site.submissions import api as submissions_api
from heldout.site.submissions import rejudging, resumable
from heldout.site.submissions.models import Alert
from heldout.site.webhooks.models import Delivery, DeliveryState, Endpoint

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("HELDOUT_DATABASE_URL")),
    reason="takes half a minute; what PostgreSQL makes of odd requests, the hostile ones show",
)
# Of each kind, for each operation.
EXAMPLES = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 2}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
]


@pytest.fixture
def schema():
    """The API's description, and the whole site in this process to ask."""
    site = get_wsgi_application()
    # A request must not close the connection that holds the test's transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)

    def answer(environ, start_response):
        with closing(site(environ, start_response)) as response:
            return [b"".join(response)]

    yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", answer)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def callers(organiser, participant) -> dict[str, dict[str, str]]:
    """The headers of each, with a token that may do everything its owner may."""
    secrets = {
        user.handle: create_token(user=user, name="schema", now=timezone.now())[1]
        for user in (organiser, participant)
    }
    return {name: {"Authorization": f"Bearer {one}"} for name, one in secrets.items()}


@pytest.fixture
def rows(challenge, phase, organiser, participant, scored, callers):
    """What may stand in addresses, so that not all that is asked for is missing."""
    now, submission = timezone.now(), scored(participant)
    endpoint = Endpoint.objects.create(
        owner=organiser, url="https://example.org/", secret="x", created_at=now
    )
    delivery = Delivery.objects.create(
        endpoint=endpoint, event="ping", body={}, state=DeliveryState.FAILED, created_at=now
    )
    alert = Alert.objects.create(challenge=challenge, phase=phase, kind="burst", created_at=now)
    announcement = news.announce(
        challenge=challenge, title="Hello", text="World", mail=False, by=organiser, now=now
    )
    chosen = rejudging.start(
        challenge=challenge, by=organiser, reason="why not", submissions=None, retires=None, now=now
    )
    disqualified = disqualifying.disqualify(
        phase=challenge.phases.get(key="past"), entrant=submission.entrant, reason="why not",
        by=organiser, now=now,
    )  # fmt: skip
    upload = resumable.create(
        phase=phase, by=participant, length=10, filename="a.csv", note="", key="", now=now
    )
    return SimpleNamespace(
        slug="cats", phase="dev", submission=submission.pk, name="test.parquet", model="lenet",
        endpoint=endpoint.pk, delivery=delivery.pk, announcement=announcement.pk, upload=upload.id,
        token=organiser.api_tokens.get().pk, alerts=alert.pk, rejudgings=chosen.pk,
        disqualification=disqualified.pk,
    )  # fmt: skip


def known(case: Case, rows) -> dict[str, object]:
    """The rows that the names in an address mean; a number is of the kind that stands before it."""
    kind = case.path.partition("/{number}")[0].rpartition("/")[2]
    values = {**vars(rows), "number": getattr(rows, kind, None)}
    return {name: values[name] for name in case.path_parameters if values.get(name) is not None}


def ask(operation, mode: GenerationMode, rows, callers, answered: Counter) -> None:
    """Draw some requests and send each as everybody.

    Raises:
        FailureGroup: What does not agree with the description.
    """

    @settings(
        max_examples=EXAMPLES[mode],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case) -> None:
        if mode is GenerationMode.POSITIVE:
            case.path_parameters.update(known(case, rows))
        for headers in callers.values():
            with transaction.atomic():
                response = case.call(headers=headers)
                transaction.set_rollback(True)
            answered[operation.label, response.status_code // 100] += 1
            case.validate_response(response, checks=CHECKS, headers=headers)

    send()


def disagreements(schema, rows, callers, answered: Counter, *, only: str = "") -> list[str]:
    found = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if only not in operation.label:
            continue
        for mode in GenerationMode:
            try:
                ask(operation, mode, rows, callers, answered)
            except FailureGroup as group:
                found += [f"{operation.label}: {one}" for one in group.exceptions]
    return found


@pytest.mark.timeout(600)
def test_the_api_keeps_to_its_description(schema, rows, callers):
    answered = Counter()
    assert disagreements(schema, rows, callers, answered) == []
    operations = {label for label, _ in answered}
    served = {label for label, hundreds in answered if hundreds == 2}
    assert len(operations) > 80
    # Refusing everything would agree with the description too.
    assert len(served) > len(operations) / 2


def test_answers_that_disagree_are_found(schema, rows, callers, monkeypatch):
    """The check itself is tried: with a status nobody wrote down, and with an answer of another shape."""
    board = "leaderboard.csv"

    def wrong_status(*given):
        return HttpResponse(status=418)

    monkeypatch.setattr(submissions_api, "_board", wrong_status)
    found = disagreements(schema, rows, callers, Counter(), only=board)
    assert any("Received: 418" in one for one in found)

    def wrong_shape(*given):
        return HttpResponse('{"leaderboard": 1}', content_type="application/json")

    monkeypatch.setattr(submissions_api, "_board", wrong_shape)
    found = disagreements(schema, rows, callers, Counter(), only="phase}/leaderboard")
    assert any("schema" in one.lower() for one in found)


def shapes(kind: type[Schema]) -> Iterator[type[Schema]]:
    for one in kind.__subclasses__():
        yield one
        yield from shapes(one)


def test_no_two_shapes_share_a_name():
    """The description keeps one of them: the other's routes would promise what they do not give."""
    assert api.get_openapi_schema()
    ours = {one for one in shapes(Schema) if one.__module__.startswith("heldout.")}
    names = Counter(one.__name__ for one in ours)
    assert len(names) > 80
    assert [name for name, times in names.items() if times > 1] == []
