"""`heldout plan`: what a model costs to train, before it is trained."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from heldout.cli.output import print_json, print_table, say
from heldout.compute.costs import Circumstances
from heldout.compute.devices import Device, find_device, load_devices, read_devices, write_devices
from heldout.compute.energy import find_grid
from heldout.compute.fitting import Verdict
from heldout.compute.formula import read_estimate
from heldout.compute.formula_plan import FormulaPlan
from heldout.compute.memory import in_both_units
from heldout.compute.money import read_money, read_share
from heldout.compute.named import MODELS
from heldout.compute.optimizers import find_optimizer
from heldout.compute.plan import Plan, Run
from heldout.compute.report import card_rows, device_heads, device_rows, to_html, to_markdown
from heldout.compute.setup import Precision, Sharding, TrainingSetup, Variant
from heldout.compute.sources import RecordedFirst, Source
from heldout.errors import BadInput, Problem, Problems, did_you_mean


def own_device_table() -> Path:
    """Return where this person's own rows of devices lie."""
    return Path(typer.get_app_dir("heldout")) / "devices.csv"


DeviceTable = Annotated[
    Path,
    typer.Option(
        default_factory=own_device_table,
        show_default=False,
        help="Rows of your own, added to the table of devices. Default: `devices.csv` in the "
        "folder that keeps your credentials.",
    ),
]


def plan(
    model: Annotated[
        str | None,
        typer.Argument(help="A named model (`resnet50`, `gpt2` …) or `package.module:factory`."),
    ] = None,
    *,
    batch: Annotated[int, typer.Option(help="Examples in one optimizer step of a worker.")] = 1,
    input: Annotated[
        str, typer.Option(help="One example: `3x224x224`, `1024:int` for ids, commas for several.")
    ] = "",
    layers: Annotated[str, typer.Option(help="Widths of the model `mlp`, such as `3-4-2`.")] = "",
    optimizer: Annotated[str, typer.Option(help="`sgd`, `momentum`, `adam`, `adamw` …")] = "adamw",
    precision: Annotated[
        str,
        typer.Option(
            help="`fp32`, `tf32`, `bf16`, `fp16` (autocast), `bf16-weights`, `fp16-weights`."
        ),
    ] = "fp32",
    checkpointing: Annotated[
        bool, typer.Option("--checkpointing", help="Compute activations again going back.")
    ] = False,
    accumulation: Annotated[
        int, typer.Option(help="Process the batch in this many micro-batches.")
    ] = 1,
    sharding: Annotated[
        str,
        typer.Option(
            help="`none`, `ddp` (of several workers), `zero1`, `zero2`, `zero3`, `fsdp`.",
        ),
    ] = "none",
    workers: Annotated[int, typer.Option(help="Devices that train together.")] = 1,
    offload: Annotated[
        bool, typer.Option("--offload", help="Keep the optimizer's state in host memory.")
    ] = False,
    dataset_size: Annotated[int | None, typer.Option(help="Examples in the data set.")] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the data set.")] = 1,
    device: Annotated[
        str | None, typer.Option(help="Plan for this one; exit code 1 if it does not fit.")
    ] = None,
    params: Annotated[
        float | None, typer.Option(help="The lectures' formula: number of parameters.")
    ] = None,
    activations: Annotated[float, typer.Option(help="… and activations of one example.")] = 0,
    input_bytes: Annotated[float, typer.Option(help="… and bytes of one example.")] = 0,
    grid: Annotated[
        str, typer.Option(help="Where the electricity comes from: `DE`, `gcp:us-west1` …")
    ] = "WORLD",
    electricity: Annotated[str, typer.Option(help="Dollars a kWh.")] = "0.17",
    utilisation: Annotated[
        str, typer.Option(help="Share of the time a bought device works.")
    ] = "1.0",
    pue: Annotated[float, typer.Option(help="Power usage effectiveness of the building.")] = 1.5,
    device_table: DeviceTable,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help="Measure this machine into the device table first."),
    ] = False,
    from_trace: Annotated[
        Path | None, typer.Option(help="Plan from a trace file instead of a model.")
    ] = None,
    save_trace: Annotated[
        Path | None, typer.Option(help="Write the traces to a file for the planner page.")
    ] = None,
    all_devices: Annotated[
        bool, typer.Option("--all-devices", help="List every device it fits, not only a choice.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a block for a model card.")
    ] = False,
    html: Annotated[bool, typer.Option("--html", help="Print the block in HTML.")] = False,
) -> None:
    """Parameters, FLOPs, memory, devices, time, money and energy of training a model.

    Nothing is allocated and nothing runs: the model is traced with fake tensors. Without a model,
    `--params` gives the back-of-envelope formula of the lectures.
    """
    today = date_of_today()
    setup = read_setup(
        batch=batch,
        optimizer=optimizer,
        precision=precision,
        checkpointing=checkpointing,
        accumulation=accumulation,
        sharding=sharding,
        workers=workers,
        offload=offload,
    )
    run = read_run(dataset_size, epochs)
    if calibrate:
        calibrate_machine(device_table)
        if model is None and params is None and from_trace is None:
            return
    devices = load_devices(device_table)
    target = find_device(device, devices) if device else None
    if params is not None:
        estimate = read_estimate(
            parameters=params, activations=activations, input_bytes=input_bytes
        )
        made: Plan | FormulaPlan = FormulaPlan(estimate, batch, devices, target)
    else:
        where = read_circumstances(
            grid=grid, electricity=electricity, utilisation=utilisation, pue=pue, today=today
        )
        source = find_source(model, input, layers, from_trace)
        refuse_single_example(source, setup)
        made = Plan(source, setup, run, devices, where, target)
        if save_trace is not None:
            save(source, setup, save_trace)
    show(made.to_json(), as_json=as_json, markdown=markdown, html=html, every=all_devices)
    if device and made.fits() is Verdict.NO:
        raise typer.Exit(1)


