"""How numbers, sizes and times are written on every page. Pure functions; the tags only call them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, tzinfo

NO_VALUE = "–"
THIN = "\u202f"  # narrow no-break space, between a number and its unit
DASH = "–"

_SIZES = ("B", "kB", "MB", "GB", "TB")
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def decimals_for(width: float | None, *, percent: bool) -> int:
    """Enough decimals for two digits of an interval's width, and alike in a table's usual rows."""
    usual = 1 if percent else 3
    if not is_number(width) or not width or width <= 0:
        return usual
    needed = 1 - math.floor(math.log10(width * 100 if percent else width))
    if percent:
        return min(5, max(1, needed))
    return min(5, max(0 if width >= 20 else 1 if width >= 2 else 3, needed))


def decimals(value: object, low: object = None, high: object = None, *, percent: bool) -> int:
    """The decimals of a score and of its interval, which are written alike."""
    if is_number(low) and is_number(high):
        return decimals_for(float(high) - float(low), percent=percent)  # type: ignore[arg-type]
    if not percent and is_number(value) and abs(float(value)) >= 100:  # type: ignore[arg-type]
        return 1
    return decimals_for(None, percent=percent)


def number(value: object, places: int, *, percent: bool) -> str:
    if not is_number(value):
        return NO_VALUE
    scaled = float(value) * (100 if percent else 1)  # type: ignore[arg-type]
    text = f"{scaled:,.{places}f}"
    text = text.removeprefix("-") if float(text.replace(",", "")) == 0 else text
    return text.replace("-", "\u2212")


def score_text(
    value: object, low: object = None, high: object = None, *, percent: bool = False
) -> str:
    """`97.1 %` where the metric is a proportion, else as many decimals as the interval carries."""
    if not is_number(value):
        return NO_VALUE
    text = number(value, decimals(value, low, high, percent=percent), percent=percent)
    return f"{text}{THIN}%" if percent else text


def difference_text(
    value: object, low: object = None, high: object = None, *, percent: bool = False
) -> str:
    """`+1.3 points` between two proportions, else `+0.013`; what rounds to nothing has no sign."""
    if not is_number(value):
        return NO_VALUE
    text = number(value, decimals(value, low, high, percent=percent), percent=percent)
    is_more = float(value) > 0 and any(digit in text for digit in "123456789")  # type: ignore[arg-type]
    signed = f"+{text}" if is_more else text
    return f"{signed} points" if percent else signed


def range_text(low: object, high: object, *, percent: bool = False) -> str:
    """`95.6–98.2`; negative ends are joined by "to"."""
    if not (is_number(low) and is_number(high)):
        return ""
    places = decimals(None, low, high, percent=percent)
    ends = number(low, places, percent=percent), number(high, places, percent=percent)
    return f"{ends[0]} to {ends[1]}" if "\u2212" in "".join(ends) else DASH.join(ends)


def rank_text(rank: int | None, low: int | None, high: int | None) -> str:
    """`3 (2–7)`; a rank that is certain stands alone."""
    if rank is None:
        return NO_VALUE
    if low is None or high is None or low == high:
        return str(rank)
    return f"{rank} ({low}{DASH}{high})"


def size_text(size: int) -> str:
    step = min(int(math.log10(max(size, 1)) // 3), len(_SIZES) - 1)
    return f"{size / 1000**step:.{1 if step else 0}f}{THIN}{_SIZES[step]}"


def count_text(n: int, singular: str, plural: str | None = None) -> str:
    """`1 example`, `1,797 examples`."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def time_text(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def distance_text(moment: datetime, now: datetime) -> str:
    """`in 12 days`, `3 hours ago`, `just now`."""
    distance = abs(moment - now)
    if distance < timedelta(minutes=1):
        return "just now" if moment <= now else "in less than a minute"
    unit, seconds = next(u for u in _UNITS if distance >= timedelta(seconds=u[1]))
    amount = count_text(int(distance.total_seconds() // seconds), unit)
    return f"in {amount}" if moment > now else f"{amount} ago"
