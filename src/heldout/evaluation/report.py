"""The result of scoring one submission, as people and programs read it."""

from __future__ import annotations

import msgspec

from heldout.decoding import decode
from heldout.errors import BadInput, Problem
from heldout.evaluation.along import Profile
from heldout.evaluation.counterfactual import Counterfactual
from heldout.evaluation.details import Details
from heldout.evaluation.disparities import Disparity
from heldout.evaluation.same_size import SameSize
from heldout.evaluation.scoring import Score
from heldout.evaluation.shares import ShareGap
from heldout.evaluation.subgroups import SubgroupScore

# Only in the JSON where there is something in them.
FURTHER = ("per_class", "disparities", "same_size", "profiles", "counterfactuals", "details",
           "without_leaks", "share_gaps")  # fmt: skip


class Report(msgspec.Struct, frozen=True):
    """Scores, or the problems for which there are none.

    Attributes:
        n: Number of examples scored; None where there are problems.
        scores: One per metric and name.
        subgroups: One per group, metric and name.
        problems: What is wrong with the input.
        per_class: Scores of the examples of each class; not in the JSON unless asked for, as
            everything below.
        disparities: How unequal a number is over groups: worst group, gap and ratio.
        same_size: Random subsets of the groups' sizes, for metrics that depend on size.
        profiles: Scores along numeric columns.
        counterfactuals: What changing one attribute of the same input changes.
        details: Classes, confusion, curves, reliability and rates by group.
        without_leaks: The scores without leaked examples, if they were asked for.
        share_gaps: How far the scores on the public share are from those on the rest, if asked for.
    """

    n: int | None = None
    scores: tuple[Score, ...] = ()
    subgroups: tuple[SubgroupScore, ...] = ()
    problems: tuple[Problem, ...] = ()
    per_class: tuple[SubgroupScore, ...] = ()
    disparities: tuple[Disparity, ...] = ()
    same_size: tuple[SameSize, ...] = ()
    profiles: tuple[Profile, ...] = ()
    counterfactuals: tuple[Counterfactual, ...] = ()
    details: Details | None = None
    without_leaks: tuple[Score, ...] = ()
    share_gaps: tuple[ShareGap, ...] = ()

    def __post_init__(self) -> None:
        if self.problems and (self.scores or self.subgroups or self.per_class):
            raise ValueError("where there are problems there are no scores")

    @classmethod
    def refused(cls, error: BadInput) -> Report:
        """Make the report of an input that was refused."""
        problems = error.problems
        if error.unlisted:
            problems += (Problem("", f"{error.unlisted:,} more problems like these"),)
        return cls(problems=problems)

    def to_json(self) -> bytes:
        """Write it; an undefined number is null with a reason."""
        fields = msgspec.structs.asdict(self)
        for name in FURTHER:
            if not fields[name]:
                del fields[name]
        return msgspec.json.encode(fields)

    @classmethod
    def from_json(cls, data: bytes | str) -> Report:
        """Read what `to_json` wrote.

        Raises:
            msgspec.ValidationError: The text is not a report.
        """
        return decode(data, cls)
