from collections.abc import Callable

import msgspec
import pytest

from heldout.datasets.tasks import Family
from heldout.errors import BadInput, Problem
from heldout.evaluation.metrics.accuracy import Accuracy
from heldout.evaluation.metrics.r2 import R2
from heldout.evaluation.report import Report
from heldout.evaluation.scoring import score
from heldout.evaluation.subgroups import SubgroupScore

Make = dict[Family, Callable[..., tuple]]


def report(make: Make) -> Report:
    return Report(n=40, scores=score(*make[Family.LABEL](40, 1), [Accuracy()], seed=7).scores)


def test_the_json_has_exactly_the_four_keys(make: Make) -> None:
    found = msgspec.json.decode(report(make).to_json())
    assert list(found) == ["n", "scores", "subgroups", "problems"]
    assert found["scores"][0]["metric"] == "accuracy"
    assert found["scores"][0].keys() >= {"name", "value", "low", "high", "n", "seed", "version"}


def test_a_report_survives_its_json(make: Make) -> None:
    assert Report.from_json(report(make).to_json()) == report(make)


def test_scores_of_classes_are_in_the_json_where_there_are_any() -> None:
    one = SubgroupScore({"class": "ant"}, "accuracy", "accuracy", 0.5, 0.4, 0.6, 9, False)
    whole = Report(n=9, per_class=(one,))
    assert msgspec.json.decode(whole.to_json())["per_class"][0]["subgroup"] == {"class": "ant"}
    assert Report.from_json(whole.to_json()) == whole


def test_an_undefined_number_is_null_with_a_reason(make: Make) -> None:
    scores = score(*make[Family.NUMBER](0, 1), [R2()], seed=7).scores
    (found,) = msgspec.json.decode(Report(n=0, scores=scores).to_json())["scores"]
    assert found["value"] is None
    assert found["reason"] == "there are no examples"


def test_where_there_are_problems_there_are_no_scores(make: Make) -> None:
    refused = Report.refused(BadInput([Problem("line 3", "no prediction")], unlisted=2000))
    assert msgspec.json.decode(refused.to_json()) == {
        "n": None,
        "scores": [],
        "subgroups": [],
        "problems": [
            {"place": "line 3", "message": "no prediction", "remedy": ""},
            {"place": "", "message": "2,000 more problems like these", "remedy": ""},
        ],
    }
    with pytest.raises(ValueError, match="there are no scores"):
        Report(scores=report(make).scores, problems=refused.problems)
