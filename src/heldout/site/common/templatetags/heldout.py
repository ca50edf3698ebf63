from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.core.paginator import Page
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from heldout import __version__
from heldout.site.common import formatting, markdown

register = template.Library()

_ICONS = {
    "alert": '<path d="M12 8v5m0 3.5v.01M10.3 3.9 2.4 17.6A2 2 0 0 0 4.1 20.6h15.8a2 2 0 0 0 '
    '1.7-3L13.7 3.9a2 2 0 0 0-3.4 0Z"/>',
    "busy": '<path d="M12 3a9 9 0 1 0 9 9"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "clock": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 2"/>',
    "cross": '<path d="M6 6l12 12M18 6 6 18"/>',
    "down": '<path d="M12 4v11m-5-4.5 5 5 5-5M4 20h16"/>',
    "lock": '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
    "right": '<path d="M5 12h14m-5-5 5 5-5 5"/>',
    "undo": '<path d="M8 5 4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3"/>',
    "up": '<path d="M12 16V4m-5 4.5L12 4l5 4.5M4 20h16"/>',
}


@register.simple_tag
def icon(name: str) -> SafeString:
    return mark_safe(  # noqa: S308 - our own drawings
        f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{_ICONS[name]}</svg>'
    )


@register.simple_tag
def heldout_version() -> str:
    return __version__


@register.simple_tag
def score(value: Any, low: Any = None, high: Any = None, percent: bool = False) -> str:
    return formatting.score_text(value, low, high, percent=percent)


@register.simple_tag
def difference(value: Any, low: Any = None, high: Any = None, percent: bool = False) -> str:
    return formatting.difference_text(value, low, high, percent=percent)


@register.simple_tag
def interval(low: Any, high: Any, percent: bool = False) -> str:
    return formatting.range_text(low, high, percent=percent)


@register.simple_tag
def rank(place: int | None, low: int | None = None, high: int | None = None) -> str:
    return formatting.rank_text(place, low, high)


@register.filter
def filesize(size: int) -> str:
    return formatting.size_text(size)


@register.filter
def at(values: Mapping[str, Any], key: str) -> Any:
    return values.get(key)


@register.filter
def whole(number: int) -> str:
    return f"{number:,}"


@register.simple_tag
def count(n: int, singular: str, plural: str | None = None) -> str:
    return formatting.count_text(n, singular, plural)


@register.simple_tag
def when(moment: datetime | None, zone: str = "") -> str | SafeString:
    """The moment in the challenge's zone; the script shows it in the reader's own."""
    if moment is None:
        return formatting.NO_VALUE
    here = ZoneInfo(zone) if zone else timezone.get_current_timezone()
    return format_html(
        '<time datetime="{}" data-local>{}</time>',
        moment.isoformat(),
        formatting.time_text(moment, here),
    )


@register.filter
def distance(moment: datetime) -> str:
    return formatting.distance_text(moment, timezone.now())


@register.simple_tag
def markdown_text(text: str, title: str = "") -> SafeString:
    return markdown.render(text, title=title)


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """The page's address with some parameters changed: filters and pages keep each other."""
    values = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            values.pop(name, None)
        else:
            values[name] = value
    return f"?{values.urlencode()}"


@register.simple_tag
def page_numbers(page: Page[Any]) -> Sequence[int | str]:
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))
