from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from heldout.compute.floats import FORMATS, explain
from heldout.compute.memory import in_both_units
from heldout.compute.report import card_rows, device_heads, device_rows
from heldout.compute.trace_files import LARGEST_FILE
from heldout.errors import BadInput
from heldout.site.common.problems import refusal
from heldout.site.planner import services
from heldout.site.planner.forms import FormulaForm, ModelForm, NumberForm, TraceForm, answered
from heldout.site.planner.plots import cost_plot, memory_plot

TABS = (
    ("model", "A known model"),
    ("formula", "Three numbers"),
    ("trace", "Your own model"),
    ("numbers", "Number formats"),
)

FORMULA = "12 bytes a parameter; for each example 8 bytes an activation, and the example itself"


@require_safe
def known_model(request: HttpRequest) -> HttpResponse:
    form = answered(ModelForm, request.GET)
    today = timezone.localdate()
    return _answer(
        request, "model", form, lambda: services.plan_named(form.cleaned_data, today=today)
    )


@require_safe
def formula(request: HttpRequest) -> HttpResponse:
    form = answered(FormulaForm, request.GET)
    return _answer(request, "formula", form, lambda: services.plan_formula(form.cleaned_data))


@require_http_methods(["GET", "HEAD", "POST"])
def trace(request: HttpRequest) -> HttpResponse:
    form = TraceForm(request.POST or None, request.FILES or None)

    def plan() -> dict[str, Any]:
        file = form.cleaned_data["file"]
        content = file.read(LARGEST_FILE + 1)
        today = timezone.localdate()
        return services.plan_trace(content, form.cleaned_data, filename=file.name, today=today)

    return _answer(request, "trace", form, plan)


@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    form = answered(NumberForm, request.GET)
    context: dict[str, Any] = {"form": form, "ranges": [one.range() for one in FORMATS.values()]}
    if form.is_valid():
        try:
            given = form.cleaned_data
            context["encoded"] = explain(given["number"], format_name=given["format"])
        except BadInput as error:
            context["problems"] = refusal(error)
    return _render(request, "numbers", "planner/numbers.html", context)


def _answer(request: HttpRequest, tab: str, form: Form, plan: Any) -> HttpResponse:
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        try:
            context |= _result(plan())
        except BadInput as error:
            context["problems"] = refusal(error)
    refused = "problems" in context or (form.is_bound and not form.is_valid())
    return _render(request, tab, "planner/plan.html", context, status=422 if refused else 200)


def _result(plan: dict[str, Any]) -> dict[str, Any]:
    target = next(row for row in plan["devices"] if row["id"] == plan["device"])
    chosen = _device_cells(plan, every=False)
    others = [row for row in _device_cells(plan, every=True) if row not in chosen]
    return {
        "plan": plan,
        "facts": [_in_words(*row) for row in card_rows(plan) if not row[0].startswith("–")],
        "target": target,
        "memory_plot": memory_plot(plan),
        "cost_plot": cost_plot(target),
        "buy": target["cost"] and target["cost"]["buy"],
        "rent": target["cost"] and target["cost"]["rent"],
        "heads": device_heads(plan),
        "fitting": chosen,
        "more_fitting": others,
        "not_fitting": len(plan["devices"]) - len(chosen) - len(others),
        "advice": [(step, in_both_units(step["peak_bytes"])) for step in plan["advice"]],
    }


def _in_words(name: str, value: str) -> tuple[str, str]:
    """A plan from three numbers names no model; what was counted stands in its place."""
    return ("Counted by", FORMULA) if (name, value) == ("Model", "formula") else (name, value)


def _device_cells(plan: dict[str, Any], *, every: bool) -> list[list[tuple[str, str]]]:
    """The devices it fits, as (column, cell); without `every` those one would choose from."""
    heads = device_heads(plan)
    rows = (row for row in device_rows(plan, every=every) if row[1] != "no")
    return [list(zip(heads, row, strict=True)) for row in rows]


def _render(
    request: HttpRequest, tab: str, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    tabs = [(key, name, reverse(f"planner:{key}")) for key, name in TABS]
    frame = {"tabs": tabs, "tab": tab, "section": "planner"}
    return render(request, template, {**frame, **context}, status=status)
