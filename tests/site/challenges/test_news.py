"""Announcements: who may write, who sees them, who gets a mail, and what the feeds say."""

import re
from xml.etree import ElementTree

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from heldout.errors import BadInput
from heldout.site.accounts.models import Scope
from heldout.site.accounts.services import create_token, revoke_token
from heldout.site.challenges import news
from heldout.site.challenges.models import Announcement
from heldout.site.challenges.services import invite
from heldout.site.common.models import AuditEntry
from heldout.site.worker import drain

NEWS, FEED = "/challenges/cats/news/", "/challenges/cats/news.atom"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def announce(challenge, organiser):
    def announce(title="Answers mended", text="Three labels were **wrong**.", mail=False):
        return news.announce(
            challenge=challenge, title=title, text=text, mail=mail, by=organiser, now=timezone.now()
        )

    return announce


@pytest.fixture
def hidden(challenge):
    challenge.visibility = "private"
    challenge.save()
    return challenge


def entries(response) -> list[str]:
    titles = ElementTree.fromstring(response.content).iter(f"{ATOM}title")
    return [one.text for one in titles][1:]


def test_only_who_edits_the_challenge_announces(challenge, outsider, participant):
    for who in (outsider, participant):
        with pytest.raises(PermissionDenied):
            news.announce(
                challenge=challenge, title="x", text="y", mail=True, by=who, now=timezone.now()
            )
    assert not Announcement.objects.exists()


def test_an_announcement_without_words_is_refused(announce):
    with pytest.raises(BadInput) as refusal:
        announce(title=" \0 ", text="")
    assert [problem.place for problem in refusal.value.problems] == ["title", "text"]


def test_an_announcement_stands_on_the_page_as_markdown_and_without_scripts(announce, client):
    announce(text="**Bold** <script>alert(1)</script> [x](javascript:alert(1))")
    html = client.get(NEWS).content.decode()
    assert "<strong>Bold</strong>" in html
    assert "<script>alert" not in html
    assert 'href="javascript' not in html


def test_those_who_take_part_get_a_mail_as_text_and_html(announce, participant, rival, outsider):
    announce(mail=True)
    drain()
    assert sorted(to for one in mail.outbox for to in one.to) == [participant.email, rival.email]
    message = mail.outbox[0]
    assert message.subject.endswith("Cats and others: Answers mended")
    assert "Three labels were **wrong**." in message.body
    assert "/challenges/cats/news/#a" in message.body
    assert "<strong>wrong</strong>" in message.alternatives[0].content


def test_without_the_box_nobody_gets_a_mail(announce, participant):
    announce()
    drain()
    assert not mail.outbox


def test_who_wants_no_mail_gets_none(announce, participant, rival, signed_in):
    signed_in(participant).post(f"{NEWS}mail/", {"mail": "no"})
    announce(mail=True)
    drain()
    assert [one.to for one in mail.outbox] == [[rival.email]]
    signed_in(participant).post(f"{NEWS}mail/", {"mail": "yes"})
    announce(mail=True)
    drain()
    assert len(mail.outbox) == 3


def test_an_address_nobody_confirmed_gets_no_mail(announce, participant, settings):
    values = {name: getattr(settings.HELDOUT, name) for name in type(settings.HELDOUT).__slots__}
    settings.HELDOUT = type(settings.HELDOUT)(**values | {"email_verification": "mandatory"})
    announce(mail=True)
    drain()
    assert not mail.outbox
    participant.emailaddress_set.update(verified=True)
    announce(mail=True)
    drain()
    assert [one.to for one in mail.outbox] == [[participant.email]]


def test_what_is_retracted_before_its_mail_leaves_is_not_mailed(announce, participant, organiser):
    made = announce(mail=True)
    news.retract(announcement=made, by=organiser, now=timezone.now())
    drain()
    assert not mail.outbox
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions[-2:] == ["announced", "announcement retracted"]


def test_a_challenge_made_private_mails_only_those_who_still_see_it(
    announce, participant, challenge, hidden
):
    announce(mail=True)
    drain()
    assert not mail.outbox


def test_the_feed_is_atom_and_stays_the_same_while_nothing_happens(announce, client):
    empty = client.get(FEED)
    assert empty.headers["Content-Type"].startswith("application/atom+xml")
    assert empty.content == client.get(FEED).content
    announce()
    announce("Second")
    full = client.get(FEED)
    assert entries(full) == ["Second", "Answers mended"]
    assert full.content == client.get(FEED).content
    assert "&lt;strong&gt;wrong&lt;/strong&gt;" in full.content.decode()


def test_a_private_challenge_has_no_feed_for_others(
    announce, hidden, client, signed_in, outsider, organiser
):
    announce()
    for visitor in (client, signed_in(outsider)):
        assert visitor.get(FEED).status_code == 404
        assert visitor.get(NEWS).status_code == 404
        assert entries(visitor.get("/news.atom")) == []
    assert entries(signed_in(organiser).get("/news.atom")) == ["Answers mended"]


