"""An owner says who sees what; it holds in the indexes themselves, at once."""

import json

import pytest

from heldout.datasets.index.query import Query
from heldout.datasets.index.views import Role
from heldout.site.catalog.grants import role_of, visible
from heldout.site.catalog.indexes import open_index
from heldout.site.catalog.models import RevisionIndex
from heldout.site.catalog.visibility import rules_of
from heldout.site.common.models import AuditEntry
from heldout.site.worker import drain

PAGE = "/data/pictures/visibility/"


@pytest.fixture
def choose(owner, signed_in, dataset):
    """Choose on the page who sees what, by part and name."""

    def choose(**roles):
        rules = rules_of(dataset.current)
        given = {"revision": dataset.current.pk}
        for place, one in enumerate(rules):
            wanted = roles.get(f"{one.part}_{one.name}", one.role)
            given[f"{one.part}-{place}"] = int(wanted)
        return signed_in(owner).post(PAGE, given)

    return choose


@pytest.fixture
def friend(dataset, outsider, owner, signed_in):
    """Somebody the data are shared with."""
    response = signed_in(owner).post(f"{PAGE}share/", {"person": "outsider"})
    assert response.url == f"{PAGE}#participants"
    return outsider


def test_only_the_owner_has_the_page(dataset, outsider, signed_in, client):
    assert client.get(PAGE).status_code == 302
    assert signed_in(outsider).get(PAGE).status_code == 404
    for part in ("look/", "share/"):
        assert signed_in(outsider).post(PAGE + part).status_code == 404
    assert PAGE not in signed_in(outsider).get("/data/pictures/").content.decode()


def test_a_challenges_data_are_ruled_by_the_challenge(challenge, organiser, signed_in):
    assert signed_in(organiser).get("/data/cats/visibility/").status_code == 404


def test_every_split_column_and_annotation_is_listed(dataset):
    found = {(one.part, one.name) for one in rules_of(dataset.current)}
    assert {("splits", "train"), ("columns", "income"), ("annotations", "train")} <= found
    assert not {name for _, name in found} & {"example_id", "image"}


def test_what_is_hidden_is_out_of_the_indexes_at_once_and_stays_out(dataset, choose, client):
    choose(columns_country=Role.ORGANISER, splits_test=Role.PARTICIPANT)
    # Before the new indexes are built nobody reads the old ones.
    assert not RevisionIndex.objects.exists()
    assert client.get("/data/pictures/").status_code == 503
    drain()
    dataset.current.refresh_from_db()
    indexes = [open_index(dataset.current, role) for role in Role]
    assert [one.summary.rows for one in indexes] == [40, 60, 60]
    assert ["country" in one.columns for one in indexes] == [False, False, True]
    assert indexes[0].count(Query.of("Kenya")) == 0
    assert indexes[2].count(Query.of("Kenya")) == 15


def test_annotations_are_hidden_by_split(dataset, choose):
    choose(annotations_train=Role.ORGANISER)
    drain()
    dataset.current.refresh_from_db()
    public, own = (open_index(dataset.current, role) for role in (Role.PUBLIC, Role.ORGANISER))
    assert public.item("train", "train/00", Query()).marks == ()
    assert len(own.item("train", "train/00", Query()).marks) == 2


def test_files_are_the_owners_alone_while_something_is_hidden(choose, dataset, client, fetch):
    address = "/data/pictures/files/train.parquet"
    assert fetch(client, address)[0].status_code == 200
    choose(columns_country=Role.ORGANISER)
    assert client.get(address).status_code == 404


def test_what_is_shown_again_is_shown(dataset, choose, client):
    choose(columns_country=Role.ORGANISER)
    drain()
    dataset.current.refresh_from_db()
    choose(columns_country=Role.PUBLIC)
    drain()
    assert "of 15 examples" in client.get("/data/pictures/?f.country=Kenya").content.decode()


def test_the_same_again_builds_nothing(dataset, choose):
    assert choose().status_code == 302
    assert RevisionIndex.objects.exists()


@pytest.mark.parametrize("role", ["9", "x", ""])
def test_a_choice_there_is_none_changes_nothing(dataset, owner, signed_in, role):
    given = {"revision": dataset.current.pk, "splits-0": role}
    signed_in(owner).post(PAGE, given)
    dataset.current.refresh_from_db()
    assert not dataset.current.layout.get("splits")


def test_a_form_of_an_earlier_revision_is_not_applied(dataset, owner, signed_in):
    response = signed_in(owner).post(PAGE, {"revision": "0", "splits-0": "3"}, follow=True)
    assert "There is a newer revision" in response.content.decode()
    dataset.current.refresh_from_db()
    assert not dataset.current.layout.get("splits")


def test_people_the_data_are_shared_with_see_what_is_for_participants(
    dataset, friend, choose, signed_in, owner
):
    dataset.visibility = "private"
    dataset.save()
    assert role_of(friend, dataset) == Role.PARTICIPANT
    assert visible(friend).get() == dataset
    choose(columns_country=Role.PARTICIPANT, columns_income=Role.ORGANISER)
    drain()
    text = signed_in(friend).get("/data/pictures/about/").content.decode()
    assert "<code>country</code>" in text
    assert "<code>income</code>" not in text
    signed_in(owner).post(f"{PAGE}unshare/{friend.pk}/")
    assert signed_in(friend).get("/data/pictures/").status_code == 404


@pytest.mark.parametrize("name", ["nobody", "", "%", "x" * 400, "a\0b"])
def test_nobody_is_not_made_a_participant(dataset, owner, signed_in, name):
    response = signed_in(owner).post(f"{PAGE}share/", {"person": name}, follow=True)
    assert "nobody here has this name" in response.content.decode()
    assert not dataset.participants.exists()


def test_an_owner_looks_as_others_do_and_stops(dataset, choose, owner, signed_in):
    choose(columns_country=Role.ORGANISER, columns_income=Role.PARTICIPANT)
    drain()
    client = signed_in(owner)

    def columns():
        text = client.get("/data/pictures/about/").content.decode()
        return {name for name in ("country", "income") if f"<code>{name}</code>" in text}

    seen = {0: columns()}
    for role in (1, 2, 3):
        client.post(f"{PAGE}look/", {"role": role})
        seen[role] = columns()
    assert seen == {0: {"country", "income"}, 1: set(), 2: {"income"}, 3: {"country", "income"}}


def test_looking_as_a_greater_role_gives_nothing(dataset, choose, outsider, signed_in, client):
    choose(columns_country=Role.ORGANISER)
    drain()
    stranger = signed_in(outsider)
    session = stranger.session
    session["look-as"] = {"pictures": 3}
    session.save()
    assert "<code>country</code>" not in stranger.get("/data/pictures/about/").content.decode()


def test_the_page_shows_what_each_role_sees(dataset, choose, owner, signed_in):
    choose(splits_test=Role.ORGANISER)
    assert "The index is being built" in signed_in(owner).get(PAGE).content.decode()
    drain()
    text = " ".join(signed_in(owner).get(PAGE).content.decode().split())
    assert text.count("Look as") == 2
    assert ">40</td>" in text
    assert ">60</td>" in text


def test_who_hid_what_is_written_down(dataset, choose, owner):
    choose(splits_test=Role.ORGANISER)
    entry = AuditEntry.objects.get(action="visibility changed")
    assert (entry.actor, entry.details["hidden"]["splits"]) == (owner, {"test": 3})
    assert "Kenya" not in json.dumps(entry.details)
