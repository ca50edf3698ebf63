"""A report's subgroups, curves and matrices as pages show them. Pure functions of what is revealed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from heldout.cards import wording
from heldout.cards.charts.curves import (
    Along,
    along_chart,
    precision_recall_chart,
    reliability_chart,
)
from heldout.cards.charts.matrices import matrix_chart
from heldout.cards.evaluation_report import is_skewed, shares_of, tracks_of
from heldout.cards.shading import confusion_squares, intersection_squares
from heldout.evaluation.along import Profile
from heldout.evaluation.confusion import Cell, Confusion
from heldout.evaluation.curves import PrecisionRecall
from heldout.evaluation.disparities import Disparity
from heldout.evaluation.odds import RATES, RateGap
from heldout.evaluation.reliability import Bin
from heldout.evaluation.report import Report
from heldout.evaluation.same_size import SameSize
from heldout.evaluation.subgroups import SubgroupScore
from heldout.site.challenges.measures import Measure, measure
from heldout.site.common import formatting
from heldout.site.common.drawing import Plot, draw

MOST_CLASSES = 40  # A larger matrix is no picture; the table has the most frequent confusions.
MOST_CONFUSED = 10


class ProfileView(NamedTuple):
    title: str
    plot: Plot | None
    said: str
    profile: Profile
    percent: bool


class CurveView(NamedTuple):
    title: str
    plot: Plot
    curves: Sequence[PrecisionRecall]


class ConfusionView(NamedTuple):
    plot: Plot | None
    confused: Sequence[Cell]


class ReliabilityView(NamedTuple):
    plot: Plot
    bins: Sequence[Bin]


def heat_map(rows: Iterable[dict[str, Any]], shown: Measure, title: str) -> Plot | None:
    """A table of shaded cells for an intersection of two columns or more."""
    scores = [
        SubgroupScore(**row)
        for row in rows
        if (row["metric"], row["name"]) == (shown.metric, shown.name)
        and " and ".join(row["subgroup"]) == title
    ]
    if not scores or len(scores[0].subgroup) < 2:
        return None

    def write(value: float | None) -> str:
        return formatting.score_text(value, percent=shown.percent)

    found = intersection_squares(
        scores, write=write, interval=partial(formatting.range_text, percent=shown.percent)
    )
    if found is None:
        return None
    said = "; ".join(f"{wording.group_name(one.subgroup)} {write(one.value)}" for one in scores)
    return draw(
        lambda width: matrix_chart(found.squares, width, rows=found.rows, columns=found.columns),
        shows=found,
        title=f"{shown.title} by {title}",
        description=said,
    )


def disparity_text(report: Report, shown: Measure, title: str) -> str:
    """How unequal the groups are, in sentences; empty where that is not revealed."""
    found = next(_of(report.disparities, shown, title), None)
    return wording.tell_disparity(found, percent=shown.percent) if found else ""


def _of(found: Iterable[Disparity], shown: Measure, title: str) -> Iterator[Disparity]:
    for one in found:
        if (one.metric, one.name, " and ".join(one.by)) == (shown.metric, shown.name, title):
            yield one


class RateGaps(NamedTuple):
    """The largest gaps between two groups in the rates of one class."""

    by: str
    name: str
    gaps: dict[str, float | None]


def rate_gaps(found: Iterable[RateGap]) -> list[RateGaps]:
    """One row for the columns that make the groups and a class."""
    rows: dict[tuple[str, str], RateGaps] = {}
    for one in found:
        by = " and ".join(one.by)
        row = rows.setdefault((by, one.name), RateGaps(by, one.name, dict.fromkeys(RATES)))
        row.gaps[one.rate] = one.gap
    return list(rows.values())


def yardsticks(report: Report, shown: Measure) -> dict[str, SameSize]:
    """By group: what random subsets as large score."""
    return {
        wording.group_name(one.subgroup): one
        for one in report.same_size
        if (one.metric, one.name) == (shown.metric, shown.name)
    }


def profiles(report: Report, shown: Measure | None, overall: float | None) -> list[ProfileView]:
    """The curves of the metric that is shown."""
    if shown is None:
        return []
    return [
        ProfileView(
            f"{shown.title} along {one.column}",
            _profile_plot(one, shown, overall),
            wording.tell_profile(one),
            one,
            shown.percent,
        )
        for one in report.profiles
        if one.metric == shown.metric
    ]


def _profile_plot(profile: Profile, shown: Measure, overall: float | None) -> Plot | None:
    if not profile.points:
        return None
    scale = 100 if shown.percent else 1
    points = [
        Along(
            at.at,
            at.value * scale,
            None if at.low is None else at.low * scale,
            None if at.high is None else at.high * scale,
        )
        for at in profile.points
    ]
    return draw(
        lambda width: along_chart(
            points,
            width,
            x_title=profile.column,
            y_title=f"{shown.title}, %" if shown.percent else shown.title,
            reference=None if overall is None else overall * scale,
            logarithmic=is_skewed(profile),
        ),
        shows=(points, overall),
        title=f"{shown.title} along {profile.column}",
        description=wording.tell_profile(profile),
    )


def confusion_view(confusion: Confusion | None) -> ConfusionView | None:
    if confusion is None:
        return None
    confused = confusion.most_confused(MOST_CONFUSED)
    if len(confusion.classes) > MOST_CLASSES:
        return ConfusionView(None, confused)
    found = confusion_squares(confusion)
    said = "; ".join(
        f"{one.n} of {one.reference} taken for {one.prediction or 'nothing'}" for one in confused
    )
    plot = draw(
        lambda width: matrix_chart(
            found.squares,
            width,
            rows=found.rows,
            columns=found.columns,
            row_title="True class",
            column_title="Predicted class",
        ),
        shows=found,
        title="Confusion matrix",
        description=said or "Nothing is confused.",
    )
    return ConfusionView(plot, confused)


def curve_views(curves: Sequence[PrecisionRecall], task: str) -> list[CurveView]:
    """One picture for each metric of detections, or one for the scores of classes."""
    return [
        _curve_view(metric, list(found), task)
        for metric, found in groupby(curves, key=lambda one: one.metric)
    ]


def _curve_view(metric: str, curves: list[PrecisionRecall], task: str) -> CurveView:
    title = measure(metric, "", task).title if metric else "Classes by their scores"
    plot = draw(
        partial(precision_recall_chart, tracks_of(curves)),
        shows=curves,
        title=f"Precision over recall: {title}",
        description="; ".join(
            f"{one.name}: average precision {wording.number(one.average_precision)}"
            for one in curves[:12]
        ),
    )
    return CurveView(title, plot, curves)


def reliability_view(bins: Sequence[Bin]) -> ReliabilityView | None:
    shares = shares_of(bins)
    if not shares:
        return None
    plot = draw(
        partial(reliability_chart, shares),
        shows=shares,
        title="Reliability",
        description="; ".join(
            f"{one.confidence:.0%} sure, {one.accuracy:.0%} right, n {one.n}" for one in shares
        ),
    )
    return ReliabilityView(plot, [one for one in bins if one.n])
