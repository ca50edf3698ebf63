"""Immutable revisions of a data set: tables per revision, media once each under their hash."""

from heldout.datasets.revisions.differences import Diff, diff
from heldout.datasets.revisions.revision import Revision
from heldout.datasets.revisions.store import Store
from heldout.datasets.revisions.withdrawals import Withdrawal

__all__ = ["Diff", "Revision", "Store", "Withdrawal", "diff"]
