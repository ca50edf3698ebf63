"""Who sees the data of a challenge, and as what."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from heldout.datasets.index.views import Role
from heldout.site.catalog.models import DataSet
from heldout.site.challenges.access import entrant_of, visible
from heldout.site.challenges.models import Challenge


class ChallengeData:
    """Whoever may see a challenge sees its public data; its organisers see the answers too."""

    def role(self, user: Any, dataset: DataSet) -> Role | None:
        challenge = Challenge.objects.filter(dataset=dataset, current__isnull=False).first()
        if challenge is None or not user.has_perm("challenges.download", challenge):
            return None
        if user.has_perm("challenges.review", challenge):
            return Role.ORGANISER
        return Role.PARTICIPANT if entrant_of(challenge, user) else Role.PUBLIC

    def visible(self, user: Any) -> Q:
        return Q(pk__in=visible(user).filter(current__isnull=False).values("dataset"))
