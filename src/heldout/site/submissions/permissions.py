from __future__ import annotations

from typing import Any

import rules

from heldout.site.accounts.permissions import is_signed_in
from heldout.site.challenges.permissions import edits, reviews
from heldout.site.submissions.models import Submission


@rules.predicate
def is_of_own_entrant(user: Any, submission: Submission | None) -> bool:
    if submission is None or not user.is_authenticated:
        return False
    return submission.entrant.members.filter(user=user).exists()


@rules.predicate
def reviews_its_challenge(user: Any, submission: Submission | None) -> bool:
    return submission is not None and bool(reviews(user, submission.phase.challenge))


@rules.predicate
def edits_its_challenge(user: Any, submission: Submission | None) -> bool:
    return submission is not None and bool(edits(user, submission.phase.challenge))


rules.add_perm("submissions.view", is_signed_in & (is_of_own_entrant | reviews_its_challenge))
rules.add_perm("submissions.withdraw", is_signed_in & is_of_own_entrant)
rules.add_perm("submissions.download", is_signed_in & (is_of_own_entrant | reviews_its_challenge))
rules.add_perm("submissions.rescore", is_signed_in & edits_its_challenge)
