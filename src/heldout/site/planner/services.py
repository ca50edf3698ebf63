from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from heldout.compute.costs import Circumstances
from heldout.compute.devices import Device, built_in_devices, find_device
from heldout.compute.energy import find_grid
from heldout.compute.formula import read_estimate
from heldout.compute.formula_plan import FormulaPlan
from heldout.compute.memory import in_both_units
from heldout.compute.plan import Plan, Run
from heldout.compute.report import duration_words
from heldout.compute.roofline import Span
from heldout.compute.setup import Precision, TrainingSetup
from heldout.compute.sources import RecordedModel
from heldout.compute.starting_points import STARTING_POINTS, Outlook, StartingPoint, outlook
from heldout.compute.trace_files import read_trace, shipped_trace

# What people have at hand: one to rent cheaply, one under a desk, one to rent for big runs.
USUAL_DEVICES = ("t4", "rtx4090", "a100-sxm-80")
# A small card is a fair answer to "what do I need"; a phone or a robot's board is not.
_CARDS = ("consumer", "prosumer", "workstation", "datacenter")


def plan_named(wish: dict[str, Any], *, today: date) -> dict[str, Any]:
    return _plan(shipped_trace(wish["model"]), wish, today)


def plan_trace(
    content: bytes, wish: dict[str, Any], *, filename: str, today: date
) -> dict[str, Any]:
    return _plan(read_trace(content, place=filename), wish, today)


def plan_formula(wish: dict[str, Any]) -> dict[str, Any]:
    estimate = read_estimate(
        parameters=wish["params"],
        activations=wish["activations"],
        input_bytes=wish["input_bytes"],
    )
    return FormulaPlan(estimate, wish["batch"], built_in_devices(), _device(wish)).to_json()


def _plan(source: RecordedModel, wish: dict[str, Any], today: date) -> dict[str, Any]:
    setup = TrainingSetup(
        batch=wish["batch"],
        optimizer=wish["optimizer"],
        precision=Precision(wish["precision"]),
        checkpointing=wish["checkpointing"],
    )
    run = Run(wish["examples"], wish["epochs"])
    where = Circumstances(grid=find_grid(wish["grid"]), today=today)
    return Plan(source, setup, run, built_in_devices(), where, _device(wish)).to_json()


def _device(wish: dict[str, Any]) -> Device | None:
    return find_device(wish["device"], built_in_devices()) if wish["device"] else None


def starting_points(task: str, declared: Iterable[dict[str, Any]]) -> tuple[StartingPoint, ...]:
    """The baselines an organiser names, or else the usual ones of the task."""
    named = tuple(
        StartingPoint(**{**one, "precision": Precision(one["precision"])}) for one in declared
    )
    return named or STARTING_POINTS.get(task, ())


@lru_cache(maxsize=256)
def outlooks(
    starts: tuple[StartingPoint, ...], *, examples: int, today: date
) -> list[dict[str, Any]]:
    known = built_in_devices()
    cards = [device for device in known if device.device_class in _CARDS]
    usual = [find_device(name, known) for name in USUAL_DEVICES]
    return [
        _outlook_row(outlook(start, examples=examples, devices=cards, on=usual, today=today), usual)
        for start in starts
    ]


def _outlook_row(found: Outlook, usual: list[Device]) -> dict[str, Any]:
    start = found.start
    wish = {name: getattr(start, name) for name in ("model", "batch", "precision", "epochs")}
    wish |= {"examples": found.examples, "optimizer": "adamw", "grid": "WORLD"}
    spans = zip(usual, found.hours, found.rents, strict=True)
    return {
        "start": start,
        "address": f"{reverse('planner:model')}?{urlencode(wish)}",
        "memory": in_both_units(found.memory.peak_bytes),
        "smallest": found.smallest,
        "on": [
            {"device": device.name, "time": duration_words(hours), "rent": _rent_words(rent)}
            for device, hours, rent in spans
        ],
    }


def _rent_words(rent: Span | None) -> str:
    if rent is None:
        return ""
    return "under $0.10" if rent.high < 0.1 else f"${rent.low:,.2f} to ${rent.high:,.2f}"
