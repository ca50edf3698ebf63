"""Turn what a person typed into a model that can be traced."""

from __future__ import annotations

import importlib
import importlib.util
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heldout.compute.named import NamedModel, find_named_model
from heldout.compute.setup import Input
from heldout.compute.sources import TracedModel
from heldout.errors import BadInput, MissingExtra, Problem, did_you_mean

if TYPE_CHECKING:
    from torch import nn

LARGEST_EXAMPLE = 10**10
SHAPE = re.compile(r"\d+(x\d+)*(:int)?")


def load_model(text: str, *, input_text: str = "", widths: tuple[int, ...] = ()) -> TracedModel:
    """Return the model that `text` names, ready to be traced.

    Args:
        text: A named model, or package.module:factory of one's own.
        input_text: One example, such as 3x224x224; ids as 1024:int; several inputs with commas.
        widths: The layers of the named model "mlp".

    Raises:
        BadInput: The model or the input cannot be understood.
        MissingExtra: torch is not installed.
    """
    if ":" in text:
        return _own_model(text, read_inputs(input_text))
    return _named_model(find_named_model(text), input_text, widths)


def read_inputs(text: str) -> tuple[Input, ...]:
    """Return the inputs described by shapes such as 3x224x224 or 128:int,128:int.

    Raises:
        BadInput: A shape cannot be read or no computer could hold it.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        remedy = "give the shape of one example, such as --input 3x224x224"
        raise BadInput([Problem("--input", "a model of your own needs an input", remedy)])
    return tuple(_read_input(part) for part in parts)


def _read_input(text: str) -> Input:
    if not SHAPE.fullmatch(text):
        remedy = "write it without the batch, such as 3x224x224, or 1024:int for ids"
        raise BadInput([Problem("--input", f'"{text}" is not a shape', remedy)])
    shape = tuple(map(int, text.removesuffix(":int").split("x")))
    if 0 in shape or math.prod(shape) > LARGEST_EXAMPLE:
        message = f'"{text}" is empty or larger than any example'
        raise BadInput([Problem("--input", message, "give the shape of one example")])
    return Input(shape, integer=text.endswith(":int"))


def _named_model(named: NamedModel, input_text: str, widths: tuple[int, ...]) -> TracedModel:
    if widths and named.name != "mlp":
        remedy = "leave the option out, or plan the model mlp"
        raise BadInput([Problem("--layers", f"{named.name} has fixed layers", remedy)])
    _need_torch()
    from heldout.compute.losses import standard_loss
    from heldout.compute.tracing import Recipe

    module, function = named.factory.split(":")
    factory = getattr(importlib.import_module(f"heldout.compute.models.{module}"), function)
    build = (lambda: factory(widths)) if widths else factory
    shape = read_inputs(input_text)[0].shape if input_text else named.input_shape
    if widths and not input_text:
        shape = widths[:1]
    inputs = (Input(shape, integer=named.tokens, classes=named.classes),)
    return TracedModel(named.name, Recipe(build, inputs, standard_loss))


def _own_model(text: str, inputs: tuple[Input, ...]) -> TracedModel:
    _need_torch()
    from heldout.compute.losses import standard_loss
    from heldout.compute.tracing import Recipe

    factory = _find_factory(text)
    return TracedModel(text, Recipe(lambda: _build(text, factory), inputs, standard_loss))


def _find_factory(text: str) -> Callable[[], Any]:
    module_name, _, name = text.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        message = f'"{module_name}" cannot be imported: {_one_line(error)}'
        is_path = module_name.endswith(".py")
        path = module_name.removesuffix(".py").strip("./").replace("/", ".")
        remedy = (
            f"name the module: {path}:{name}" if is_path else "run from the folder that holds it"
        )
        raise BadInput([Problem("model", message, remedy)]) from error
    factory = getattr(module, name, None)
    _refuse_built(text, factory)
    if not callable(factory):
        public = [known for known in vars(module) if not known.startswith("_")]
        remedy = did_you_mean(name, public) or "give a function or class that builds the model"
        message = f'"{module_name}" has no factory named "{name}"'
        raise BadInput([Problem("model", message, remedy)])
    found: Callable[[], Any] = factory
    return found


def _refuse_built(text: str, factory: Any) -> None:
    from torch import nn

    if isinstance(factory, nn.Module):
        message = f"{text} is a model that is built already, with all its memory"
        remedy = "give a function or class that builds it, to be called without arguments"
        raise BadInput([Problem("model", message, remedy)])


def _build(text: str, factory: Callable[[], Any]) -> nn.Module:
    from torch import nn

    try:
        model = factory()
    except (Exception, SystemExit) as error:
        message = f"the factory {text} failed: {_one_line(error)}"
        remedy = "it is called without arguments and must return a torch.nn.Module"
        raise BadInput([Problem("model", message, remedy)]) from error
    if not isinstance(model, nn.Module):
        message = f"the factory {text} returned {type(model).__name__}"
        raise BadInput([Problem("model", message, "it must return a torch.nn.Module")])
    return model


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__


def has_torch() -> bool:
    """Return whether models can be traced here."""
    return importlib.util.find_spec("torch") is not None


def _need_torch() -> None:
    if not has_torch():
        raise MissingExtra(feature="Tracing a model", extra="train")
