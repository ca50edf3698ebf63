from collections.abc import Callable

import numpy as np
import pytest

from heldout.datasets.giveaways import find_giveaways
from heldout.datasets.table import ExampleTable

Labelled = Callable[..., ExampleTable]
RNG = np.random.default_rng(5)
LABELS = RNG.choice(["cat", "dog", "horse"], 60).tolist()
NUMBERS = RNG.normal(size=60).tolist()


def findings(table: ExampleTable, *, new_ids: bool = False) -> list[str]:
    return [str(p) for p in find_giveaways(table, public=table.metadata, new_ids=new_ids)]


@pytest.mark.parametrize(
    ("cells", "finding"),
    [
        (LABELS, "is the held-out answer"),
        ([f" {label.upper()}" for label in LABELS], "is the held-out answer"),
        ([{"cat": 1, "dog": 2, "horse": 3}[label] for label in LABELS], "determines the held-out"),
        (
            [f"{label}/{row}.png" for row, label in enumerate(LABELS)],
            "contains the held-out answer",
        ),
    ],
)
def test_a_column_that_tells_the_answer_is_found(
    labelled: Labelled, cells: list[object], finding: str
) -> None:
    said = findings(labelled(reference=LABELS, column=cells))
    assert len(said) == 1
    assert said[0].startswith(f'column "column": {finding}')
    assert said[0].endswith("keep the column back, or declare that it is meant to be known")


@pytest.mark.parametrize(
    "cells",
    [
        NUMBERS,
        RNG.choice(["night", "day"], 60).tolist(),
        [f"is it a cat, a dog or a horse? ({row})" for row in range(60)],
        ["the same"] * 60,
        [None] * 60,
        # Says the answer three times in four, as an honest feature may.
        [label if row % 4 else "cow" for row, label in enumerate(LABELS)],
    ],
)
def test_an_honest_column_is_left_alone(labelled: Labelled, cells: list[object]) -> None:
    assert findings(labelled(reference=LABELS, column=cells)) == []


def test_a_number_that_is_the_answer_in_other_units_is_found(labelled: Labelled) -> None:
    feet = [number * 3.2808 + 7 for number in NUMBERS]
    said = findings(labelled("regression", reference=NUMBERS, feet=feet, same=NUMBERS))
    assert said[0].startswith('column "feet": is a linear function of the held-out answer')
    assert said[1].startswith('column "same": is the held-out answer')
    noisy = [number + 0.1 * RNG.normal() for number in NUMBERS]
    assert findings(labelled("regression", reference=NUMBERS, noisy=noisy)) == []


def test_ids_that_contain_the_answer_are_found(labelled: Labelled) -> None:
    ids = [f"{label}_{row:03d}" for row, label in enumerate(LABELS)]
    table = labelled(example_id=ids, reference=LABELS)
    assert findings(table) == ["ids: contain the held-out answer; publish new ids instead"]
    assert findings(table, new_ids=True) == []


@pytest.mark.parametrize(
    ("task", "answers"), [("tabular-classification", LABELS), ("regression", NUMBERS)]
)
def test_ids_that_sort_by_answer_are_found(
    labelled: Labelled, task: str, answers: list[object]
) -> None:
    ids = [f"img{row}" for row in range(60)]  # img10 comes after img9, as people count.
    assert findings(labelled(task, example_id=ids, reference=sorted(answers))) == [
        "ids: have an order in which neighbours have alike answers; publish new ids instead"
    ]
    assert findings(labelled(task, example_id=ids, reference=answers)) == []


def test_digits_in_an_id_are_no_giveaway(labelled: Labelled) -> None:
    digits = [str(number) for number in RNG.integers(0, 10, 60)]
    assert (
        findings(labelled(example_id=[f"{row:04d}" for row in range(60)], reference=digits)) == []
    )


def test_columns_that_are_not_public_are_not_looked_at(labelled: Labelled) -> None:
    assert find_giveaways(labelled(reference=LABELS, same=LABELS), public=[], new_ids=False) == []


def test_without_answers_that_differ_there_is_nothing_to_give_away(labelled: Labelled) -> None:
    assert findings(labelled(column=LABELS)) == []
    assert findings(labelled(reference=["cat"] * 60, column=["cat"] * 60)) == []


def test_with_a_handful_of_rows_only_equality_is_certain(labelled: Labelled) -> None:
    few, ids = LABELS[:8], [f"{label}{row}" for row, label in enumerate(LABELS[:8])]
    paths = [f"{label}/{row}" for row, label in enumerate(few)]
    said = findings(labelled(example_id=ids, reference=few, path=paths, same=few))
    assert [problem.split(":")[0] for problem in said] == ['column "same"']


def test_sets_of_labels_are_compared_as_sets(labelled: Labelled) -> None:
    sets = [["a", "b"], ["b"], []] * 20
    turned = [labels[::-1] for labels in sets]
    said = findings(labelled("multi-label-classification", reference=sets, tags=turned))
    assert said[0].startswith('column "tags": is the held-out answer')


def test_a_number_beside_a_label_is_judged_by_its_repeated_values(labelled: Labelled) -> None:
    codes = [len(label) for label in LABELS]  # cat and dog share theirs.
    assert findings(labelled(reference=LABELS, letters=codes)) == []
