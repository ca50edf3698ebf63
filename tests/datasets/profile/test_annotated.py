"""Statistics of classes and objects, against numbers counted by hand, scipy and NumPy."""

import math

import numpy as np
import pytest
from scipy import stats

from heldout.datasets.profile import (
    box_positions,
    box_sizes,
    class_balance,
    cooccurrence,
    effective_classes,
    gini,
    objects_per_image,
    rows_behind,
)
from heldout.datasets.profile.cooccurrence import chance_of


@pytest.mark.parametrize(
    ("counts", "value"), [([5, 5, 5], 0), ([0, 0, 0, 8], 0.75), ([1, 3], 0.25)]
)
def test_gini_is_what_a_hand_computes(counts, value):
    assert gini(counts) == pytest.approx(value)


def test_gini_is_half_the_mean_difference_over_the_mean():
    counts = np.random.default_rng(1).integers(1, 90, 40)
    differences = np.abs(counts[:, None] - counts[None]).mean()
    assert gini(counts) == pytest.approx(differences / (2 * counts.mean()))


def test_nothing_has_no_gini_and_no_diversity():
    assert math.isnan(gini([]))
    assert math.isnan(effective_classes([0, 0]))


def test_effective_classes_is_the_exponential_of_scipys_entropy():
    assert effective_classes([7, 2, 0, 1]) == pytest.approx(math.exp(stats.entropy([7, 2, 1])))


def test_classes_are_counted_and_a_declared_one_without_annotations_alarms(animals):
    found = class_balance(animals)
    assert found.table.select("category", "annotations", "examples").rows() == [
        ("cat", 4, 3),
        ("dog", 2, 2),
        ("okapi", 0, 0),
    ]
    assert found.alarms == ("Declared classes without any annotation: okapi.",)


def test_the_rows_behind_a_class_are_its_annotations(animals):
    found = class_balance(animals)
    behind = [rows_behind(found, animals, row=row).height for row in range(3)]
    assert behind == [4, 2, 0]


def test_a_query_about_one_row_wants_a_row(animals):
    with pytest.raises(ValueError, match="class-balance is about one row"):
        rows_behind(class_balance(animals), animals)


def test_objects_per_image_counts_the_images_without_any(animals):
    found = objects_per_image(animals)
    assert found.table.rows() == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert found.note.startswith("1.50 objects in an example on average, median 1.5, at most 3.")
    assert [rows_behind(found, animals, row=row)["example_id"].item() for row in range(4)] == [
        *"dcba"
    ]


def test_sizes_are_cocos_with_their_limits_on_the_larger_side(animals):
    found = box_sizes(animals)
    # 100, 400, 100 and 1 square pixels; 2,500; 10,000.
    assert found.table["objects"].to_list() == [4, 1, 1]
    for row, objects in enumerate(found.table["objects"]):
        assert rows_behind(found, animals, row=row).height == objects


def test_centres_are_counted_in_the_cell_they_fall_into(animals):
    found = box_positions(animals)
    cells = {(row, column): n for row, column, n, _ in found.table.rows() if n}
    # Centres (5, 5), (75, 75), (50, 50) twice, (95, 95), (99.5, 0.5) of 100: cells are 12.5 wide.
    assert cells == {(1, 1): 1, (7, 7): 1, (5, 5): 2, (8, 8): 1, (1, 8): 1}
    assert "33.3 % of 6 centres" in found.note
    middle = found.table.with_row_index().filter(objects=2)["index"].item()
    assert rows_behind(found, animals, row=middle)["category"].to_list() == ["cat", "cat"]


def test_lift_is_seen_over_expected(animals):
    row = cooccurrence(animals).table.row(0, named=True)
    assert (row["first"], row["second"], row["examples"]) == ("cat", "dog", 2)
    assert row["expected"] == pytest.approx(3 * 2 / 4)
    assert row["lift"] == pytest.approx(2 / 1.5)


def test_the_rows_behind_a_pair_have_both(animals):
    found = cooccurrence(animals)
    assert rows_behind(found, animals, row=0)["example_id"].to_list() == ["a", "b"]


def test_chance_is_twice_a_tail_of_scipys_exact_test():
    table = [[12, 3], [5, 30]]
    greater = stats.fisher_exact(table, alternative="greater").pvalue
    assert chance_of([12], [15], [17], 50)[0] == pytest.approx(2 * greater)


def test_independent_classes_are_not_found():
    p_values = chance_of([25], [50], [50], 100)
    assert p_values[0] == 1
