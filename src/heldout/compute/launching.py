"""Configuration for the engines that run training on a cluster: Ray Train and SkyPilot."""

from __future__ import annotations

from heldout.compute.devices import Device

#: Accelerator names of ray.util.accelerators and of SkyPilot's catalogue.
ACCELERATORS: dict[str, tuple[str, str]] = {
    "t4": ("T4", "T4"),
    "p4": ("P4", "P4"),
    "p100-pcie-16": ("P100", "P100"),
    "k80": ("K80", "K80"),
    "v100-pcie-16": ("V100", "V100"),
    "v100-sxm2-16": ("V100", "V100"),
    "v100-sxm2-32": ("V100", "V100-32GB"),
    "a10g": ("A10G", "A10G"),
    "l4": ("L4", "L4"),
    "l40s": ("L40S", "L40S"),
    "a100-pcie-40": ("A100-40G", "A100"),
    "a100-sxm-40": ("A100-40G", "A100"),
    "a100-pcie-80": ("A100-80G", "A100-80GB"),
    "a100-sxm-80": ("A100-80G", "A100-80GB"),
    "h100-pcie": ("H100", "H100"),
    "h100-sxm": ("H100", "H100"),
    "h200-sxm": ("H200", "H200"),
    "b200": ("B200", "B200"),
}


def ray_scaling_config(device: Device, *, workers: int) -> str:
    """Return the Python expression of a Ray Train `ScalingConfig`."""
    names = ACCELERATORS.get(device.id)
    wanted = f', accelerator_type="{names[0]}"' if names else ""
    return f"ray.train.ScalingConfig(num_workers={workers}, use_gpu={_is_gpu(device)}{wanted})"


def skypilot_task(device: Device, *, workers: int) -> str:
    """Return a SkyPilot task file. The command is the user's own."""
    lines = ["name: train", "", "resources:"]
    if device.id in ACCELERATORS:
        lines.append(f"  accelerators: {ACCELERATORS[device.id][1]}:{workers}")
    else:
        lines.append("  cpus: 8+")
    lines += [
        "  use_spot: true",
        "",
        "workdir: .",
        "",
        "setup: pip install -r requirements.txt",
        "",
        f"run: torchrun --nproc-per-node={workers} train.py",
    ]
    return "\n".join(lines) + "\n"


def _is_gpu(device: Device) -> bool:
    return device.vendor in {"NVIDIA", "AMD"}
