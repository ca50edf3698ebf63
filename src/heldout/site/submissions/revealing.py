"""What of a stored report a viewer may see, beyond scores and subgroups: one place for all pages."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import Any

import msgspec

from heldout.decoding import convert
from heldout.evaluation.along import Profile
from heldout.evaluation.curves import EVERY_CLASS
from heldout.evaluation.details import Details
from heldout.evaluation.report import Report
from heldout.site.challenges.models import Reveal


def revealed(stored: dict[str, Any], shown: Set[Reveal], *, complete: bool) -> Report:
    """The disparities, yardsticks, curves and details a viewer may see; nothing of the rest.

    `complete`: the viewer organises the challenge, so that small classes are no secret.
    """
    try:
        report = convert(stored, Report)
    except msgspec.ValidationError:  # It was written by another release.
        return Report()
    if Reveal.SCORE not in shown:
        return Report()
    intervals = Reveal.INTERVAL in shown
    groups = Reveal.SUBGROUPS in shown
    return Report(
        n=report.n,
        disparities=report.disparities if groups and intervals else (),
        same_size=report.same_size if groups and intervals else (),
        profiles=tuple(_profile(one, intervals=intervals) for one in report.profiles)
        if groups
        else (),
        details=report.details and _details(report.details, shown, complete=complete),
    )


def _profile(profile: Profile, *, intervals: bool) -> Profile:
    if intervals:
        return profile
    bare = tuple(point._replace(low=None, high=None) for point in profile.points)
    return replace(profile, points=bare)


def _details(details: Details, shown: Set[Reveal], *, complete: bool) -> Details:
    told = details if complete else details.told()
    intervals = Reveal.INTERVAL in shown
    classes = told.classes if Reveal.PER_CLASS in shown else ()
    rates = told.rates if {Reveal.CONFUSION, Reveal.SUBGROUPS} <= shown else ()
    curves = told.curves if Reveal.CURVES in shown else ()
    reliability = told.reliability if Reveal.CURVES in shown else ()
    if not intervals:
        classes = tuple(
            msgspec.structs.replace(one, precision_interval=None, recall_interval=None)
            for one in classes
        )
        rates = tuple(msgspec.structs.replace(one, low=None, high=None) for one in rates)
        reliability = tuple(msgspec.structs.replace(one, interval=None) for one in reliability)
    if Reveal.PER_CLASS not in shown:
        curves = tuple(one for one in curves if one.name == EVERY_CLASS)
    return Details(
        classes=classes,
        confusion=told.confusion if Reveal.CONFUSION in shown else None,
        curves=curves,
        reliability=reliability,
        rates=rates,
        rate_gaps=told.rate_gaps if rates else (),
    )
