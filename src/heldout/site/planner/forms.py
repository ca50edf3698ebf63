from __future__ import annotations

from typing import Any

from django import forms

from heldout.compute.devices import built_in_devices
from heldout.compute.energy import grids
from heldout.compute.floats import FORMATS
from heldout.compute.named import MODELS
from heldout.compute.optimizers import OPTIMIZERS
from heldout.compute.setup import Precision

MOST = 10**15
# The first example on the page is the field's own: ResNet-50 on ImageNet for 90 epochs.
IMAGENET_EXAMPLES = 1_281_167


def device_choices() -> list[tuple[str, str]]:
    known = [(device.id, device.name) for device in built_in_devices() if device.trains]
    return [("", "The largest"), *known]


class SetupForm(forms.Form):
    batch = forms.IntegerField(label="Batch size", min_value=1, max_value=10**7, initial=32)
    optimizer = forms.ChoiceField(choices=[(name, name) for name in OPTIMIZERS], initial="adamw")
    precision = forms.ChoiceField(
        choices=[
            (Precision.FP32, "fp32"),
            (Precision.TF32, "tf32"),
            (Precision.BF16, "bf16 (autocast)"),
        ]
    )
    checkpointing = forms.BooleanField(
        required=False, label="Compute activations again going back (checkpointing)"
    )
    examples = forms.IntegerField(
        label="Training examples",
        min_value=1,
        max_value=MOST,
        required=False,
        initial=IMAGENET_EXAMPLES,
    )
    epochs = forms.IntegerField(min_value=1, max_value=10**6, initial=90)
    device = forms.ChoiceField(choices=device_choices, required=False, initial="a100-sxm-80")
    grid = forms.ChoiceField(
        label="Electricity from",
        choices=lambda: [(grid.id, grid.name) for grid in grids().values() if ":" not in grid.id],
        initial="WORLD",
    )


class ModelForm(SetupForm):
    model = forms.ChoiceField(
        choices=[(model.name, model.name) for model in MODELS.values()], initial="resnet50"
    )
    field_order = ("model",)


class TraceForm(SetupForm):
    file = forms.FileField(
        label="Trace file",
        help_text="Made by <code>heldout plan MODEL --save-trace FILE</code>. "
        "It holds numbers only; no code is ever run here.",
        widget=forms.FileInput(attrs={"accept": ".json"}),
    )
    field_order = ("file",)


class FormulaForm(forms.Form):
    params = forms.FloatField(label="Parameters", min_value=1, max_value=MOST, initial=100_000_000)
    activations = forms.FloatField(
        label="Activations of one example", min_value=0, max_value=MOST, initial=10_000_000
    )
    input_bytes = forms.FloatField(
        label="Bytes of one example", min_value=0, max_value=MOST, initial=1_000_000
    )
    batch = forms.IntegerField(label="Batch size", min_value=1, max_value=10**7, initial=128)
    device = forms.ChoiceField(choices=device_choices, required=False)


class NumberForm(forms.Form):
    number = forms.CharField(max_length=60, initial="123.456")
    format = forms.ChoiceField(choices=[(name, name) for name in FORMATS])


def answered(form_class: type[forms.Form], given: Any) -> forms.Form:
    """The form with what was asked, or with a first example so that the page shows an answer."""
    return form_class(given or {name: _first(field) for name, field in _fields(form_class)})


def _fields(form_class: type[forms.Form]) -> list[tuple[str, forms.Field]]:
    return list(form_class().fields.items())


def _first(field: forms.Field) -> Any:
    """What a field begins with; a choice without a beginning takes its first one."""
    if field.initial is not None or not isinstance(field, forms.ChoiceField):
        return field.initial
    choices: Any = field.choices
    return next(iter(choices))[0]
