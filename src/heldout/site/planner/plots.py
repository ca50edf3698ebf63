"""Two drawings of a plan: where the memory goes, and when buying has paid."""

from __future__ import annotations

from typing import Any

import altair as alt

from heldout.site.common import drawing

CATEGORIES = ("parameters", "gradients", "optimizer", "activations", "workspace", "runtime")
_UNITS = (("GB (10⁹ bytes)", 1e9), ("MB (10⁶ bytes)", 1e6))
# Below so many bytes in all, bars are in MB; what would be drawn as 0.00 is left out.
_LITTLE, _SMALLEST = 1e8, 0.005
_STEP = 34


def memory_plot(plan: dict[str, Any]) -> drawing.Plot:
    """A bar for each category at the peak of a training step, the device's own share paler."""
    memory = plan["memory"]["training"]
    unit, bytes_in_it = _UNITS[memory["peak_bytes"] < _LITTLE]
    rows = [
        {
            "category": name.capitalize(),
            "amount": memory[name] / bytes_in_it,
            "text": f"{memory[name] / bytes_in_it:,.2f}",
            "color": drawing.SOFT if name == "runtime" else drawing.ACCENT,
        }
        for name in CATEGORIES
        if memory[name] >= _SMALLEST * bytes_in_it
    ]
    return drawing.draw(
        lambda width: _bars(rows, width, unit),
        shows=(rows, unit),
        title="Memory at the peak of a training step",
        description="; ".join(f"{row['category']} {row['text']} {unit[:2]}" for row in rows) + ".",
    )


def _bars(rows: list[dict[str, Any]], width: int, unit: str) -> drawing.Chart:
    most = max((float(row["amount"]) for row in rows), default=1.0)
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("category:N", sort=None, axis=drawing.axis(title=None, grid=False))
    )
    scale = alt.Scale(domain=[0, most * 1.15])
    x = alt.X(
        "amount:Q",
        scale=scale,
        axis=drawing.axis(title=unit, tickCount=4 if width < drawing.WIDE else 8),
    )
    bars = base.mark_bar(height=18, cornerRadiusEnd=2).encode(
        x=x, color=alt.Color("color:N", scale=None, legend=None)
    )
    labels = base.mark_text(align="left", dx=6, color=drawing.INK, fontSize=13).encode(
        x=x, text="text:N"
    )
    return alt.LayerChart(layer=[bars, labels]).properties(width=width, height=_STEP * len(rows))


def cost_plot(row: dict[str, Any]) -> drawing.Plot | None:
    """Rent and purchase of a device over hours of use; None where a price is not known."""
    cost = row["cost"]
    if not cost or not cost["rent"] or not cost["buy"] or not cost["buy"]["break_even_hours"]:
        return None
    hourly = cost["rent"]["usd_per_hour"].get("on_demand")
    price, even = cost["buy"]["usd"], cost["buy"]["break_even_hours"]
    if hourly is None:
        return None
    running = hourly - price / even
    points = [
        {"hours": hours, "usd": usd, "way": way, "color": color}
        for hours in (0.0, 2 * even)
        for way, usd, color in (
            ("Rent", hourly * hours, drawing.SOFT),
            ("Buy", price + running * hours, drawing.ACCENT),
        )
    ]
    return drawing.draw(
        lambda width: _curves(points, even, width),
        shows=(points, even),
        title=f"Renting and buying {row['name']}",
        description=(
            f"Renting at {hourly:,.2f} dollars an hour costs as much as buying at {price:,.0f} "
            f"dollars after {even:,.0f} hours of use."
        ),
    )


def _curves(points: list[dict[str, Any]], even: float, width: int) -> drawing.Chart:
    ticks = 4 if width < drawing.WIDE else 8
    base = alt.Chart(alt.Data(values=points)).encode(
        x=alt.X("hours:Q", axis=drawing.axis(title="Hours of use", format=",d", tickCount=ticks)),
        y=alt.Y("usd:Q", axis=drawing.axis(title=None, format="$,d", tickCount=5)),
    )
    lines = base.mark_line(strokeWidth=2).encode(
        detail="way:N", color=alt.Color("color:N", scale=None, legend=None)
    )
    ends = [point for point in points if point["hours"]]
    names = (
        alt.Chart(alt.Data(values=ends))
        .mark_text(align="right", dy=-9, fontSize=13, color=drawing.INK)
        .encode(x="hours:Q", y="usd:Q", text="way:N")
    )
    rule = (
        alt.Chart(alt.Data(values=[{"x": even}]))
        .mark_rule(strokeDash=[3, 3], color=drawing.INK)
        .encode(x="x:Q")
    )
    return alt.LayerChart(layer=[rule, lines, names]).properties(width=width, height=240)
