import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from heldout.site.challenges import teams
from heldout.site.challenges.models import TeamOffer

TEAM = "/challenges/cats/team/"


@pytest.fixture
def team(teamed, participant):
    return teams.form_team(challenge=teamed, name="The Owls", by=participant, now=timezone.now())


@pytest.fixture
def post(signed_in):
    """Fill in one of the forms of the page; its fields carry the form's name."""

    def post(user, form, **fields):
        given = {f"{form}-{name}": value for name, value in fields.items()}
        return signed_in(user).post(TEAM, given | {"form": form}, follow=True)

    return post


def test_the_page_of_the_team_needs_an_account(teamed):
    assert Client().get(TEAM).headers["Location"].startswith("/accounts/login/")


def test_a_team_is_formed_and_renamed_on_its_page(teamed, participant, post):
    assert "you are its captain" in post(participant, "name", name="The Owls").content.decode()
    post(participant, "name", name="The Larks")
    assert teamed.entrants.get().name == "The Larks"


def test_a_name_that_is_taken_is_said_beside_the_form(team, outsider, post):
    answer = post(outsider, "name", name="the owls")
    assert answer.status_code == 422
    assert "is taken" in answer.content.decode()


def test_somebody_invited_by_name_accepts_on_their_own_page(
    team, participant, outsider, post, signed_in
):
    post(participant, "person", handle="outsider")
    assert "participant invites you" in signed_in(outsider).get(TEAM).content.decode()
    answer = signed_in(outsider).post(
        f"{TEAM}offers/{TeamOffer.objects.get().pk}/", {"answer": "accept"}, follow=True
    )
    assert "You are in the team The Owls." in answer.content.decode()


def test_an_invitation_is_mailed_and_its_link_works_once(
    team, participant, outsider, annotator, post, signed_in
):
    post(participant, "mail", email="somebody@elsewhere.example")
    message = mail.outbox[0]
    assert message.to == ["somebody@elsewhere.example"]
    path = re.search(r"https?://[^/\s]+(/challenges/\S+)", message.body)[1]
    assert path in message.alternatives[0].content
    assert "Join the team The Owls?" in signed_in(outsider).get(path).content.decode()
    signed_in(outsider).post(path, {"answer": "accept"})
    assert team.members.count() == 2
    assert signed_in(annotator).get(path).status_code == 404


def test_a_link_without_an_address_is_shown_once(team, participant, post, signed_in):
    html = post(participant, "mail", email="").content.decode()
    assert re.search(r'id="secret">http://[^<]+/team/join/[^<]+<', html)
    assert "team/join/" not in signed_in(participant).get(TEAM).content.decode()


def test_a_mail_that_cannot_be_sent_leaves_the_link(team, participant, post, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    html = post(participant, "mail", email="a@b.example").content.decode()
    assert "Pass the link on yourself" in html
    assert "team/join/" in html


def test_a_captains_name_cannot_add_a_header_to_a_mail(team, participant, post):
    type(team).objects.filter(pk=team.pk).update(name="Owls\r\nBcc: all@example.org")
    post(participant, "mail", email="a@b.example")
    assert "\n" not in mail.outbox[0].subject


def test_nobody_answers_an_invitation_of_others(team, participant, outsider, annotator, signed_in):
    offer = teams.offer_person(entrant=team, handle="outsider", by=participant, now=timezone.now())
    for answer in ("accept", "decline", "withdraw"):
        response = signed_in(annotator).post(f"{TEAM}offers/{offer.pk}/", {"answer": answer})
        assert response.status_code == 404
    offer.refresh_from_db()
    assert offer.state == "open"


def test_leaving_is_asked_for_once_more(team, participant, signed_in):
    client, path = signed_in(participant), f"{TEAM}members/{team.members.get().pk}/off/"
    assert "Submissions stay with the team" in client.get(path).content.decode()
    assert team.members.exists()
    left = client.post(path, follow=True).content.decode()
    assert "You are no longer in the team" in left
    assert not team.members.exists()


def test_the_members_of_another_team_are_not_there(team, outsider, signed_in):
    member = team.members.get().pk
    for page in ("off", "lead"):
        path = f"{TEAM}members/{member}/{page}/"
        assert signed_in(outsider).get(path).status_code == 404
        assert signed_in(outsider).post(path).status_code == 404
    assert team.members.exists()


def test_a_private_challenges_team_page_is_not_there(team, teamed, outsider, signed_in):
    teamed.visibility = "private"
    teamed.save()
    assert signed_in(outsider).get(TEAM).status_code == 404
