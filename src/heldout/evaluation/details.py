"""What a report says beyond scores: classes, confusion, curves, reliability, rates by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import polars as pl

from heldout.evaluation.class_report import ClassRow, report_classes
from heldout.evaluation.confusion import Confusion, count_confusions
from heldout.evaluation.curves import PrecisionRecall, curves_of_detections, curves_of_scores
from heldout.evaluation.data import (
    LabelPredictions,
    LabelReferences,
    Predictions,
    References,
    SetPredictions,
    SetReferences,
)
from heldout.evaluation.odds import GroupRate, RateGap, rates_by_group
from heldout.evaluation.reliability import Bin, reliability
from heldout.evaluation.requirements import require_probabilities
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.subgroups import groups_of, suppressed
from heldout.evaluation.vision.average_precision import AveragePrecision

MOST_CLASSES = 1_000  # With more, neither classes nor confusion are listed.
MOST_CLASSES_OF_RATES = 20


class Details(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the task and the predictions allow; the rest is empty and not in the JSON.

    Attributes:
        classes: Precision, recall and F1 of each class, for labels and sets of labels.
        confusion: Who is taken for whom, for labels.
        curves: Precision over recall, for scores and for detections.
        reliability: Accuracy by confidence, for labels with probabilities.
        rates: True and false positive rates by class and group, for labels.
        rate_gaps: The largest gaps between two groups in these rates.
        withheld: Classes of too few examples to be told of where answers are held out; whoever
            shows details to those who may not know the answers leaves these out: see `told`.
    """

    classes: tuple[ClassRow, ...] = ()
    confusion: Confusion | None = None
    curves: tuple[PrecisionRecall, ...] = ()
    reliability: tuple[Bin, ...] = ()
    rates: tuple[GroupRate, ...] = ()
    rate_gaps: tuple[RateGap, ...] = ()
    withheld: tuple[str, ...] = ()

    def told(self) -> Details:
        """Return it without the classes that are withheld."""
        if not self.withheld:
            return self
        kept = [one for one in self.curves if one.name not in self.withheld]
        rates = [one for one in self.rates if one.name not in self.withheld]
        gaps = [one for one in self.rate_gaps if one.name not in self.withheld]
        return msgspec.structs.replace(
            self,
            classes=tuple(one for one in self.classes if one.name not in self.withheld),
            confusion=self.confusion and self.confusion.without(self.withheld),
            curves=tuple(kept),
            rates=tuple(rates),
            rate_gaps=tuple(gaps),
        )


def describe(
    predictions: Predictions,
    references: References,
    stats: Mapping[str, ExampleStats],
    *,
    columns: pl.DataFrame | None = None,
    by: Sequence[Sequence[str]] = (),
    smallest_group: int = 1,
    protect: bool = False,
    independent: bool = True,
) -> Details:
    """Return all details the task and the predictions allow.

    Args:
        predictions: In the order of the references.
        references: The answers.
        stats: By metric.
        columns: One row per example, in the same order.
        by: Names of columns that make groups.
        smallest_group: Groups and rates of fewer examples are left out.
        protect: As in `subgroups.disaggregate`.
        independent: Whether examples stand for themselves; else rates have no intervals.
    """
    detections = [one for one in stats.values() if isinstance(one.metric, AveragePrecision)]
    curves = [curve for one in detections for curve in curves_of_detections(one)]
    found = Details(curves=(*curves, *curves_of_scores(predictions, references)))
    if len(references.classes) > MOST_CLASSES:
        return found
    if isinstance(predictions, SetPredictions) and isinstance(references, SetReferences):
        listed = () if predictions.sets is None else report_classes(predictions, references)
        return msgspec.structs.replace(found, classes=listed)
    if not isinstance(predictions, LabelPredictions) or not isinstance(references, LabelReferences):
        return found
    found = msgspec.structs.replace(
        found,
        classes=report_classes(predictions, references, independent=independent),
        confusion=count_confusions(predictions, references),
        withheld=_withheld(references, smallest_group) if protect else (),
    )
    if not any(require_probabilities("", predictions)):
        bins = reliability(predictions, references, independent=independent)
        found = msgspec.structs.replace(found, reliability=bins)
    if columns is None or not by or len(references.classes) > MOST_CLASSES_OF_RATES:
        return found
    rates, gaps = rates_by_group(
        predictions,
        references,
        columns,
        by=by,
        smallest_group=smallest_group,
        protect=protect,
        independent=independent,
    )
    return msgspec.structs.replace(found, rates=rates, rate_gaps=gaps)


def _withheld(references: LabelReferences, smallest: int) -> tuple[str, ...]:
    names = pl.Series("class", references.names, dtype=pl.String).gather(references.labels)
    groups = groups_of(names.to_frame(), ["class"])
    hidden = suppressed(groups, smallest, protect=True)
    return tuple(one.name["class"] for one, gone in zip(groups, hidden, strict=True) if gone)
