"""What the frame of every page of a challenge needs: its head, its phases, its tabs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from heldout.site.challenges.measures import Measure, measure, measures
from heldout.site.challenges.models import Announcement, Challenge, Phase, PhaseStatus
from heldout.site.common.prepared import Given, Prepared

_FINAL = {"best": "the best submission", "latest": "the latest submission"}

NEWS = Prepared(
    lambda: Announcement.objects.filter(challenge=Given("challenge")).values_list("pk", flat=True)[
        :1
    ]
)


class PhaseView(NamedTuple):
    """A phase as the pages tell it, at one moment."""

    key: str
    title: str
    status: PhaseStatus
    opens: datetime
    closes: datetime
    details: str
    final: str
    phase: Phase


class Tab(NamedTuple):
    key: str
    name: str
    address: str


def phase_title(phase: Phase) -> str:
    return phase.title or f"{phase.key.replace('-', ' ').capitalize()} phase"


def limits_text(phase: Phase) -> str:
    """`2 a day, 20 in total`."""
    limits = ((phase.per_day, "a day"), (phase.per_week, "a week"), (phase.in_total, "in total"))
    return ", ".join(f"{most:,} {words}" for most, words in limits if most is not None)


def final_text(rule: str) -> str:
    kind, _, number = rule.partition(":")
    if number == "1":
        return "the submission the entrant chooses"
    return _FINAL.get(kind, f"the best of {number} submissions the entrant chooses")


def phase_view(phase: Phase, now: datetime) -> PhaseView:
    limits = limits_text(phase)
    return PhaseView(
        phase.key,
        phase_title(phase),
        phase.status(now),
        phase.opens,
        phase.closes,
        f"{limits} per entrant" if limits else "",
        final_text(phase.final),
        phase,
    )


def current(phases: Iterable[PhaseView]) -> PhaseView | None:
    """The phase a visitor wants to hear of: the open one that closes first, the next, the last."""
    ordered = list(phases)
    by_status = {
        status: [view for view in ordered if view.status == status] for status in PhaseStatus
    }
    if by_status[PhaseStatus.OPEN]:
        return min(by_status[PhaseStatus.OPEN], key=lambda view: view.closes)
    if by_status[PhaseStatus.UPCOMING]:
        return min(by_status[PhaseStatus.UPCOMING], key=lambda view: view.opens)
    return max(ordered, key=lambda view: view.closes, default=None)


def phase_views(challenge: Challenge, now: datetime) -> list[PhaseView]:
    return [phase_view(phase, now) for phase in challenge.phases.all() if not phase.retired]


def primary_measure(challenge: Challenge) -> Measure:
    """What the leaderboard is ordered by."""
    metrics = challenge.revision.definition["metrics"]
    chosen: dict[str, Any] = next((one for one in metrics if one.get("primary")), metrics[0])
    parameters = {k: v for k, v in chosen.items() if k not in {"id", "primary", "name"}}
    listed = ",".join(f"{name}={value}" for name, value in parameters.items())
    spec = f"{chosen['id']}:{listed}" if listed else str(chosen["id"])
    return measure_or_first(spec, chosen.get("name"), challenge.task)


def measure_or_first(spec: str, name: str | None, task: str) -> Measure:
    known = measures(spec, task)
    return measure(spec, name or "", task) if name or not known else known[0]


def crumbs(challenge: Challenge, *further: tuple[str, str]) -> list[tuple[str, str]]:
    top = [("Challenges", reverse("challenges:list"))]
    own = reverse("challenges:overview", args=[challenge.slug]) if further else ""
    return [*top, (challenge.title, own), *further]


def has_news(challenge: Challenge) -> bool:
    return NEWS.first(challenge=challenge.pk) is not None


def tabs(request: HttpRequest, challenge: Challenge, here: str) -> list[Tab]:
    """Where one can go, and where one is, even if nothing stands there yet."""

    def tab(key: str, name: str, view: str) -> Tab:
        return Tab(key, name, reverse(view, args=[challenge.slug]))

    found = [
        tab("overview", "Overview", "challenges:overview"),
        tab("data", "Data", "challenges:data"),
        tab("rules", "Rules", "challenges:rules"),
        tab("leaderboard", "Leaderboard", "submissions:leaderboard"),
        tab("submit", "Submit", "submissions:submit"),
    ]
    if challenge.winners_at or here == "winners":
        found.append(tab("winners", "Winners", "challenges:winners"))
    if here == "news" or has_news(challenge):
        found.append(tab("news", "News", "challenges:news"))
    if request.user.is_authenticated:
        found.append(tab("mine", "My submissions", "submissions:mine"))
        if challenge.largest_team > 1:
            found.append(tab("team", "Team", "challenges:team"))
    if request.user.has_perm("challenges.review", challenge):
        found.append(tab("organise", "Organise", "challenges:organise"))
    return found


def frame(request: HttpRequest, challenge: Challenge, tab: str) -> dict[str, Any]:
    """The context of `challenges/base.html`."""
    phases = phase_views(challenge, timezone.now())
    shown = tabs(request, challenge, tab)
    here = next((item for item in shown if item.key == tab), shown[0])
    own = [] if tab == "overview" else [(here.name, "")]
    return {
        "section": "challenges",
        "challenge": challenge,
        "revision": challenge.revision,
        "phases": phases,
        "current_phase": current(phases),
        "tabs": shown,
        "tab": tab,
        "tab_title": "" if tab == "overview" else here.name,
        "crumbs": crumbs(challenge, *own),
        "primary": primary_measure(challenge),
    }
