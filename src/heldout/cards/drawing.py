"""Altair charts as SVG that takes its colours and its font from the page it stands on.

Colours of a chart are stand-ins which become CSS variables, so that one drawing serves light, dark
and print.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import altair as alt
import vl_convert
from altair.utils.schemapi import disable_debug_mode

# Altair would check its own charts against its schema, which takes half the time of a drawing.
disable_debug_mode()

INK = "#010101"
SOFT = "#020202"
LINE = "#030303"
ACCENT = "#040404"
PAPER = "#050505"
_VARIABLES = {INK: "ink", SOFT: "soft", LINE: "line", ACCENT: "accent", PAPER: "paper"}

WIDE, NARROW = 680, 340  # Text in a scaled drawing becomes too small to read, so there are two.
# Measured by the machine that draws and shown in the reader's font: close enough in width.
_FONT = "Liberation Sans"

Chart = alt.Chart | alt.LayerChart

# The engine wants whole addresses, so marks lead to numbers until the drawing is done.
_NUMBERED = "https://mark.invalid/"


class Link(NamedTuple):
    """Where a mark leads, and what it says of itself; a mark without an address leads nowhere."""

    address: str
    words: str


def mark_number(number: int) -> str:
    """Return what stands in the data for the link of this number."""
    return f"{_NUMBERED}{number}"


def axis(**options: Any) -> alt.Axis:
    """Return a quiet axis: no ticks, faint lines, readable labels."""
    quiet = {
        "domain": False,
        "ticks": False,
        "gridColor": LINE,
        "labelPadding": 8,
        "labelFlush": False,
    }
    return alt.Axis(**{**quiet, **options})


def color(field: str) -> alt.Color:
    """Return a colour that stands in the data as one of the stand-ins."""
    return alt.Color(f"{field}:N", scale=None, legend=None)


def svg(
    chart: Chart, *, title: str, description: str, name: str, links: Sequence[Link] = ()
) -> str:
    """Draw, strip what belongs to a file, name the picture, and let the page colour it.

    Args:
        chart: With stand-in colours.
        title: Its name, for screen readers.
        description: What it shows, for screen readers.
        name: An id, unique on the page.
        links: Of the marks whose data name a number.
    """
    drawn = vl_convert.vegalite_to_svg(_themed(chart))
    drawn = re.sub(r' (?:role|aria-[a-z]+|font-family|class|xmlns:xlink)="[^"]*"', "", drawn)
    for stand_in, variable in _VARIABLES.items():
        drawn = drawn.replace(f'"{stand_in}"', f'"var(--plot-{variable})"')
    drawn = re.sub(
        rf'<a xlink:href="{re.escape(_NUMBERED)}(\d+)">(.*?)</a>',
        lambda found: _linked(links[int(found[1])], found[2]),
        drawn,
    )
    # What is in a picture is not read out; a group of links is.
    role = "group" if any(one.address for one in links) else "img"
    head = f'<svg role="{role}" aria-labelledby="{name} {name}-text" '
    labels = (
        f'<title id="{name}">{escape(title)}</title>'
        f'<desc id="{name}-text">{escape(description)}</desc>'
    )
    return re.sub(r"^<svg ([^>]*)>", lambda found: f"{head}{found[1]}>{labels}", drawn, count=1)


def _linked(link: Link, mark: str) -> str:
    if not link.address:
        return mark
    words = escape(link.words)
    return f'<a href="{escape(link.address)}" aria-label="{words}"><title>{words}</title>{mark}</a>'


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
