"""Thumbnails of 256 pixels against the decoder alone: nothing that reads the picture can cost less.

    python -m benchmarks.bench_thumbnails

Pictures are made: photographs of 12 megapixels and of 640 x 480 as JPEG, and 1 megapixel as PNG. The floor is what
the decoder alone takes: JPEG at the smallest eighth that is large enough, PNG whole. CPU milliseconds of one.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from measure import cpu_seconds
from PIL import Image

from heldout.datasets.rendering import render

SIDE = 256
KINDS = {
    "JPEG, 4000 x 3000": ((4000, 3000), "jpg", 4),
    "JPEG, 640 x 480": ((640, 480), "jpg", 40),
    "PNG, 1000 x 1000": ((1000, 1000), "png", 8),
}


def picture(size: tuple[int, int], seed: int) -> Image.Image:
    """Soft patches with a little noise, which compress about as photographs do."""
    rng = np.random.default_rng(seed)
    patches = Image.fromarray(rng.integers(0, 255, (30, 40, 3), dtype=np.uint8))
    soft = np.asarray(patches.resize(size, Image.Resampling.BICUBIC), np.int16)
    noise = rng.normal(0, 6, (size[1], size[0], 1)).astype(np.int16)
    return Image.fromarray(np.clip(soft + noise, 0, 255).astype(np.uint8))


def decode(path: Path) -> None:
    with Image.open(path) as image:
        share = SIDE / max(image.size)
        image.draft("RGB", (int(image.size[0] * share), int(image.size[1] * share)))
        image.load()


def decode_whole(path: Path) -> None:
    with Image.open(path) as image:
        image.load()


def save(path: Path, to: Path) -> None:
    """What `heldout.site.catalog.thumbnails` does with each medium."""
    render(path, edge=SIDE).image.save(to, format="WEBP", quality=80, method=2)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, (size, suffix, number) in KINDS.items():
            paths = [folder / f"{place}.{suffix}" for place in range(number)]
            for place, path in enumerate(paths):
                picture(size, place).save(path, quality=90)
            floor = cpu_seconds(lambda paths=paths: [decode(path) for path in paths]) / number
            whole = cpu_seconds(lambda paths=paths: [decode_whole(path) for path in paths]) / number
            made = (
                cpu_seconds(lambda paths=paths: [render(path, edge=SIDE) for path in paths])
                / number
            )
            saved = (
                cpu_seconds(
                    lambda paths=paths: [save(path, path.with_suffix(".webp")) for path in paths]
                )
                / number
            )
            print(
                f"{title}: decoding alone {1000 * floor:.1f} ms, thumbnail {1000 * made:.1f} ms "
                f"(ratio {made / floor:.2f}), written as WebP {1000 * saved:.1f} ms; "
                f"decoding whole {1000 * whole:.1f} ms"
            )


if __name__ == "__main__":
    main()
