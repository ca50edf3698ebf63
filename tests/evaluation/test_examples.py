from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from heldout.datasets.tasks import Family
from heldout.evaluation.examples import Order, explore, value_of_each
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.metrics.f1 import F1
from heldout.evaluation.metrics.log_loss import LogLoss
from heldout.evaluation.metrics.mae import MeanAbsoluteError

Make = dict[Family, Callable[..., tuple]]


@pytest.mark.parametrize("metric", [Accuracy(), LogLoss(), F1()])
def test_an_example_has_the_value_it_would_have_alone(make: Make, metric: object) -> None:
    stats = metric.per_example(*make[Family.LABEL](30, 3))
    for name in metric.names:
        position = metric.names.index(name)
        alone = [stats.take(np.array([i])).reduce()[position] for i in range(30)]
        np.testing.assert_allclose(value_of_each(stats, name=name), alone, atol=1e-12)


def test_the_worst_come_first_in_either_direction(make: Make) -> None:
    predictions, references = make[Family.NUMBER](40, 3)
    errors = value_of_each(MeanAbsoluteError().per_example(predictions, references))
    found = explore(references, [predictions], [errors], higher_is_better=False, most=5)
    wanted = np.sort(np.abs(predictions.values - references.values))[::-1][:5]
    assert [row.answers[0].value for row in found] == pytest.approx(wanted)
    best = explore(references, [predictions], [errors], most=1)[0]
    assert best.answers[0].value == pytest.approx(errors.min())


def test_filters_keep_what_they_name(make: Make) -> None:
    predictions, references = make[Family.LABEL](60, 3)
    columns = pl.DataFrame({"site": ["north", None] * 30})
    right = value_of_each(Accuracy().per_example(predictions, references))
    given = (references, [predictions], [right])
    some = explore(*given, columns=columns, where={"site": "(not given)", "class": "bee"})
    expected = {f"x{i}" for i in range(1, 60, 2) if references.labels[i] == 1}
    assert {row.example_id for row in some} == expected
    assert {row.reference for row in some} == {"bee"}
    assert {row.columns["site"] for row in some} == {"(not given)"}
    with pytest.raises(KeyError, match="colour"):
        explore(*given, columns=columns, where={"colour": "red"})


def test_entries_stand_side_by_side_and_where_they_differ_comes_first(make: Make) -> None:
    first, references = make[Family.LABEL](60, 3)
    second, _ = make[Family.LABEL](60, 3, perfect=True)
    values = [value_of_each(Accuracy().per_example(one, references)) for one in (first, second)]
    found = explore(references, [first, second], values, order=Order.DISAGREEMENT, most=60)
    apart = [abs(row.answers[0].value - row.answers[1].value) for row in found]
    assert apart == sorted(apart, reverse=True)
    assert sum(apart) == (values[0] != values[1]).sum()
    name = references.names[first.labels[int(found[0].example_id[1:])]]
    assert found[0].answers[0].prediction.startswith(name)


def test_examples_without_a_value_come_last(make: Make) -> None:
    predictions, references = make[Family.NUMBER](4, 3)
    found = explore(references, [predictions], [np.array([0.5, np.nan, 0.1, 0.9])])
    assert [row.answers[0].value for row in found] == [0.1, 0.5, 0.9, None]
