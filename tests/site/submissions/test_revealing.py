"""What of a report leaves is decided by the phase's list alone."""

from itertools import combinations

import msgspec
import pytest

from heldout.evaluation.along import Point, Profile
from heldout.evaluation.class_report import ClassRow
from heldout.evaluation.confusion import Cell, Confusion
from heldout.evaluation.curves import EVERY_CLASS, PrecisionRecall
from heldout.evaluation.details import Details
from heldout.evaluation.disparities import Disparity, GroupInterval, Spread
from heldout.evaluation.odds import GroupRate, RateGap
from heldout.evaluation.reliability import Bin
from heldout.evaluation.report import Report
from heldout.evaluation.same_size import SameSize
from heldout.site.challenges.models import Reveal
from heldout.site.submissions.revealing import revealed
from heldout.statistics.intervals import Interval

ENDS = Interval(0.4, 0.6)
GROUP = GroupInterval({"sex": "w"}, 50, 0.5, ENDS)


def curve(name: str) -> PrecisionRecall:
    return PrecisionRecall(name, "", None, 9, 0.5, (1.0, 0.5))


WHOLE = Report(
    n=90,
    disparities=(
        Disparity(("sex",), "accuracy", "accuracy", (GROUP, GROUP), {"sex": "w"},
                  Spread(0.1, 0.1, ENDS), None, ()),
    ),
    same_size=(SameSize({"sex": "w"}, "ece", "ece", 50, 0.1, 0.05, 0.2, 100),),
    profiles=(Profile("age", "accuracy", "accuracy", 90, 30, (Point(1.0, 0.5, 0.4, 0.6),)),),
    details=Details(
        classes=tuple(ClassRow(name, 50, 40, 0.5, ENDS, 0.5, ENDS, 0.5) for name in ("cat", "rare")),
        confusion=Confusion(("cat", "rare"), (Cell("cat", "rare", 3), Cell("rare", "cat", 2))),
        curves=(curve(EVERY_CLASS), curve("cat"), curve("rare")),
        reliability=(Bin(0.5, 1.0, 90, 0.7, 0.6, ENDS),),
        rates=(GroupRate({"sex": "w"}, "cat", "predicted share", 0.5, 0.4, 0.6, 50),),
        rate_gaps=(RateGap(("sex",), "cat", "predicted share", 0.1),),
        withheld=("rare",),
    ),
)  # fmt: skip
STORED = msgspec.to_builtins(WHOLE)


def shown(*what: Reveal, complete: bool = False) -> Report:
    return revealed(STORED, {Reveal.SCORE, *what}, complete=complete)


def names(report: Report) -> set[str]:
    found = {name for name, value in msgspec.structs.asdict(report).items() if value}
    found |= {name for name, value in msgspec.structs.asdict(report.details).items() if value}
    return found - {"n", "details"}


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ([], set()),
        ([Reveal.INTERVAL], set()),
        ([Reveal.SUBGROUPS], {"profiles"}),
        ([Reveal.SUBGROUPS, Reveal.INTERVAL], {"profiles", "disparities", "same_size"}),
        ([Reveal.PER_CLASS], {"classes"}),
        ([Reveal.CONFUSION], {"confusion"}),
        ([Reveal.CONFUSION, Reveal.SUBGROUPS], {"confusion", "profiles", "rates", "rate_gaps"}),
        ([Reveal.CURVES], {"curves", "reliability"}),
    ],
)
def test_each_part_is_there_only_where_the_phase_lists_it(what, expected):
    assert names(shown(*what)) == expected


def test_without_the_score_nothing_is_there():
    assert revealed(STORED, set(Reveal) - {Reveal.SCORE}, complete=False) == Report()


def test_where_intervals_are_not_revealed_there_is_none_anywhere():
    for size in range(len(Reveal)):
        for what in combinations(set(Reveal) - {Reveal.INTERVAL}, size):
            text = msgspec.json.encode(shown(*what)).decode()
            assert "0.4" not in text
            assert "0.6" not in text.replace('"accuracy":0.6', "")


def test_classes_of_few_examples_are_told_to_organisers_alone():
    some = shown(*Reveal).details
    assert [row.name for row in some.classes] == ["cat"]
    assert {cell.reference for cell in some.confusion.cells} == {"cat"}
    assert [one.name for one in some.curves] == [EVERY_CLASS, "cat"]
    every = shown(*Reveal, complete=True).details
    assert [row.name for row in every.classes] == ["cat", "rare"]
    assert len(every.curves) == 3


def test_single_classes_have_curves_only_where_classes_are_revealed():
    curves = shown(Reveal.CURVES).details.curves
    assert [one.name for one in curves] == [EVERY_CLASS]


def test_a_report_of_an_older_release_shows_less_and_breaks_nothing():
    old = {"n": 90, "scores": [], "subgroups": [], "problems": []}
    assert revealed(old, set(Reveal), complete=True) == Report(n=90)
    assert revealed({"details": 7}, set(Reveal), complete=True) == Report()
