from collections.abc import Callable

import polars as pl
import pytest
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from heldout.datasets.tasks import Family
from heldout.evaluation.odds import RATES, group_rates, largest_gaps, rates_by_group

Make = dict[Family, Callable[..., tuple]]


def rates_of(make: Make, n: int = 200) -> tuple[pl.DataFrame, tuple, pl.DataFrame]:
    case = make[Family.LABEL](n, 3)
    columns = pl.DataFrame({"site": ["north" if i % 3 else "south" for i in range(n)]})
    return group_rates(*case, columns, by=["site"]), case, columns


def test_rates_are_those_of_the_confusion_matrix_of_scikit_learn(make: Make) -> None:
    found, (predictions, references), columns = rates_of(make)
    for site in ("north", "south"):
        chosen = (columns["site"] == site).to_numpy()
        codes = range(len(references.classes))
        cells = confusion_matrix(
            references.labels[chosen], predictions.labels[chosen], labels=list(codes)
        )
        for code, name in enumerate(references.classes):
            rows = found.filter(site=site, **{"class": name})
            hits, true, guessed = cells[code, code], cells[code].sum(), cells[:, code].sum()
            theirs = (hits / true, (guessed - hits) / (cells.sum() - true), guessed / cells.sum())
            assert tuple(rows["rate"]) == RATES
            assert tuple(rows["value"]) == pytest.approx(theirs)


def test_intervals_are_those_of_scipy(make: Make) -> None:
    found, _, _ = rates_of(make)
    for row in found.iter_rows(named=True):
        hits = round(row["value"] * row["n"])
        theirs = binomtest(hits, row["n"]).proportion_ci(method="wilson")
        assert (row["low"], row["high"]) == pytest.approx((theirs.low, theirs.high))


def test_the_gap_is_between_the_groups_furthest_apart(make: Make) -> None:
    found, _, _ = rates_of(make)
    gaps = largest_gaps(found)
    for row in gaps.iter_rows(named=True):
        values = found.filter(**{"class": row["class"]}, rate=row["rate"])["value"]
        assert row["gap"] == pytest.approx(abs(values[0] - values[1]))
    assert len(gaps) == len(found) / 2


def test_a_rate_of_no_examples_is_unknown_and_makes_no_gap(make: Make) -> None:
    (predictions, references), n = make[Family.LABEL](40, 3), 40
    one_class = [str(code == 0) for code in references.labels]
    found = group_rates(predictions, references, pl.DataFrame({"zero": one_class}), by=["zero"])
    first = references.classes[0]
    row = found.filter(pl.col("class") == first, zero="False", rate=RATES[0])
    assert row.select("value", "low", "high", "n").row(0) == (None, None, None, 0)
    gap = largest_gaps(found).filter(pl.col("class") == first, rate=RATES[0])["gap"][0]
    assert gap is None
    assert sum(found.filter(pl.col("class") == first, rate=RATES[2])["n"]) == n


def test_small_groups_and_rates_of_few_examples_are_not_told(make: Make) -> None:
    predictions, references = make[Family.LABEL](200, 3)
    columns = pl.DataFrame({"site": ["rare" if i < 8 else "north" if i < 80 else "south"
                                     for i in range(200)]})  # fmt: skip
    rates, gaps = rates_by_group(predictions, references, columns, by=[["site"]], smallest_group=20)
    assert {one.subgroup["site"] for one in rates} == {"north", "south"}
    of_class = [one for one in rates if one.rate == RATES[0] and one.subgroup["site"] == "north"]
    positives = [(references.labels[8:80] == code).sum() for code in range(4)]
    assert [one.n for one in of_class] == [n if n >= 20 else None for n in positives]
    assert all((one.value is None) == (one.n is None) for one in rates)
    assert len(gaps) == 4 * len(RATES)


def test_rates_by_group_are_those_of_group_rates(make: Make) -> None:
    found, case, columns = rates_of(make)
    rates, gaps = rates_by_group(*case, columns, by=[["site"]])
    assert [one.value for one in rates] == found["value"].to_list()
    assert [one.low for one in rates] == found["low"].to_list()
    assert [one.gap for one in gaps] == largest_gaps(found)["gap"].to_list()
    dependent, _ = rates_by_group(*case, columns, by=[["site"]], independent=False)
    assert {one.low for one in dependent} == {None}
