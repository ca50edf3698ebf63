from __future__ import annotations

from typing import Any

import rules

from heldout.site.accounts.permissions import is_signed_in, may_organise
from heldout.site.catalog.grants import role_of
from heldout.site.catalog.models import DataSet


@rules.predicate
def sees(user: Any, dataset: DataSet | None) -> bool:
    return dataset is not None and role_of(user, dataset) is not None


@rules.predicate
def owns(user: Any, dataset: DataSet | None) -> bool:
    return dataset is not None and user.is_authenticated and dataset.owner_id == user.pk


rules.add_perm("catalog.view", sees)
rules.add_perm("catalog.create", is_signed_in & may_organise)
rules.add_perm("catalog.edit", is_signed_in & owns)
