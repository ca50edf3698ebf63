"""Every role against every permission: the table of docs/reference/roles.md, held by the code."""

import re
from dataclasses import replace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from heldout.errors import BadInput
from heldout.site.accounts.services import create_user
from heldout.site.challenges.models import Audience, Role, Visibility
from heldout.site.challenges.permissions import sees
from heldout.site.challenges.services import add_organiser, join, publish, remove_organiser
from heldout.site.common.problems import Refused

ROLES = ("organiser", "co-organiser", "reviewer", "annotator", "participant", "outsider", "nobody")
TITLES = {
    "challenges.view": "see it",
    "challenges.download": "download the public data",
    "challenges.join": "take part",
    "challenges.review": "see all submissions",
    "challenges.annotate": "label",
    "challenges.edit": "edit phases, publish revisions, announce",
    "challenges.manage_people": "appoint and invite people",
    "challenges.export": "export everything, answers included",
}


@pytest.fixture
def people(challenge, organiser, participant):
    found = {"organiser": organiser, "participant": participant, "nobody": AnonymousUser()}
    for role in (Role.CO_ORGANISER, Role.REVIEWER, Role.ANNOTATOR):
        email = f"{role}@example.org"
        row = add_organiser(
            challenge=challenge, email=email, role=role, by=organiser, now=timezone.now()
        )
        found[role.value] = row.user
    found["outsider"] = create_user(email="out@example.org", handle="outsider")
    return found


def table(root) -> dict[tuple[str, str], dict[str, bool]]:
    """The page's tables: (visibility, what) → role → whether."""
    found, visibility = {}, ""
    for line in (root / "docs/reference/roles.md").read_text().splitlines():
        if heading := re.match(r"## A challenge that is `(\w+)`", line):
            visibility = heading[1]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if visibility and len(cells) == len(ROLES) + 1 and cells[0] in TITLES.values():
            marks = dict(zip(ROLES, (cell == "yes" for cell in cells[1:]), strict=True))
            found[visibility, cells[0]] = marks
    return found


@pytest.mark.parametrize("visibility", Visibility.values)
def test_every_role_may_do_what_the_page_says_and_nothing_else(visibility, people, challenge, root):
    challenge.visibility = visibility
    challenge.save()
    written = table(root)
    for permission, title in TITLES.items():
        found = {role: people[role].has_perm(permission, challenge) for role in ROLES}
        assert found == written[visibility, title], (visibility, permission)


def test_the_page_lists_every_permission_there_is(root):
    import rules.permissions

    own = {name for name in rules.permissions.permissions if name.startswith("challenges.")}
    elsewhere = {"create", "view_board", "view_team", "lead_team"}
    assert own == TITLES.keys() | {f"challenges.{name}" for name in elsewhere}


@pytest.mark.parametrize(
    ("audience", "who"),
    [
        (Audience.PUBLIC, set(ROLES)),
        (Audience.PARTICIPANTS, {"organiser", "co-organiser", "reviewer", "participant"}),
        (Audience.ORGANISERS, {"organiser", "co-organiser", "reviewer"}),
    ],
)
def test_a_leaderboard_is_seen_by_its_audience(audience, who, people, phase):
    phase.leaderboard = audience
    seen = {role for role in ROLES if people[role].has_perm("challenges.view_board", phase)}
    assert seen == who


def test_who_takes_part_does_not_become_an_annotator(challenge, organiser, participant):
    with pytest.raises(Refused, match="annotators see answers"):
        add_organiser(
            challenge=challenge,
            email=participant.email,
            role=Role.ANNOTATOR,
            by=organiser,
            now=timezone.now(),
        )


def test_a_role_ends_when_it_is_taken_away(challenge, organiser, people):
    reviewer = people["reviewer"]
    row = challenge.organisers.get(user=reviewer)
    remove_organiser(organiser=row, by=organiser, now=timezone.now())
    assert not reviewer.has_perm("challenges.review", challenge)


def test_whoever_is_signed_out_or_barred_has_no_right(challenge, organiser):
    organiser.is_active = False
    assert not organiser.has_perm("challenges.edit", challenge)
    assert not sees(AnonymousUser(), None)


def test_an_annotator_does_not_enter(people, challenge):
    from django.core.exceptions import PermissionDenied

    with pytest.raises(PermissionDenied):
        join(challenge=challenge, user=people["annotator"], now=timezone.now())


