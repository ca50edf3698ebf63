"""The client reaches everything the API does, and does it on a real site."""

import json
import re
from pathlib import Path

import httpx
import pytest
from django.test import Client as Browser
from django.utils import timezone

from heldout.client import Client, Refused
from heldout.errors import BadInput
from heldout.site.accounts.services import create_token
from heldout.site.api import api

# Not by `call`, each for its reason.
OTHERWISE = {
    "begin_upload": "`submit` sends large files in pieces",
    "get_upload": "`submit` asks it how much has arrived",
    "continue_upload": "`submit` sends large files in pieces",
    "give_up_upload": "an upload that nobody continues is forgotten after a day",
    "upload_options": "what the server knows of tus is for other clients",
}


def bridged(request: httpx.Request) -> httpx.Response:
    """A request of the client, answered by the site in this process."""
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    kind = headers.pop("content-type", "")
    answer = Browser().generic(
        request.method, str(request.url.raw_path, "ascii"), request.read(), kind, headers=headers
    )
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return httpx.Response(answer.status_code, content=body, headers=dict(answer.headers))


@pytest.fixture
def speak():
    """The client of a person, with a token of theirs."""

    def speak(user, **options) -> Client:
        _, secret = create_token(user=user, name="test", now=timezone.now())
        transport = httpx.MockTransport(bridged)
        return Client("http://localhost", secret, transport=transport, retries=0, **options)

    return speak


def described() -> dict:
    return json.loads(json.dumps(api.get_openapi_schema()))


def test_every_operation_is_reached_or_stated_as_not(tmp_path):
    """Each is called with something in every place, and what is sent is what the description asks for."""
    file, sent = tmp_path / "file.csv", []
    file.write_text("a\n")

    def note(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("openapi.json"):
            return httpx.Response(200, json=described())
        sent.append((request.method, request.url.path, request.headers.get("content-type", "")))
        return httpx.Response(204)

    client = Client("http://localhost", transport=httpx.MockTransport(note))
    operations = client.operations()
    assert OTHERWISE.keys() <= operations.keys()
    for name, one in operations.items():
        if name in OTHERWISE:
            continue
        given = dict.fromkeys(one.places | one.query | one.body, "x")
        if "file" in one.body:
            given["file"] = file
        client.call(name, **given)
        method, path, kind = sent.pop()
        assert method == one.verb
        assert path == re.sub(r"{\w+}", "x", one.path)
        wanted = "multipart/form-data" if one.form else "application/json"
        assert kind.startswith(wanted if one.body else "")
    assert len(operations) > 90


def test_an_organiser_announces_and_a_participant_reads(speak, organiser, participant, challenge):
    made = speak(organiser).call("announce", slug="cats", title="Hello", text="World", mail=False)
    (found,) = speak(participant).call("list_announcements", slug="cats")
    assert (found["id"], found["title"]) == (made["id"], "Hello")
    assert speak(organiser).call("retract", slug="cats", announcement=made["id"]) is None
    with pytest.raises(Refused) as caught:
        speak(participant).call("announce", slug="cats", title="Mine", text="too")
    assert caught.value.status == 403


def test_a_file_goes_out_and_comes_back(speak, participant, challenge, predictions, tmp_path):
    file, back = tmp_path / "mine.csv", tmp_path / "back.csv"
    file.write_bytes(predictions(12))
    client = speak(participant)
    made = client.call("submit", slug="cats", phase="dev", file=file, note="by call")
    assert (made["status"], made["note"]) == ("queued", "by call")
    assert client.call("get_submission_file", submission=made["id"], to=back) is None
    assert back.read_bytes() == file.read_bytes()
    with pytest.raises(Refused):
        client.call("get_submission_file", submission="none", to=tmp_path / "none.csv")
    assert not Path(tmp_path / "none.csv").exists()


def test_what_the_site_does_not_do_is_said_before_it_is_asked(speak, participant, challenge):
    client = speak(participant)
    with pytest.raises(BadInput, match="anounce: is nothing this site does; did you mean"):
        client.call("anounce", slug="cats")
    with pytest.raises(BadInput) as caught:
        client.call("announce", titel="Hello")
    assert {one.place for one in caught.value.problems} == {"titel", "slug"}
