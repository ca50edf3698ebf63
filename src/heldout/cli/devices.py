"""`heldout devices`: the table of devices, and trends over the years."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heldout.cli.output import print_json, print_table, say
from heldout.cli.plan import DeviceTable, date_of_today, keep_rows
from heldout.compute.device_rules import broken_rules
from heldout.compute.devices import Device, load_devices
from heldout.errors import BadInput, Problem

if TYPE_CHECKING:
    from heldout.compute.trends import Model

devices = typer.Typer(
    add_completion=False,
    rich_markup_mode="markdown",
    invoke_without_command=True,
    help="Memory, dense rates, power and prices of devices, with a source for each.",
)

COLUMNS = ("Id", "Name", "Year", "GB", "GB/s", "fp32", "bf16", "W", "Rent/h", "Confidence")


@devices.callback()
def list_devices(
    context: typer.Context,
    *,
    device_class: Annotated[
        str | None, typer.Option("--class", help="Only this class, such as `datacenter`.")
    ] = None,
    device_table: DeviceTable,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the devices: memory, bandwidth, dense TFLOPS, power and rent, with a source in `--json`."""
    if context.invoked_subcommand:
        return
    known = [
        device
        for device in load_devices(device_table)
        if device_class in (None, device.device_class)
    ]
    if as_json:
        print_json({"devices": [as_plain(device) for device in known]})
        return
    print_table(COLUMNS, map(row, known))
    for device in known:
        for broken in broken_rules(device):
            say(f"check the source: {broken}")


@devices.command("trends")
def trends(
    out: Annotated[Path, typer.Option(help="Folder for the plots.")] = Path("trends"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Plot training compute, cost and FLOP per dollar of landmark models, from perceptron to Llama."""
    draw((), out, as_json=as_json)


@devices.command("import-epoch")
def import_epoch(
    file: Annotated[Path, typer.Argument(help="A table of models downloaded from Epoch AI, CSV.")],
    out: Annotated[Path, typer.Option(help="Folder for the plots.")] = Path("trends"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Plot training compute, cost and FLOP per dollar over the years from Epoch AI's table."""
    from heldout.compute.trends import read_epoch

    draw(read_epoch(file.read_text("utf-8-sig"), place=file.name), out, as_json=as_json)


def draw(models: Sequence[Model], out: Path, *, as_json: bool) -> None:
    """Draw models beside the landmarks, and say how fast compute grew: of the landmarks if alone."""
    from heldout.compute.trend_plots import draw_trends
    from heldout.compute.trends import growth_per_year, landmarks

    known = [*landmarks(), *models]
    written = draw_trends(known, load_devices(), folder=out)
    growth = growth_per_year(models or known)
    result = {
        "models": len(models or known),
        "growth_per_year": growth,
        "plots": [str(path) for path in written],
    }
    if as_json:
        print_json(result)
        return
    say(f"read {result['models']} models; training compute grew {growth:.2g} times a year")
    for path in written:
        print(path)


@devices.command("refresh")
def refresh(
    catalogue: Annotated[
        Path | None,
        typer.Argument(help="The `vms.csv` of a SkyPilot catalogue; without it gpuhunt is asked."),
    ] = None,
    *,
    device_table: DeviceTable,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write today's rents into your own device table, from gpuhunt or from a SkyPilot catalogue."""
    from heldout.compute.offers import query_gpuhunt, read_skypilot, refreshed

    if catalogue is None:
        offers, source = query_gpuhunt(), "gpuhunt"
    else:
        offers = read_skypilot(catalogue.read_text("utf-8-sig"), place=catalogue.name)
        source = f"SkyPilot catalogue {catalogue.name}"
    found = refreshed(load_devices(device_table), offers, source=source, today=date_of_today())
    if not found:
        remedy = "nothing was written; is it a catalogue of GPUs?"
        raise BadInput([Problem(str(catalogue or source), "offers no device we know", remedy)])
    keep_rows(device_table, found)
    if as_json:
        print_json({"devices": [as_plain(device) for device in found]})
        return
    print_table(COLUMNS, map(row, found))
    say(f"rents written to {device_table}: {len(found)}")


def row(device: Device) -> tuple[object, ...]:
    return (
        device.id,
        device.name,
        device.launch_year,
        f"{device.memory_gb:g}",
        *(
            f"{value:g}" if value else "–"
            for value in (
                device.bandwidth_gbs,
                device.fp32_tflops,
                device.bf16_tflops_dense,
                device.tdp_w,
            )
        ),
        f"{device.rent_usd_h}" if device.rent_usd_h is not None else "–",
        device.confidence,
    )


def as_plain(device: Device) -> dict[str, Any]:
    from dataclasses import asdict
    from decimal import Decimal

    values = asdict(device)
    values["class"] = values.pop("device_class")
    return {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in values.items()
    }
