"""A plan as a block for a model card, in Markdown or HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from heldout.compute.memory import in_both_units
from heldout.compute.roofline import Span

CATEGORIES = ("parameters", "gradients", "optimizer", "activations", "workspace", "runtime")
SMALLEST_SHOWN = 3

#: A unit of time, its hours, and up to how many hours it is the one to read.
_UNITS = (
    ("seconds", 1 / 3600, 2 / 60),
    ("minutes", 1 / 60, 2),
    ("hours", 1, 96),
    ("days", 24, math.inf),
)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_PREFIXES = (("M", 1e6, 1e8), ("G", 1e9, 1e13), ("T", 1e12, math.inf))


def card_rows(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the facts of a plan as (name, value in words)."""
    rows = [
        ("Model", plan["model"]),
        ("Parameters", f"{plan['parameters']['total']:,}"),
        ("Trainable", f"{plan['parameters']['trainable']:,}"),
    ]
    if plan["macs"] is not None:
        rows.append(("Forward pass, one example", _in_flops(plan["macs"])))
    if plan["flops"]["training_run"] is not None:
        rows.append(("Whole training", f"{_power(plan['flops']['training_run'])} FLOP"))
    rows.append(("Set-up", _in_words(plan["setup"])))
    training, inference = plan["memory"]["training"], plan["memory"]["inference"]
    rows.append(("Peak memory, training", in_both_units(training["peak_bytes"])))
    rows += [(f"– {name}", in_both_units(training[name])) for name in CATEGORIES if training[name]]
    rows.append(("Peak memory, inference", in_both_units(inference["peak_bytes"])))
    if plan["energy"]:
        names = {row["id"]: row["name"] for row in plan["devices"]}
        rows.append(("Energy", _energy_words(plan["energy"], names[plan["device"]])))
    return rows


def device_heads(plan: dict[str, Any]) -> tuple[str, ...]:
    """Return the columns of `device_rows`: hours and rent of a run, or else the time of a step."""
    heads = ("Device", "Fits", "Largest batch")
    if plan["flops"]["training_run"] is not None:
        return (*heads, "Time", "Rent, USD")
    return (*heads, "One step") if plan["macs"] is not None else heads


def _times_of(plan: dict[str, Any], row: dict[str, Any]) -> tuple[str, ...]:
    if plan["flops"]["training_run"] is not None:
        hours, rent = row["hours"], rent_of(row)
        time = duration_words(Span(**hours) if hours else None)
        return time, _some(rent) if rent else "no price known"
    return (_step_words(row["step_seconds"]),) if plan["macs"] is not None else ()


def _step_words(seconds: dict[str, float] | None) -> str:
    if seconds is None:
        return "not known"
    unit, size = ("ms", 1e-3) if seconds["mid"] < 1 else ("s", 1.0)
    scaled = {name: value / size for name, value in seconds.items()}
    return f"{span_words(scaled)} {unit}"


def device_rows(plan: dict[str, Any], *, every: bool = True) -> Iterator[tuple[str, ...]]:
    """Yield the cells of `device_heads` for each device, those that fit first.

    Args:
        plan: As JSON.
        every: Whether to go through all devices, or only those one would choose from.
    """
    order = {"yes": 0, "uncertain": 1, "no": 2}
    listed = sorted(plan["devices"], key=lambda row: (order[row["fits"]], row["memory_gb"]))
    for row in listed if every else _choice(listed):
        yield (
            row["name"],
            row["fits"],
            f"{row['max_batch']:,}" if row["max_batch"] else "none",
            *_times_of(plan, row),
        )


def _choice(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The smallest that fit, those that can be rented, the uncertain; else one of each size."""
    rented = any(map(rent_of, rows))
    sizes: set[float] = set()
    for row in rows:
        size, fits = row["memory_gb"], row["fits"]
        first = size not in sizes and (not rented or len(sizes) < SMALLEST_SHOWN)
        if fits != "no" and (fits == "uncertain" or first or rent_of(row)):
            yield row
        sizes.add(size)


def rent_of(row: dict[str, Any]) -> dict[str, float] | None:
    """Return the on-demand cost of a device's row, if it is known."""
    cost = row["cost"]
    if not cost or not cost["rent"]:
        return None
    rent: dict[str, float] | None = cost["rent"]["usd"].get("on_demand")
    return rent


def to_markdown(plan: dict[str, Any]) -> str:
    """Return the block in Markdown."""
    lines = ["### Computation", "", "| | |", "|---|---|"]
    lines += [f"| {_cell(name)} | {_cell(value)} |" for name, value in card_rows(plan)]
    lines += ["", _markdown_row(device_heads(plan)), "|---" * len(device_heads(plan)) + "|"]
    for row in device_rows(plan, every=False):
        lines.append(_markdown_row(row))
    lines += ["", *(f"- {assumption}" for assumption in plan["assumptions"])]
    return "\n".join(lines) + "\n"


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |"


def to_html(plan: dict[str, Any]) -> str:
    """Return the block in HTML, to be set into a page."""
    facts = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in card_rows(plan)
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in device_heads(plan))
    devices = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in device_rows(plan, every=False)
    )
    notes = "".join(f"<li>{escape(assumption)}</li>" for assumption in plan["assumptions"])
    return (
        f'<section class="computation"><h3>Computation</h3><table>{facts}</table>'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{devices}</tbody></table>"
        f"<ul>{notes}</ul></section>\n"
    )


def span_words(span: dict[str, float]) -> str:
    """Write a range as 12 to 29."""
    return f"{_rounded(span['low'])} to {_rounded(span['high'])}"


def duration_words(hours: Span | None) -> str:
    """Write a time as "40 to 95 minutes", in the unit its middle is read best in."""
    if hours is None:
        return "not known"
    unit, size = next((unit, size) for unit, size, most in _UNITS if hours.mid < most)
    return f"{_rounded(hours.low / size)} to {_rounded(hours.high / size)} {unit}"


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _power(value: float) -> str:
    """Write 2830000000000000000 as 2.83 × 10¹⁸."""
    digits, _, exponent = f"{value:.3g}".partition("e+")
    return f"{digits} × 10{exponent.lstrip('0').translate(_RAISED)}" if exponent else digits


def _in_flops(macs: int) -> str:
    if macs < 1e5:
        return f"{macs:,.0f} MAC = {2 * macs:,.0f} FLOP"
    unit, size = next((unit, size) for unit, size, most in _PREFIXES if macs < most)
    return f"{macs / size:,.4g} {unit}MAC = {2 * macs / size:,.4g} {unit}FLOP"


def _in_words(setup: dict[str, Any]) -> str:
    said = [f"batch {setup['batch']:,}"]
    said += [str(setup[name]) for name in ("optimizer", "precision") if name in setup]
    said += ["checkpointing"] if setup.get("checkpointing") else []
    if setup.get("accumulation", 1) > 1:
        said.append(f"{setup['accumulation']:,} accumulated micro-batches")
    if setup.get("workers", 1) > 1:
        said.append(f"{setup['workers']:,} workers ({setup['sharding']})")
    return ", ".join(said)


def _energy_words(energy: dict[str, Any], device: str) -> str:
    kwh, co2 = (_some(energy[name]) for name in ("kwh", "co2_kg"))
    grams = energy["grid"]["grams_per_kwh"]
    return f"{kwh} kWh, {co2} kg CO2e on {device} at {grams:g} g/kWh"


def _some(span: dict[str, float]) -> str:
    return "under 0.01" if span["high"] < 0.01 else span_words(span)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
