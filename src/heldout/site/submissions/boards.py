"""The leaderboard: computed by the worker once per version, shown as the phase's `reveal` allows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.utils import timezone

from heldout.site.challenges.models import Phase, Reveal
from heldout.site.challenges.services import Viewer, entrant_of, require
from heldout.site.common.prepared import Given, Prepared
from heldout.site.common.spreadsheets import cell
from heldout.site.submissions.leaked import NOTHING
from heldout.site.submissions.models import Board
from heldout.site.submissions.regimes import regime_of

BOARD = Prepared(lambda: Board.objects.filter(phase=Given("phase")))
VERSIONS = Prepared(
    lambda: Board.objects.filter(phase=Given("phase")).values_list(
        "version", "ranges_version", "computed_at"
    )
)
Versions = tuple[int, int, datetime | None]
NO_BOARD: Versions = (0, 0, None)


@dataclass(frozen=True, slots=True)
class BoardScore:
    """A number on the leaderboard; what the phase does not reveal is None."""

    metric: str
    name: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One entrant. `rank` is None where there is no score.

    `level_with_first`: chance alone may explain that it is not first; None: not known
    or not revealed. `scores` are all numbers of the phase, the primary one too. `budget` is how many
    test evaluations the phase allows; `public` and `private` are the numbers of the two shares,
    `gap_low` and `gap_high` the interval of their difference.
    Entrants that share one of `groups` cannot be told apart. `without_leaks` is the number without
    the `leaked_items`, test items that were confirmed as leaked; 0 where there are none or they are
    not told.
    """

    rank: int | None
    rank_low: int | None
    rank_high: int | None
    entrant: str
    entrant_id: int
    metric: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    level_with_first: bool | None
    submissions: int
    submitted_at: str
    scores: tuple[BoardScore, ...]
    baseline: bool = False
    budget: int | None = None
    public: float | None = None
    private: float | None = None
    gap_low: float | None = None
    gap_high: float | None = None
    groups: Sequence[int] = ()
    without_leaks: float | None = None
    leaked_items: int = 0

    @property
    def gap(self) -> float | None:
        """How much of the public score the private share does not bear out."""
        if self.public is None or self.private is None:
            return None
        return self.private - self.public


@dataclass(frozen=True, slots=True)
class BoardState:
    """What decides whether a leaderboard has changed for a viewer, without its rows."""

    phase: Phase
    version: int
    ranges_version: int
    computed_at: datetime | None
    score: bool
    interval: bool
    subgroups: bool
    everything: bool

    @property
    def pending(self) -> bool:
        return min(self.version, self.ranges_version) < self.phase.board_version

    @property
    def sees(self) -> tuple[bool, ...]:
        """What of it the viewer may see."""
        return self.score, self.interval, self.subgroups, self.everything

    @property
    def content(self) -> str:
        """Names what is shown, whether newer results are being counted in or not."""
        shown = "".join(str(int(flag)) for flag in self.sees)
        # A site that was restored counts versions again that had other content before.
        at = self.computed_at.timestamp() if self.computed_at else 0
        return f"{self.phase.pk}-{self.version}-{self.ranges_version}-{at:.6f}-{shown}"

    @property
    def etag(self) -> str:
        return f'"{self.content}-{int(self.pending)}"'


@dataclass(frozen=True, slots=True)
class BoardView:
    """A leaderboard as one viewer may see it.

    `etag` changes whenever anything here does. `hidden` means that the phase reveals no scores:
    then there are no rows. `pending`: newer results are being counted in. `guard` names what stands
    between the scores and what is told of them; empty for organisers. `final`: the private share ranks.
    """

    phase: Phase
    version: int
    metric: str
    name: str
    higher_is_better: bool
    rows: tuple[BoardRow, ...]
    shows_intervals: bool
    hidden: bool
    pending: bool
    frozen_at: datetime | None
    guard: str
    share: float | None
    final: bool
    computed_at: datetime | None
    own_entrant_id: int | None
    etag: str


def state(*, phase: Phase, viewer: Viewer) -> BoardState:
    """What the viewer has seen already if its ETag is theirs.

    Raises:
        PermissionDenied: The phase does not show its leaderboard to this viewer.
    """
    return _state(phase, viewer, VERSIONS.first(phase=phase.pk) or NO_BOARD)


