"""Data sets for programs: the same rights and the same checks as on their pages."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from heldout.site.catalog import counting
from heldout.site.catalog.models import DataSet
from heldout.site.common.models import AuditEntry
from heldout.site.worker import drain
from tests.site.catalog.test_adding import TABLE

API = "/api/v1/data"


def bring(client, **changes):
    given = {"name": "words", "title": "Words", "file": SimpleUploadedFile("words.csv", TABLE)}
    return client.post(API, given | changes)


def change(client, **changes):
    return client.patch(f"{API}/words", changes, content_type="application/json")


def test_strangers_neither_see_nor_change_private_data(api, organiser, outsider):
    assert bring(Client()).status_code == 401
    assert bring(api(outsider)).status_code == 403
    made = bring(api(organiser))
    assert made.status_code == 202
    drain()
    stranger, intake = api(outsider), f"/api/v1/intakes/{made.json()['id']}"
    assert change(stranger, title="Mine").status_code == 404
    for path in ("", "/datasheet", "/visibility", "/statistics", "/leaks", "/releases"):
        assert stranger.get(f"{API}/words{path}").status_code == 404
    for path in ("/datasheet/no-people", "/releases", "/statistics"):
        assert stranger.post(f"{API}/words{path}").status_code == 404
    assert stranger.get(intake).status_code == 404
    assert stranger.delete(intake).status_code == 404
    assert stranger.get(API).json() == []
    assert DataSet.objects.get().title == "Words"


def test_data_are_brought_read_and_described(api, organiser):
    client = api(organiser)
    made = bring(client, keywords="small, English", license="CC0-1.0").json()
    assert (made["state"], made["data"]) == ("waiting", "words")
    drain()
    done = client.get(f"/api/v1/intakes/{made['id']}").json()
    assert (done["state"], done["examples"]) == ("done", 2)
    shown = client.get(f"{API}/words").json()
    assert (shown["rows"], shown["visibility"]) == (2, "private")
    assert (shown["keywords"], shown["license"]) == (["small", "English"], "CC0-1.0")
    assert {"word", "size"} <= set(shown["columns"])
    changed = change(client, summary="Two of them", keywords=["short"]).json()
    assert (changed["title"], changed["summary"]) == ("Words", "Two of them")
    assert (changed["keywords"], changed["license"]) == (["short"], "CC0-1.0")
    assert AuditEntry.objects.filter(action="data described", actor=organiser).exists()
    more = SimpleUploadedFile("words.csv", TABLE + b"c,cow,7\n")
    assert client.post(f"{API}/words/revisions", {"file": more}).status_code == 202
    drain()
    assert client.get(f"{API}/words").json()["rows"] == 3


def test_a_file_at_fault_is_told_read_again_and_taken_away(api, organiser):
    broken = SimpleUploadedFile("words.csv", b"id,word\na,apple\na,bear\n")
    client = api(organiser)
    intake = f"/api/v1/intakes/{bring(client, file=broken).json()['id']}"
    drain()
    refused = client.get(intake).json()
    assert refused["state"] == "refused"
    assert refused["problems"]
    assert [one["state"] for one in client.get("/api/v1/intakes").json()] == ["refused"]
    again = client.post(f"{intake}/retry", {"lenient": True}, content_type="application/json")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    assert client.delete(intake).status_code == 204
    assert not DataSet.objects.exists()
    assert bring(client, name="Not A Name").json()["problems"][0]["place"] == "slug"


def test_an_edit_that_makes_no_sense_changes_nothing(api, organiser):
    bring(api(organiser))
    drain()
    for changes in ({"title": ""}, {"visibility": "secret"}, {"colour": "red"}):
        assert change(api(organiser), **changes).status_code == 422
    assert DataSet.objects.get().title == "Words"


@pytest.fixture
def pictured(dataset, api, organiser):
    """Asks as the owner of a data set, below its address: the status and the answer."""
    client = api(organiser)

    def ask(verb, path, **body):
        address = f"{API}/{dataset.slug}{path}"
        given = (body,) if body else ()
        response = getattr(client, verb)(address, *given, content_type="application/json")
        return response.status_code, response.json() if response.content else None

    return ask


def test_the_datasheet_is_read_and_answered(pictured, organiser):
    asked = {one["id"]: one for one in pictured("get", "/datasheet")[1]}
    name = next(one for one in asked if asked[one]["required"] and not asked[one]["answer"])
    answers = {name: {"answer": "To try this.", "number": 0}}
    assert pictured("patch", "/datasheet", answers=answers) == (
        200,
        {"saved": [name], "conflicts": []},
    )
    answers[name]["answer"] = "Another, unseen."
    assert pictured("patch", "/datasheet", answers=answers)[1]["conflicts"] == [name]
    now = {one["id"]: one for one in pictured("get", "/datasheet")[1]}[name]
    assert (now["answer"], now["by"], now["number"]) == ("To try this.", organiser.handle, 1)
    assert pictured("patch", "/datasheet", answers={"colour": {"answer": "red"}})[0] == 422
    assert pictured("post", "/datasheet/no-people")[1]["answered"] > 0
    assert pictured("post", "/datasheet/import", text="nonsense")[0] == 422


def test_a_bundle_is_asked_for_once_the_datasheet_is_complete(pictured, dataset, complete):
    assert pictured("post", "/releases")[0] == 422
    complete(dataset)
    counting.count_now(dataset.current)
    status, made = pictured("post", "/releases")
    assert (status, made["state"], made["offered"]) == (202, "waiting", False)
    drain()
    (done,) = pictured("get", "/releases")[1]
    assert (done["state"], done["offered"]) == ("done", True)
    response = Client().get(f"{API}/{dataset.slug}/releases/{done['id']}")
    assert response["ETag"].strip('"') == done["sha256"]
    assert len(b"".join(response.streaming_content)) == done["size"]


def test_an_owner_says_who_sees_what_and_shares(pictured, outsider, dataset):
    shown = pictured("get", "/visibility")[1]
    assert {"part": "columns", "name": "income", "seen_by": "everybody"} in shown["rules"]
    rule = {"part": "columns", "name": "income", "seen_by": "owner"}
    assert rule in pictured("patch", "/visibility", rules=[rule])[1]["rules"]
    status, answer = pictured("patch", "/visibility", rules=[rule | {"name": "none"}])
    assert (status, answer["problems"][0]["place"]) == (422, "rules.0")
    assert pictured("post", "/participants", person="outsider")[1]["participants"] == ["outsider"]
    assert pictured("post", "/participants", person="nobody")[0] == 422
    assert pictured("delete", "/participants/outsider")[0] == 204
    assert pictured("delete", "/participants/outsider")[0] == 404
    assert not dataset.participants.exists()


def test_statistics_and_leaks_are_asked_for_and_judged(pictured):
    assert pictured("get", "/leaks")[1]["work"]["state"] is None
    assert pictured("post", "/leaks/judge", keys=[], verdict="leak")[0] == 404
    assert pictured("post", "/statistics")[1]["state"] == "waiting"
    assert pictured("post", "/leaks", groups=None)[1]["state"] == "waiting"
    drain()
    counted = pictured("get", "/statistics")[1]
    assert counted["examples"] > 0
    assert counted["statistics"]
    found = pictured("get", "/leaks")[1]
    assert found["work"]["state"] == "done"
    keys = [one["key"] for one in found["pairs"][:1]]
    assert pictured("post", "/leaks/judge", keys=keys, verdict="leak")[1]["changed"] == len(keys)
    assert [one["verdict"] for one in pictured("get", "/leaks")[1]["pairs"][:1]] == [True] * len(
        keys
    )


def test_data_of_a_challenge_are_seen_with_it(challenge):
    address = f"{API}/{challenge.dataset.slug}"
    assert Client().get(address).json()["splits"] is None
    drain()
    shown = Client().get(address).json()
    assert shown["visibility"] is None
    assert "train" in shown["splits"]
