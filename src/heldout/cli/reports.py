"""How a report is printed: tables for what has columns, sentences for what has not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from heldout.cli.output import print_table

if TYPE_CHECKING:
    from heldout.evaluation.along import Profile
    from heldout.evaluation.details import Details
    from heldout.evaluation.report import Report
    from heldout.evaluation.subgroups import SubgroupScore

MOST_CURVES = 20
BLOCKS = "▁▂▃▄▅▆▇█"


def print_report(report: Report) -> None:
    """Print everything that is in a report, the most important first."""
    print_table(
        ("metric", "number", "value", "low", "high", "n", ""),
        [(s.metric, s.name, s.value, s.low, s.high, s.n, s.reason) for s in report.scores],
    )
    _print_without_leaks(report)
    _print_share_gaps(report)
    _print_groups("By subgroup", report.subgroups, _yardsticks(report))
    _print_disparities(report)
    for profile in report.profiles:
        _print_profile(profile)
    _print_counterfactuals(report)
    _print_groups("By class", _first_of_each_metric(report), {})
    if report.details is not None:
        _print_details(report.details)


def _print_without_leaks(report: Report) -> None:
    if report.without_leaks:
        left_out = (report.n or 0) - report.without_leaks[0].n
        print_table(
            ("metric", "number", "value", "low", "high", "n", ""),
            [
                (s.metric, s.name, s.value, s.low, s.high, s.n, s.reason)
                for s in report.without_leaks
            ],
            title=f"\nWithout {left_out:,} leaked examples",
        )


def _print_share_gaps(report: Report) -> None:
    from heldout.cards.wording import tell_share_gap

    if report.share_gaps:
        print_table(
            ("metric", "number", "public", "n", "rest", "n", "gap", "low", "high"),
            [
                (
                    g.metric,
                    g.name,
                    g.public,
                    g.n_public,
                    g.private,
                    g.n_private,
                    g.gap,
                    g.low,
                    g.high,
                )
                for g in report.share_gaps
            ],
            title="\nThe public share and the rest",
        )
        for gap in report.share_gaps:
            _say(tell_share_gap(gap))


def _say(text: str = "") -> None:
    print(text)


def _yardsticks(report: Report) -> dict[tuple[object, ...], str]:
    return {
        (*one.subgroup.items(), one.metric, one.name): f"{one.low:.4f}-{one.high:.4f}"
        for one in report.same_size
    }


def _print_groups(
    title: str, groups: Sequence[SubgroupScore], yardsticks: dict[tuple[object, ...], str]
) -> None:
    """Print groups; beside numbers that depend on size, the range of random subsets as large."""
    if not groups:
        return
    columns = ["group", "metric", "number", "value", "low", "high", "n"]
    rows = [
        [
            ", ".join(f"{column}: {value}" for column, value in group.subgroup.items()),
            *(group.metric, group.name, group.value, group.low, group.high, group.n),
            *((yardsticks.get((*group.subgroup.items(), group.metric, group.name), ""),)
              if yardsticks else ()),
            group.reason,
        ]
        for group in groups
    ]  # fmt: skip
    print_table((*columns, *(["same size"] if yardsticks else []), ""), rows, title=f"\n{title}")


def _first_of_each_metric(report: Report) -> list[SubgroupScore]:
    """A dozen numbers of eighty classes are for the JSON."""
    first: dict[str, str] = {}
    for one in report.per_class:
        first.setdefault(one.metric, one.name)
    return [one for one in report.per_class if first[one.metric] == one.name]


def _print_disparities(report: Report) -> None:
    """Print the worst group, the gap and the ratio by the first number of each metric."""
    from heldout.cards.wording import group_name, interval, number

    first: dict[str, str] = {}
    for one in report.scores:
        first.setdefault(one.metric, one.name)
    rows = [
        (
            " and ".join(one.by),
            one.metric,
            group_name(one.worst),
            number(one.gap.observed),
            number(one.gap.corrected),
            interval(*one.gap.interval),
            *(
                (number(one.ratio.observed), interval(*one.ratio.interval))
                if one.ratio
                else ("", "")
            ),
        )
        for one in report.disparities
        if first[one.metric] == one.name
    ]
    if rows:
        columns = ("by", "metric", "worst", "gap", "less noise", "interval", "ratio", "interval")
        print_table(columns, rows, title="\nDifferences between groups")


def _print_counterfactuals(report: Report) -> None:
    from heldout.cards.wording import interval

    if report.counterfactuals:
        rows = [
            (f"{one.attribute}: {one.first} - {one.second}", one.metric, one.value_first,
             one.value_second, one.difference, one.low, one.high, one.flipped,
             interval(*(one.flipped_interval or (None, None))), one.n, one.reason)
            for one in report.counterfactuals
        ]  # fmt: skip
        columns = ("changed", "metric", "first", "second", "difference", "low", "high", "flipped",
                   "interval", "inputs", "")  # fmt: skip
        print_table(columns, rows, title="\nThe same inputs with one attribute changed")


def _print_profile(profile: Profile) -> None:
    from heldout.cards.wording import tell_profile

    _say(f"\n{profile.metric} along {profile.column}  {_sparkline(profile)}")
    _say(tell_profile(profile))


def _sparkline(profile: Profile) -> str:
    values = [point.value for point in profile.points]
    if not values:
        return ""
    low, span = min(values), (max(values) - min(values)) or 1.0
    return "".join(BLOCKS[round((len(BLOCKS) - 1) * (one - low) / span)] for one in values)


def _print_details(details: Details) -> None:
    if details.classes:
        print_table(
            ("class", "precision", "recall", "F1", "n", "predicted"),
            [(c.name, c.precision, c.recall, c.f1, c.n, c.predicted) for c in details.classes],
            title="\nClasses",
        )
    if details.confusion is not None:
        print_table(
            ("true class", "predicted class", "n"),
            [(c.reference, c.prediction or "(missing)", c.n)
             for c in details.confusion.most_confused()],
            title="\nMost confused",
        )  # fmt: skip
    if details.curves:
        print_table(
            ("class", "overlap", "average precision"),
            [(c.name, c.threshold, c.average_precision) for c in details.curves[:MOST_CURVES]],
            title="\nPrecision over recall",
        )
    if details.reliability:
        print_table(
            ("confidence", "mean", "right", "n"),
            [(f"{b.low:.2f}-{b.high:.2f}", b.confidence, b.accuracy, b.n)
             for b in details.reliability if b.n],
            title="\nReliability",
        )  # fmt: skip
    if details.rate_gaps:
        print_table(
            ("by", "class", "rate", "largest gap"),
            [(" and ".join(g.by), g.name, g.rate, g.gap) for g in details.rate_gaps],
            title="\nRates of error by group",
        )
