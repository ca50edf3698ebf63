"""Over the API: teams, announcements, winners and people, by the same rules as on the pages."""

import dataclasses

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from heldout.site.challenges.models import Award
from heldout.site.challenges.services import invite
from heldout.site.worker import drain

BASE = "/api/v1/challenges/cats"


@pytest.fixture
def call(api):
    """Call the API as somebody; returns the status and what it says."""

    def call(user, method, path, given=None):
        sent = {"data": given, "content_type": "application/json"} if given is not None else {}
        answer = getattr(api(user), method)(f"{BASE}{path}", **sent)
        return answer.status_code, answer.json() if answer.content else None

    return call


def test_a_team_is_formed_joined_and_left(teamed, call, participant, outsider):
    assert call(outsider, "get", "/team")[0] == 404
    status, made = call(participant, "post", "/team", {"name": "The Owls"})
    assert (status, made["name"], made["largest"], made["may_merge"]) == (201, "The Owls", 3, True)
    status, offer = call(participant, "post", "/team/offers", {})
    secret = offer["link"].rstrip("/").rpartition("/")[2]
    status, joined = call(outsider, "post", "/team/join", {"secret": secret})
    assert [(one["handle"], one["rank"]) for one in joined["members"]] == [
        ("participant", "captain"),
        ("outsider", "member"),
    ]
    assert call(participant, "post", "/team/captain", {"person": "OUTSIDER"})[0] == 200
    assert call(participant, "delete", "/team/members/participant")[0] == 204
    assert call(participant, "get", "/team")[0] == 404
    assert call(outsider, "patch", "/team", {"name": "Larks"})[1]["name"] == "Larks"


def test_invitations_are_listed_for_both_sides_and_answered_once(
    teamed, call, participant, outsider, annotator
):
    call(participant, "post", "/team", {"name": "The Owls"})
    offer = call(participant, "post", "/team/offers", {"person": "outsider"})[1]["id"]
    assert [one["mine"] for one in call(outsider, "get", "/team/offers")[1]] == [True]
    assert [one["mine"] for one in call(participant, "get", "/team/offers")[1]] == [False]
    assert call(annotator, "get", "/team/offers")[1] == []
    assert call(annotator, "post", f"/team/offers/{offer}/accept")[0] == 404
    assert call(outsider, "post", f"/team/offers/{offer}/accept")[0] == 204
    assert call(outsider, "post", f"/team/offers/{offer}/accept")[0] == 404


def test_entrants_merge(teamed, call, participant, rival):
    call(participant, "post", "/team", {"name": "The Owls"})
    offer = call(participant, "post", "/team/offers", {"entrant": "rival"})[1]["id"]
    assert call(rival, "post", f"/team/offers/{offer}/accept")[0] == 204
    assert len(call(rival, "get", "/team")[1]["members"]) == 2


def test_a_mailed_invitation_is_no_link_in_the_answer(teamed, call, participant):
    call(participant, "post", "/team", {"name": "The Owls"})
    status, offer = call(participant, "post", "/team/offers", {"email": "a@b.example"})
    assert (status, offer["link"], offer["mailed"]) == (201, None, True)
    assert mail.outbox[0].to == ["a@b.example"]


@pytest.mark.parametrize(
    "given", [{"person": "a\0b"}, {"person": "\ud800"}, {"email": "no"}, {"colour": 1}, []]
)
def test_what_makes_no_sense_is_refused_in_words(teamed, call, participant, given):
    call(participant, "post", "/team", {"name": "The Owls"})
    status, answer = call(participant, "post", "/team/offers", given)
    assert status in (400, 409, 422)
    assert answer["problems"]


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 2**70])
def test_a_number_no_row_has_is_not_there(teamed, call, participant, organiser, number):
    assert call(participant, "post", f"/team/offers/{number}/accept")[0] in {404, 422}
    assert call(organiser, "delete", f"/announcements/{number}")[0] in {404, 422}


def test_announcements_are_written_read_and_retracted(challenge, call, organiser, participant):
    given = {"title": "Hello", "text": "*World*", "mail": True}
    assert call(participant, "post", "/announcements", given)[0] == 403
    status, made = call(organiser, "post", "/announcements", given)
    assert (status, made["text"], made["mailed"]) == (201, "*World*", True)
    assert call(participant, "get", "/announcements")[1] == [made]
    assert call(participant, "put", "/mail", {"wanted": False})[0] == 204
    drain()
    assert not mail.outbox
    assert call(organiser, "delete", f"/announcements/{made['id']}")[0] == 204
    assert Client().get(f"{BASE}/announcements").json() == []


