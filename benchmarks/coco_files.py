"""Made-up COCO files of any size: boxes, or the same as ellipses in run lengths."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

IMAGES, CATEGORIES, OBJECTS, DETECTIONS = 5_000, 80, 36_000, 500_000
WIDTH, HEIGHT = 640, 480


class Rows(NamedTuple):
    """Boxes with where they are and what."""

    image: np.ndarray
    category: np.ndarray
    boxes: np.ndarray


def draw(rng: np.random.Generator, share: float) -> tuple[Rows, Rows, np.ndarray]:
    """Draw objects, three shifted copies of each among many false alarms, and scores."""
    images, objects, detections = (int(n * share) for n in (IMAGES, OBJECTS, DETECTIONS))
    popularity = 1 / np.arange(1, CATEGORIES + 1)
    popularity /= popularity.sum()

    def boxes(n: int) -> np.ndarray:
        sides = np.exp(rng.normal(4, 0.9, (n, 2))).clip(4, 400)
        return np.hstack([rng.random((n, 2)) * ([WIDTH, HEIGHT] - sides).clip(1), sides])

    def kinds(n: int) -> np.ndarray:
        return rng.choice(CATEGORIES, size=n, p=popularity)

    true = np.round(boxes(objects), 2)
    truth = Rows(rng.integers(images, size=objects), kinds(objects), true)
    source = np.repeat(np.arange(objects), 3)
    shifted = true[source] + rng.normal(0, 0.08, (len(source), 4)) * np.tile(true[source, 2:], 2)
    alarms = detections - len(source)
    every = np.round(np.vstack([shifted, boxes(alarms)]), 2)
    every[:, 2:] = every[:, 2:].clip(1)
    image = np.concatenate([truth.image[source], rng.integers(images, size=alarms)])
    category = np.concatenate([truth.category[source], kinds(alarms)])
    scores = np.concatenate([rng.beta(3, 2, len(source)), rng.beta(1, 6, alarms)])
    order = np.argsort(image, kind="stable")
    return truth, Rows(image[order], category[order], every[order]), scores[order]


def write_files(folder: Path, *, share: float, masks: bool = False) -> tuple[Path, Path]:
    """Write ground truth and results; with `masks` every box becomes the ellipse within it."""
    rng = np.random.default_rng(0)
    truth, found, scores = draw(rng, share)
    filled, crowds = rng.uniform(0.4, 0.9, len(truth.image)), rng.random(len(truth.image)) < 0.01
    annotations = [
        row | {"id": i + 1, "area": float(area), "iscrowd": int(crowd)}
        for i, (row, area, crowd) in enumerate(
            zip(
                _rows(truth, masks=masks, boxed=True),
                truth.boxes[:, 2] * truth.boxes[:, 3] * filled,
                crowds,
                strict=True,
            )
        )
    ]
    content = {
        "images": [
            {"id": i + 1, "width": WIDTH, "height": HEIGHT} for i in range(int(IMAGES * share))
        ],
        "categories": [{"id": c + 1, "name": f"kind {c}"} for c in range(CATEGORIES)],
        "annotations": annotations,
    }
    results = [
        row | {"score": round(float(score), 5)}
        for row, score in zip(_rows(found, masks=masks, boxed=not masks), scores, strict=True)
    ]
    (folder / "gt.json").write_text(json.dumps(content))
    (folder / "dt.json").write_text(json.dumps(results))
    return folder / "gt.json", folder / "dt.json"


def _rows(rows: Rows, *, masks: bool, boxed: bool) -> Iterator[dict[str, Any]]:
    places = zip(rows.image.tolist(), rows.category.tolist(), rows.boxes.tolist(), strict=True)
    for image, category, box in places:
        row: dict[str, Any] = {"image_id": image + 1, "category_id": category + 1}
        if boxed:
            row["bbox"] = box
        if masks:
            row["segmentation"] = ellipse(*map(round, box))
        yield row


def ellipse(left: int, top: int, width: int, height: int) -> dict[str, object]:
    """Return the run lengths of the ellipse in a box, cut to the image."""
    left, top = min(max(left, 0), WIDTH - 2), min(max(top, 0), HEIGHT - 2)
    width, height = (
        max(2, min(width, WIDTH - left)) // 2 * 2,
        max(2, min(height, HEIGHT - top)) // 2 * 2,
    )
    start, before_last, middle, length = _template(width, height)
    first = left * HEIGHT + top + start
    last = WIDTH * HEIGHT - first - length
    return {
        "size": [HEIGHT, WIDTH],
        "counts": _number(first) + middle + _number(last - before_last),
    }


@cache
def _template(width: int, height: int) -> tuple[int, int, str, int]:
    """Return where an ellipse at the origin starts, and its runs but for the first and the last.

    Each run from the fourth on is written as the difference to the run before the last; moving the
    ellipse changes the first run and the last one alone.
    """
    across = (np.arange(width) + 0.5) / width * 2 - 1
    half = np.maximum(np.sqrt(1 - across**2) * height / 2, 0.5)
    tops = np.floor(height / 2 - half).astype(int) + np.arange(width) * HEIGHT
    ends = np.ceil(height / 2 + half).astype(int) + np.arange(width) * HEIGHT
    edges = np.ravel(np.column_stack([tops, ends]))
    runs = np.diff(edges).tolist()
    texts = [_number(run) if i < 2 else _number(run - runs[i - 2]) for i, run in enumerate(runs)]
    before_last = runs[-2] if len(runs) > 1 else 0
    return int(edges[0]), before_last, "".join(texts), int(edges[-1] - edges[0])


def _number(value: int) -> str:
    """Write a number in groups of five bits, the lowest first."""
    text = []
    while True:
        bits = value & 31
        value >>= 5
        more = value != (-1 if bits & 16 else 0)
        text.append(chr(48 + (bits | (32 if more else 0))))
        if not more:
            return "".join(text)