def date_of_today() -> date:
    return datetime.now(tz=UTC).date()  # noqa: TID251  The edge: from here it is an argument.


def read_setup(
    *,
    batch: int,
    accumulation: int,
    workers: int,
    optimizer: str,
    precision: str,
    sharding: str,
    checkpointing: bool,
    offload: bool,
) -> TrainingSetup:
    problems = Problems()
    for place, value in (
        ("--batch", batch),
        ("--accumulation", accumulation),
        ("--workers", workers),
    ):
        if value < 1:
            problems.add(place, f"{value} is too small", "give 1 or more")
    if accumulation > max(batch, 1):
        problems.add("--accumulation", f"a batch of {batch} has no {accumulation} parts")
    try:
        find_optimizer(optimizer)
    except BadInput as error:
        problems.absorb(error)
    chosen_precision = choose(problems, "--precision", precision, Precision)
    chosen_sharding = choose(problems, "--sharding", sharding, Sharding)
    problems.refuse_if_any()
    alone = chosen_sharding != Sharding.NONE or workers == 1
    return TrainingSetup(
        batch=batch,
        optimizer=optimizer,
        precision=Precision(chosen_precision),
        checkpointing=checkpointing,
        accumulation=accumulation,
        sharding=Sharding(chosen_sharding) if alone else Sharding.DDP,
        workers=workers,
        offload=offload,
    )


def choose(problems: Problems, place: str, given: str, known: type[Any]) -> str:
    names = [member.value for member in known]
    if given not in names:
        remedy = did_you_mean(given, names) or f"known: {', '.join(names)}"
        problems.add(place, f'there is no "{given}"', remedy)
        return str(names[0])
    return given


def read_run(dataset_size: int | None, epochs: int) -> Run:
    problems = Problems()
    if dataset_size is not None and dataset_size < 1:
        problems.add("--dataset-size", f"{dataset_size} is too small", "give 1 or more")
    if epochs < 1:
        problems.add("--epochs", f"{epochs} is too small", "give 1 or more")
    problems.refuse_if_any()
    return Run(dataset_size, epochs)


def read_circumstances(
    *, grid: str, electricity: str, utilisation: str, pue: float, today: Any
) -> Circumstances:
    problems = Problems()
    price = read_money(problems, "--electricity", electricity)
    share = read_share(problems, "--utilisation", utilisation)
    if not math.isfinite(pue) or pue < 1:
        problems.add("--pue", f"{pue:g} is impossible", "a building uses at least its computers")
    problems.refuse_if_any()
    return Circumstances(
        grid=find_grid(grid),
        today=today,
        electricity=Decimal(price),
        utilisation=share,
        pue=pue,
    )


