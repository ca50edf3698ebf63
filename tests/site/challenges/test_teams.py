from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from heldout.site.accounts.services import create_user
from heldout.site.challenges import teams
from heldout.site.challenges.access import entrant_of
from heldout.site.challenges.models import Entrant, Member, OfferState, Rank, TeamOffer
from heldout.site.challenges.services import accept_terms, edit_phase, join
from heldout.site.common.models import AuditEntry
from heldout.site.common.problems import Refused
from heldout.site.submissions.limits import allowances
from heldout.site.submissions.models import Submission, Usage


@pytest.fixture
def form(teamed):
    return lambda by, name="The Owls": teams.form_team(
        challenge=teamed, name=name, by=by, now=timezone.now()
    )


@pytest.fixture
def person(teamed):
    return lambda handle: create_user(email=f"{handle}@example.org", handle=handle)


def invite(team: Entrant, user, now=None) -> TeamOffer:
    captain = team.members.get(rank=Rank.CAPTAIN).user
    now = now or timezone.now()
    return teams.offer_person(entrant=team, handle=user.handle, by=captain, now=now)


def take_in(team: Entrant, user, now=None) -> Entrant:
    now = now or timezone.now()
    return teams.accept_offer(offer=invite(team, user, now), by=user, now=now)


def names(team: Entrant) -> set[str]:
    return {member.user.handle for member in team.members.select_related("user")}


def used(holder: str, phase) -> dict[str, int]:
    rows = Usage.objects.filter(phase=phase, holder=holder)
    return {row.period.partition(":")[0]: row.used for row in rows}


def test_there_are_no_teams_where_everybody_enters_alone(challenge, outsider):
    with pytest.raises(Refused, match="entered alone"):
        teams.form_team(challenge=challenge, name="Owls", by=outsider, now=timezone.now())


def test_who_forms_a_team_is_its_captain_and_keeps_their_submissions(
    form, participant, scored, teamed
):
    submission = scored(participant)
    team = form(participant)
    assert team.members.get().rank == Rank.CAPTAIN
    assert Submission.objects.get().entrant == team
    assert submission.entrant_id == team.pk


def test_a_person_is_in_one_entrant_by_the_databases_own_rule(form, participant, rival, teamed):
    team = form(participant)
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create(
            challenge=teamed, entrant=team, user=rival, rank="member", joined_at=timezone.now()
        )


def test_a_team_has_one_captain_by_the_databases_own_rule(form, participant, person):
    team = form(participant)
    take_in(team, person("second"))
    with pytest.raises(IntegrityError), transaction.atomic():
        team.members.update(rank=Rank.CAPTAIN)


@pytest.mark.parametrize("name", ["the owls", "The-Owls", "THE  OWLS", "rival"])
def test_a_name_that_looks_like_anothers_is_taken(form, participant, person, rival, name):
    form(participant)
    with pytest.raises(Refused, match="taken"):
        form(person("third"), name)


@pytest.mark.parametrize("name", ["x", "", "a\u202eb", "line\u0007", "y" * 41])
def test_what_is_no_name_is_refused(form, participant, name):
    with pytest.raises(Refused, match="no name"):
        form(participant, name)


def test_only_the_captain_invites(form, participant, rival, person):
    team, second = form(participant), person("second")
    take_in(team, second)
    for who in (second, rival):
        with pytest.raises(PermissionDenied):
            teams.offer_person(entrant=team, handle="rival", by=who, now=timezone.now())
        with pytest.raises(PermissionDenied):
            teams.offer_link(entrant=team, by=who, now=timezone.now())


def test_an_accepted_invitation_makes_a_member(form, participant, person):
    team, second = form(participant), person("second")
    take_in(team, second)
    assert names(team) == {"participant", "second"}
    assert team.members.get(user=second).rank == Rank.MEMBER


def test_a_team_is_never_larger_than_the_challenge_allows(form, participant, person):
    team = form(participant)
    third = [invite(team, person(f"p{number}")) for number in range(3)]
    for offer in third[:2]:
        teams.accept_offer(offer=offer, by=offer.user, now=timezone.now())
    with pytest.raises(Refused, match="at most 3 people"):
        teams.accept_offer(offer=third[2], by=third[2].user, now=timezone.now())
    assert team.members.count() == 3
    third[2].refresh_from_db()
    assert third[2].state == OfferState.OPEN


def test_a_link_lets_one_person_in(form, participant, person):
    team = form(participant)
    _, secret = teams.offer_link(entrant=team, by=participant, now=timezone.now())
    offer = teams.offer_of_link(secret)
    teams.accept_offer(offer=offer, by=person("second"), now=timezone.now())
    assert teams.offer_of_link(secret) is None
    with pytest.raises(Refused, match="answered or withdrawn"):
        teams.accept_offer(offer=offer, by=person("third"), now=timezone.now())


def test_the_secret_of_a_link_is_not_kept(form, participant):
    offer, secret = teams.offer_link(entrant=form(participant), by=participant, now=timezone.now())
    assert secret not in str(TeamOffer.objects.filter(pk=offer.pk).values())
    assert secret not in str(list(AuditEntry.objects.values()))