def _state(phase: Phase, viewer: Viewer, versions: Versions) -> BoardState:
    require(viewer, "challenges.view_board", phase)
    everything = viewer.has_perm("challenges.review", phase.challenge)
    score = everything or phase.reveals(Reveal.SCORE)
    interval = score and (everything or phase.reveals(Reveal.INTERVAL))
    subgroups = score and (everything or phase.reveals(Reveal.SUBGROUPS))
    return BoardState(phase, *versions, score, interval, subgroups, everything)


def leaderboard(*, phase: Phase, viewer: Viewer, now: datetime | None = None) -> BoardView:
    """The leaderboard of a phase.

    Raises:
        PermissionDenied: The phase does not show it to this viewer.
    """
    board = BOARD.first(phase=phase.pk)
    made = (board.version, board.ranges_version, board.computed_at) if board else NO_BOARD
    state = _state(phase, viewer, made)
    own = entrant_of(phase.challenge, viewer)
    regime, now = regime_of(phase), now or timezone.now()
    guarded = not state.everything and not regime.over(now)
    return BoardView(
        phase=phase,
        version=state.version,
        metric=board.metric if board else "",
        name=board.name if board else "",
        higher_is_better=board.higher_is_better if board else True,
        rows=_rows(board, state) if board and state.score else (),
        shows_intervals=state.interval,
        hidden=not state.score,
        pending=state.pending,
        frozen_at=None if state.everything else regime.frozen_at(now),
        guard=regime.guard.kind if guarded and regime.guard.kind != "none" else "",
        share=regime.share,
        final=bool(regime.share) and regime.over(now),
        computed_at=board.computed_at if board else None,
        own_entrant_id=own.pk if own else None,
        etag=state.etag,
    )


def _rows(board: Board, state: BoardState) -> tuple[BoardRow, ...]:
    """The one place where it is decided which rows leave, and what of them."""
    rows = board.rows
    if not state.everything and board.public_rows is not None:
        rows = board.public_rows
    rows = [row if state.interval else _without_intervals(row) for row in rows]
    return tuple(_row(_without_leaks(row, state)) for row in rows)


def _row(row: dict[str, Any]) -> BoardRow:
    scores = tuple(BoardScore(**score) for score in row["scores"])
    return BoardRow(**{**row, "scores": scores})


def _without_leaks(row: dict[str, Any], state: BoardState) -> dict[str, Any]:
    """Two numbers that differ by a few items tell of those items, as a subgroup would."""
    told = state.everything or (state.subgroups and row.get("leaks_told", False))
    kept = {name: value for name, value in row.items() if name != "leaks_told"}
    return kept if told else {**kept, **NOTHING}


def _without_intervals(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out everything that was made from the per-example statistics."""
    nothing = {"low": None, "high": None}
    return {
        **row,
        **nothing,
        "gap_low": None,
        "gap_high": None,
        "rank_low": None,
        "rank_high": None,
        "level_with_first": None,
        "groups": (),
        "scores": [{**score, **nothing} for score in row["scores"]],
    }


def as_json(view: BoardView) -> dict[str, Any]:
    """The leaderboard as the API and the page's JSON give it."""
    return {
        "challenge": view.phase.challenge.slug,
        "phase": view.phase.key,
        "version": view.version,
        "pending": view.pending,
        "hidden": view.hidden,
        "higher_is_better": view.higher_is_better,
        "frozen_at": view.frozen_at.isoformat() if view.frozen_at else None,
        "guard": view.guard,
        "final": view.final,
        "leaderboard": [_public(row) for row in view.rows],
    }


def _public(row: BoardRow) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in _TOLD}
    return {**told, "scores": [asdict(score) for score in row.scores], "gap": row.gap}


_TOLD = tuple(one.name for one in fields(BoardRow) if one.name not in ("entrant_id", "scores"))


COLUMNS = (
    "rank", "rank_low", "rank_high", "entrant", "metric", "name", "value", "low", "high", "n",
    "level_with_first", "submissions", "submitted_at", "budget", "public", "private", "gap",
    "gap_low", "gap_high", "without_leaks", "leaked_items",
)  # fmt: skip


def as_csv(view: BoardView) -> str:
    """The leaderboard as CSV; a name that a spreadsheet would take for a formula gets a quote."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in view.rows:
        writer.writerow([cell(getattr(row, column)) for column in COLUMNS])
    return out.getvalue()
