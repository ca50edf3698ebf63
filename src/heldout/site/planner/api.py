"""The planner, for programs: the same plans as on its pages, and as `heldout plan --json` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from ninja import File, Form, Query, Router, Schema, UploadedFile

from heldout.compute.floats import explain
from heldout.compute.trace_files import LARGEST_FILE
from heldout.site.accounts.security import ANYBODY
from heldout.site.common.problems import check_form
from heldout.site.common.schemas import INVALID
from heldout.site.planner import services
from heldout.site.planner.forms import FormulaForm, ModelForm, NumberForm, TraceForm

router = Router(tags=["Planner"], auth=ANYBODY)
Plan = dict[str, Any]


class Setup(Schema):
    """How it is to be trained; without examples it is one step that is planned."""

    batch: int = 32
    optimizer: str = "adamw"
    precision: str = "fp32"
    checkpointing: bool = False
    examples: int | None = None
    epochs: int = 1
    device: str = ""
    grid: str = "WORLD"


class Formula(Schema):
    """What is known of a model that is not written yet."""

    params: float
    activations: float
    input_bytes: float
    batch: int = 128
    device: str = ""


@router.get("/planner/models/{model}", response={200: Plan, **INVALID}, url_name="plan-model")
def plan_model(request: HttpRequest, model: str, setup: Query[Setup]) -> Plan:
    """Memory, time, money and energy of training a known model, on each device."""
    wish = check_form(ModelForm({"model": model, **setup.model_dump()}))
    return services.plan_named(wish, today=timezone.localdate())


@router.get("/planner/formula", response={200: Plan, **INVALID}, url_name="plan-formula")
def plan_formula(request: HttpRequest, formula: Query[Formula]) -> Plan:
    """An estimate from three numbers, before there is a model."""
    return services.plan_formula(check_form(FormulaForm(formula.model_dump())))


@router.post("/planner/traces", response={200: Plan, **INVALID}, url_name="plan-trace")
def plan_trace(request: HttpRequest, file: File[UploadedFile], setup: Form[Setup]) -> Plan:
    """A plan for a model of one's own, from the trace that `heldout plan --save-trace` writes."""
    files: MultiValueDict[str, Any] = MultiValueDict({"file": [file]})
    wish = check_form(TraceForm(setup.model_dump(), files))
    content, name = file.read(LARGEST_FILE + 1), file.name or ""
    return services.plan_trace(content, wish, filename=name, today=timezone.localdate())


@router.get("/planner/numbers", response={200: Plan, **INVALID}, url_name="explain-number")
def explain_number(request: HttpRequest, number: str, format: str) -> Plan:
    """What a number becomes in a format of fewer bits."""
    given = check_form(NumberForm({"number": number, "format": format}))
    return asdict(explain(given["number"], format_name=given["format"]))
