"""Altair charts as SVG that takes its colours and its font from the page.

A chart is drawn twice, for a wide and for a narrow screen, because text in a scaled drawing becomes
too small to read. Colours of the chart are stand-ins which become CSS variables, so that one drawing
serves light, dark and print. Drawings are cached under the hash of what they show: even describing
a chart to the engine takes longer than a page should.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import altair as alt
import vl_convert
from altair.utils.schemapi import disable_debug_mode
from django.core.cache import cache
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Altair would check its own charts against its schema, which takes half the time of a drawing.
disable_debug_mode()

INK = "#010101"
SOFT = "#020202"
LINE = "#030303"
ACCENT = "#040404"
PAPER = "#050505"
_VARIABLES = {INK: "ink", SOFT: "soft", LINE: "line", ACCENT: "accent", PAPER: "paper"}

WIDE, NARROW = 680, 340
_KEEP_SECONDS = 7 * 24 * 3600
# Measured by the machine that draws and shown in the reader's font: close enough in width.
_FONT = "Liberation Sans"


Chart = alt.Chart | alt.LayerChart


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


def axis(**options: Any) -> alt.Axis:
    """A quiet axis: no ticks, faint lines, readable labels."""
    quiet = {
        "domain": False,
        "ticks": False,
        "gridColor": LINE,
        "labelPadding": 8,
        "labelFlush": False,
    }
    return alt.Axis(**{**quiet, **options})


def _themed(chart: Chart) -> dict[str, Any]:
    configured = chart.configure(
        font=_FONT,
        background="transparent",
        padding={"left": 0, "right": 14, "top": 4, "bottom": 6},
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )
    configured = configured.configure_view(stroke=None).configure_axis(
        labelColor=INK,
        titleColor=SOFT,
        labelFontSize=13,
        titleFontSize=13,
        titleFontWeight="normal",
        titlePadding=12,
    )
    return dict(configured.to_dict(validate=False))


def _svg(chart: Chart, title: str, description: str, name: str) -> SafeString:
    """Strip what belongs to a file, name the picture, and let the page colour it."""
    svg = vl_convert.vegalite_to_svg(_themed(chart))
    svg = re.sub(r' (?:role|aria-[a-z]+|font-family|class|xmlns:xlink)="[^"]*"', "", svg)
    for color, variable in _VARIABLES.items():
        svg = svg.replace(f'"{color}"', f'"var(--plot-{variable})"')
    head = f'<svg role="img" aria-labelledby="{name} {name}-text" '
    labels = (
        f'<title id="{name}">{escape(title)}</title>'
        f'<desc id="{name}-text">{escape(description)}</desc>'
    )
    svg = re.sub(r"^<svg ([^>]*)>", lambda found: f"{head}{found[1]}>{labels}", svg, count=1)
    return mark_safe(svg)  # noqa: S308 - drawn by us; the two texts are escaped
