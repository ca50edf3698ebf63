"""What results say in words, for the command line, reports and pages alike."""

from __future__ import annotations

from collections.abc import Mapping

from heldout.evaluation.along import Profile
from heldout.evaluation.disparities import Disparity, Spread
from heldout.evaluation.shares import ShareGap

BY_EYE = (
    "Do not compare intervals by eye: two of them may overlap although one entry is better beyond "
    "chance. A paired test on the same examples sees far more."
)
SMALL_GROUPS = (
    "Small groups are far from the average by chance more often than large ones: read n with each "
    "score."
)
SAME_SIZE = (
    "This number depends on how many examples it is of. The column `same size` is the mean of "
    "random subsets as large as the group, with the range of 95 % of them: compare with that."
)


# What a column of a polars type holds, by the beginning of the type's name.
_COLUMNS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("Int", "UInt"), "whole number"),
    (("Float", "Decimal"), "number"),
    (("Boolean",), "yes or no"),
    (("String", "Categorical", "Enum"), "text"),
    (("Datetime", "Time"), "time"),
    (("Date",), "date"),
    (("List", "Array"), "list"),
    (("Null",), "empty"),
)


def column_words(dtype: str) -> str:
    """Return what a column holds, from the name of its polars type."""
    return next((words for starts, words in _COLUMNS if dtype.startswith(starts)), dtype.lower())


def group_name(subgroup: Mapping[str, str]) -> str:
    """`woman · dark`; the columns stand above."""
    return " · ".join(subgroup.values())


def number(value: float | None) -> str:
    """Three decimals, more where the value is tiny, fewer where it is large; a dash for nothing."""
    if value is None:
        return "–"
    size = abs(value)
    places = 1 if size >= 100 else 2 if size >= 10 else 3 if size >= 0.01 or not size else 5
    return f"{value:.{places}f}".replace("-", "−")


def interval(low: float | None, high: float | None) -> str:
    """`0.678–0.750`; empty where there is none."""
    if low is None or high is None:
        return ""
    ends = number(low), number(high)
    return f"{ends[0]} to {ends[1]}" if "−" in "".join(ends) else "–".join(ends)


def percentage(value: float | None) -> str:
    """`95.7`; a dash for nothing."""
    return "–" if value is None else f"{100 * value:.1f}".replace("-", "−")


def tell_disparity(found: Disparity, *, percent: bool = False) -> str:
    """Say in a few sentences how unequal a number is, and how sure that is.

    Args:
        found: The groups and how far they lie apart.
        percent: Write the number in per cent and what lies between two of them in points.
    """
    worst = next(one for one in found.groups if one.subgroup == found.worst)
    value = f"{percentage(worst.value)} %" if percent else number(worst.value)
    told = [
        f"Worst: {group_name(worst.subgroup)}, {value} (n = {worst.n:,}).",
        f"Between best and worst lie {_points(found.gap) if percent else _spread(found.gap)}.",
    ]
    if found.ratio is not None:
        told.append(f"Worst and best are in the ratio {_spread(found.ratio)}.")
    certain = found.gap.interval.low > 0
    told.append(
        "Some groups surely differ."
        if certain
        else "Chance alone may explain all of it: no two groups surely differ."
    )
    if found.left_out:
        names = ", ".join(group_name(one) for one in found.left_out)
        told.append(f"Not compared, for lack of examples or of a number: {names}.")
    return " ".join(told)


def _spread(spread: Spread) -> str:
    corrected = f"{number(spread.corrected)} with noise taken off"
    return f"{number(spread.observed)} ({corrected}; {interval(*spread.interval)})"


def _points(spread: Spread) -> str:
    low, high = (percentage(end) for end in spread.interval)
    ends = f"{low} to {high}" if "−" in low else f"{low}–{high}"
    corrected = f"{percentage(spread.corrected)} with noise taken off"
    return f"{percentage(spread.observed)} points ({corrected}; {ends})"


def tell_share_gap(found: ShareGap) -> str:
    """Say whether an entry does surely better where it was told its score."""
    what = f"{found.metric} {found.name}".strip()
    if found.gap is None or found.low is None:
        return f"{what}: the gap, or how sure it is, is undefined."
    if found.fitted:
        return (
            f"{what}: surely better on the public share, as after fitting to what was told of it."
        )
    return f"{what}: chance alone may explain the gap."


def tell_profile(found: Profile) -> str:
    """Say where a score along a number is lowest and highest."""
    if not found.points:
        return f"No curve: {found.reason}."
    low = min(found.points, key=lambda point: point.value)
    high = max(found.points, key=lambda point: point.value)
    told = (
        f"From {number(low.value)} around {found.column} = {low.at:,.4g} "
        f"to {number(high.value)} around {high.at:,.4g}; each point is made of the "
        f"{found.around:,} nearest of {found.n:,} examples."
    )
    return f"{told} No band: {found.reason}." if found.reason else told
