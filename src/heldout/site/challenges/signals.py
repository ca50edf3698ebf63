"""What other apps do when entrants change. Receivers run in the transaction that makes the change."""

from __future__ import annotations

from django.dispatch import Signal

# `gone` becomes part of `into`; sent with `now`. A receiver takes over what it keeps for `gone` and
# returns how many submissions that were; raising BadInput refuses the whole.
entrants_merging = Signal()
