from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from heldout.evaluation.stats import ExampleStats, Ragged


@dataclass
class Sum:
    """Sums whatever is given; enough of a metric for statistics."""

    key = "sum"
    names = ("sum",)

    def reduce(self, stats: ExampleStats, weights: np.ndarray) -> np.ndarray:
        return (weights @ stats.array("value"))[:, None]


def stats_with(**arrays: object) -> ExampleStats:
    n = len(next(iter(arrays.values())))
    return ExampleStats(Sum(), pl.Series([f"x{i}" for i in range(n)]), arrays)


def test_one_row_of_weights_gives_one_row_of_numbers() -> None:
    stats = stats_with(value=np.array([1.0, 2.0, 4.0]))
    assert stats.reduce().tolist() == [7]
    assert stats.reduce([1, 0, 2]).tolist() == [9]
    assert stats.reduce([[1, 0, 0], [0, 0, 3]]).tolist() == [[1], [12]]


def test_examples_are_taken_by_flag_and_by_position() -> None:
    stats = stats_with(value=np.array([1.0, 2.0, 4.0]))
    assert stats.take(np.array([True, False, True])).example_ids.to_list() == ["x0", "x2"]
    assert stats.take(np.array([2, 2, 0])).array("value").tolist() == [4, 4, 1]


def test_arrays_must_have_one_row_per_example() -> None:
    with pytest.raises(ValueError, match="not 2 examples in value"):
        ExampleStats(Sum(), pl.Series(["a", "b"]), {"value": np.zeros(3)})


def test_ragged_rows_follow_their_example() -> None:
    ragged = Ragged(np.array([1, 2, 3, 4, 5, 6]), np.array([0, 2, 2, 5, 6]))
    taken = ragged.take(np.array([3, 0, 1, 0]))
    assert taken.values.tolist() == [6, 1, 2, 1, 2]
    assert taken.offsets.tolist() == [0, 1, 3, 3, 5]


def test_atoms_join_examples_whose_statistics_are_all_equal() -> None:
    stats = stats_with(
        value=np.array([1, 0, 1, 1, 0], dtype=np.uint8),
        pair=np.array([[-1, 2], [3, 2], [-1, 2], [-1, 5], [3, 2]], dtype=np.int32),
    )
    atoms = stats.atoms()
    pairs = atoms.stats.array("pair")
    rows = np.column_stack([atoms.stats.array("value"), pairs, atoms.sizes])
    assert sorted(map(tuple, rows.tolist())) == [
        (0, 3, 2, 2),
        (1, -1, 2, 2),
        (1, -1, 5, 1),
    ]


@pytest.mark.parametrize(
    "array",
    [
        np.array([0.5, 1.0]),
        np.array([0, 2**40]),
        Ragged(np.array([1, 2]), np.array([0, 1, 2])),
    ],
    ids=["numbers", "a wide range", "ragged"],
)
def test_statistics_of_many_kinds_have_no_atoms(array: object) -> None:
    assert stats_with(value=array).atoms() is None