def find_source(model: str | None, input: str, layers: str, from_trace: Path | None) -> Source:
    if from_trace is not None:
        from heldout.compute.trace_files import read_trace

        return read_trace(from_trace.read_bytes(), place=from_trace.name)
    if model is None:
        remedy = "give a named model, package.module:factory, --params or --from-trace"
        raise BadInput([Problem("model", "there is nothing to plan", remedy)])
    from heldout.compute.loading import has_torch, load_model
    from heldout.compute.trace_files import shipped_trace

    if model in MODELS and not layers and input in ("", MODELS[model].input_text):
        known = shipped_trace(model)
        return RecordedFirst(known, lambda: load_model(model)) if has_torch() else known
    return load_model(model, input_text=input, widths=read_widths(layers))


def read_widths(text: str) -> tuple[int, ...]:
    parts = text.split("-") if text else []
    if not all(part.isdecimal() and int(part) > 0 for part in parts) or len(parts) == 1:
        raise BadInput([Problem("--layers", f'"{text}" are no widths', "such as 3-4-2")])
    return tuple(map(int, parts))


def refuse_single_example(source: Source, setup: TrainingSetup) -> None:
    """Some networks with BatchNorm cannot be trained on one example at a time."""
    from heldout.compute.sources import TracedModel

    if setup.micro_batch == 1 and isinstance(source, TracedModel):
        from heldout.compute.stepping import check_smallest_batch

        check_smallest_batch(source.recipe, Variant.of(setup))


def save(source: Source, setup: TrainingSetup, path: Path) -> None:
    from heldout.compute.trace_files import write_trace

    here = Variant.of(setup)
    wanted = [here, Variant(), here._replace(accumulating=True), Variant(Precision.BF16)]
    wanted += [Variant(Precision.BF16, checkpointing=True)]
    replace_file(path, write_trace(source, wanted))
    say(f"wrote {path}")


def calibrate_machine(table: Path) -> None:
    from heldout.compute.calibration import calibrate

    say("measuring this machine for about ten seconds …")
    row = calibrate(today=date_of_today())
    keep_rows(table, [row])
    say(
        f"wrote {row.id} to {table}: {row.fp32_tflops} TFLOPS in fp32, "
        f"{row.bf16_tflops_dense} in bf16, {row.bandwidth_gbs} GB/s"
    )


def keep_rows(table: Path, rows: Sequence[Device]) -> None:
    """Put rows into a person's own table, in place of those with their ids."""
    own = read_devices(table.read_text("utf-8"), place=table.name) if table.exists() else []
    new = {device.id for device in rows}
    kept = [device for device in own if device.id not in new]
    replace_file(table, write_devices([*kept, *rows]).encode())


def replace_file(path: Path, content: bytes) -> None:
    """Write beside the file and rename: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(content)
    beside.replace(path)


def show(
    plan: dict[str, Any], *, as_json: bool, markdown: bool, html: bool, every: bool = False
) -> None:
    if as_json:
        print_json(plan)
    elif markdown:
        print(to_markdown(plan), end="")
    elif html:
        print(to_html(plan), end="")
    else:
        show_tables(plan, every=every)
    warn_of_old_prices(plan)


def show_tables(plan: dict[str, Any], *, every: bool) -> None:
    print_table(("", ""), card_rows(plan))
    print()
    rows = [row for row in device_rows(plan, every=every) if row[1] != Verdict.NO]
    if rows:
        print_table(device_heads(plan), rows)
    counts = Counter(device["fits"] for device in plan["devices"])
    unsure = f", perhaps {counts[Verdict.UNCERTAIN]} more" if counts[Verdict.UNCERTAIN] else ""
    left_out = counts[Verdict.YES] + counts[Verdict.UNCERTAIN] - len(rows)
    rest = f"; --all-devices lists {left_out} more" if left_out else ""
    print(f"It fits {counts[Verdict.YES]} of {counts.total()} devices{unsure}{rest}.")
    if plan["advice"]:
        print(f"\nWhat would make it fit on {plan['device']}, cheapest first:")
    for number, step in enumerate(plan["advice"], start=1):
        peak = in_both_units(step["peak_bytes"])
        print(f"  {number}. {step['change']}: {peak}, fits: {step['fits']}  ({step['options']})")
    if plan["uncounted"]:
        names = ", ".join(f"{name} x{count}" for name, count in plan["uncounted"].items())
        say(f"without a FLOP formula, left out of the totals: {names}")
    for assumption in plan["assumptions"]:
        say(f"· {assumption}")


def warn_of_old_prices(plan: dict[str, Any]) -> None:
    old = [
        row["id"]
        for row in plan["devices"]
        if row["cost"] and row["cost"]["rent"] and row["cost"]["rent"]["stale"]
    ]
    if old:
        say(f"{len(old)} rental prices are older than 90 days: see `date` beside each in --json")
