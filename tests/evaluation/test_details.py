from collections.abc import Callable

import msgspec
import polars as pl

from heldout.datasets.tasks import Family
from heldout.evaluation.curves import EVERY_CLASS
from heldout.evaluation.details import Details, describe
from heldout.evaluation.report import Report

Make = dict[Family, Callable[..., tuple]]


def test_labels_with_probabilities_have_everything(make: Make) -> None:
    case = make[Family.LABEL](120, 3)
    columns = pl.DataFrame({"site": ["north", "south"] * 60})
    found = describe(*case, {}, columns=columns, by=[["site"]])
    names = [name for name, value in msgspec.structs.asdict(found).items() if value]
    assert names == ["classes", "confusion", "curves", "reliability", "rates", "rate_gaps"]


def test_scores_that_are_no_probabilities_have_curves_and_no_reliability(make: Make) -> None:
    predictions, references = make[Family.LABEL](120, 3)
    predictions.scores[:] = predictions.scores * 7
    found = describe(predictions, references, {})
    assert found.reliability == ()
    assert found.curves[0].name == EVERY_CLASS


def test_sets_have_classes_and_curves_and_numbers_have_nothing(make: Make) -> None:
    sets = describe(*make[Family.LABEL_SET](120, 3), {})
    assert sets.classes
    assert sets.curves
    assert sets.confusion is None
    assert describe(*make[Family.NUMBER](120, 3), {}) == Details()


def test_classes_of_few_examples_are_not_told_where_answers_are_held_out(make: Make) -> None:
    predictions, references = make[Family.LABEL](120, 3)
    references.labels[references.labels == 2] = 0
    references.labels[:4] = 2
    found = describe(predictions, references, {}, smallest_group=10, protect=True)
    # The next smallest is withheld too, so that the small one cannot be reckoned.
    others = {one.name: one.n for one in found.classes if one.name != "cat"}
    assert set(found.withheld) == {"cat", min(others, key=others.get)}
    told = found.told()
    assert {one.name for one in told.classes} == set(references.classes) - set(found.withheld)
    assert not {cell.reference for cell in told.confusion.cells} & set(found.withheld)
    assert not {one.name for one in told.curves} & set(found.withheld)
    assert describe(predictions, references, {}, smallest_group=10).withheld == ()


def test_details_survive_the_json_of_a_report(make: Make) -> None:
    report = Report(n=120, details=describe(*make[Family.LABEL](120, 3), {}))
    assert Report.from_json(report.to_json()) == report
    written = msgspec.json.decode(report.to_json())["details"]
    assert written["classes"][0]["class"] == "ant"
    assert set(written["confusion"]) == {"classes", "cells"}
    assert "rates" not in written
