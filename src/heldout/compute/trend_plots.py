"""Plots of the trends as SVG."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from heldout.compute.devices import Device
from heldout.compute.trends import Model, flop_per_dollar
from heldout.errors import MissingExtra

WIDTH, HEIGHT = 560, 320


def draw_trends(models: Sequence[Model], devices: Iterable[Device], *, folder: Path) -> list[Path]:
    """Write training compute, cost and FLOP per dollar over the years; plots without data are left out.

    Raises:
        MissingExtra: Altair is not installed.
    """
    if importlib.util.find_spec("altair") is None:
        raise MissingExtra(feature="Drawing plots", extra="site")
    plots = {
        "training-compute": (_points(models, "training_flop"), "Training compute (FLOP)"),
        "training-cost": (_points(models, "cost_usd"), "Training cost (2023 USD)"),
        "flop-per-dollar": (_device_points(devices), "FLOP per dollar over three years"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (points, title) in plots.items():
        if points:
            path = folder / f"{name}.svg"
            _chart(points, title).save(str(path))
            written.append(path)
    return written


def _points(models: Iterable[Model], field: str) -> list[dict[str, Any]]:
    return [
        {"name": model.name, "year": model.year, "value": getattr(model, field)}
        for model in models
        if not math.isnan(getattr(model, field))
    ]


def _device_points(devices: Iterable[Device]) -> list[dict[str, Any]]:
    return [
        {"name": device.name, "year": device.launch_year, "value": value}
        for device in devices
        if (value := flop_per_dollar(device)) is not None
    ]


def _chart(points: list[dict[str, Any]], title: str) -> Any:
    import altair as alt

    axis = alt.Axis(format=".0e", tickCount=6)
    base = alt.Chart(alt.Data(values=points), width=WIDTH, height=HEIGHT, title=title).encode(
        x=alt.X("year:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(format="d")),
        y=alt.Y("value:Q", title=None, scale=alt.Scale(type="log"), axis=axis),
    )
    dots = base.mark_circle(size=40, opacity=0.7)
    if len(points) > 30:
        return dots
    return dots + base.mark_text(align="left", dx=6, fontSize=9).encode(text="name:N")
