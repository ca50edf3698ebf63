"""Ratios that hold between the dense rates of a device: public tables mix sparse and dense ones."""

from __future__ import annotations

from heldout.compute.devices import Device

DOUBLE = (1.8, 2.2)
#: Dense bf16 TFLOPS for each watt, from TPU v2 to Blackwell.
EFFICIENCY = (0.1, 3.0)
#: Times a second that a device can read its whole memory.
SWEEPS = (3, 80)

#: Devices whose makers publish other ratios, and why.
EXCEPTIONS: dict[str, str] = {
    "gaudi3": "its matrix engine computes fp8 no faster than bf16, and tf32 at a quarter",
}


def broken_rules(device: Device) -> list[str]:
    """Return a sentence for each ratio outside its bounds; nothing where a figure is unknown."""
    checks = (
        ("bf16 over tf32", _ratio(device.bf16_tflops_dense, device.tf32_tflops_dense), DOUBLE),
        ("fp8 over bf16", _ratio(device.fp8_tflops_dense, device.bf16_tflops_dense), DOUBLE),
        ("bf16 TFLOPS a watt", _ratio(device.bf16_tflops_dense, device.tdp_w), EFFICIENCY),
        ("bandwidth over memory", _sweeps(device), SWEEPS),
    )
    return [
        f"{device.id}: {name} is {value:.3g}, outside {low} to {high}"
        for name, value, (low, high) in checks
        if value is not None and not low <= value <= high
    ]


def _ratio(upper: float | None, lower: float | None) -> float | None:
    return upper / lower if upper and lower else None


def _sweeps(device: Device) -> float | None:
    """On-chip memory has no bandwidth to compare."""
    if device.device_class == "wafer":
        return None
    return _ratio(device.bandwidth_gbs, device.memory_gb)
