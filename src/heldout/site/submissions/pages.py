"""Results as the pages tell them. Pure functions of what the viewer may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from heldout.evaluation.metric import method_words
from heldout.site.challenges.measures import Measure, measure, measures
from heldout.site.common.formatting import NO_VALUE
from heldout.site.submissions.boards import BoardRow, BoardScore, BoardView
from heldout.site.submissions.results import ScoreView


class BoardLine(NamedTuple):
    """One row of the table; `score` is the number that was asked for."""

    row: BoardRow
    score: BoardScore | None
    submitted_at: datetime
    ties_with_first: bool


class GroupRow(NamedTuple):
    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    reason: str


class GroupTable(NamedTuple):
    title: str
    rows: list[GroupRow]


class ScoreLine(NamedTuple):
    measure: Measure
    score: ScoreView

    @property
    def interval_by(self) -> str:
        return self.score.reason or method_words(self.score.method) or NO_VALUE


def available(view: BoardView, task: str) -> list[Measure]:
    """The numbers the leaderboard can show, the one it is ordered by first."""
    names = dict.fromkeys(
        [(view.metric, view.name), *((s.metric, s.name) for row in view.rows for s in row.scores)]
    )
    return [measure(metric, name, task) for metric, name in names if metric]


def chosen(options: Sequence[Measure], wanted: str) -> Measure | None:
    """The one a page's address names, else the first."""
    return next((one for one in options if one.key == wanted), options[0] if options else None)


def matching(options: Sequence[Measure], shown: Measure | None) -> Measure | None:
    """The one that is shown elsewhere on the page, else the first: classes have an IoU, not a mean."""
    return shown if shown in options else next(iter(options), None)


def board_lines(view: BoardView, shown: Measure) -> list[BoardLine]:
    """The rows in official order, or in the order of another number; unknown ones stay last."""
    lines = [_board_line(row, shown) for row in view.rows]
    if (shown.metric, shown.name) == (view.metric, view.name):
        return lines
    sign = -1 if shown.higher_is_better else 1

    def order(line: BoardLine) -> tuple[bool, float]:
        value = line.score.value if line.score else None
        return value is None, sign * (value or 0.0)

    return sorted(lines, key=order)


def _board_line(row: BoardRow, shown: Measure) -> BoardLine:
    score = next(
        (one for one in row.scores if (one.metric, one.name) == (shown.metric, shown.name)), None
    )
    return BoardLine(
        row=row,
        score=score,
        submitted_at=datetime.fromisoformat(row.submitted_at),
        ties_with_first=bool(row.level_with_first),
    )


def score_lines(scores: Iterable[ScoreView], task: str) -> list[ScoreLine]:
    return [ScoreLine(measure(one.metric, one.name, task), one) for one in scores]


def group_tables(rows: Iterable[dict[str, Any]], shown: Measure) -> list[GroupTable]:
    """One table per column, or per intersection of columns."""
    tables: dict[str, list[GroupRow]] = {}
    for row in rows:
        if (row["metric"], row["name"]) == (shown.metric, shown.name):
            title = " and ".join(row["subgroup"])
            tables.setdefault(title, []).append(_group_row(row))
    return [GroupTable(title, found) for title, found in tables.items()]


def _group_row(row: dict[str, Any]) -> GroupRow:
    return GroupRow(
        " · ".join(row["subgroup"].values()),
        row["value"],
        row["low"],
        row["high"],
        row["n"],
        row.get("reason", ""),
    )


def group_measures(rows: Iterable[dict[str, Any]], task: str) -> list[Measure]:
    names = dict.fromkeys((row["metric"], row["name"]) for row in rows)
    return [measure(metric, name, task) for metric, name in names]


def numbers_of(metrics: Iterable[str], task: str) -> list[Measure]:
    return [one for metric in metrics for one in measures(metric, task)]
