"""Charts on pages: drawn for a wide and for a narrow screen, and kept.

A chart is drawn twice, because text in a scaled drawing becomes too small to read. Drawings are
cached under the hash of what they show: even describing a chart to the engine takes longer than a
page should. How one is drawn is `heldout.cards.drawing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import altair as alt
from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe

from heldout.cards.drawing import ACCENT, INK, LINE, NARROW, PAPER, SOFT, WIDE, Chart, axis, svg

__all__ = ["ACCENT", "INK", "LINE", "NARROW", "PAPER", "SOFT", "WIDE", "Chart", "Plot", "axis"]
__all__ += ["draw", "warm_up"]

_KEEP_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Plot:
    """What a page shows: the drawing for a wide and for a narrow screen."""

    wide: SafeString
    narrow: SafeString


def draw(build: Callable[[int], Chart], *, shows: object, title: str, description: str) -> Plot:
    """Draw what `build` returns for a width in pixels, unless what it `shows` was drawn before."""
    digest = hashlib.sha256(repr((shows, title, description)).encode()).hexdigest()[:24]
    plot = cache.get(f"plot:{digest}")
    if plot is None:
        wide = _svg(build(WIDE), title, description, f"plot-{digest[:8]}-wide")
        narrow = _svg(build(NARROW), title, description, f"plot-{digest[:8]}-narrow")
        plot = Plot(wide, narrow)
        cache.set(f"plot:{digest}", plot, _KEEP_SECONDS)
    return cast(Plot, plot)


def warm_up() -> None:
    """Start the engine, which takes a second or two, before the first reader waits for it."""
    point = alt.Chart(alt.Data(values=[{"x": 0}])).mark_point().encode(x="x:Q")
    _svg(alt.LayerChart(layer=[point]), "", "", "warm-up")


def _svg(chart: Chart, title: str, description: str, name: str) -> SafeString:
    drawn = svg(chart, title=title, description=description, name=name)
    return mark_safe(drawn)  # noqa: S308 - drawn by us; the two texts are escaped
