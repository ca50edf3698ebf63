"""What organisers should look at: bursts, and predictions that are too much alike."""

from __future__ import annotations

import secrets
import tempfile
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np
import polars as pl
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Count, QuerySet
from numpy.typing import NDArray

from heldout.errors import BadInput
from heldout.evaluation.data import Flags
from heldout.evaluation.reading.table import read_table
from heldout.evaluation.stats import ExampleStats
from heldout.site.accounts.models import User
from heldout.site.challenges.models import Challenge, Entrant, Phase
from heldout.site.challenges.permissions import REVIEWERS
from heldout.site.challenges.services import Viewer, require
from heldout.site.common import audit
from heldout.site.common.prepared import Given, Prepared
from heldout.site.submissions import limits, storage
from heldout.site.submissions.models import Alert, AlertKind, Evaluation, Linked, Submission
from heldout.site.submissions.numbers import Results

# So many submissions of one person in so short a time are a burst.
BURST = 10
BURST_TIME = timedelta(minutes=10)
# How many of a person's came in between two moments.
RECENT = Prepared(
    lambda: (
        Submission.objects.filter(
            phase=Given("phase"),
            entrant=Given("entrant"),
            by=Given("by"),
            created_at__gt=Given("since"),
            created_at__lte=Given("until"),
        )
        .order_by()
        .values("by")
        .annotate(recent=Count("pk"))
        .values_list("recent", flat=True)
    )
)
# Predictions are alike if they agree on this share of the examples that either got wrong.
ALIKE = 0.95
# Where right and wrong are unknown: on this share of all examples.
ALIKE_AT_ALL = 0.99
# Of fewer examples nothing follows.
FEWEST = 20
# Of each other entrant, so many submissions are compared, the latest.
LATEST = 3

Prints = NDArray[np.uint32]
# So much is kept in memory of what was read; 200 entrants with three files of 10,000 rows each.
KEPT_BYTES = 64 << 20


class _Read(NamedTuple):
    """Of one submission: a number for each prediction and whether it is right, in the ids' order.

    None where the file is no table, or right and wrong are unknown.
    """

    prints: Prints | None
    right: Flags | None

    @property
    def size(self) -> int:
        return sum(array.nbytes for array in self if array is not None)


class _Kept:
    """What was read of the submissions that were compared last, up to so many bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._rows: OrderedDict[tuple[str, str], _Read] = OrderedDict()

    def of(self, submission: Submission, results: Results) -> _Read:
        key = (submission.sha256, repr(submission.evaluation and submission.evaluation.stats))
        if key not in self._rows:
            self._rows[key] = _read(submission, results)
            self._size += self._rows[key].size
        self._rows.move_to_end(key)
        while self._size > self._most and len(self._rows) > 1:
            self._size -= self._rows.popitem(last=False)[1].size
        return self._rows[key]


_kept = _Kept(KEPT_BYTES)


def near_burst(*, phase: Phase, entrant: Entrant, by: User, now: datetime) -> bool:
    """Whether one more file of this person is a burst; ask before the transaction that takes it."""
    return _recent(phase.pk, entrant.pk, by.pk, now) + 1 >= BURST


def notice_burst(submission: Submission) -> None:
    """Look at the person's last minutes; call it in the transaction that takes a submission in."""
    entrant, by = submission.entrant_id, submission.by_id
    recent = _recent(submission.phase_id, entrant, by, submission.created_at)
    if recent >= BURST:
        words = f"{submission.entrant.name} sent {recent} files within 10 minutes"
        key = f"burst:{submission.by_id}:{submission.created_at:%Y-%m-%d}"
        _raise(submission.phase, AlertKind.BURST, key, [submission.entrant], words, submission)


def _recent(phase: int, entrant: int, by: int, until: datetime) -> int:
    since = until - BURST_TIME
    given = {"phase": phase, "entrant": entrant, "by": by, "since": since, "until": until}
    return RECENT.first(**given) or 0


