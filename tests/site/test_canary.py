"""A unique string stands in the answers; no route shows it to anybody who is not an organiser."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from heldout.site.challenges.services import publish
from heldout.site.worker import drain

CANARY = "canary7c1f93b2"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Every address of the site with its parameters, from the resolver: a new page is covered."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from routes(entry, route)


def filled(route: str, values: dict[str, list[str]]) -> list[str]:
    """The addresses a route stands for, given what exists on the site."""
    addresses = [f"/{route.lstrip('^').rstrip('$')}"]
    for match in PARAMETER.finditer(route):
        choices = values.get(match[1], ["1"])
        addresses = [address.replace(match[0], value) for address in addresses for value in choices]
    return addresses


def content(response) -> bytes:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body + str(response.headers).encode()


@pytest.fixture
def everywhere(write_challenge, tmp_path, organiser, enter_as, scored, challenge):
    """A site whose answers hold the canary, with submissions of every outcome."""
    made = write_challenge(tmp_path / "canary", canary=CANARY)
    publish(source=made.folder, by=None, now=timezone.now())
    challenge.refresh_from_db()
    taking_part = enter_as("somebody")
    submissions = [
        scored(taking_part, 20),
        scored(taking_part, content=b"example_id,prediction\ne000," + CANARY[:-1].encode()),
        scored(taking_part, 30, phase=challenge.phases.get(key="silent")),
    ]
    drain()
    ids = [submission.pk for submission in submissions]
    files = challenge.revision.data.files.all()
    return taking_part, {
        "slug": ["cats"],
        "phase": list(challenge.phases.values_list("key", flat=True)),
        "key": list(challenge.phases.values_list("key", flat=True)),
        "name": [file.name for file in files] + ["../answers/test.csv"],
        "file_id": [str(file.pk) for file in files],
        "revision_id": [str(challenge.revision.data_id)],
        "submission": ids,
        "submission_id": ids,
    }


def test_the_canary_is_in_the_answers(everywhere, settings):
    assert any(
        CANARY.encode() in path.read_bytes()
        for path in settings.ANSWERS.rglob("*")
        if path.is_file()
    )


@pytest.mark.timeout(180)
def test_no_route_shows_the_answers_to_anybody(everywhere, outsider, annotator, signed_in, api):
    taking_part, values = everywhere
    visitors = [Client(raise_request_exception=False)]
    visitors += [signed_in(user) for user in (taking_part, outsider, annotator)]
    visitors += [api(user) for user in (taking_part, outsider)]
    addresses = sorted({one for route in routes(get_resolver()) for one in filled(route, values)})
    seen = 0
    for client in visitors:
        for address in addresses:
            if "logout" in address:
                continue
            response = client.get(address, {"phase": "dev"} if "leaderboard/" in address else {})
            assert response.status_code < 500, address
            assert CANARY.encode() not in content(response), address
            seen += response.status_code == 200
    assert seen > 3 * len(visitors)


def test_the_scores_of_a_silent_phase_are_nowhere(everywhere, api, signed_in):
    taking_part, values = everywhere
    silent = values["submission"][2]
    for client in (Client(), signed_in(taking_part), api(taking_part)):
        for address in (
            f"/api/v1/submissions/{silent}",
            "/api/v1/challenges/cats/phases/silent/leaderboard",
            "/api/v1/challenges/cats/phases/silent/leaderboard.csv",
            "/challenges/cats/leaderboard/?phase=silent",
            "/challenges/cats/leaderboard.csv?phase=silent",
            f"/submissions/{silent}/",
        ):
            body = content(client.get(address))
            assert b"0.5000" not in body, address
            assert b'"value": 0.5' not in body, address
            assert b"50.0" not in body, address
