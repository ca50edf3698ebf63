import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from heldout.challenge import grammar
from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.challenges.models import Audience, Challenge, Reveal, Role, Visibility
from heldout.site.challenges.services import (
    accept_terms,
    add_organiser,
    edit_phase,
    has_accepted_terms,
    invite,
    join,
    remove_organiser,
    set_visibility,
    visible,
)
from heldout.site.common.models import AuditEntry
from heldout.site.common.problems import Refused

ANYBODY = AnonymousUser()


@pytest.fixture
def make(challenge, organiser):
    """Set how visible the challenge is."""

    def make(visibility: str) -> Challenge:
        set_visibility(
            challenge=challenge,
            visibility=Visibility(visibility),
            by=organiser,
            now=timezone.now(),
        )
        return challenge

    return make


def sees(viewer, challenge) -> bool:
    listed = visible(viewer).filter(pk=challenge.pk).exists()
    assert listed == viewer.has_perm("challenges.view", challenge), "the list and the page disagree"
    return listed


def test_a_private_challenge_is_seen_by_its_organisers_only(
    make, participant, annotator, outsider, organiser
):
    challenge = make("private")
    assert not any(sees(who, challenge) for who in (ANYBODY, participant, annotator, outsider))
    assert sees(organiser, challenge)


def test_an_invited_challenge_is_seen_by_the_invited(make, outsider, annotator, organiser):
    challenge = make("invited")
    invite(challenge=challenge, emails=["OUTSIDER@example.org"], by=organiser, now=timezone.now())
    assert sees(outsider, challenge)
    assert not sees(annotator, challenge)
    assert not sees(ANYBODY, challenge)
    with pytest.raises(PermissionDenied):
        join(challenge=challenge, user=annotator, now=timezone.now())
    assert join(challenge=challenge, user=outsider, now=timezone.now()).name == "outsider"


def test_an_unconfirmed_address_is_no_invitation(make, outsider, organiser, settings):
    challenge = make("invited")
    invite(challenge=challenge, emails=["outsider@example.org"], by=organiser, now=timezone.now())
    settings.HELDOUT = type(settings.HELDOUT)(
        **{**_values(settings.HELDOUT), "email_verification": "optional"}
    )
    assert not sees(outsider, challenge)
    outsider.emailaddress_set.update(verified=True)
    assert sees(outsider, challenge)


def _values(settings):
    return {name: getattr(settings, name) for name in type(settings).__slots__}


def test_who_takes_part_goes_on_seeing_an_invited_challenge(make, participant):
    assert sees(participant, make("invited"))


def test_a_public_challenge_is_seen_by_everybody(make, outsider):
    challenge = make("public")
    assert sees(ANYBODY, challenge)
    assert sees(outsider, challenge)


@pytest.mark.parametrize("role", ["participant", "annotator", "outsider"])
def test_who_does_not_organise_cannot_change_anything(role, challenge, phase, request):
    user, now = request.getfixturevalue(role), timezone.now()
    attempts = (
        lambda: edit_phase(phase=phase, by=user, now=now, per_day=1),
        lambda: set_visibility(challenge=challenge, visibility="public", by=user, now=now),
        lambda: invite(challenge=challenge, emails=["a@b.org"], by=user, now=now),
        lambda: add_organiser(
            challenge=challenge, email=user.email, role=Role.ORGANISER, by=user, now=now
        ),
        lambda: remove_organiser(organiser=challenge.organisers.get(), by=user, now=now),
    )
    for attempt in attempts:
        with pytest.raises(PermissionDenied):
            attempt()


def test_a_reviewer_sees_submissions_and_changes_nothing(challenge, phase, organiser, outsider):
    now = timezone.now()
    add_organiser(
        challenge=challenge, email=outsider.email, role=Role.REVIEWER, by=organiser, now=now
    )
    assert outsider.has_perm("challenges.review", challenge)
    with pytest.raises(PermissionDenied):
        edit_phase(phase=phase, by=outsider, now=now, per_day=1)


