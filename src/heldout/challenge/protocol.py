"""How predictions are scored, whether a challenge says it or a command line does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import polars as pl

from heldout.datasets.kinds import Kind
from heldout.datasets.tasks import Task
from heldout.errors import Problem
from heldout.evaluation.along import Profile, along
from heldout.evaluation.class_scores import CLASS, FEW_RESAMPLES, score_classes
from heldout.evaluation.counterfactual import Counterfactual, counterfactuals
from heldout.evaluation.data import LabelReferences, Predictions, References
from heldout.evaluation.details import Details, describe
from heldout.evaluation.disparities import Disparity, disparities
from heldout.evaluation.metric import Method
from heldout.evaluation.reading import Expected, Missing, read_predictions
from heldout.evaluation.registry import AnyMetric
from heldout.evaluation.report import Report
from heldout.evaluation.same_size import SameSize, depends_on_size, same_size
from heldout.evaluation.scoring import REPLICATES, Scoring, score
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.subgroups import SubgroupScore, disaggregate
from heldout.statistics.weights import Resampling


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result of one predictions file.

    Attributes:
        report: Scores, subgroups and classes; everything, so show only what a phase reveals.
        stats: Per-example statistics by metric. They give the answers away: guard them likewise.
        seed: Of the intervals.
        clusters: What the intervals resample, one value per example; None is the example.
    """

    report: Report
    stats: dict[str, ExampleStats]
    seed: int
    clusters: pl.Series | None = None


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Everything that decides a score, besides the predictions and the answers.

    Attributes:
        task: What references and predictions look like.
        metrics: What to compute.
        seed: Of the intervals.
        classes: The declared classes; None where none are declared.
        id_column: The column of example ids.
        missing: What a missing prediction is.
        subgroups: Columns to score apart; several columns are an intersection.
        smallest_group: Groups with fewer examples are named and not scored.
        protect: Whether answers are held out, so that no suppressed group may be reckoned back
            and no message names a class that was not declared.
        cluster: The column whose values the intervals resample.
        along: Numeric columns to score along.
        pairs: Columns of inputs and of the attribute that was changed in them, for counterfactuals.
        per_class: Whether the examples of each class are scored apart.
        details: Whether the report says all it can: classes, confusion, curves, reliability, rates.
        replicates: Number of resamples.
    """

    task: Task
    metrics: Sequence[AnyMetric]
    seed: int
    classes: tuple[str, ...] | None = None
    id_column: str = "example_id"
    missing: Missing = Missing.REFUSE
    subgroups: Sequence[tuple[str, ...]] = ()
    smallest_group: int = 1
    protect: bool = False
    cluster: str | None = None
    along: Sequence[str] = ()
    pairs: tuple[str, str] | None = None
    per_class: bool = False
    details: bool = False
    replicates: int = REPLICATES

    def evaluate(
        self, predictions: Path, *, references: References, columns: pl.DataFrame
    ) -> Evaluation:
        """Score a predictions file.

        Args:
            predictions: CSV, JSON Lines or Parquet.
            references: The answers.
            columns: The columns of `subgroups`, `along` and `cluster`, in the order of the
                references.

        Raises:
            BadInput: Every problem of the predictions; no message holds anything of an answer.
        """
        read = self.read(predictions, references=references)
        clusters = None if self.cluster is None else columns[self.cluster]
        scoring = score(
            read,
            references,
            self.metrics,
            seed=self.seed,
            replicates=self.replicates,
            clusters=None if clusters is None else clusters.to_numpy(),
        )
        report = msgspec.structs.replace(
            self.report(
                scoring,
                columns,
                classes_of=class_names(references),
                n=len(references.example_ids),
            ),
            counterfactuals=self._counterfactuals(read, scoring, columns),
            details=self._describe(read, references, scoring, columns) if self.details else None,
        )
        return Evaluation(report, scoring.stats, self.seed, clusters)

    def report(
        self, scoring: Scoring, columns: pl.DataFrame, *, classes_of: pl.Series | None, n: int
    ) -> Report:
        """Report all that follows from statistics alone, without the predictions.

        Args:
            scoring: Of the examples that count.
            columns: As for `evaluate`, of those examples.
            classes_of: The reference of each of them, where it is one label.
            n: How many they are.
        """
        clusters = None if self.cluster is None else columns[self.cluster]
        subgroups = self._disaggregate(scoring, columns, clusters, self.subgroups)
        resampling = self.resampling(n, clusters)
        return Report(
            n=n,
            scores=scoring.scores,
            subgroups=subgroups,
            per_class=self._by_class(scoring, classes_of, clusters, resampling),
            disparities=self._compare_groups(scoring, columns, resampling),
            same_size=self._same_size(scoring, subgroups),
            profiles=self._profiles(scoring, columns, resampling),
        )

    def read(self, predictions: Path, *, references: References) -> Predictions:
        """Read a predictions file.

        Raises:
            BadInput: Every problem of the predictions; no message holds anything of an answer.
        """
        return read_predictions(
            predictions,
            task=self.task,
            expected=self._expected(references),
            id_column=self.id_column,
        )

    def resampling(self, n: int, clusters: pl.Series | None) -> Resampling:
        """Return the resamples of n examples."""
        return Resampling(
            n,
            seed=self.seed,
            replicates=self.replicates,
            clusters=None if clusters is None else clusters.to_numpy(),
        )

    def _compare_groups(
        self, scoring: Scoring, columns: pl.DataFrame, resampling: Resampling
    ) -> tuple[Disparity, ...]:
        if not self.replicates:
            return ()
        found = disparities(
            [(metric, scoring.stats[metric.key]) for metric in self.metrics],
            columns,
            by=self.subgroups,
            smallest_group=self.smallest_group,
            protect=self.protect,
            resampling=resampling,
        )
        return tuple(found)

    def _same_size(
        self, scoring: Scoring, subgroups: Sequence[SubgroupScore]
    ) -> tuple[SameSize, ...]:
        if not self.replicates:
            return ()
        return tuple(
            one
            for metric in self.metrics
            if depends_on_size(metric)
            for one in same_size(
                scoring.stats[metric.key],
                [group for group in subgroups if group.metric == metric.key],
                metric=metric,
                seed=self.seed,
            )
        )

    def _profiles(
        self, scoring: Scoring, columns: pl.DataFrame, resampling: Resampling
    ) -> tuple[Profile, ...]:
        return tuple(
            along(
                scoring.stats[metric.key],
                columns[name],
                metric=metric,
                smallest_group=self.smallest_group,
                resampling=resampling,
            )
            for name in self.along
            for metric in self.metrics
        )

    def _counterfactuals(
        self, predictions: Predictions, scoring: Scoring, columns: pl.DataFrame
    ) -> tuple[Counterfactual, ...]:
        if self.pairs is None:
            return ()
        pair, attribute = self.pairs
        return tuple(
            one
            for metric in self.metrics
            for one in counterfactuals(
                scoring.stats[metric.key],
                predictions,
                columns,
                metric=metric,
                pair=pair,
                attribute=attribute,
                seed=self.seed,
                replicates=self.replicates,
            )
        )

    def _describe(
        self,
        predictions: Predictions,
        references: References,
        scoring: Scoring,
        columns: pl.DataFrame,
    ) -> Details:
        return describe(
            predictions,
            references,
            scoring.stats,
            columns=columns,
            by=self.subgroups,
            smallest_group=self.smallest_group,
            protect=self.protect,
            independent=self.cluster is None,
        )

    def unfit(self, references: References) -> list[Problem]:
        """Return what references of a custom task lack for the metrics; for their organiser."""
        answers = self._answers(references)
        return [one for metric in self.metrics for one in metric.unfit(references, answers)]

    def _answers(self, references: References) -> tuple[str, ...]:
        """Return the columns of a custom task's references that do not make groups."""
        groups = {name for names in self.subgroups for name in names}
        groups |= {*self.along, *(self.pairs or ()), self.cluster or ""}
        return tuple(name for name in references.columns.columns if name not in groups)

    def _expected(self, references: References) -> Expected:
        answers = self._answers(references)
        needed = dict[str, Kind | None]()
        for metric in self.metrics:
            for name, kind in metric.needed_columns(answers).items():
                needed[name] = needed.get(name) or kind
        return Expected(
            example_ids=references.example_ids,
            classes=references.classes if self.classes is None else self.classes,
            missing=self.missing,
            declared=self.classes is not None or not self.protect,
            public=references.public,
            answers=answers,
            needed=needed,
        )

    def _by_class(
        self,
        scoring: Scoring,
        names: pl.Series | None,
        clusters: pl.Series | None,
        resampling: Resampling,
    ) -> tuple[SubgroupScore, ...]:
        """Score each class with the metrics that are a share of right examples, or a mean of classes."""
        if not self.per_class:
            return ()
        if names is None:
            few = replace(resampling, replicates=min(self.replicates, FEW_RESAMPLES))
            return tuple(row for one in scoring.stats.values() for row in score_classes(one, few))
        shares = [metric for metric in self.metrics if metric.interval is Method.WILSON]
        return self._disaggregate(scoring, names.to_frame(), clusters, [(CLASS,)], shares)

    def _disaggregate(
        self,
        scoring: Scoring,
        columns: pl.DataFrame,
        clusters: pl.Series | None,
        by: Sequence[tuple[str, ...]],
        metrics: Sequence[AnyMetric] | None = None,
    ) -> tuple[SubgroupScore, ...]:
        return tuple(
            group
            for metric in (self.metrics if metrics is None else metrics)
            for group in disaggregate(
                scoring.stats[metric.key],
                columns,
                metric=metric,
                by=by,
                smallest_group=self.smallest_group,
                protect=self.protect,
                seed=self.seed,
                replicates=self.replicates,
                clusters=clusters,
            )
        )


def class_names(references: References) -> pl.Series | None:
    """Return the reference of each example, where it is one label."""
    if not isinstance(references, LabelReferences):
        return None
    return pl.Series(CLASS, references.names, dtype=pl.String).gather(references.labels)
