"""Populations of 5,000 to 20,000 images, queries or captions, from which examples are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from heldout.datasets.tasks import find_task
from heldout.evaluation.data import Places
from heldout.evaluation.language.data import (
    CaptionPredictions,
    CaptionReferences,
    MatchPredictions,
    MatchReferences,
)
from heldout.evaluation.registry import find_metric
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.vision.objects import (
    Detections,
    Layout,
    ObjectPredictions,
    ObjectReferences,
    Objects,
)

SIZE, WIDTH = 20_000, 512


class Pool(NamedTuple):
    """Statistics of a whole population; samples are drawn from it with replacement."""

    title: str
    task: str
    make: Callable[[np.random.Generator], ExampleStats]


def _ids(n: int) -> pl.Series:
    return pl.Series(np.arange(n)).cast(pl.String)


def detections(rng: np.random.Generator, shares: Sequence[float]) -> ExampleStats:
    """Make images of three objects on average and four false alarms, of kinds with these shares."""
    categories = len(shares)
    image = np.repeat(np.arange(SIZE, dtype=np.int32), rng.poisson(3, SIZE))
    n = len(image)
    category = rng.choice(categories, n, p=shares).astype(np.int32)
    boxes = np.hstack([rng.uniform(0, WIDTH / 2, (n, 2)), np.exp(rng.normal(4, 0.8, (n, 2)))])
    no = np.zeros(n, np.bool_)
    objects = Objects(
        image=image, category=category, area=boxes[:, 2] * boxes[:, 3], boxes=boxes,
        crowd=no, difficult=no, visible=np.zeros(n, np.int64),
    )  # fmt: skip
    hard = rng.normal(0, 1, SIZE)  # What is hard in an image is hard for all of its objects.
    seen = rng.random(n) < 1 / (1 + np.exp(hard[image] - 1.5))
    shifted = boxes[seen] + rng.normal(0, 0.06, (seen.sum(), 4)) * np.tile(boxes[seen, 2:], 2)
    alarms = rng.poisson(4, SIZE)
    false = np.repeat(np.arange(SIZE, dtype=np.int32), alarms)
    wrong = np.hstack(
        [rng.uniform(0, WIDTH, (len(false), 2)), np.exp(rng.normal(4, 0.8, (len(false), 2)))]
    )
    every = np.vstack([shifted, wrong])
    every[:, 2:] = every[:, 2:].clip(1)
    found = Detections(
        image=np.append(image[seen], false),
        category=np.append(category[seen], rng.choice(categories, len(false), p=shares)).astype(
            np.int32
        ),
        area=every[:, 2] * every[:, 3], boxes=every,
        score=np.append(rng.beta(4, 2, seen.sum()), rng.beta(2, 4, len(false))),
    )  # fmt: skip
    names = tuple(f"kind {i}" for i in range(categories))
    layout = Layout(
        _ids(SIZE), np.arange(SIZE), np.zeros((SIZE, 2), np.int64), np.arange(categories), names
    )
    places = Places(np.zeros(SIZE, np.int64), str)
    given = ObjectPredictions(_ids(SIZE), np.zeros(SIZE, np.bool_), places, detections=found)
    truth = ObjectReferences(_ids(SIZE), pl.DataFrame(), objects=objects, layout=layout)
    return find_metric("coco-bbox", task=find_task("object-detection")).per_example(given, truth)


def masks(rng: np.random.Generator) -> ExampleStats:
    """Make the counts of pixels of eight classes, of which an image has few and two are seldom."""
    shares = np.array([0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.03, 0.02])
    present = rng.random((SIZE, len(shares))) < shares
    actual = present * rng.lognormal(7, 1, present.shape)
    skill = 1 / (1 + np.exp(-(1.5 + rng.normal(0, 1, (SIZE, 1)) + rng.normal(0, 1, actual.shape))))
    right = actual * skill
    missed = (actual - right).sum(axis=1, keepdims=True)
    weights = rng.random(actual.shape) * (present + 0.05)
    predicted = right + missed * weights / weights.sum(axis=1, keepdims=True)
    terms = np.stack([right, actual, predicted], axis=1).astype(np.int64).reshape(SIZE, -1)
    metric = find_metric("miou", task=find_task("semantic-segmentation"))
    return ExampleStats(metric, _ids(SIZE), {"terms": terms})


def queries(rng: np.random.Generator) -> ExampleStats:
    """Make queries with one to five relevant items among the fifty that are ranked."""
    relevant = [[f"r{i}" for i in range(n)] for n in rng.integers(1, 6, SIZE)]
    lists = []
    for items in relevant:
        known = [one for one in items if rng.random() < 0.8]
        score = np.append(rng.normal(1.2, 1, len(known)), rng.normal(0, 1, 50))
        every = [*known, *(f"x{i}" for i in range(50))]
        lists.append([every[i] for i in np.argsort(-score)[:50]])
    gains = [list(map(float, rng.integers(1, 4, len(one)))) for one in relevant]
    places = Places(np.arange(SIZE), str)
    given = MatchPredictions(_ids(SIZE), np.zeros(SIZE, np.bool_), places, ranked=pl.Series(lists))
    truth = MatchReferences(
        _ids(SIZE), pl.DataFrame(), relevant=pl.Series(relevant), gains=pl.Series(gains)
    )
    return find_metric("retrieval", task=find_task("image-text-matching")).per_example(given, truth)


def captions(rng: np.random.Generator) -> ExampleStats:
    """Make captions of a small language, with five references that share some of their words."""
    size, share = 5_000, 1 / np.arange(1, 2001)
    share /= share.sum()
    words = np.array([f"w{i}" for i in range(len(share))])

    def caption(topic: np.ndarray) -> str:
        n = int(rng.integers(7, 13))
        own = rng.choice(topic, n)
        return " ".join(np.where(rng.random(n) < 0.6, own, rng.choice(words, n, p=share)))

    topics = [rng.choice(words, 6, p=share) for _ in range(size)]
    places = Places(np.arange(size), str)
    given = CaptionPredictions(
        _ids(size), np.zeros(size, np.bool_), places, captions=[caption(one) for one in topics]
    )
    truth = CaptionReferences(
        _ids(size), pl.DataFrame(), captions=[[caption(one) for _ in range(5)] for one in topics]
    )
    return find_metric("captions", task=find_task("captioning")).per_example(given, truth)


POOLS = {
    "detections": Pool(
        "3 objects an image, the rarest kind 2 %",
        "object-detection",
        partial(detections, shares=[0.5, 0.25, 0.15, 0.08, 0.02]),
    ),
    "even detections": Pool(
        "3 objects an image, 2 even kinds",
        "object-detection",
        partial(detections, shares=[0.5, 0.5]),
    ),
    "masks": Pool("8 classes, the rarest in 2 % of images", "semantic-segmentation", masks),
    "queries": Pool("1 to 5 relevant items", "image-text-matching", queries),
    "captions": Pool("5 references an image", "captioning", captions),
}
