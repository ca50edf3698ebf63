"""Traces every named model, so that they are planned at once and without torch.

Run it when a model, the tracing or torch's own operations change: `python tools/write_traces.py`.
"""

from __future__ import annotations

from pathlib import Path

from heldout.compute.loading import load_model
from heldout.compute.named import MODELS, SHIPPED_VARIANTS
from heldout.compute.trace_files import write_trace

TRACES = Path(__file__).parent.parent / "src/heldout/compute/data/traces"

if __name__ == "__main__":
    TRACES.mkdir(exist_ok=True)
    for name in MODELS:
        content = write_trace(load_model(name), SHIPPED_VARIANTS)
        (TRACES / f"{name}.json").write_bytes(content + b"\n")
        print(f"{name}: {len(content) / 1000:.0f} kB", flush=True)
