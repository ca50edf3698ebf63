"""Who sees which data set, and as what.

A data set of its own belongs to a person. Data sets of a challenge are granted by the challenge, which
registers here how: this app knows nothing of challenges.
"""

from __future__ import annotations

from typing import Any, Protocol

from django.db.models import Q, QuerySet

from heldout.datasets.index.views import Role
from heldout.site.catalog.models import DataSet, Visibility


class Grant(Protocol):
    """What another app says of its data sets; the two must agree."""

    def role(self, user: Any, dataset: DataSet) -> Role | None:
        """As what a person sees a data set, or None."""

    def visible(self, user: Any) -> Q:
        """Which data sets a person sees."""


class Ownership:
    """Data sets that stand on their own."""

    def role(self, user: Any, dataset: DataSet) -> Role | None:
        if dataset.owner_id is None:
            return None
        if user.is_authenticated and (user.pk == dataset.owner_id or user.is_superuser):
            return Role.ORGANISER
        if user.is_authenticated and dataset.participants.filter(pk=user.pk).exists():
            return Role.PARTICIPANT
        return Role.PUBLIC if dataset.visibility == Visibility.PUBLIC else None

    def visible(self, user: Any) -> Q:
        own = Q(owner__isnull=False)
        if user.is_authenticated and user.is_superuser:
            return own
        seen = Q(visibility=Visibility.PUBLIC)
        if user.is_authenticated:
            seen |= Q(owner=user) | Q(participants=user)
        return own & seen


_GRANTS: list[Grant] = [Ownership()]


def register(grant: Grant) -> None:
    _GRANTS.append(grant)


def role_of(user: Any, dataset: DataSet) -> Role | None:
    """As what a person sees a data set; None if not at all."""
    roles = (grant.role(user, dataset) for grant in _GRANTS)
    return max((role for role in roles if role is not None), default=None)


def visible(user: Any) -> QuerySet[DataSet]:
    """The data sets a person sees that have something to show, by title."""
    seen = Q()
    for grant in _GRANTS:
        seen |= grant.visible(user)
    found = DataSet.objects.filter(seen, current__isnull=False)
    return found.select_related("current").distinct().order_by("title", "slug")
