"""What the page of components shows: made-up, so that every state is there at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import TextChoices

from heldout.errors import Problem
from heldout.site.common.plots import Line, interval_plot

COLORS = (
    *("paper", "surface", "sunken", "line", "line-strong", "ink", "ink-soft", "ink-faint"),
    *("accent", "accent-wash", "danger", "warn"),
)


class PhaseState(TextChoices):
    CLOSED = "closed", "Closed"
    OPEN = "open", "Open"
    UPCOMING = "upcoming", "Not open yet"


STATUSES = (
    ("queued", "Waiting"),
    ("running", "Being scored"),
    ("scored", "Scored"),
    ("refused", "Refused"),
    ("failed", "Could not be scored"),
    ("withdrawn", "Withdrawn"),
)
PROBLEMS = (
    Problem("line 812", 'label "zebr" is not one of the 80 categories', 'did you mean "zebra"?'),
    Problem("example 000417", "has no prediction", "every example needs exactly one"),
)
LINES = (
    Line("First entrant", 0.971, 0.953, 0.983, accented=True),
    Line("Second entrant", 0.966, 0.947, 0.979, accented=True),
    Line("A baseline", 0.942, 0.919, 0.960, hollow=True),
    Line("Without an interval", 0.951),
)


class SampleForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="Shown on the leaderboard.")
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    audience = forms.ChoiceField(
        choices=[("public", "Everybody"), ("participants", "Participants")],
        widget=forms.RadioSelect,
    )
    accept = forms.BooleanField(label="I accept the rules", required=False)


def phases(now: datetime) -> list[dict[str, Any]]:
    spans = zip(((-30, -2), (-1, 12), (20, 40)), PhaseState, strict=True)
    return [
        {
            "title": f"Phase {number}",
            "status": status,
            "opens": now + timedelta(days=opens),
            "closes": now + timedelta(days=closes),
            "details": "20 submissions a day, 400 in total",
        }
        for number, ((opens, closes), status) in enumerate(spans, 1)
    ]


def context(now: datetime) -> dict[str, Any]:
    return {
        "colors": COLORS,
        "statuses": STATUSES,
        "problems": PROBLEMS,
        "phases": phases(now),
        "form": SampleForm({"name": "", "audience": "public"}),
        "plot": interval_plot(LINES, title="Accuracy", percent=True),
        "crumbs": [("Challenges", "/"), ("Patterns", "")],
    }