def test_a_co_organiser_edits_phases_and_appoints_nobody(challenge, phase, organiser, outsider):
    now = timezone.now()
    add_organiser(
        challenge=challenge, email=outsider.email, role=Role.CO_ORGANISER, by=organiser, now=now
    )
    edit_phase(phase=phase, by=outsider, now=now, per_day=1)
    with pytest.raises(PermissionDenied):
        add_organiser(
            challenge=challenge, email="x@example.org", role=Role.REVIEWER, by=outsider, now=now
        )


def test_a_challenge_keeps_an_organiser(challenge, organiser):
    row, now = challenge.organisers.get(), timezone.now()
    with pytest.raises(Refused, match="needs an organiser"):
        remove_organiser(organiser=row, by=organiser, now=now)
    with pytest.raises(Refused, match="needs an organiser"):
        add_organiser(
            challenge=challenge, email=organiser.email, role=Role.REVIEWER, by=organiser, now=now
        )
    assert challenge.organisers.get().role == Role.ORGANISER


def test_a_role_gives_no_right_to_create_challenges(challenge, organiser):
    add_organiser(
        challenge=challenge,
        email="new@example.org",
        role=Role.CO_ORGANISER,
        by=organiser,
        now=timezone.now(),
    )
    assert not User.objects.get(email="new@example.org").has_perm("challenges.create")


def test_all_wrong_addresses_are_named(challenge, organiser):
    with pytest.raises(BadInput) as refusal:
        invite(
            challenge=challenge, emails=["a@b.org", "x", "y z"], by=organiser, now=timezone.now()
        )
    assert [problem.place for problem in refusal.value.problems] == ["x", "y z"]
    assert not challenge.invitations.exists()


def test_inviting_twice_invites_once(challenge, organiser):
    for email in ("a@b.org", "A@B.org"):
        invite(challenge=challenge, emails=[email], by=organiser, now=timezone.now())
    assert challenge.invitations.count() == 1


def test_joining_twice_is_joining_once(challenge, outsider):
    first = join(challenge=challenge, user=outsider, now=timezone.now())
    assert join(challenge=challenge, user=outsider, now=timezone.now()) == first
    assert challenge.members.filter(user=outsider).count() == 1


def test_terms_are_accepted_as_they_were_shown(challenge, outsider):
    with pytest.raises(Refused, match="the terms have changed"):
        accept_terms(challenge=challenge, user=outsider, terms_digest="old", now=timezone.now())
    assert not has_accepted_terms(challenge, outsider)
    digest = challenge.revision.terms_digest
    accept_terms(challenge=challenge, user=outsider, terms_digest=digest, now=timezone.now())
    assert has_accepted_terms(challenge, outsider)
    assert AuditEntry.objects.filter(action="terms accepted", actor=outsider).count() == 1


def test_every_wrong_value_of_a_phase_is_named(phase, organiser):
    with pytest.raises(BadInput) as refusal:
        edit_phase(
            phase=phase,
            by=organiser,
            now=timezone.now(),
            closes=phase.opens,
            per_day=0,
            leaderboard="nobody",
            reveal=["interval", "answers"],
        )
    places = [problem.place for problem in refusal.value.problems]
    assert places == ["closes", "per_day", "leaderboard", "reveal", "reveal"]
    phase.refresh_from_db()
    assert phase.per_day == 20


def test_what_was_edited_is_in_the_audit_log(phase, organiser):
    edit_phase(phase=phase, by=organiser, now=timezone.now(), per_day=3, in_total=100)
    entry = AuditEntry.objects.get(action="phase edited")
    assert entry.actor == organiser
    assert entry.details["changes"] == {"per_day": ["20", "3"]}


@pytest.mark.parametrize(
    ("on_the_site", "in_the_definition"),
    [
        (Visibility, grammar.Visibility),
        (Audience, grammar.Audience),
        (Reveal, grammar.Reveal),
    ],
)
def test_the_words_of_the_site_are_those_of_the_definition(on_the_site, in_the_definition):
    assert set(on_the_site.values) == {word.value for word in in_the_definition}