def compare_new(results: Results, *, now: datetime) -> list[Alert]:
    """Compare every result that is new with the latest ones of all other entrants.

    What was withdrawn too: its maker has read the score.
    """
    evaluated = results.evaluated().prefetch_related(None)
    new = list(evaluated.filter(evaluation__compared=False).select_related("phase__challenge"))
    latest = _latest(evaluated) if new else {}
    found = [alert for one in new for alert in _compare(one, latest, results, now)]
    if found:
        _mail(found)
    return found


def _latest(evaluated: QuerySet[Submission]) -> dict[int, list[Submission]]:
    """The latest of every entrant; baselines are meant to be copied."""
    latest: dict[int, list[Submission]] = {}
    for one in evaluated.filter(entrant__baseline=False).order_by("-created_at", "-id"):
        of_entrant = latest.setdefault(one.entrant_id, [])
        if len(of_entrant) < LATEST:
            of_entrant.append(one)
    return latest


def _compare(
    submission: Submission, latest: dict[int, list[Submission]], results: Results, now: datetime
) -> list[Alert]:
    others = [one for who, them in latest.items() if who != submission.entrant_id for one in them]
    raised = [_same_file(submission, others, now)]
    for other in others:
        if other.sha256 != submission.sha256 and (words := _likeness(submission, other, results)):
            pair = [submission.entrant, other.entrant]
            key = _known(submission.phase, pair) or f"alike:{submission.pk}:{other.pk}"
            raised.append(
                _raise(submission.phase, AlertKind.ALIKE, key, pair, words, submission, now=now)
            )
    Evaluation.objects.filter(pk=submission.evaluation_id or 0).update(compared=True)
    return [alert for alert in raised if alert is not None]


def _same_file(submission: Submission, others: Iterable[Submission], now: datetime) -> Alert | None:
    """One alert for a file, however many send it."""
    same = [one.entrant for one in others if one.sha256 == submission.sha256]
    if not same:
        return None
    key = f"same-file:{submission.sha256}"
    words = f"{submission.entrant.name} and {same[0].name} sent the same file"
    everybody = [submission.entrant, *same]
    return _raise(submission.phase, AlertKind.SAME_FILE, key, everybody, words, submission, now=now)


def _known(phase: Phase, pair: Iterable[Entrant]) -> str | None:
    """The alert that says of either that it is like others: who is like one of them joins it."""
    alike = Alert.objects.filter(phase=phase, kind=AlertKind.ALIKE, entrants__in=pair)
    return alike.order_by("id").values_list("key", flat=True).first()


def _likeness(one: Submission, other: Submission, results: Results) -> str | None:
    mine, theirs = _kept.of(one, results), _kept.of(other, results)
    if mine.prints is None or theirs.prints is None or len(mine.prints) != len(theirs.prints):
        return None
    equal = mine.prints == theirs.prints
    wrong = _wrong(mine, theirs)
    if wrong is None or len(wrong) != len(equal):
        alike, of, most = equal, "of all examples", ALIKE_AT_ALL
    else:
        alike, of, most = equal[wrong], "of the examples that either got wrong", ALIKE
    if len(alike) < FEWEST or alike.mean() < most:
        return None
    names = f"{one.entrant.name} and {other.entrant.name}"
    return f"{names} predict the same for {100 * alike.mean():.0f} % {of} ({len(alike):,})"


def _wrong(one: _Read, other: _Read) -> Flags | None:
    """Which examples either got wrong."""
    if one.right is None or other.right is None:
        return None
    wrong: Flags = ~(one.right & other.right)
    return wrong


def _read(submission: Submission, results: Results) -> _Read:
    suffix = PurePath(submission.filename).suffix.lower()
    return _Read(_prints(submission.sha256, suffix), _right(results.stats(submission)))


def _prints(sha256: str, suffix: str) -> Prints | None:
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder) / f"predictions{suffix}"
        try:
            named.symlink_to(storage.verified(sha256))
            frame = read_table(named).frame
        except (BadInput, OSError, storage.DamagedFile, pl.exceptions.PolarsError):
            return None
    if not len(frame.columns):
        return None
    ordered = frame.sort(frame.columns[0])
    rest = ordered.select(pl.all().exclude(frame.columns[0]))
    return rest.hash_rows(seed=0).to_numpy().astype(np.uint32) if rest.width else None