@pytest.mark.parametrize("role", ["annotator", "reviewer", "co-organiser"])
def test_who_had_a_role_does_not_enter_when_it_is_taken_away(people, challenge, organiser, role):
    from django.core.exceptions import PermissionDenied

    person, now = people[role], timezone.now()
    remove_organiser(organiser=challenge.organisers.get(user=person), by=organiser, now=now)
    with pytest.raises(PermissionDenied):
        join(challenge=challenge, user=person, now=now)
    assert join(challenge=challenge, user=people["outsider"], now=now)


@pytest.fixture
def confirming(settings):
    settings.HELDOUT = replace(settings.HELDOUT, email_verification="optional")


def appoint(challenge, email, by, role=Role.CO_ORGANISER):
    return add_organiser(challenge=challenge, email=email, role=role, by=by, now=timezone.now())


def test_an_address_that_is_not_confirmed_gives_no_role(
    challenge, organiser, outsider, confirming, api
):
    """Anybody may have signed up with it."""
    with pytest.raises(Refused, match="outsider has not confirmed the address"):
        appoint(challenge, outsider.email, organiser)
    answer = api(organiser).put(
        "/api/v1/challenges/cats/people/organisers",
        {"email": outsider.email, "role": "reviewer"},
        content_type="application/json",
    )
    assert answer.status_code == 409
    assert "confirm it under Account" in answer.content.decode()
    assert not outsider.has_perm("challenges.review", challenge)
    outsider.emailaddress_set.update(verified=True)
    assert appoint(challenge, outsider.email, organiser).user == outsider


def test_an_account_made_by_the_appointment_opens_by_mail_alone(challenge, organiser, confirming):
    row = appoint(challenge, "new@example.org", organiser)
    assert not row.user.has_usable_password()
    # It may be given another role before its owner came.
    assert appoint(challenge, "new@example.org", organiser, Role.REVIEWER).role == Role.REVIEWER


def test_where_nothing_is_confirmed_an_address_gives_the_role(challenge, organiser, outsider):
    assert appoint(challenge, outsider.email, organiser).user == outsider


def test_publishing_gives_no_role_to_an_unconfirmed_address(
    write_challenge, tmp_path, confirming, organiser, outsider
):
    folder = write_challenge(tmp_path / "dogs", slug="dogs").folder
    toml = folder / "challenge.toml"
    names = '["organiser@example.org", "outsider@example.org"]'
    toml.write_text(toml.read_text().replace('["organiser@example.org"]', names))
    with pytest.raises(BadInput) as refusal:
        publish(source=folder, by=None, now=timezone.now())
    (problem,) = refusal.value.problems
    assert problem.place == "challenge.toml: challenge.organisers"
    assert "outsider has not confirmed" in problem.message
    outsider.emailaddress_set.update(verified=True)
    published = publish(source=folder, by=None, now=timezone.now())
    assert {row.user.handle for row in published.organisers.all()} == {"organiser", "outsider"}


def test_a_reviewer_does_not_enter(people, challenge):
    from django.core.exceptions import PermissionDenied

    with pytest.raises(PermissionDenied):
        join(challenge=challenge, user=people["reviewer"], now=timezone.now())


def test_who_takes_part_does_not_become_a_reviewer(challenge, organiser, participant):
    with pytest.raises(Refused, match="reviewers see all submissions") as refusal:
        appoint(challenge, participant.email, organiser, Role.REVIEWER)
    assert "does not compete" in refusal.value.problems[0].remedy


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.ORGANISER, True),
        (Role.CO_ORGANISER, True),
        (Role.REVIEWER, False),
        (Role.ANNOTATOR, False),
    ],
)
def test_only_who_edits_a_challenge_has_something_scored_again(
    role, may, challenge, outsider, participant, hand_in, signed_in, api
):
    challenge.organisers.create(user=outsider, role=role)
    assert outsider.has_perm("submissions.rescore", hand_in(participant)) == may
    answers = [
        signed_in(outsider).post("/challenges/cats/organise/scoring/again/"),
        api(outsider).post("/api/v1/challenges/cats/scoring/again"),
    ]
    assert [answer.status_code for answer in answers] == ([302, 200] if may else [403, 403])
