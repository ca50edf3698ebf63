"""Small real images and tables, made in the test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from heldout.datasets.table import ExampleTable
from heldout.datasets.tasks import find_task

Paint = Callable[..., Path]


@pytest.fixture(scope="session")
def paint() -> Paint:
    """Write an image whose pixels a seed decides."""

    def write(
        path: Path, *, seed: int = 0, size: tuple[int, int] = (6, 4), **options: object
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, **options)
        return path

    return write


@pytest.fixture
def class_folder(tmp_path: Path, paint: Paint) -> Path:
    """Six images in folders of two classes."""
    for seed in range(6):
        label = "cat" if seed < 3 else "dog"
        paint(tmp_path / "photos" / label / f"{label}_{seed}.png", seed=seed)
    return tmp_path / "photos"


@pytest.fixture(scope="session")
def labelled() -> Callable[..., ExampleTable]:
    """Make a table without media from columns; ids are numbers unless given."""

    def make(task: str = "tabular-classification", **columns: list[object]) -> ExampleTable:
        rows = len(next(iter(columns.values())))
        ids = columns.pop("example_id", [f"row{row}" for row in range(rows)])
        return ExampleTable(pl.DataFrame({"example_id": ids, **columns}), find_task(task))

    return make