def _right(stats: ExampleStats | None) -> Flags | None:
    if stats is None:
        return None
    for array in stats.arrays.values():
        values = np.asarray(array) if isinstance(array, np.ndarray) else None
        if values is not None and values.ndim == 1 and set(np.unique(values)) <= {0, 1}:
            order = stats.example_ids.arg_sort().to_numpy()
            right: Flags = values.astype(bool)[order]
            return right
    return None


def _raise(
    phase: Phase,
    kind: AlertKind,
    key: str,
    entrants: Iterable[Entrant],
    words: str,
    submission: Submission,
    *,
    now: datetime | None = None,
) -> Alert | None:
    """Raise an alert; None if there is one of this matter, which entrants that are new to it join."""
    at = now or submission.created_at
    with transaction.atomic():
        alert, is_new = Alert.objects.get_or_create(
            phase=phase,
            key=key,
            defaults={
                "challenge": phase.challenge,
                "kind": kind,
                "words": words,
                "created_at": at,
            },
        )
        newcomers = set(entrants) - set(alert.entrants.all())
        alert.entrants.add(*newcomers)
        if is_new:
            audit.record("alert raised", by=None, on=phase, now=at, kind=kind.value, words=words)
            return alert
        if newcomers:
            # Who settled it did not know of them.
            names = sorted(one.name for one in newcomers)
            Alert.objects.filter(pk=alert.pk).update(settled_at=None)
            audit.record("alert grew", by=None, on=phase, now=at, alert=alert.pk, entrants=names)
        return None


def _mail(alerts: list[Alert]) -> None:
    """Tell those who may see it in one mail; the alerts stand on their page in any case."""
    challenge = alerts[0].challenge
    runs = challenge.organisers.filter(role__in=REVIEWERS).select_related("user")
    to = [row.user.email for row in runs.order_by("pk")]
    where = f"{settings.HELDOUT.base_url}/challenges/{challenge.slug}/organise/alerts/"
    about = alerts[0].kind if len(alerts) == 1 else f"{len(alerts)} alerts"
    title = " ".join(f"[{settings.HELDOUT.site_name}] {challenge.title}: {about}".split())
    words = "".join(f"{alert.words}.\n" for alert in alerts)
    for address in to:
        send_mail(title, f"{words}\n{where}\n", None, [address], fail_silently=True)


def alerts_of(*, challenge: Challenge, viewer: Viewer) -> list[Alert]:
    require(viewer, "challenges.review", challenge)
    return list(challenge.alerts.select_related("phase").prefetch_related("entrants"))


def settle(*, alert: Alert, by: User, now: datetime) -> None:
    """Say that it was looked at."""
    require(by, "challenges.edit", alert.challenge)
    with transaction.atomic():
        if Alert.objects.filter(pk=alert.pk, settled_at=None).update(settled_at=now):
            audit.record("alert settled", by=by, on=alert.phase, now=now, alert=alert.pk)


def count_as_one(*, alert: Alert, by: User, now: datetime) -> str:
    """Hold everybody of the alert's entrants to one person's limits; returns that person's name."""
    require(by, "challenges.edit", alert.challenge)
    users = list(User.objects.filter(memberships__entrant__in=alert.entrants.all()).distinct())
    with transaction.atomic():
        known = Linked.objects.filter(challenge=alert.challenge, user__in=users)
        persons = sorted(set(known.values_list("person", flat=True)))
        person = persons[0] if persons else secrets.token_hex(8)
        others = Linked.objects.filter(challenge=alert.challenge, person__in=persons)
        everybody = {*users, *(link.user for link in others.select_related("user"))}
        limits.count_as_one(
            challenge=alert.challenge,
            users=sorted(everybody, key=lambda user: user.pk),
            person=person,
        )
        Alert.objects.filter(pk=alert.pk, settled_at=None).update(settled_at=now)
        ids = sorted(user.pk for user in everybody)
        audit.record("counted as one", by=by, on=alert.phase, now=now, users=ids)
    return person
