"""What is known about examples: the one model that every format is read into and written from.

Boxes are half-open pixels as floating-point numbers: `x0 <= x < x1`, `y0 <= y < y1`, the origin at the
upper left corner of the upper left pixel. Categories are named, never numbered.
"""

from heldout.datasets.annotations.dataset import Category, DataSet, Licence
from heldout.datasets.annotations.schema import ANNOTATIONS, Kind, Origin, annotation_frame
from heldout.datasets.annotations.storing import load_dataset, save_dataset

__all__ = [
    "ANNOTATIONS",
    "Category",
    "DataSet",
    "Kind",
    "Licence",
    "Origin",
    "annotation_frame",
    "load_dataset",
    "save_dataset",
]
