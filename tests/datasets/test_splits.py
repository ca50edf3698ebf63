"""Sizes are checked against the definition, group and stratum behaviour also against scikit-learn."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.datasets.splits import (
    ByTime,
    Given,
    Grouped,
    Random,
    Splits,
    Stratified,
    given_splits,
    largest_remainder,
    split,
)
from heldout.datasets.table import ExampleTable
from heldout.errors import BadInput

Labelled = Callable[..., ExampleTable]
THIRDS = {"train": 0.6, "val": 0.2, "test": 0.2}
FRACTIONS = st.sampled_from([{"train": 0.5, "test": 0.5}, {"train": 0.7, "test": 0.3}, THIRDS])


def ids_of(splits: Splits) -> dict[str, list[str]]:
    return {name: part.ids for name, part in splits.parts.items()}


def refusal(table: ExampleTable, **options: object) -> list[str]:
    with pytest.raises(BadInput) as caught:
        split(table, **{"fractions": THIRDS, "seed": 0, **options})
    return [str(problem) for problem in caught.value.problems]


METHODS = [
    Random(),
    Stratified("label"),
    Grouped("person"),
    Grouped("person", stratify="label"),
    ByTime("day"),
]


@pytest.fixture(scope="session")
def people(labelled: Labelled) -> ExampleTable:
    """300 rows of 60 persons over 100 days, with labels of unequal frequency."""
    rng = np.random.default_rng(1)
    return labelled(
        person=[f"p{number}" for number in rng.integers(0, 60, 300)],
        label=rng.choice(["a", "b", "c"], 300, p=[0.7, 0.2, 0.1]).tolist(),
        day=[date(2026, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 100, 300)],
    )


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_every_example_is_in_exactly_one_split(people: ExampleTable, method: object) -> None:
    parts = ids_of(split(people, fractions=THIRDS, seed=3, by=method))
    assert sorted(chain.from_iterable(parts.values())) == sorted(people.ids)


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_the_order_of_the_rows_changes_nothing(people: ExampleTable, method: object) -> None:
    shuffled = people.take(np.random.default_rng(0).permutation(len(people)).tolist())
    once = split(people, fractions=THIRDS, seed=3, by=method)
    again = split(shuffled, fractions=THIRDS, seed=3, by=method)
    assert ids_of(once) == ids_of(again)


@pytest.mark.parametrize("method", METHODS[:-1], ids=repr)
def test_another_seed_gives_another_split(people: ExampleTable, method: object) -> None:
    once = split(people, fractions=THIRDS, seed=3, by=method)
    assert ids_of(once) != ids_of(split(people, fractions=THIRDS, seed=4, by=method))


@given(rows=st.integers(5, 200), seed=st.integers(), fractions=FRACTIONS)
def test_random_sizes_differ_from_the_exact_shares_by_less_than_one(
    labelled: Labelled, rows: int, seed: int, fractions: dict[str, float]
) -> None:
    splits = split(labelled(x=list(range(rows))), fractions=fractions, seed=seed)
    for name, fraction in fractions.items():
        assert abs(splits.sizes[name] - rows * fraction) < 1


def test_a_random_split_favours_nobody(labelled: Labelled) -> None:
    table = labelled(x=list(range(40)))
    tests = [
        split(table, fractions={"train": 0.75, "test": 0.25}, seed=seed) for seed in range(400)
    ]
    times = Counter(name for splits in tests for name in splits["test"].ids)
    # Each id is binomial(400, 1/4): mean 100, standard deviation 8.7.
    assert all(abs(times[name] - 100) < 5 * 8.7 for name in table.ids)


@given(
    labels=st.lists(st.sampled_from("abc") | st.none(), min_size=12, max_size=150),
    seed=st.integers(0, 99),
    fractions=FRACTIONS,
)
def test_each_stratum_has_its_share_in_every_split(
    labelled: Labelled, labels: list[str | None], seed: int, fractions: dict[str, float]
) -> None:
    table = labelled(label=labels)
    splits = split(table, fractions=fractions, seed=seed, by=Stratified("label"))
    for value, total in Counter(labels).items():
        for name, fraction in fractions.items():
            here = splits[name].frame["label"].to_list().count(value)
            assert abs(here - total * fraction) < 1
    for name, fraction in fractions.items():
        assert abs(splits.sizes[name] - len(labels) * fraction) < 2


def test_stratified_counts_agree_with_scikit_learn(labelled: Labelled) -> None:
    from sklearn.model_selection import train_test_split

    labels = ["a"] * 70 + ["b"] * 20 + ["c"] * 10
    ours = split(
        labelled(label=labels),
        fractions={"train": 0.8, "test": 0.2},
        seed=0,
        by=Stratified("label"),
    )
    _, theirs = train_test_split(labels, test_size=0.2, stratify=labels, random_state=0)
    assert Counter(ours["test"].frame["label"]) == Counter(theirs)


def test_a_set_of_labels_is_one_stratum_whatever_its_order(labelled: Labelled) -> None:
    table = labelled(label=[["a", "b"], ["b", "a"], ["a"], ["a"]])
    splits = split(table, fractions={"train": 0.5, "test": 0.5}, seed=0, by=Stratified("label"))
    assert sorted(map(len, splits["test"].frame["label"])) == [1, 2]


@given(
    sizes=st.lists(st.integers(1, 9), min_size=12, max_size=40),
    seed=st.integers(0, 99),
    fractions=FRACTIONS,
)
def test_a_group_is_whole_and_sizes_are_within_half_the_largest_group(
    labelled: Labelled, sizes: list[int], seed: int, fractions: dict[str, float]
) -> None:
    persons = [f"p{number}" for number, size in enumerate(sizes) for _ in range(size)]
    splits = split(labelled(person=persons), fractions=fractions, seed=seed, by=Grouped("person"))
    owners = [set(part.frame["person"]) for part in splits.parts.values()]
    assert sum(map(len, owners)) == len(sizes)
    for name, fraction in fractions.items():
        assert abs(splits.sizes[name] - len(persons) * fraction) <= max(sizes) / 2 + 1


def test_grouped_and_stratified_is_as_even_as_scikit_learns(people: ExampleTable) -> None:
    from sklearn.model_selection import StratifiedGroupKFold

    labels = np.array(people.frame["label"].to_list())
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    _, theirs = next(folds.split(labels, labels, people.frame["person"].to_list()))
    splits = split(
        people,
        fractions={"train": 0.8, "test": 0.2},
        seed=0,
        by=Grouped("person", stratify="label"),
    )

    def distance(found: list[str]) -> float:
        return sum(abs(found.count(value) - 0.2 * (labels == value).sum()) for value in "abc")

    ours = splits["test"].frame["label"].to_list()
    assert distance(ours) <= distance(labels[theirs].tolist())
    assert distance(ours) <= 3


def test_rows_without_a_group_are_refused_unless_declared(labelled: Labelled) -> None:
    table = labelled(person=["a", "a", None, None, "b", "c"])
    assert refusal(table, by=Grouped("person")) == [
        'column "person": is empty for 2 examples (row2, row3); fill it in, or say whether '
        'such rows are groups "alone" or one group "together"'
    ]
    halves = {"train": 0.5, "test": 0.5}
    for seed in range(20):
        splits = split(table, fractions=halves, seed=seed, by=Grouped("person", unknown="together"))
        assert [p.frame["person"].null_count() for p in splits.parts.values()] in ([0, 2], [2, 0])
    sides = {
        split(table, fractions=halves, seed=seed, by=Grouped("person", unknown="alone"))["train"]
        .frame["person"]
        .null_count()
        for seed in range(20)
    }
    assert 1 in sides


@given(
    days=st.lists(st.integers(0, 30), min_size=10, max_size=80).filter(lambda d: len(set(d)) >= 3),
    fractions=FRACTIONS,
)
def test_the_last_split_is_the_latest_and_no_moment_is_divided(
    labelled: Labelled, days: list[int], fractions: dict[str, float]
) -> None:
    splits = split(labelled(day=days), fractions=fractions, seed=0, by=ByTime("day"))
    parts = list(splits.parts.values())
    for earlier, later in pairwise(parts):
        assert earlier.frame["day"].max() < later.frame["day"].min()
    assert splits.seed is None


def test_moments_that_are_all_different_are_cut_exactly(labelled: Labelled) -> None:
    table = labelled(day=list(range(100))[::-1])
    assert split(table, fractions=THIRDS, seed=0, by=ByTime("day")).sizes == {
        "train": 60,
        "val": 20,
        "test": 20,
    }


def test_a_time_must_be_there_and_be_a_time(labelled: Labelled) -> None:
    table = labelled(day=["soon", "later", "never"], when=[1, None, 2])
    assert refusal(table, by=ByTime("day")) == [
        'column "day": holds no dates, times or numbers; write 2026-01-31'
    ]
    assert refusal(table, by=ByTime("when")) == [
        'column "when": is empty for 1 examples (row1); fill it in'
    ]


def test_all_that_is_wrong_with_a_question_is_said_at_once(labelled: Labelled) -> None:
    said = refusal(
        labelled(label=["a"] * 9),
        fractions={"Train": 0.5, "test": 1.5, "val": float("nan")},
        by=Stratified("lable"),
    )
    assert said == [
        "splits: 'Train' cannot be the name of a split; "
        "use lower-case letters, digits, - and _, beginning with a letter",
        "fractions, test: 1.5 is not between 0 and 1",
        "fractions, val: nan is not between 0 and 1",
        "fractions: they sum to nan; make them sum to 1",
        'split: there is no column "lable"; did you mean "label"?',
    ]


def test_a_split_that_would_be_empty_is_refused(labelled: Labelled) -> None:
    assert refusal(labelled(x=[1, 2])) == [
        'split "test": would be empty; ask for fewer splits or another share, or add examples'
    ]
    assert len(refusal(labelled(day=[1] * 9), by=ByTime("day"))) == 2
    assert len(refusal(labelled(person=["p"] * 9), by=Grouped("person"))) == 2


def test_splits_made_elsewhere_must_not_share_examples(labelled: Labelled) -> None:
    one, two = labelled(example_id=["a", "b"]), labelled(example_id=["b", "c"])
    with pytest.raises(BadInput, match='splits "train" and "test": both contain the example "b"'):
        given_splits({"train": one, "test": two})
    splits = given_splits({"train": one, "test": labelled(example_id=["c"])})
    assert splits.method == Given()
    assert splits.sizes == {"train": 2, "test": 1}


@given(
    total=st.integers(0, 10_000),
    parts=st.lists(st.integers(1, 100), min_size=2, max_size=6),
)
def test_largest_remainders_sum_to_the_total_and_stay_within_one(
    total: int, parts: list[int]
) -> None:
    fractions = [part / sum(parts) for part in parts]
    sizes = largest_remainder(total, fractions)
    assert sum(sizes) == total
    assert all(abs(size - total * share) < 1 for size, share in zip(sizes, fractions, strict=True))
