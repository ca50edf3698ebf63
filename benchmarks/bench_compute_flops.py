"""Multiply-adds of a forward pass: the plan and its peers against counting by hand."""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import warnings
from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from heldout.compute.loading import load_model
from heldout.compute.setup import Input, Variant
from heldout.compute.tracing import Recipe, make_inputs, prepare

TOKENS, WIDTH, DEPTH, VOCABULARY = 256, 768, 12, 50257
PATCHES = 197
#: Sums over layers, written out from the papers' tables.
BY_HAND = {
    "mlp": 784 * 256 + 256 * 256 + 256 * 10,
    "resnet50": 4_089_184_256,
    "vit_b_16": (
        16 * 16 * 3 * WIDTH * (PATCHES - 1)
        + DEPTH * (12 * WIDTH**2 * PATCHES + 2 * PATCHES**2 * WIDTH)
        + WIDTH * 1000
    ),
    "gpt2": (
        DEPTH * (12 * WIDTH**2 * TOKENS + 2 * TOKENS**2 * WIDTH) + WIDTH * VOCABULARY * TOKENS
    ),
}
Count = Callable[[nn.Module, torch.Tensor], float]


def by_flop_counter_mode(model: nn.Module, x: torch.Tensor) -> float:
    with FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops() / 2


def by_fvcore(model: nn.Module, x: torch.Tensor) -> float:
    from fvcore.nn import FlopCountAnalysis

    logging.getLogger("fvcore").setLevel(logging.ERROR)
    return float(FlopCountAnalysis(model, x).total())


def by_thop(model: nn.Module, x: torch.Tensor) -> float:
    from thop import profile

    return float(profile(model, inputs=(x,), verbose=False)[0])


def by_torchinfo(model: nn.Module, x: torch.Tensor) -> float:
    from torchinfo import summary

    return float(summary(model, input_data=x, verbose=0).total_mult_adds)


def by_ptflops(model: nn.Module, x: torch.Tensor) -> float:
    from ptflops import get_model_complexity_info

    macs, _ = get_model_complexity_info(
        model,
        tuple(x.shape[1:]),
        as_strings=False,
        print_per_layer_stat=False,
        verbose=False,
        input_constructor=lambda _: {next(_argument_names(model)): x},
        backend="pytorch",
    )
    return float(macs)


def by_calflops(model: nn.Module, x: torch.Tensor) -> float:
    from calflops import calculate_flops

    return float(calculate_flops(model, args=[x], output_as_string=False, print_results=False)[1])


def _argument_names(model: nn.Module) -> Iterator[str]:

    return iter(inspect.signature(model.forward).parameters)


PEERS: dict[str, Count] = {
    "FlopCounterMode": by_flop_counter_mode,
    "fvcore": by_fvcore,
    "thop": by_thop,
    "torchinfo": by_torchinfo,
    "ptflops": by_ptflops,
    "calflops": by_calflops,
}


def main() -> None:
    print(f"{'GMAC':10} {'by hand':>10} {'plan':>10} " + " ".join(f"{name:>15}" for name in PEERS))
    for name, expected in BY_HAND.items():
        source = load_model(name, input_text=str(TOKENS) if name == "gpt2" else "")
        planned = source.inference(Variant()).operations.total_flops(1) / 2
        assert planned == expected, (name, planned, expected)
        others = [f"{attempt(count, source.recipe):>15}" for count in PEERS.values()]
        print(f"{name:10} {expected / 1e9:10.6f} {planned / 1e9:10.6f} " + " ".join(others))


def attempt(count: Count, recipe: Recipe) -> str:
    """A peer's answer, or why there is none; each gets a model of its own, for some leave hooks."""
    model = prepare(recipe).eval()
    inputs: tuple[Input, ...] = recipe.inputs
    (x,) = make_inputs(inputs, batch=1)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            torch.no_grad(),
        ):
            warnings.simplefilter("ignore")
            return f"{count(model, x) / 1e9:.6f}"
    except ImportError:
        return "not installed"
    except Exception as error:
        return type(error).__name__[:15]


if __name__ == "__main__":
    main()
