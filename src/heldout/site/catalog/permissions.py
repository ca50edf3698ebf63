from __future__ import annotations

from typing import Any

import rules

from heldout.datasets.index.views import Role
from heldout.site.accounts.permissions import is_signed_in, may_organise
from heldout.site.catalog.grants import role_of
from heldout.site.catalog.models import DataSet


@rules.predicate
def sees(user: Any, dataset: DataSet | None) -> bool:
    return dataset is not None and role_of(user, dataset) is not None


@rules.predicate
def owns(user: Any, dataset: DataSet | None) -> bool:
    return dataset is not None and user.is_authenticated and dataset.owner_id == user.pk


@rules.predicate
def looks_after(user: Any, dataset: DataSet | None) -> bool:
    """Whose data they are, or who organises the challenge they belong to."""
    return dataset is not None and role_of(user, dataset) == Role.ORGANISER


rules.add_perm("catalog.view", sees)
rules.add_perm("catalog.document", is_signed_in & looks_after)
rules.add_perm("catalog.create", is_signed_in & may_organise)
rules.add_perm("catalog.edit", is_signed_in & owns)