def test_a_declined_or_withdrawn_invitation_is_over(form, participant, person):
    team = form(participant)
    declined, withdrawn = invite(team, person("one")), invite(team, person("two"))
    teams.decline_offer(offer=declined, by=declined.user, now=timezone.now())
    teams.withdraw_offer(offer=withdrawn, by=participant, now=timezone.now())
    for offer in (declined, withdrawn):
        with pytest.raises(Refused, match="answered or withdrawn"):
            teams.accept_offer(offer=offer, by=offer.user, now=timezone.now())
    assert names(team) == {"participant"}


def test_who_may_not_enter_the_challenge_may_not_enter_by_a_team(form, participant, person, teamed):
    team, second = form(participant), person("second")
    offer = invite(team, second)
    teamed.visibility = "invited"
    teamed.save()
    offer.entrant.challenge.refresh_from_db()
    with pytest.raises(PermissionDenied):
        teams.accept_offer(offer=offer, by=second, now=timezone.now())


def test_who_is_in_a_team_leaves_it_before_joining_another(form, participant, rival):
    first, second = form(participant), form(rival, "Larks")
    offer = invite(first, rival)
    with pytest.raises(Refused, match="leave it first"):
        teams.accept_offer(offer=offer, by=rival, now=timezone.now())
    teams.leave_team(member=second.members.get(), by=rival, now=timezone.now())
    teams.accept_offer(offer=offer, by=rival, now=timezone.now())
    assert names(first) == {"participant", "rival"}
    assert not Entrant.objects.filter(name="Larks").exists()


def test_submissions_stay_with_the_team_one_leaves(form, participant, person, hand_in):
    team, second = form(participant), person("second")
    take_in(team, second)
    _accept_terms(team, second)
    submission = hand_in(second)
    teams.leave_team(member=team.members.get(user=second), by=second, now=timezone.now())
    submission.refresh_from_db()
    assert submission.entrant == team
    assert not second.has_perm("submissions.view", submission)
    assert participant.has_perm("submissions.view", submission)


def _accept_terms(team, user):
    challenge = team.challenge
    digest = challenge.revision.terms_digest
    accept_terms(challenge=challenge, user=user, terms_digest=digest, now=timezone.now())


def test_a_captain_hands_over_before_leaving(form, participant, person):
    team, second = form(participant), person("second")
    take_in(team, second)
    captain, other = team.members.get(user=participant), team.members.get(user=second)
    with pytest.raises(Refused, match="hand the captaincy over"):
        teams.leave_team(member=captain, by=participant, now=timezone.now())
    teams.hand_over(member=other, by=participant, now=timezone.now())
    captain.refresh_from_db()
    teams.leave_team(member=captain, by=participant, now=timezone.now())
    assert [(member.user, member.rank) for member in team.members.all()] == [(second, "captain")]


def test_a_captain_takes_members_off_and_nobody_else_does(form, participant, person):
    team, second, third = form(participant), person("second"), person("third")
    take_in(team, second)
    take_in(team, third)
    with pytest.raises(PermissionDenied):
        teams.leave_team(member=team.members.get(user=third), by=second, now=timezone.now())
    teams.leave_team(member=team.members.get(user=third), by=participant, now=timezone.now())
    assert names(team) == {"participant", "second"}


def test_what_was_used_goes_along_with_the_person_and_stays_with_the_team(
    form, participant, rival, hand_in, phase, organiser
):
    edit_phase(phase=phase, by=organiser, now=timezone.now(), per_day=2)
    team = form(participant)
    hand_in(participant), hand_in(participant)
    teams.leave_team(member=team.members.get(), by=participant, now=timezone.now())
    alone = join(challenge=phase.challenge, user=participant, now=timezone.now())
    left = allowances(phase=phase, entrant=alone, user=participant, now=timezone.now())
    assert [allowance.left for allowance in left if allowance.words == "a day"] == [0]
    with pytest.raises(Refused, match="2 submissions a day"):
        hand_in(participant)
    assert used(f"entrant:{team.pk}", phase) == {"day": 2, "week": 2, "total": 2}


def test_merging_adds_up_what_both_have_used(form, participant, rival, hand_in, phase, organiser):
    team = form(participant)
    hand_in(participant), hand_in(participant), hand_in(rival)
    own = entrant_of(phase.challenge, rival)
    offer = teams.offer_merger(entrant=team, other="RIVAL", by=participant, now=timezone.now())
    teams.accept_offer(offer=offer, by=rival, now=timezone.now())
    assert used(f"entrant:{team.pk}", phase) == {"day": 3, "week": 3, "total": 3}
    assert used(f"user:{rival.pk}", phase)["total"] == 1
    assert not Usage.objects.filter(holder=f"entrant:{own.pk}").exists()
    assert set(Submission.objects.values_list("entrant", flat=True)) == {team.pk}
    assert names(team) == {"participant", "rival"}
    edit_phase(phase=phase, by=organiser, now=timezone.now(), per_day=3)
    with pytest.raises(Refused, match="3 submissions a day"):
        hand_in(rival)


