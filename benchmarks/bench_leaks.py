"""Hashing pictures against imagehash, and joining many hashes exactly.

    python -m benchmarks.bench_leaks [FOLDER OF JPEGS]

Without a folder 300 pictures of 640 x 480 are made. CPU seconds, best of three.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from heldout.datasets.leaks.grey import read_grey
from heldout.datasets.leaks.hashing import phash, variants
from heldout.datasets.leaks.joining import near_pairs


def cpu(run: Callable[[], object]) -> float:
    taken = []
    for _ in range(3):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return min(taken)


def make_pictures(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(300):
        soft = Image.fromarray(rng.integers(0, 255, (30, 40, 3), dtype=np.uint8))
        noise = rng.normal(0, 6, (480, 640, 3))
        pixels = np.asarray(soft.resize((640, 480), Image.Resampling.BICUBIC)) + noise
        image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        image.save(folder / f"{number}.jpg", quality=90)


def hash_with_imagehash(paths: list[Path]) -> None:
    for path in paths:
        with Image.open(path) as image:
            imagehash.phash(image)


def bench_hashing(folder: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    theirs = cpu(lambda: hash_with_imagehash(paths))
    one = cpu(lambda: [phash(read_grey(path)) for path in paths])
    all_variants = cpu(lambda: [variants(read_grey(path)) for path in paths])
    print(f"{len(paths)} pictures: imagehash.phash {theirs:.2f} s")
    print(f"  one hash     {one:.2f} s, {theirs / one:.1f}x")
    print(f"  all 14       {all_variants:.2f} s, {theirs / all_variants:.1f}x")


def bench_joining(left: int = 200_000, right: int = 1_000_000) -> None:
    rng = np.random.default_rng(0)
    theirs = rng.integers(0, 2**64, right, dtype=np.uint64)
    ours = theirs[rng.integers(0, right, left)]
    ours = ours ^ (np.uint64(1) << rng.integers(0, 64, left, dtype=np.uint64))
    start, wall = time.process_time(), time.perf_counter()
    pairs = near_pairs(ours, theirs, radius=3)
    took, wall = time.process_time() - start, time.perf_counter() - wall
    print(f"join of {left:,} with {right:,} within 3 bits: {took:.1f} s of CPU, {wall:.1f} s")
    print(f"  {len(pairs):,} pairs")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        bench_hashing(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            make_pictures(Path(made))
            bench_hashing(Path(made))
    bench_joining()
