"""CPU time and memory growth of planning, beyond importing torch (and the parts it loads late)."""

from __future__ import annotations

import resource
import time

import torch._dynamo

from heldout.compute.loading import load_model
from heldout.compute.setup import Variant

MODELS = ("mlp", "resnet18", "resnet50", "vit_b_16", "unet", "gpt2", "llama-7b")


def main() -> None:
    assert torch._dynamo is not None
    load_model("lenet").training(Variant())
    print(f"{'model':10} {'training footprint':>19} {'and inference':>14} {'memory growth':>14}")
    for name in MODELS:
        memory, start = resident(), time.process_time()
        source = load_model(name)
        source.training(Variant())
        training = time.process_time() - start
        source.inference(Variant())
        both = time.process_time() - start
        print(f"{name:10} {training:17.2f} s {both:12.2f} s {resident() - memory:11.0f} MB")


def resident() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