@pytest.fixture
def token():
    """Make a token; the secret that stands in the address."""

    def make(user, scope=Scope.FEED):
        return create_token(user=user, name="reader", scope=scope, now=timezone.now())

    return make


def test_a_feed_reader_with_a_token_sees_what_its_owner_may(
    announce, hidden, client, token, organiser, outsider
):
    announce()
    _, mine = token(organiser)
    for address in (FEED, "/news.atom"):
        answer = client.get(address, {"token": mine})
        assert entries(answer) == ["Answers mended"]
        assert answer.headers["Cache-Control"] == "private"
        assert mine not in answer.content.decode()
    _, theirs = token(outsider)
    assert client.get(FEED, {"token": theirs}).status_code == 404
    assert entries(client.get("/news.atom", {"token": theirs})) == []


def test_a_revoked_or_unknown_token_opens_no_feed(announce, client, token, participant):
    announce()
    made, secret = token(participant)
    assert client.get(FEED, {"token": secret}).status_code == 200
    revoke_token(token=made, by=participant, now=timezone.now())
    for wrong in (secret, "hld_x", "", "\ufffd"):
        assert client.get(FEED, {"token": wrong}).status_code == 403
        assert client.get("/news.atom", {"token": wrong}).status_code == 403


def test_a_token_for_feeds_opens_nothing_else_and_others_open_no_feed(
    challenge, client, token, organiser
):
    """An address is read by many: what stands in it must not be a key to more."""
    _, secret = token(organiser)
    mine = Client(headers={"Authorization": f"Bearer {secret}"})
    assert mine.get("/api/v1/challenges/cats").status_code == 403
    assert client.get(f"/challenges/cats/organise/?token={secret}").status_code == 302
    for scope in (Scope.READ, Scope.SUBMIT, Scope.ORGANISE):
        assert client.get(FEED, {"token": token(organiser, scope)[1]}).status_code == 403


def test_the_account_page_gives_the_address_for_a_feed_reader(signed_in, participant, client):
    wanted = {"form": "token", "name": "reader", "scope": "feed", "days": "0"}
    page = signed_in(participant).post("/account/", wanted).content.decode()
    address = re.search(r"http[^<]*(/news\.atom\?token=hld_[\w-]+)</code>", page)
    assert client.get(address[1]).status_code == 200


def test_the_feed_of_the_site_honours_invitations(
    announce, challenge, client, signed_in, outsider, organiser
):
    announce()
    assert entries(client.get("/news.atom")) == ["Answers mended"]
    challenge.visibility = "invited"
    challenge.save()
    assert entries(client.get("/news.atom")) == []
    invite(challenge=challenge, emails=[outsider.email], by=organiser, now=timezone.now())
    assert entries(signed_in(outsider).get("/news.atom")) == ["Answers mended"]


def test_the_form_announces(signed_in, organiser, challenge, participant, client):
    sent = {"title": "Hello", "text": "World", "mail": "on"}
    answer = signed_in(organiser).post("/challenges/cats/organise/news/", sent, follow=True)
    assert "“Hello” is announced and is on its way by mail." in answer.content.decode()
    drain()
    assert len(mail.outbox) == 1


def test_the_news_are_called_so_before_there_are_any(client, challenge):
    title = re.search(r"<title>([^·]*)·", client.get("/challenges/cats/news/").content.decode())
    assert title
    assert title[1].strip() == "News"


def test_the_organisers_news_pages_refuse_others(announce, signed_in, participant):
    made = announce()
    for path in ("organise/news/", f"organise/news/{made.pk}/retract/", "organise/winners/"):
        assert signed_in(participant).post(f"/challenges/cats/{path}").status_code == 403
        assert Client().get(f"/challenges/cats/{path}").status_code == 302
    assert Announcement.objects.exists()


def test_the_newly_invited_get_a_mail_where_it_is_wished(challenge, organiser):
    for _ in range(2):
        invite(
            challenge=challenge,
            emails=["one@example.org"],
            by=organiser,
            now=timezone.now(),
            mail=True,
        )
    invite(challenge=challenge, emails=["two@example.org"], by=organiser, now=timezone.now())
    drain()
    assert [one.to for one in mail.outbox] == [["one@example.org"]]
    assert "/challenges/cats/" in mail.outbox[0].body


def test_an_invitation_is_withdrawn(challenge, organiser, outsider, signed_in):
    invite(challenge=challenge, emails=[outsider.email], by=organiser, now=timezone.now())
    challenge.visibility = "invited"
    challenge.save()
    path = f"organise/people/invitations/{challenge.invitations.get().pk}/withdraw/"
    assert signed_in(outsider).post(f"/challenges/cats/{path}").status_code == 403
    signed_in(organiser).post(f"/challenges/cats/{path}")
    assert not outsider.has_perm("challenges.view", challenge)
