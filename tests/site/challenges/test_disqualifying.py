"""Who is disqualified leaves the ranks, wherever they are shown, and comes back when reinstated."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from heldout.errors import BadInput
from heldout.site.challenges import winners
from heldout.site.challenges.access import entrant_of
from heldout.site.challenges.disqualifying import disqualify, reinstate
from heldout.site.challenges.models import Disqualification
from heldout.site.challenges.teams import _merge, leave_team
from heldout.site.common.models import AuditEntry
from heldout.site.common.problems import Refused
from heldout.site.submissions import rejudging
from heldout.site.submissions.boards import leaderboard
from heldout.site.submissions.leads import lead_view
from heldout.site.submissions.models import Submission
from heldout.site.submissions.pages import available
from heldout.site.worker import drain

API = "/api/v1/challenges/cats"
PAGE = "/challenges/cats/organise/disqualifications/"
MINE = "/challenges/cats/submissions/"
PRIZE = '[[prizes]]\nplace = 1\namount = "A book"\n'
REASON = "Two accounts of one person"


@pytest.fixture
def ranked(phase, scored, participant, rival, enter_as):
    """Three of one phase: the rival before the participant before somebody third."""
    for user, right in ((rival, 50), (participant, 40), (enter_as("third"), 30)):
        scored(user, right)
    return phase


@pytest.fixture
def out(ranked, rival, organiser):
    """The first of them is disqualified."""
    made = disqualify(
        phase=ranked,
        entrant=entrant_of(ranked.challenge, rival),
        reason=REASON,
        by=organiser,
        now=timezone.now(),
    )
    drain()
    return made


def ranks(phase, viewer):
    return [(row.rank, row.entrant) for row in leaderboard(phase=phase, viewer=viewer).rows]


def test_the_others_move_up_for_everybody(out, participant, rival, organiser):
    out.phase.refresh_from_db()
    for viewer in (participant, rival, organiser):
        assert ranks(out.phase, viewer) == [(1, "participant"), (2, "third")]


def test_page_api_csv_and_charts_name_them_no_more(out, signed_in, participant):
    board = "/challenges/cats/leaderboard/"
    addresses = [
        *(f"{board}{rest}?phase=dev" for rest in ("", "ranks/", "lead/")),
        *(f"{API}/phases/dev/leaderboard{rest}" for rest in ("", ".csv")),
        "/challenges/cats/compare/?phase=dev",
        "/challenges/cats/news.atom",
    ]
    for address in addresses:
        for client in (Client(), signed_in(participant)):
            answer = client.get(address)
            assert answer.status_code == 200, address
            assert "rival" not in answer.content.decode(), address


def test_the_history_of_the_lead_forgets_them(ranked, scored, participant, rival, organiser):
    scored(participant, 45)
    given = {"phase": ranked, "by": organiser, "reason": REASON, "now": timezone.now()}
    disqualify(entrant=entrant_of(ranked.challenge, rival), **given)
    drain()
    ranked.refresh_from_db()
    board = leaderboard(phase=ranked, viewer=participant)
    view = lead_view(board, available(board, "tabular-classification")[0])
    assert [one.scored.entrant for one in view.steps] == ["participant", "participant"]


def test_a_cached_page_is_not_an_old_one(ranked, rival, organiser):
    address, client = "/challenges/cats/leaderboard/?phase=dev", Client()
    before = client.get(address)
    assert "rival" in before.content.decode()
    given = {"reason": REASON, "by": organiser, "now": timezone.now()}
    disqualify(phase=ranked, entrant=entrant_of(ranked.challenge, rival), **given)
    drain()
    after = client.get(address, headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert "rival" not in after.content.decode()


def test_submissions_stay_and_who_is_reinstated_is_ranked_again(out, rival, organiser):
    assert Submission.objects.get(by=rival).status == "scored"
    reinstate(disqualification=out, by=organiser, now=timezone.now())
    drain()
    out.phase.refresh_from_db()
    assert [name for _, name in ranks(out.phase, organiser)] == ["rival", "participant", "third"]
    said = AuditEntry.objects.filter(subject=f"phase:{out.phase_id}").order_by("id")
    told = [(one.action, one.actor) for one in said if one.action in ("disqualified", "reinstated")]
    assert told == [("disqualified", organiser), ("reinstated", organiser)]
    assert said.get(action="disqualified").details["reason"] == REASON


def test_other_phases_rank_them_still(out, scored, rival, organiser):
    other = out.phase.challenge.phases.get(key="plain")
    scored(rival, 20, phase=other)
    other.refresh_from_db()
    assert ranks(other, organiser) == [(1, "rival")]


def test_they_and_the_organisers_see_the_reason_and_nobody_else(
    out, rival, participant, organiser, signed_in, api
):
    assert REASON in signed_in(rival).get(MINE).content.decode()
    assert REASON not in signed_in(participant).get(MINE).content.decode()
    assert REASON in signed_in(organiser).get(PAGE).content.decode()
    assert signed_in(rival).get(PAGE).status_code == 403
    listed = {one.handle: api(one).get(f"{API}/disqualifications") for one in (rival, organiser)}
    for answer in listed.values():
        (told,) = answer.json()
        assert (told["entrant"], told["phase"], told["reason"]) == ("rival", "dev", REASON)
    assert api(participant).get(f"{API}/disqualifications").json() == []
    assert Client().get(f"{API}/disqualifications").status_code == 401


def test_only_organisers_do_it(ranked, out, participant, rival, outsider):
    third = ranked.challenge.entrants.get(name="third")
    for user in (participant, rival, outsider):
        given = {"by": user, "now": timezone.now()}
        with pytest.raises(PermissionDenied):
            disqualify(phase=ranked, entrant=third, reason=REASON, **given)
        with pytest.raises(PermissionDenied):
            reinstate(disqualification=out, **given)


@pytest.mark.parametrize("reason", ["", " \0 ", "x" * 501])
def test_it_needs_a_reason(ranked, rival, organiser, reason):
    entrant = entrant_of(ranked.challenge, rival)
    with pytest.raises(BadInput, match="1 to 500 letters"):
        disqualify(phase=ranked, entrant=entrant, reason=reason, by=organiser, now=timezone.now())


def test_twice_is_once(out, organiser):
    given = {"reason": "again", "by": organiser, "now": timezone.now()}
    with pytest.raises(Refused, match="is disqualified in this phase already"):
        disqualify(phase=out.phase, entrant=out.entrant, **given)


def test_who_is_disqualified_wins_nothing(challenge, revise, scored, rival, organiser):
    challenge, now = revise(PRIZE), timezone.now()
    phase = challenge.phases.get(key="dev")
    entrant = entrant_of(challenge, rival)
    named = {"challenge": challenge, "winners": {0: entrant.pk}, "text": "", "by": organiser}
    winners.set_winners(now=now, **named)
    disqualify(phase=phase, entrant=entrant, reason=REASON, by=organiser, now=now)
    assert not challenge.awards.exists()
    with pytest.raises(BadInput, match="rival is disqualified"):
        winners.set_winners(now=now, **named)


def test_nobody_gets_back_into_the_ranks_by_leaving(out, rival):
    member = out.entrant.members.get()
    with pytest.raises(Refused, match="is disqualified in a phase, and stays as it is"):
        leave_team(member=member, by=rival, now=timezone.now())
    assert entrant_of(out.phase.challenge, rival) == out.entrant


@pytest.mark.parametrize("asks", ["rival", "participant"])
def test_nobody_gets_back_by_merging_or_takes_others_out(out, asks, participant, rival):
    challenge, now = out.phase.challenge, timezone.now()
    first, second = (rival, participant) if asks == "rival" else (participant, rival)
    team, other = entrant_of(challenge, first), entrant_of(challenge, second)
    with pytest.raises(Refused, match="is disqualified in a phase"):
        _merge(team, other, second, now)
    assert {entrant_of(challenge, one).pk for one in (first, second)} == {team.pk, other.pk}


def test_a_rejudging_does_not_rank_them_either(out, organiser):
    made = rejudging.start(
        challenge=out.phase.challenge, by=organiser, now=timezone.now(), reason="mended"
    )
    drain()
    changes = rejudging.changes(rejudging=made, viewer=organiser, now=timezone.now())
    assert {one.entrant for one in changes} == {"participant", "third"}


def test_an_organiser_does_it_on_the_page(ranked, rival, organiser, signed_in):
    client, entrant = signed_in(organiser), entrant_of(ranked.challenge, rival)
    given = {"phase": ranked.pk, "entrant": entrant.pk, "reason": REASON}
    assert client.post(PAGE, given | {"reason": ""}).status_code == 422
    assert client.post(PAGE, given).status_code == 302
    assert client.post(PAGE, given).status_code == 422
    found = Disqualification.objects.get()
    assert client.post(f"{PAGE}{found.pk}/").status_code == 302
    assert not Disqualification.objects.exists()


def test_a_program_does_the_same(ranked, organiser, participant, api):
    address, client = f"{API}/disqualifications", api(organiser)
    given = {"phase": "dev", "entrant": "rival", "reason": REASON}

    def post(one, body):
        return one.post(address, body, content_type="application/json")

    assert post(api(participant), given).status_code == 403
    assert post(client, given | {"entrant": "nobody"}).status_code == 404
    made = post(client, given)
    assert made.status_code == 201
    assert post(client, given).status_code == 409
    number = made.json()["id"]
    assert api(participant).delete(f"{address}/{number}").status_code == 403
    assert client.delete(f"{address}/{number}").status_code == 204
    assert client.delete(f"{address}/{number}").status_code == 404
