"""The models that people begin with, by task, and what training them on a data set would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from heldout.compute.costs import Circumstances
from heldout.compute.devices import Device
from heldout.compute.energy import find_grid
from heldout.compute.fitting import Verdict, verdict
from heldout.compute.memory import Memory
from heldout.compute.plan import Plan, Run
from heldout.compute.roofline import Span
from heldout.compute.setup import Precision, TrainingSetup
from heldout.compute.trace_files import shipped_trace


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """A named model and the way it is usually trained.

    Attributes:
        model: One of `heldout.compute.named.MODELS`.
        role: Which part of a solution it is, where it is not the whole.
    """

    model: str
    batch: int = 64
    epochs: int = 90
    precision: Precision = Precision.BF16
    role: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What training a starting point on a data set takes.

    Attributes:
        memory: At the peak of a training step.
        smallest: The device with the least memory that surely has enough; None if none has.
        hours: Of the whole run on each device asked about, in their order; None where unknown.
        rents: In dollars, on demand, likewise.
    """

    start: StartingPoint
    examples: int
    memory: Memory
    smallest: Device | None
    hours: tuple[Span | None, ...]
    rents: tuple[Span | None, ...]


_CLASSIFIERS = (
    StartingPoint("resnet18"),
    StartingPoint("resnet50"),
    StartingPoint("vit_b_16", epochs=300),
)
_DETECTOR = (
    StartingPoint("resnet50", batch=16, epochs=36, role="backbone of a detector"),
    StartingPoint("resnet152", batch=16, epochs=36, role="backbone of a detector"),
)
_READERS = (
    StartingPoint("vit_b_16", epochs=10, role="image encoder"),
    StartingPoint("gpt2", batch=8, epochs=10, role="text decoder"),
)
_TABLE = (StartingPoint("mlp", batch=128, epochs=50, precision=Precision.FP32),)

#: Tasks without a model to begin with, such as custom ones, are not listed. Epochs are those of the models' own reports, or of common practice in fine-tuning.
STARTING_POINTS: dict[str, tuple[StartingPoint, ...]] = {
    "image-classification": _CLASSIFIERS,
    "multi-label-classification": _CLASSIFIERS,
    "tabular-classification": _TABLE,
    "regression": _TABLE,
    "object-detection": _DETECTOR,
    "instance-segmentation": _DETECTOR,
    "keypoints": _DETECTOR,
    "semantic-segmentation": (StartingPoint("unet", batch=16, epochs=100),),
    "panoptic-segmentation": (StartingPoint("unet", batch=16, epochs=100, role="semantic half"),),
    "visual-question-answering": _READERS,
    "captioning": _READERS,
    "image-text-matching": _READERS[:1],
}


def outlook(
    start: StartingPoint,
    *,
    examples: int,
    devices: Sequence[Device],
    on: Sequence[Device],
    today: date,
) -> Outlook:
    """Plan a starting point for a data set, from the traces that come with Heldout.

    Args:
        examples: Of the training split.
        devices: Among which the smallest that fits is sought.
        on: Devices whose hours and rent are wanted; hours are None where the run does not fit.
    """
    setup = TrainingSetup(batch=start.batch, precision=start.precision)
    where = Circumstances(grid=find_grid("WORLD"), today=today)
    plan = Plan(
        shipped_trace(start.model), setup, Run(examples, start.epochs), devices, where, on[0]
    )
    fits = {device.id: _surely_fits(plan, device) for device in (*devices, *on)}
    able = [device for device in devices if device.trains and fits[device.id]]
    hours = tuple(plan.hours(device) if fits[device.id] else None for device in on)
    return Outlook(
        start=start,
        examples=examples,
        memory=plan.memory(on[0])[0],
        smallest=min(able, key=lambda device: device.memory_gb, default=None),
        hours=hours,
        rents=tuple(map(_rent, on, hours)),
    )


def _surely_fits(plan: Plan, device: Device) -> bool:
    return verdict(plan.memory(device)[0], device) is Verdict.YES


def _rent(device: Device, hours: Span | None) -> Span | None:
    if hours is None or device.rent_usd_h is None:
        return None
    return hours.times(float(device.rent_usd_h))
