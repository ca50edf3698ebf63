"""The rows of a leaderboard as HTML; a template takes five times as long, and rushes are full of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from heldout.site.challenges.measures import Measure
from heldout.site.common import formatting
from heldout.site.submissions.pages import BoardLine


class Columns(NamedTuple):
    """Which columns there are: `gap`, of the public share against the private one."""

    shown: Measure
    ranked_by: Measure
    intervals: bool
    gap: bool
    leaks: bool
    zone: ZoneInfo


def rows_html(lines: Iterable[BoardLine], columns: Columns) -> SafeString:
    """One row for each line, numbered from 1 in its class and in a comment behind its name."""
    rows = (_row(line, place, columns) for place, line in enumerate(lines, 1))
    return mark_safe("\n".join(rows))  # noqa: S308 - the one text of others, the name, is escaped


def _row(line: BoardLine, place: int, columns: Columns) -> str:
    kind = "baseline" if line.row.baseline else ""
    return f'<tr class="row-{place} {kind}">{"".join(_cells(line, place, columns))}</tr>'


def _cells(line: BoardLine, place: int, columns: Columns) -> Iterator[str]:
    row, score, percent = line.row, line.score, columns.shown.percent
    value, low, high = (score.value, score.low, score.high) if score else (None, None, None)
    yield _number(formatting.rank_text(row.rank, row.rank_low, row.rank_high))
    yield f'<th scope="row">{_name(line, place, columns)}</th>'
    yield _number(formatting.score_text(value, low, high, percent=percent))
    if columns.intervals:
        yield _number(formatting.range_text(low, high, percent=percent), "range")
        yield f'<td class="s soft nowrap large-screen">{_against_first(line)}</td>'
    if columns.gap:
        percent = columns.ranked_by.percent
        yield _number(formatting.score_text(row.public, percent=percent))
        gap = formatting.difference_text(row.gap, row.gap_low, row.gap_high, percent=percent)
        yield _number(gap)
    if columns.leaks:
        percent = columns.ranked_by.percent
        yield _number(formatting.score_text(row.without_leaks, percent=percent))
    yield _number(f"{row.n:,}")
    budget = f" of {row.budget:,}" if row.budget else ""
    yield _number(f"{row.submissions:,}{budget}", "nowrap")
    yield f'<td class="s soft nowrap">{_moment(line, columns.zone)}</td>'


def _number(text: str, kind: str = "") -> str:
    return f'<td class="num {kind}">{text}</td>'


def _name(line: BoardLine, place: int, columns: Columns) -> str:
    row = line.row
    tag = ' <span class="tag">Baseline</span>' if row.baseline else ""
    note = ""
    if columns.intervals and row.level_with_first is not None and row.rank != 1:
        how = "not distinguishable from" if line.ties_with_first else "behind"
        note = f' <span class="note-text small-screen">{how} the first</span>'
    return f"{escape(row.entrant)}<!--row-{place}-->{tag}{note}"


def _against_first(line: BoardLine) -> str:
    if line.row.rank == 1:
        return "first"
    if line.ties_with_first:
        return "not distinguishable"
    return formatting.NO_VALUE if line.row.level_with_first is None else "behind"


def _moment(line: BoardLine, zone: ZoneInfo) -> str:
    moment = line.submitted_at
    text = formatting.time_text(moment, zone)
    return f'<time datetime="{moment.isoformat()}" data-local>{text}</time>'
