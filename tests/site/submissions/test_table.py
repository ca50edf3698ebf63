import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from heldout.site.challenges.measures import measure
from heldout.site.submissions.boards import BoardRow, BoardScore
from heldout.site.submissions.pages import BoardLine
from heldout.site.submissions.table import Columns, rows_html

ACCURACY = measure("accuracy", "accuracy", "tabular-classification")
WHEN = datetime(2027, 1, 2, 23, 30, tzinfo=UTC)


def line(entrant="cats & <dogs>", *, ties=False, **changes):
    score = BoardScore("accuracy", "accuracy", 0.7512, 0.70, 0.80)
    usual = {
        "rank": 2,
        "rank_low": 1,
        "rank_high": 3,
        "entrant": entrant,
        "entrant_id": 7,
        "metric": "accuracy",
        "name": "accuracy",
        "value": 0.7512,
        "low": 0.70,
        "high": 0.80,
        "n": 12345,
        "level_with_first": ties,
        "submissions": 3,
        "submitted_at": WHEN.isoformat(),
        "scores": (score,),
    }
    return BoardLine(BoardRow(**(usual | changes)), score, WHEN, ties)


def html(*lines, intervals=True, gap=False, leaks=False):
    columns = Columns(ACCURACY, ACCURACY, intervals, gap, leaks, ZoneInfo("Europe/Berlin"))
    return rows_html(lines, columns)


def cells(*lines, **columns):
    return re.sub(r"<[^>]+>", "", html(*lines, **columns))


def test_a_name_is_shown_as_it_is_and_never_read_as_html():
    assert "cats &amp; &lt;dogs&gt;<!--row-1-->" in html(line())


def test_numbers_are_rounded_and_the_moment_is_of_the_challenges_zone():
    shown = cells(line())
    for words in ("75", "12,345", "3 Jan 2027, 00:30 CET"):
        assert words in shown
    assert "0.7512" not in shown
    assert f'datetime="{WHEN.isoformat()}"' in html(line())


@pytest.mark.parametrize(
    ("rank", "ties", "level", "words"),
    [
        (1, False, True, "first"),
        (2, True, True, "not distinguishable from the first"),
        (2, False, False, "behind the first"),
        (2, False, None, "–"),
    ],
)
def test_each_row_tells_how_it_stands_against_the_first(rank, ties, level, words):
    assert words in cells(line(rank=rank, ties=ties, level_with_first=level))


def test_columns_that_are_not_revealed_are_not_there():
    everything = html(line(), intervals=True, gap=True, leaks=True)
    assert everything.count("<td") == html(line(), intervals=False).count("<td") + 5


def test_a_budget_and_a_baseline_are_named():
    shown = cells(line(budget=20, baseline=True))
    assert "3 of 20" in shown
    assert "Baseline" in shown
    assert '<tr class="row-1 baseline">' in html(line(baseline=True))


def test_rows_are_numbered_in_their_order():
    shown = html(line("first"), line("second"))
    assert shown.index("first<!--row-1-->") < shown.index("second<!--row-2-->")
