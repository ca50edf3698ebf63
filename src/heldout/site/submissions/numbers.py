"""The numbers and statistics of a phase's scored submissions, as ranking and guards need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import (
    Count,
    Exists,
    F,
    FilteredRelation,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Value,
)

from heldout.challenge.evaluate import phase_seed
from heldout.challenge.folder import Challenge as Folder
from heldout.errors import BadInput
from heldout.evaluation.data import Flags
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.stats import ExampleStats
from heldout.site.challenges.models import Phase
from heldout.site.submissions import stats
from heldout.site.submissions.models import Evaluation, Status, Submission
from heldout.site.submissions.parts import Part, counted
from heldout.site.submissions.regimes import Regime
from heldout.site.submissions.storage import DamagedFile


class Primary(NamedTuple):
    """The number a leaderboard is ordered by."""

    metric: AnyMetric
    name: str
    higher_is_better: bool

    @property
    def spec(self) -> str:
        return self.metric.key

    @property
    def sign(self) -> int:
        """Turns it so that more is better."""
        return 1 if self.higher_is_better else -1


def primary_of(folder: Folder) -> Primary:
    spec, name = folder.definition.primary
    metric = next(one for one in folder.metrics if one.key == spec)
    number = next(one for one in metric.numbers if name in (None, one.name))
    return Primary(metric, number.name, number.higher_is_better)


class Outcome(NamedTuple):
    """A scored submission and its numbers that may rank; None where there is none."""

    submission: str
    entrant: int
    chosen: bool
    public: float | None
    private: float | None
    told: float | None


@dataclass(frozen=True, eq=False)
class Results:
    """Of one phase.

    Attributes:
        regime: The phase's rules.
        folder: The challenge's folder among the answers, by its name.
        challenge: The same, read.
        retired: Ids of test items that count no more.
        instead: Evaluations to take for those that count, by submission: what a rejudging would do.
    """

    regime: Regime
    folder: str
    challenge: Folder
    retired: frozenset[str] = frozenset()
    instead: Mapping[str, Evaluation | None] = field(default_factory=dict)

    @property
    def phase(self) -> Phase:
        return self.regime.phase

    @cached_property
    def primary(self) -> Primary:
        return primary_of(self.challenge)

    @property
    def seed(self) -> int:
        return phase_seed(self.challenge, self.challenge.phase(self.phase.key))

    def scored(self) -> QuerySet[Submission]:
        """The submissions whose result counts, each entrant's in their order."""
        return self.evaluated().filter(status=Status.SCORED)

    def evaluated(self) -> QuerySet[Submission]:
        """The submissions that have a result, whatever became of them since."""
        return (
            Submission.objects.filter(phase=self.phase, evaluation__isnull=False)
            .select_related("entrant", "evaluation")
            .prefetch_related("evaluation__scores")
            .defer("problems", "note", "evaluation__report")
            .order_by("entrant_id", "created_at", "id")
        )

    def outcomes(self, *, before: datetime | None = None) -> list[Outcome]:
        """What may rank, each entrant's in their order, without all that only a row shows."""
        wanted = {"metric": self.primary.spec, "name": self.primary.name}
        scores = {f"evaluation__scores__{field}": value for field, value in wanted.items()}
        found = (
            Submission.objects.filter(phase=self.phase, status=Status.SCORED)
            .exclude(entrant__in=self.phase.disqualifications.values("entrant"))
            .annotate(ranking=FilteredRelation("evaluation__scores", condition=Q(**scores)))
            .order_by("entrant_id", "created_at", "id")
        )
        if before is not None:
            found = found.filter(created_at__lt=before)
        private = (
            F("evaluation__private") if self.regime.share else Value(None, output_field=JSONField())
        )
        columns = ("pk", "entrant_id", "chosen", "ranking__value", private, "told__value")
        return [self._outcome(row) for row in found.values_list(*columns)]

    def withdrawn(self, *, before: datetime | None = None) -> dict[int, int]:
        """How many of each entrant's were evaluated and then withdrawn: they rank no more, but count.

        A test set is worn out by each evaluation, whatever its maker thinks of it afterwards.
        """
        # Who withdraws while it is scored has used the evaluation too, though the result was not told.
        tried = Evaluation.objects.filter(submission=OuterRef("pk"), rejudging=None)
        found = Submission.objects.filter(phase=self.phase, status=Status.WITHDRAWN)
        if before is not None:
            found = found.filter(created_at__lt=before)
        counted = found.filter(Exists(tried)).order_by().values("entrant").annotate(n=Count("pk"))
        return dict(counted.values_list("entrant", "n"))

    def _outcome(self, row: tuple[Any, ...]) -> Outcome:
        submission, entrant, chosen, public, private, told = row
        if submission in self.instead:
            evaluation = self.instead[submission]
            public = self.of(self.scores_of(evaluation)).get("value")
            private = evaluation and evaluation.private
        kept = self.of(private["scores"] if private else ()).get("value")
        return Outcome(submission, entrant, chosen, public, kept, told)

    def evaluation(self, submission: Submission) -> Evaluation | None:
        return self.instead.get(submission.pk, submission.evaluation)

    def scores(self, submission: Submission) -> list[dict[str, Any]]:
        """All numbers of the public part."""
        return self.scores_of(self.evaluation(submission))

    def scores_of(self, evaluation: Evaluation | None) -> list[dict[str, Any]]:
        rows = evaluation.scores.all() if evaluation else ()
        fields = ("metric", "name", "value", "low", "high", "n")
        return [{name: getattr(row, name) for name in fields} for row in rows]

    def private_scores(self, submission: Submission) -> list[dict[str, Any]]:
        evaluation = self.evaluation(submission)
        return list(evaluation.private["scores"]) if evaluation and evaluation.private else []

    def value(self, submission: Submission) -> float | None:
        """The number that ranks, of the public part."""
        return self.of(self.scores(submission)).get("value")

    def private_value(self, submission: Submission) -> float | None:
        return self.of(self.private_scores(submission)).get("value")

    def of(self, scores: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """The score that ranks, among others."""
        wanted = (self.primary.spec, self.primary.name)
        return next((one for one in scores if (one["metric"], one["name"]) == wanted), {})

    def keep(self, part: Part) -> Flags | None:
        share = self.regime.share
        return counted(self.folder, self.phase, part, share=share, retired=self.retired)

    def stats(self, submission: Submission, part: Part = Part.PUBLIC) -> ExampleStats | None:
        """The statistics of the primary metric; None where damaged, or of another version of it."""
        evaluation = self.evaluation(submission)
        kept = evaluation.stats.get(self.primary.spec) if evaluation else None
        if kept is None:
            return None
        try:
            found = stats.read(kept)
        except (BadInput, OSError, DamagedFile):
            return None
        keep = self.keep(part)
        if keep is None:
            return found
        return found.take(keep) if len(keep) == len(found) else None