def test_winners_are_set_and_stay_hidden_until_they_are_published(
    challenge, revise, call, organiser, participant
):
    revise('[[prizes]]\nplace = 1\namount = "A book"\n')
    given = {"winners": [{"prize": 0, "entrant": "participant"}], "text": "Well done"}
    assert call(participant, "put", "/winners", given)[0] == 403
    assert call(participant, "get", "/winners")[0] == 404
    assert call(organiser, "put", "/winners", given)[1]["published_at"] is None
    assert call(participant, "get", "/winners")[0] == 404
    early = {"winners": [], "text": "Too early", "published": True}
    assert call(organiser, "put", "/winners", early)[0] == 409
    assert call(organiser, "get", "/winners")[1]["text"] == "Well done"
    challenge.phases.update(retired=True)
    assert call(organiser, "put", "/winners", given | {"published": True})[0] == 200
    won = Client().get(f"{BASE}/winners").json()["winners"]
    assert [(one["entrant"], one["amount"]) for one in won] == [("participant", "A book")]


def test_a_winner_who_does_not_take_part_is_refused(challenge, revise, call, organiser):
    revise('[[prizes]]\nplace = 1\namount = "A book"\n')
    given = {"winners": [{"prize": 0, "entrant": "nobody"}]}
    status, answer = call(organiser, "put", "/winners", given)
    assert status == 422
    assert "does not take part" in str(answer)
    assert not Award.objects.exists()


def test_people_are_managed_by_the_organiser_alone(challenge, call, organiser, participant):
    for method, path, given in (
        ("get", "/people", None),
        ("put", "/visibility", {"visibility": "private"}),
        ("put", "/people/organisers", {"email": "a@b.example", "role": "reviewer"}),
        ("delete", "/people/organisers/organiser", None),
        ("post", "/people/invitations", {"emails": ["a@b.example"]}),
        ("post", "/people/invitations/withdraw", {"email": "a@b.example"}),
    ):
        assert call(participant, method, path, given)[0] == 403
    call(organiser, "put", "/people/organisers", {"email": "a@b.example", "role": "reviewer"})
    call(organiser, "post", "/people/invitations", {"emails": ["c@d.example"]})
    found = call(organiser, "get", "/people")[1]
    assert [one["role"] for one in found["organisers"]] == ["organiser", "reviewer"]
    assert found["invitations"] == ["c@d.example"]
    handle = found["organisers"][1]["handle"]
    assert call(organiser, "delete", f"/people/organisers/{handle}")[0] == 204
    answer = call(organiser, "post", "/people/invitations/withdraw", {"email": "C@D.example"})[1]
    assert answer["invitations"] == []
    answer = call(organiser, "put", "/visibility", {"visibility": "private"})[1]
    assert answer["visibility"] == "private"
    assert call(participant, "get", "/people")[0] == 404


def test_what_a_private_challenge_has_is_not_there(challenge, call, outsider, organiser):
    invite(challenge=challenge, emails=["x@y.example"], by=organiser, now=timezone.now())
    challenge.visibility = "private"
    challenge.save()
    for path in ("/team", "/team/offers", "/announcements", "/winners", "/people"):
        assert call(outsider, "get", path)[0] == 404


def test_a_folder_on_the_server_is_published_by_those_who_may(
    made, site, api, organiser, outsider, challenge
):
    folders = "/api/v1/folders"
    assert api(organiser).get(folders).json() == []
    site.HELDOUT = dataclasses.replace(site.HELDOUT, publish_from=str(made.folder.parent))
    assert api(outsider).get(folders).status_code == 403
    assert api(outsider).post(f"{folders}/cats/publish").status_code == 403
    assert api(organiser).get(folders).json() == ["cats"]
    assert api(organiser).post(f"{folders}/dogs/publish").status_code == 404
    assert api(organiser).post(f"{folders}/cats/publish").json() == {
        "id": "cats",
        "revision": 1,
        "changed": False,
    }
