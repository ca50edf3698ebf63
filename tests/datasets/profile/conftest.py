"""A small data set whose every number can be counted by hand."""

import polars as pl
import pytest

from heldout.datasets.annotations import Category, DataSet, Licence, annotation_frame

# Example, category, box.
OBJECTS = [
    ("a", "cat", (0, 0, 10, 10)),
    ("a", "dog", (50, 50, 100, 100)),
    ("a", "cat", (40, 40, 60, 60)),
    ("b", "cat", (0, 0, 100, 100)),
    ("b", "dog", (90, 90, 100, 100)),
    ("c", "cat", (99, 0, 100, 1)),
]


@pytest.fixture
def animals() -> DataSet:
    """Four images of 100 x 100 pixels, six objects, one declared class that has none."""
    boxes = [box for _, _, box in OBJECTS]
    columns = {
        name: [box[place] for box in boxes] for place, name in enumerate(("x0", "y0", "x1", "y1"))
    }
    return DataSet(
        pl.DataFrame(
            {
                "example_id": ["a", "b", "c", "d"],
                "width": [100] * 4,
                "height": [100] * 4,
                "licence": ["CC BY 2.0", "CC BY-NC 2.0", None, " "],
                "author": ["O'Hara", "O'Hara", "Li", None],
                "region": ["Asia", "Asia", "Europe", None],
                "sex": ["woman", "woman", "man", "man"],
                "income": [30.0, 60.0, 600.0, 1200.0],
            }
        ),
        annotation_frame(
            {
                "example_id": [name for name, _, _ in OBJECTS],
                "annotation_id": [str(place) for place in range(len(OBJECTS))],
                "kind": ["object"] * len(OBJECTS),
                "category": [category for _, category, _ in OBJECTS],
                **columns,
            }
        ),
        categories=(Category("cat"), Category("dog"), Category("okapi")),
        licences=(Licence("CC BY 2.0"), Licence("CC BY-NC 2.0")),
    )
