"""Peak memory: what a plan predicts against what the CPU's allocator gave out."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from torch import nn

from benchmarks.compute_truth import ALL_CASES, MODELS, Case, measured_peak, predicted_peak

MB = 1e6


def accelerate_estimate(model: nn.Module) -> float | None:
    """Accelerate's `estimate-memory` says: training with Adam takes four times the model."""
    try:
        from accelerate.utils import calculate_maximum_sizes
    except ImportError:
        return None
    return 4.0 * calculate_maximum_sizes(model)[0]


def deepspeed_estimate(model: nn.Module) -> float:
    """DeepSpeed's `estimate_zero2_model_states_mem_needs` on one GPU: 4 P + 16 P bytes."""
    return 20.0 * sum(parameter.numel() for parameter in model.parameters())


def main() -> None:
    print(
        f"{'set-up':40} {'real MB':>9} {'plan':>9} {'error':>7} {'accelerate':>11} {'DeepSpeed':>10}"
    )
    errors = [report(case) for case in ALL_CASES]
    print(
        f"{len(errors)} set-ups: median error {statistics.median(errors):.3%}, "
        f"worst {max(errors):.2%}"
    )


def report(case: Case) -> float:
    real, plan = measured_peak(case), predicted_peak(case)
    model = MODELS[case.model][0]()
    others = [
        relative(estimate, model, real) for estimate in (accelerate_estimate, deepspeed_estimate)
    ]
    error = plan / real - 1
    print(
        f"{case!s:40} {real / MB:9.1f} {plan / MB:9.1f} {error:+7.2%} {others[0]:>11} {others[1]:>10}",
        flush=True,
    )
    return abs(error)


def relative(estimate: Callable[[nn.Module], float | None], model: nn.Module, real: int) -> str:
    value = estimate(model)
    return "–" if value is None else f"{value / real - 1:+.0%}"


if __name__ == "__main__":
    main()
