from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from heldout.errors import BadInput
from heldout.site.challenges import winners
from heldout.site.challenges.access import entrant_of
from heldout.site.challenges.models import Award
from heldout.site.common.models import AuditEntry
from heldout.site.common.problems import Refused

PRIZES = """
[[prizes]]
place = 1
amount = "1000 USD"
sponsor = "Example Foundation"
[[prizes]]
place = 2
amount = "A book"
"""
OVER = datetime(2100, 1, 1, tzinfo=UTC)
PAGE = "/challenges/cats/winners/"


@pytest.fixture
def prized(challenge, revise):
    return revise(PRIZES)


@pytest.fixture
def entrant(prized, participant):
    return entrant_of(prized, participant)


def name(challenge, by, entrant, text="Well done."):
    winners.set_winners(
        challenge=challenge, winners={0: entrant.pk}, text=text, by=by, now=timezone.now()
    )


def test_only_who_edits_names_winners(prized, entrant, outsider, participant):
    for who in (outsider, participant):
        with pytest.raises(PermissionDenied):
            name(prized, who, entrant)
        with pytest.raises(PermissionDenied):
            winners.publish_winners(challenge=prized, by=who, now=OVER)
    assert not Award.objects.exists()


def test_winners_are_not_published_before_the_last_phase_has_closed(prized, entrant, organiser):
    name(prized, organiser, entrant)
    with pytest.raises(Refused, match="has not closed yet"):
        winners.publish_winners(challenge=prized, by=organiser, now=timezone.now())
    prized.refresh_from_db()
    assert prized.winners_at is None


def test_the_page_is_the_organisers_until_it_is_published(
    prized, entrant, organiser, client, signed_in
):
    name(prized, organiser, entrant)
    early = client.get(PAGE).content.decode()
    assert "Winners are named after" in early
    assert "1000 USD" not in early
    assert "Well done." not in early
    assert PAGE not in client.get("/challenges/cats/").content.decode()
    preview = signed_in(organiser).get(PAGE).content.decode()
    assert "Only organisers see what stands below" in preview
    assert "Well done." in preview
    winners.publish_winners(challenge=prized, by=organiser, now=OVER)
    html = client.get(PAGE).content.decode()
    assert "participant" in html
    assert "1000 USD" in html
    assert "Example Foundation" in html
    assert "Well done." in html
    winners.hide_winners(challenge=prized, by=organiser, now=OVER)
    assert "1000 USD" not in client.get(PAGE).content.decode()


def test_a_prize_or_an_entrant_that_is_not_there_is_refused(prized, entrant, organiser):
    with pytest.raises(BadInput) as refusal:
        winners.set_winners(
            challenge=prized, winners={2: entrant.pk, 0: 0}, text="", by=organiser, now=OVER
        )
    assert [problem.place for problem in refusal.value.problems] == ["prize", "entrant"]


def test_an_award_keeps_the_words_of_its_prize(prized, entrant, organiser, revise):
    name(prized, organiser, entrant)
    revise(old='amount = "1000 USD"', new='amount = "1 USD"')
    assert Award.objects.get().amount == "1000 USD"


def test_the_form_names_and_publishes(prized, entrant, organiser, signed_in, client):
    prized.phases.update(
        closes=datetime(2025, 1, 1, tzinfo=UTC), opens=datetime(2024, 1, 1, tzinfo=UTC)
    )
    given = {"prize-0": str(entrant.pk), "prize-1": "", "text": "Hooray", "wish": "publish"}
    answer = signed_in(organiser).post("/challenges/cats/organise/winners/", given, follow=True)
    assert "The winners are published." in answer.content.decode()
    assert "Hooray" in client.get(PAGE).content.decode()
    assert PAGE in client.get("/challenges/cats/").content.decode()


def test_the_form_refuses_to_publish_too_early_and_keeps_what_was_chosen(
    prized, entrant, organiser, signed_in, client
):
    given = {"prize-0": str(entrant.pk), "text": "Hooray", "wish": "publish"}
    answer = signed_in(organiser).post("/challenges/cats/organise/winners/", given)
    assert answer.status_code == 422
    assert "has not closed yet" in answer.content.decode()
    assert Award.objects.get().entrant == entrant
    assert "Hooray" not in client.get(PAGE).content.decode()


def test_organisers_are_told_what_is_still_to_do(prized, organiser, entrant, signed_in, client):
    form = "/challenges/cats/organise/winners/"
    early = signed_in(organiser).get(form).content.decode()
    assert "Wait until the last phase has closed" in early
    assert "0 of 2 prizes chosen" in early
    assert "Save and publish" not in early
    prized.phases.update(
        closes=datetime(2025, 1, 1, tzinfo=UTC), opens=datetime(2024, 1, 1, tzinfo=UTC)
    )
    late = signed_in(organiser).get(form).content.decode()
    assert "Wait until" not in late
    assert "Save and publish" in late
    assert "have not named the winners yet" in client.get(PAGE).content.decode()


def test_naming_and_publishing_are_in_the_audit_log(prized, entrant, organiser):
    name(prized, organiser, entrant)
    winners.publish_winners(challenge=prized, by=organiser, now=OVER)
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions[-2:] == ["winners set", "winners published"]
