"""Data sets for programs: the same rights and the same checks as on their pages."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

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
    assert bring(api(organiser)).status_code == 201
    assert api(outsider).get(f"{API}/words").status_code == 404
    assert change(api(outsider), title="Mine").status_code == 404
    assert api(outsider).get(API).json() == []
    assert DataSet.objects.get().title == "Words"


def test_data_are_brought_and_described(api, organiser):
    client = api(organiser)
    made = bring(client, keywords="small, English", license="CC0-1.0")
    assert made.status_code == 201
    assert made.json()["keywords"] == ["small", "English"]
    assert made.json()["rows"] is None
    drain()
    shown = client.get(f"{API}/words").json()
    assert (shown["rows"], shown["visibility"]) == (2, "private")
    assert {"word", "size"} <= set(shown["columns"])
    changed = change(client, summary="Two of them", keywords=["short"]).json()
    assert (changed["title"], changed["summary"]) == ("Words", "Two of them")
    assert (changed["keywords"], changed["license"]) == (["short"], "CC0-1.0")
    assert AuditEntry.objects.filter(action="data described", actor=organiser).exists()


def test_what_is_at_fault_is_told_and_nothing_is_kept(api, organiser):
    broken = SimpleUploadedFile("words.csv", b"id,word\na,apple\na,bear\n")
    assert bring(api(organiser), file=broken).status_code == 422
    assert bring(api(organiser), name="Not A Name").json()["problems"][0]["place"] == "slug"
    assert not DataSet.objects.exists()


def test_an_edit_that_makes_no_sense_changes_nothing(api, organiser):
    bring(api(organiser))
    for changes in ({"title": ""}, {"visibility": "secret"}, {"colour": "red"}):
        assert change(api(organiser), **changes).status_code == 422
    assert DataSet.objects.get().title == "Words"


def test_data_of_a_challenge_are_seen_with_it(challenge):
    address = f"{API}/{challenge.dataset.slug}"
    assert Client().get(address).json()["splits"] is None
    drain()
    shown = Client().get(address).json()
    assert shown["visibility"] is None
    assert "train" in shown["splits"]
