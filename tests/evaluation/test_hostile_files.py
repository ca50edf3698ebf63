"""Predictions made to harm: each is refused in words, in time, and within memory."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl
import pytest

from heldout.challenge.protocol import Protocol
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput
from heldout.evaluation.reading import read_references
from heldout.evaluation.registry import find_metric
from tests import hostile
from tests.hostile import IDS

SECONDS = 10.0  # Of computing; a file that takes longer holds a worker up.
MEMORY = 700_000_000  # Bytes above what was in use before.
WORDS = ("Traceback", "Error(", "PanicException", "object at 0x")

TABLES = {
    ".csv": hostile.csv_files,
    ".jsonl": hostile.json_lines,
    ".parquet": hostile.parquet_files,
}
KINDS = {
    "tabular-classification": TABLES,
    "regression": TABLES,
    "multi-label-classification": TABLES,
    "custom": {suffix: TABLES[suffix] for suffix in (".jsonl", ".parquet")},
    "object-detection": {".json": hostile.detections},
    "visual-question-answering": {
        ".json": lambda: hostile.json_files('{"question_id": 1, "answer": "yes"}', "answer")
    },
    "captioning": {
        ".json": lambda: hostile.json_files('{"image_id": 1, "caption": "a cat"}', "caption")
    },
    "semantic-segmentation": {".zip": hostile.masks},
}
METRICS = {"object-detection": "coco-bbox", "captioning": "captions"}


def _references(task: str, folder: Path) -> Path:
    values = {
        "tabular-classification": "cat dog bird cat dog bird".split(),
        "multi-label-classification": "cat dog cat|dog bird bird cat".split(),
        "regression": "1 2 3 4 5 6".split(),
        "custom": "cat dog bird cat dog bird".split(),
    }
    if task in values:
        rows = [f"{one},{value}" for one, value in zip(IDS, values[task], strict=True)]
        path = folder / "references.csv"
        path.write_text("\n".join(["example_id,reference", *rows, ""]))
        return path
    if task == "semantic-segmentation":
        for name in ("a", "b"):
            (folder / "masks").mkdir(exist_ok=True)
            (folder / f"masks/{name}.png").write_bytes(hostile.png(4, 4))
        return folder / "masks"
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "area": 25, "iscrowd": 0}
    files = {
        "object-detection": {
            "images": [{"id": 1, "width": 10, "height": 10}],
            "categories": [{"id": 1, "name": "cat"}],
            "annotations": [box],
        },
        "captioning": {"images": [{"id": 1}], "annotations": [{"image_id": 1, "caption": "a cat"}]},
        "visual-question-answering": {
            "annotations": [{"question_id": 1, "answers": [{"answer": "yes"}] * 10}]
        },
    }
    path = folder / "references.json"
    path.write_text(json.dumps(files[task]))
    return path


def _memory(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) * 1024


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Break off what computes for longer; waiting for a busy machine does not count."""

    def broken_off(*given):
        raise TimeoutError(f"computed for more than {seconds:.0f} s")

    signal.signal(signal.SIGPROF, broken_off)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _tried(score, path: Path) -> str:
    """What became of a file: nothing, or what is wrong with the answer."""
    Path("/proc/self/clear_refs").write_text("5")
    before, began = _memory("VmRSS"), time.process_time()
    try:
        with _at_most(SECONDS):
            score(path)
    except BadInput as error:
        said = str(error)
        if not error.problems or any(word in said for word in WORDS):
            return f"badly refused with {said[:200]!r}"
        if len(said) > 20_000:
            return f"badly refused at a length of {len(said)}"
        said.encode()
        return "refused"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    if (seconds := time.process_time() - began) > SECONDS:
        return f"took {seconds:.1f} s"
    if (used := _memory("VmHWM") - before) > MEMORY:
        return f"took {used / 1e6:,.0f} MB"
    return ""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("task", KINDS)
def test_a_hostile_file_is_refused_in_words(task, tmp_path):
    kind = find_task(task)
    classes = ("cat", "dog", "bird") if kind.has_classes and task != "object-detection" else None
    references = read_references(_references(task, tmp_path), task=kind, classes=classes)
    metric = find_metric(METRICS.get(task, kind.metrics[0]), task=kind)
    protocol = Protocol(task=kind, metrics=(metric,), seed=1, classes=classes, replicates=5)
    columns = pl.DataFrame({"example_id": references.example_ids})

    def score(path: Path) -> None:
        protocol.evaluate(path, references=references, columns=columns)

    with suppress(BadInput):  # What is compiled once for all is compiled now.
        (tmp_path / "good.json").write_text(f"[{hostile.coco()}]")
        score(tmp_path / "good.json")
    faults, tried = [], 0
    for suffix, files in KINDS[task].items():
        for name, content in (*files(), *hostile.foreign()):
            path = tmp_path / f"predictions{suffix}"
            path.write_bytes(content)
            tried += 1
            fault = _tried(score, path)
            if fault != "refused" and (fault or "a key twice" in name):
                faults.append(f"{suffix}, {name}: {fault}")
    assert faults == []
    assert tried > 30