def test_a_merger_that_would_exceed_a_limit_in_total_changes_nothing(
    form, participant, rival, hand_in, phase, organiser
):
    edit_phase(phase=phase, by=organiser, now=timezone.now(), in_total=3)
    team = form(participant)
    hand_in(participant), hand_in(participant), hand_in(rival), hand_in(rival)
    offer = teams.offer_merger(entrant=team, other="rival", by=participant, now=timezone.now())
    with pytest.raises(Refused, match="together 4 submissions"):
        teams.accept_offer(offer=offer, by=rival, now=timezone.now())
    assert names(team) == {"participant"}
    assert used(f"entrant:{team.pk}", phase)["total"] == 2
    assert TeamOffer.objects.get().state == OfferState.OPEN


def test_a_merged_team_has_chosen_no_more_than_it_may(
    form, participant, rival, hand_in, phase, organiser
):
    edit_phase(phase=phase, by=organiser, now=timezone.now(), final="chosen:1")
    team, kept, void = form(participant), hand_in(participant), hand_in(rival)
    Submission.objects.update(chosen=True)
    take_in(team, rival)
    kept.refresh_from_db()
    void.refresh_from_db()
    assert (kept.chosen, void.chosen) == (True, False)


def test_who_has_submitted_joins_only_while_teams_may_merge(form, participant, rival, hand_in):
    team = form(participant)
    hand_in(rival)
    late = datetime(2098, 6, 2, tzinfo=UTC)
    offer = invite(team, rival)
    with pytest.raises(Refused, match="cannot merge any more"):
        teams.accept_offer(offer=offer, by=rival, now=late)
    assert names(team) == {"participant"}
    teams.accept_offer(offer=offer, by=rival, now=timezone.now())
    assert names(team) == {"participant", "rival"}


def test_who_has_not_submitted_joins_later_too(form, participant, rival):
    late = datetime(2098, 6, 2, tzinfo=UTC)
    assert take_in(form(participant), rival, late).members.count() == 2


def test_two_teams_merge_when_the_captain_of_the_other_agrees(form, participant, rival, person):
    team, other = form(participant), form(rival, "Larks")
    offer = teams.offer_merger(entrant=team, other="Larks", by=participant, now=timezone.now())
    second = person("second")
    take_in(other, second)
    assert not teams.offers_to(team.challenge, second).exists()
    assert teams.offers_to(team.challenge, rival).get() == offer
    teams.accept_offer(offer=offer, by=rival, now=timezone.now())
    assert names(team) == {"participant", "rival", "second"}
    assert {member.rank for member in team.members.exclude(user=participant)} == {"member"}


def test_teams_too_large_together_do_not_merge(form, participant, rival, person):
    team, other = form(participant), form(rival, "Larks")
    take_in(team, person("second"))
    take_in(other, person("third"))
    with pytest.raises(Refused, match="at most 3 people"):
        teams.offer_merger(entrant=team, other="Larks", by=participant, now=timezone.now())


def test_nothing_changes_when_the_challenge_is_over(form, participant, person, teamed, phase):
    team, second = form(participant), person("second")
    offer = invite(team, second)
    over = datetime(2099, 2, 1, tzinfo=UTC)
    for attempt in (
        lambda: teams.accept_offer(offer=offer, by=second, now=over),
        lambda: teams.leave_team(member=team.members.get(), by=participant, now=over),
        lambda: teams.rename_team(entrant=team, name="Larks", by=participant, now=over),
    ):
        with pytest.raises(Refused, match="over"):
            attempt()


def test_every_change_is_in_the_audit_log(form, participant, rival, hand_in):
    team = form(participant)
    hand_in(rival)
    take_in(team, rival)
    teams.hand_over(member=team.members.get(user=rival), by=participant, now=timezone.now())
    teams.leave_team(member=team.members.get(user=participant), by=participant, now=timezone.now())
    teams.rename_team(entrant=team, name="Larks", by=rival, now=timezone.now())
    actions = AuditEntry.objects.filter(subject=f"entrant:{team.pk}").order_by("id")
    assert list(actions.values_list("action", flat=True)) == [
        "team formed",
        "team invitation made",
        "team merged",
        "team invitation accepted",
        "captaincy handed over",
        "team left",
        "team renamed",
    ]


def test_nobody_floods_others_with_invitations(form, participant):
    team = form(participant)
    for _ in range(teams.MOST_OPEN_OFFERS):
        teams.offer_link(entrant=team, by=participant, now=timezone.now())
    with pytest.raises(Refused, match="20 invitations are open"):
        teams.offer_link(entrant=team, by=participant, now=timezone.now())
    TeamOffer.objects.update(state=OfferState.WITHDRAWN)
    for _ in range(teams.MOST_OFFERS_A_DAY - teams.MOST_OPEN_OFFERS):
        teams.offer_link(entrant=team, by=participant, now=timezone.now())
    TeamOffer.objects.update(state=OfferState.WITHDRAWN)
    with pytest.raises(Refused, match="in one day"):
        teams.offer_link(entrant=team, by=participant, now=timezone.now())
