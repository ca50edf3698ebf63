"""The twelve numbers of COCO from precision and recall per category and threshold."""

from __future__ import annotations

import numpy as np

from heldout.evaluation.classwise import mean_of_defined
from heldout.evaluation.data import Floats
from heldout.evaluation.vision.accumulation import Cut, Summary

AREAS = ((0.0, 1e5**2), (0.0, 32.0**2), (32.0**2, 96.0**2), (96.0**2, 1e5**2))
ALL, SMALL, MEDIUM, LARGE = range(4)
THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
AT_50, AT_75 = 0, 5
MOST = 100

NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]
CUTS = (
    *(Cut(area, MOST) for area in (ALL, SMALL, MEDIUM, LARGE)),
    Cut(ALL, 1, curve=False),
    Cut(ALL, 10, curve=False),
)


def twelve(summary: Summary) -> list[Floats]:
    """Return the numbers in the order of `NAMES`: (replicates,) each."""
    precision, recall = summary
    return [
        *precisions(precision),
        *(mean(precision[:, area]) for area in (SMALL, MEDIUM, LARGE)),
        *(mean(recall[:, cut]) for cut in (4, 5, ALL, SMALL, MEDIUM, LARGE)),
    ]


def precisions(precision: Floats) -> list[Floats]:
    """Return AP, AP50 and AP75."""
    every = precision[:, ALL]
    return [mean(every), mean(every[:, :, AT_50]), mean(every[:, :, AT_75])]


def mean(values: Floats) -> Floats:
    """Average all but the first axis over the categories that are defined."""
    return mean_of_defined(values.reshape(len(values), -1))
