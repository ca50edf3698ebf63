"""Files larger than memory should hold: detections are read in pieces into columns."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from heldout.datasets.tasks import Family
from heldout.evaluation.vision.coco_results import read_results
from heldout.evaluation.vision.json_entries import CHUNK
from heldout.evaluation.vision.objects import Layout
from heldout.evaluation.vision.warming import compile_kernels

ROWS, COPIES = 1_000, 400
BYTES_PER_BOX = 150  # The bound that the notes on scoring state, besides the pieces in hand.
PIECES = 12 * CHUNK
LAYOUT = Layout(
    pl.Series([str(i) for i in range(50)]), np.arange(50), np.full((50, 2), 480), np.arange(80),
    tuple(f"kind {i}" for i in range(80)),
)  # fmt: skip


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 400,000 detections, of which a plain list of objects takes some 250 MB."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "image_id": int(rng.integers(50)),
            "category_id": int(rng.integers(80)),
            "bbox": np.round(rng.random(4) * 100, 2).tolist(),
            "score": round(float(rng.random()), 4),
        }
        for _ in range(ROWS)
    ]
    part = json.dumps(rows)[1:-1]
    path = tmp_path_factory.mktemp("large") / "dt.json"
    with path.open("w") as file:
        file.write("[" + ", ".join([part] * COPIES) + "]")
    return path


def test_memory_stays_within_what_the_notes_state(large: Path) -> None:
    compile_kernels()
    tracemalloc.start()
    try:
        found = read_results(large, family=Family.BOXES, layout=LAYOUT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    detections = ROWS * COPIES
    assert len(found.detections) == detections
    assert peak < detections * BYTES_PER_BOX + PIECES
