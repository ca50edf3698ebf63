from __future__ import annotations

from datetime import date
from typing import Any

from heldout.compute.costs import Circumstances
from heldout.compute.devices import Device, built_in_devices, find_device
from heldout.compute.energy import find_grid
from heldout.compute.formula import read_estimate
from heldout.compute.formula_plan import FormulaPlan
from heldout.compute.plan import Plan, Run
from heldout.compute.setup import Precision, TrainingSetup
from heldout.compute.sources import RecordedModel
from heldout.compute.trace_files import read_trace, shipped_trace


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
