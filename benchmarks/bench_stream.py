"""Read a file of detections of 2 GB, and say how much memory it took.

It needs 2 GB of disk and is left out of `make bench` unless asked for: `bench_stream.py 2`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from coco_files import write_files
from measure import peak_memory

from heldout.datasets.tasks import find_task
from heldout.evaluation.reading import read_references
from heldout.evaluation.vision.coco_results import read_results
from heldout.evaluation.vision.warming import compile_kernels


def lengthen(path: Path, size: int) -> None:
    """Repeat the detections of a file until it has this many bytes."""
    part = path.read_bytes()[1:-1]
    with path.open("wb") as file:
        file.write(b"[" + part)
        while file.tell() < size:
            file.write(b", " + part)
        file.write(b"]")


def main() -> None:
    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 0.1
    task = find_task("object-detection")
    compile_kernels()
    with tempfile.TemporaryDirectory() as name:
        gt, dt = write_files(Path(name), share=0.05)
        lengthen(dt, int(gigabytes * 1e9))
        layout = read_references(gt, task=task).public
        before = peak_memory()
        start = time.process_time()
        found = read_results(dt, family=task.family, layout=layout)
        seconds = time.process_time() - start
    print(f"{gigabytes:g} GB, {len(found.detections):,} detections: {seconds:.1f} s of CPU")
    print(f"peak memory {peak_memory()}, before reading {before}")


if __name__ == "__main__":
    main()
