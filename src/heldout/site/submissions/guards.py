"""What a guarded phase tells of each submission, once and in order.

The states are kept by `Told`: the Ladder's best, and what Thresholdout has left. Each entrant climbs
a ladder of their own.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from typing import NamedTuple

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import F

from heldout.evaluation.data import Floats
from heldout.evaluation.metric import AdditiveMetric
from heldout.evaluation.stats import ExampleStats
from heldout.ranking.guard import BestTold, Budget, Thresholdout, free_ladder, ladder
from heldout.site.challenges.models import Phase
from heldout.site.submissions.models import Submission, Told
from heldout.site.submissions.numbers import Primary, Results
from heldout.site.submissions.regimes import Regime
from heldout.statistics.weights import Resampling

REPLICATES = 200


class _Case(NamedTuple):
    """One submission that is to be told of, and what was told before."""

    submission: Submission
    score: float | None
    before: Told | None


def tell_new(regime: Regime, results: Results, *, now: datetime) -> int:
    """Tell of every scored submission that nothing was told of yet; returns of how many."""
    if not regime.tells(now):
        return 0
    with transaction.atomic():
        # Two workers must not climb the same ladder at once.
        Phase.objects.select_for_update().get(pk=regime.phase.pk)
        untold = results.scored().filter(told=None).order_by("created_at", "id")
        told = [_tell(one, regime, results) for one in untold]
    return len(told)


def forget(phase: Phase) -> None:
    """Tell anew of everything: the scores themselves were corrected."""
    Told.objects.filter(submission__phase=phase).delete()


def _tell(submission: Submission, regime: Regime, results: Results) -> Told:
    before = _before(submission, regime, results)
    case = _Case(submission, results.value(submission), before)
    told = Told(submission=submission, value=before.value if before else None)
    if before is not None:
        told.best, told.threshold, told.left = before.best, before.threshold, before.left
    if case.score is not None:
        _GUARDS[regime.guard.kind](told, case, regime, results)
    told.save(force_insert=True)
    return told


def _before(submission: Submission, regime: Regime, results: Results) -> Told | None:
    """Where the entrant stands: a team that has merged stands on the higher of its ladders.

    Of the budgets of a Thresholdout it has the smaller one.
    """
    earlier = Told.objects.filter(
        submission__phase=submission.phase_id, submission__entrant=submission.entrant_id
    ).select_related("best__evaluation")
    value = F("value")
    best = value.desc if results.primary.higher_is_better else value.asc
    orders = {"ladder": best(nulls_last=True), "thresholdout": F("left").asc(nulls_last=True)}
    order = orders.get(regime.guard.kind, F("id").desc())
    return earlier.order_by(order, "-id").first()


def _coarse(told: Told, case: _Case, regime: Regime, results: Results) -> None:
    assert case.score is not None
    assert regime.guard.step is not None
    told.value = _tidy(round(case.score / regime.guard.step) * regime.guard.step)


def _ladder(told: Told, case: _Case, regime: Regime, results: Results) -> None:
    assert case.score is not None
    if regime.guard.step is None:
        _free_ladder(told, case, results)
        return
    sign = results.primary.sign
    best = None if told.value is None else sign * told.value
    value = ladder(best, sign * case.score, step=regime.guard.step)
    if value != best:
        told.value, told.best = _tidy(sign * value), case.submission


def _free_ladder(told: Told, case: _Case, results: Results) -> None:
    """The parameter-free Ladder; the step of a number that is no mean comes from resamples."""
    assert case.score is not None
    stats = results.stats(case.submission)
    best = results.stats(told.best) if told.best else None
    if stats is None or told.value is None or best is None:
        told.value, told.best = _nearest(case.score, stats), case.submission
        return
    terms, before = _terms(stats, results.primary), _terms(best, results.primary)
    sign = results.primary.sign
    if terms is not None and before is not None:
        value = free_ladder(BestTold(sign * told.value, sign * before), sign * terms).score
        better = value != sign * told.value
    else:
        step = _standard_error(stats, best, results)
        value = sign * _nearest(case.score, stats)
        better = sign * case.score > sign * told.value + step
    if better:
        told.value, told.best = _tidy(sign * value), case.submission


def _nearest(score: float, stats: ExampleStats | None) -> float:
    """The score to the nearest 1/n."""
    return score if stats is None else _tidy(round(score * len(stats)) / len(stats))


def _terms(stats: ExampleStats, primary: Primary) -> Floats | None:
    """Each example's term, where the number is their mean."""
    metric = primary.metric
    if not isinstance(metric, AdditiveMetric) or metric.names != (primary.name,):
        return None
    terms = metric.terms(stats).astype(np.float64)
    if terms.shape[1] != 1 or not math.isclose(terms.mean(), stats.reduce()[0]):
        return None
    found: Floats = terms[:, 0]
    return found


def _standard_error(one: ExampleStats, other: ExampleStats, results: Results) -> float:
    resampling = Resampling(len(one), seed=results.seed, replicates=REPLICATES)
    column = results.primary.metric.names.index(results.primary.name)
    drawn = [
        one.reduce(weights)[:, column] - other.reduce(weights)[:, column]
        for weights in resampling.blocks(REPLICATES)
    ]
    return float(np.nanstd(np.concatenate(drawn)))


def _thresholdout(told: Told, case: _Case, regime: Regime, results: Results) -> None:
    assert case.score is not None
    guard = regime.guard
    rule = Thresholdout(guard.threshold, guard.noise, guard.budget)
    rng = np.random.default_rng(_secret(case.submission))
    private = results.private_value(case.submission)
    if told.threshold is None or told.left is None:
        state = rule.start(rng)
    else:
        state = Budget(told.threshold, told.left)
    if private is None:
        return
    state, value = rule.tell(state, public=case.score, held_out=private, rng=rng)
    told.threshold, told.left = state.threshold, state.left
    told.value, told.best = None if value is None else _tidy(value), case.submission


def _secret(submission: Submission) -> int:
    """A seed nobody can guess, the same whenever this is told anew."""
    text = f"thresholdout:{settings.SECRET_KEY}:{submission.pk}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _tidy(value: float) -> float:
    """Without the noise of binary fractions in its last digits."""
    return round(value, 10)


_GUARDS = {"coarse": _coarse, "ladder": _ladder, "thresholdout": _thresholdout}
