"""Participants open what was exported with the tools they know, offline: `datasets`, ImageFolder, torch."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from heldout.datasets.annotations import Category, DataSet, Kind, annotation_frame
from heldout.datasets.formats import write_dataset

# Names that make `load_dataset("imagefolder")` guess splits: it kept 3 of 12 images of such a folder.
CLASSES = ("train_station", "test-tube", "dev kit")
SIZES = {"train": 6, "val": 3, "test": 3}

OPEN = """
import json, sys
from datasets import load_dataset
told = {}
for name in ("huggingface", "image-folder"):
    loaded = load_dataset(f"{sys.argv[1]}/{name}", cache_dir=f"{sys.argv[1]}/cache")
    told[name] = {
        split: [
            {
                "size": row["image"].size,
                "mean": sum(row["image"].convert("L").getdata()) / (8 * 6),
                "label": row["label"] if name == "huggingface"
                else rows.features["label"].int2str(row["label"]),
                "boxes": [[one["x0"], one["y1"]] for one in row.get("annotations", [])
                          if one["kind"] == "object"],
            }
            for row in rows
        ]
        for split, rows in loaded.items()
    }
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def stations(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    """Twelve images of one shade each, in three splits and classes with dangerous names."""
    folder = tmp_path_factory.mktemp("source")
    splits = [split for split, size in SIZES.items() for _ in range(size)]
    for number in range(12):
        Image.new("L", (8, 6), number * 20).save(folder / f"{number}.png")
    ids = [str(number) for number in range(12)]
    labels = [CLASSES[number % 3] for number in range(12)]
    objects = annotation_frame(
        {"example_id": ids, "kind": [Kind.OBJECT] * 12, "category": labels}
        | {"x0": [1.5] * 12, "y0": [0.0] * 12, "x1": [4.0] * 12, "y1": [5.0] * 12}
    )
    named = annotation_frame({"example_id": ids, "kind": [Kind.LABEL] * 12, "category": labels})
    return DataSet(
        examples=pl.DataFrame(
            {"example_id": ids, "image": [f"{one}.png" for one in ids], "split": splits}
        ),
        annotations=pl.concat([named, objects]),
        categories=tuple(Category(name) for name in CLASSES),
        root=folder,
    )


@pytest.fixture(scope="module")
def exported(stations: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    for name in ("huggingface", "image-folder"):
        write_dataset(stations, folder / name, format_id=name)
    return folder


@pytest.fixture(scope="module")
def opened(exported: Path) -> dict[str, Any]:
    """What `datasets` sees, in a process of its own without a network."""
    environ = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(exported / "home")}
    environ |= {"HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", OPEN, str(exported)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", ["huggingface", "image-folder"])
def test_datasets_opens_every_image_in_its_split(opened: dict[str, Any], name: str) -> None:
    assert {split: len(rows) for split, rows in opened[name].items()} == SIZES
    seen = [
        (round(row["mean"] / 20), row["label"]) for rows in opened[name].values() for row in rows
    ]
    assert sorted(seen) == [(number, CLASSES[number % 3]) for number in range(12)]


def test_datasets_opens_the_annotations(opened: dict[str, Any]) -> None:
    rows = [row for rows in opened["huggingface"].values() for row in rows]
    assert all(row["boxes"] == [[1.5, 5.0]] for row in rows)


def test_image_folder_sees_its_classes(exported: Path) -> None:
    """As torchvision's ImageFolder looks: a folder per class below the split."""
    for split, size in SIZES.items():
        root = exported / "image-folder" / split
        classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
        assert classes == sorted(CLASSES)
        counted = Counter(path.parent.name for path in root.rglob("*.png"))
        assert set(counted.values()) == {size // 3}


def test_torch_loads_batches(exported: Path) -> None:
    torch = pytest.importorskip("torch")
    files = sorted((exported / "image-folder" / "train").rglob("*.png"))

    class Pictures(torch.utils.data.Dataset):  # type: ignore[misc, name-defined]
        def __len__(self) -> int:
            return len(files)

        def __getitem__(self, row: int) -> Any:
            with Image.open(files[row]) as image:
                return torch.from_numpy(np.array(image.convert("L"))), files[row].parent.name

    batches = list(torch.utils.data.DataLoader(Pictures(), batch_size=4))
    assert [tuple(images.shape) for images, _ in batches] == [(4, 6, 8), (2, 6, 8)]


def test_polars_and_pandas_open_the_tables(exported: Path) -> None:
    table = pl.read_parquet(exported / "huggingface" / "train.parquet")
    assert table.height == SIZES["train"]
    assert table["image"].struct.field("bytes")[0].startswith(b"\x89PNG")
