"""Who may do what with a challenge; `user.has_perm("challenges.edit", challenge)`."""

from __future__ import annotations

from typing import Any

import rules
from django.conf import settings

from heldout.site.accounts.permissions import is_signed_in, may_organise
from heldout.site.accounts.services import is_verified
from heldout.site.challenges.models import (
    Audience,
    Challenge,
    Entrant,
    Phase,
    Rank,
    Role,
    Visibility,
)
from heldout.site.common import audit

EDITORS = (Role.ORGANISER, Role.CO_ORGANISER)
REVIEWERS = (*EDITORS, Role.REVIEWER)
ROLE_ENDED = "organiser removed"


def role_of(user: Any, challenge: Challenge) -> Role | None:
    if not user.is_authenticated:
        return None
    row = challenge.organisers.filter(user=user).first()
    return Role(row.role) if row else None


@rules.predicate
def is_organiser(user: Any, challenge: Challenge | None) -> bool:
    return challenge is not None and role_of(user, challenge) == Role.ORGANISER


@rules.predicate
def edits(user: Any, challenge: Challenge | None) -> bool:
    return challenge is not None and role_of(user, challenge) in EDITORS


@rules.predicate
def reviews(user: Any, challenge: Challenge | None) -> bool:
    """Organisers and reviewers see all submissions; annotators none."""
    return challenge is not None and role_of(user, challenge) in REVIEWERS


@rules.predicate
def annotates(user: Any, challenge: Challenge | None) -> bool:
    return challenge is not None and role_of(user, challenge) == Role.ANNOTATOR


@rules.predicate
def sees_all_submissions(user: Any, challenge: Challenge | None) -> bool:
    """As a reviewer; organisers may enter for comparison, and are known to all."""
    return challenge is not None and role_of(user, challenge) == Role.REVIEWER


@rules.predicate
def had_a_role(user: Any, challenge: Challenge | None) -> bool:
    """Whether a role was taken away; what was seen in it stays known."""
    if challenge is None or not user.is_authenticated or role_of(user, challenge):
        return False
    return audit.entries(challenge).filter(action=ROLE_ENDED, details__user=user.pk).exists()


@rules.predicate
def is_participant(user: Any, challenge: Challenge | None) -> bool:
    if challenge is None or not user.is_authenticated:
        return False
    return challenge.members.filter(user=user).exists()


@rules.predicate
def is_invited(user: Any, challenge: Challenge | None) -> bool:
    if challenge is None or not user.is_authenticated:
        return False
    invited = challenge.invitations.filter(email__iexact=user.email).exists()
    return invited and (settings.HELDOUT.email_verification == "none" or is_verified(user))


@rules.predicate
def is_public(user: Any, challenge: Challenge | None) -> bool:
    return challenge is not None and challenge.visibility == Visibility.PUBLIC


@rules.predicate
def is_by_invitation(user: Any, challenge: Challenge | None) -> bool:
    return challenge is not None and challenge.visibility == Visibility.INVITED


@rules.predicate
def board_is_public(user: Any, phase: Phase | None) -> bool:
    return phase is not None and phase.leaderboard == Audience.PUBLIC


@rules.predicate
def board_is_for_participants(user: Any, phase: Phase | None) -> bool:
    return phase is not None and phase.leaderboard == Audience.PARTICIPANTS


@rules.predicate
def sees_challenge_of(user: Any, phase: Phase | None) -> bool:
    return phase is not None and bool(sees(user, phase.challenge))


@rules.predicate
def reviews_challenge_of(user: Any, phase: Phase | None) -> bool:
    return phase is not None and bool(reviews(user, phase.challenge))


@rules.predicate
def takes_part_in_challenge_of(user: Any, phase: Phase | None) -> bool:
    return phase is not None and bool(is_participant(user, phase.challenge))


@rules.predicate
def is_of_team(user: Any, entrant: Entrant | None) -> bool:
    if entrant is None or not user.is_authenticated:
        return False
    return entrant.members.filter(user=user).exists()


@rules.predicate
def leads(user: Any, entrant: Entrant | None) -> bool:
    if entrant is None or not user.is_authenticated:
        return False
    return entrant.members.filter(user=user, rank=Rank.CAPTAIN).exists()


may_enter = is_public | (is_by_invitation & is_invited)
sees = may_enter | (is_by_invitation & is_participant) | reviews | annotates

rules.add_perm("challenges.create", is_signed_in & may_organise)
rules.add_perm("challenges.view", sees)
rules.add_perm("challenges.download", sees)
# Who sees answers, or what the others hand in, does not compete.
rules.add_perm(
    "challenges.join",
    is_signed_in & may_enter & ~annotates & ~sees_all_submissions & ~had_a_role,
)
rules.add_perm("challenges.edit", is_signed_in & edits)
rules.add_perm("challenges.manage_people", is_signed_in & is_organiser)
rules.add_perm("challenges.review", is_signed_in & reviews)
rules.add_perm("challenges.annotate", is_signed_in & (edits | annotates))
rules.add_perm("challenges.export", is_signed_in & is_organiser)
rules.add_perm(
    "challenges.view_board",
    reviews_challenge_of
    | (sees_challenge_of & board_is_public)
    | (sees_challenge_of & board_is_for_participants & takes_part_in_challenge_of),
)
rules.add_perm("challenges.view_team", is_signed_in & is_of_team)
rules.add_perm("challenges.lead_team", is_signed_in & leads)
