"""The models known by name, and their usual inputs. Importing this needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from heldout.compute.setup import Precision, Variant
from heldout.errors import BadInput, Problem, did_you_mean


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A well-known network.

    Attributes:
        factory: Where it is built, as module:function below `heldout.compute.models`.
        input_shape: One example without the batch dimension.
        classes: Number of targets; for language models the vocabulary.
        tokens: Whether the input is integer ids rather than pixels.
    """

    name: str
    factory: str
    input_shape: tuple[int, ...]
    classes: int
    tokens: bool = False

    @property
    def input_text(self) -> str:
        """The usual input as `--input` takes it."""
        return "x".join(map(str, self.input_shape)) + (":int" if self.tokens else "")


MODELS: dict[str, NamedModel] = {
    model.name: model
    for model in (
        NamedModel("mlp", "perceptron:MLP", (784,), 10),
        NamedModel("lenet", "convnets:lenet", (1, 32, 32), 10),
        NamedModel("alexnet", "convnets:alexnet", (3, 224, 224), 1000),
        NamedModel("vgg16", "convnets:vgg16", (3, 224, 224), 1000),
        NamedModel("resnet18", "residual:resnet18", (3, 224, 224), 1000),
        NamedModel("resnet50", "residual:resnet50", (3, 224, 224), 1000),
        NamedModel("resnet152", "residual:resnet152", (3, 224, 224), 1000),
        NamedModel("vit_b_16", "vision_transformer:vit_b_16", (3, 224, 224), 1000),
        NamedModel("unet", "segmentation:unet", (3, 256, 256), 2),
        NamedModel("gpt2", "language:gpt2", (1024,), 50257, tokens=True),
        NamedModel("llama-7b", "language:llama_7b", (2048,), 32000, tokens=True),
    )
}


#: The ways of training of which traces come with Heldout.
SHIPPED_VARIANTS = tuple(
    Variant(precision, checkpointing)
    for precision in (Precision.FP32, Precision.BF16)
    for checkpointing in (False, True)
)


def find_named_model(name: str) -> NamedModel:
    """Return a model by name.

    Raises:
        BadInput: There is none of that name.
    """
    if name not in MODELS:
        nearest = did_you_mean(name, MODELS)
        own = "for a model of your own give package.module:factory"
        remedy = f"{nearest} {own}" if nearest else f"known: {', '.join(MODELS)}; {own}"
        raise BadInput([Problem("model", f'there is no model named "{name}"', remedy)])
    return MODELS[name]
