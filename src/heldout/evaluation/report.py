"""The result of scoring one submission, as people and programs read it."""

from __future__ import annotations

import msgspec

from heldout.errors import BadInput, Problem
from heldout.evaluation.scoring import Score
from heldout.evaluation.subgroups import SubgroupScore


class Report(msgspec.Struct, frozen=True):
    """Scores, or the problems for which there are none.

    Attributes:
        n: Number of examples scored; None where there are problems.
        scores: One per metric and name.
        subgroups: One per group, metric and name.
        per_class: The same for the examples of each class; not in the JSON unless asked for.
        problems: What is wrong with the input.
    """

    n: int | None = None
    scores: tuple[Score, ...] = ()
    subgroups: tuple[SubgroupScore, ...] = ()
    per_class: tuple[SubgroupScore, ...] = ()
    problems: tuple[Problem, ...] = ()

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
        if not self.per_class:
            del fields["per_class"]
        return msgspec.json.encode(fields)

    @classmethod
    def from_json(cls, data: bytes | str) -> Report:
        """Read what `to_json` wrote.

        Raises:
            msgspec.ValidationError: The text is not a report.
        """
        return msgspec.json.decode(data, type=cls)
