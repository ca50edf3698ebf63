from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from heldout.site.challenges.frames import final_text, phase_title
from heldout.site.challenges.models import (
    Audience,
    Challenge,
    Entrant,
    Phase,
    Reveal,
    Role,
    Visibility,
)


class AcceptTerms(forms.Form):
    """Names the version that was shown, so that nobody accepts a text they did not see."""

    digest = forms.CharField(widget=forms.HiddenInput)
    accept = forms.BooleanField(
        label="I have read these rules and accept them",
        error_messages={"required": "Tick the box to accept the rules."},
    )


class ZonedDateTime(forms.DateTimeField):
    """A moment written on the clock of the challenge's zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, *, zone: ZoneInfo, **options: Any) -> None:
        self.zone = zone
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime) and timezone.is_aware(value):
            return value.astimezone(self.zone).replace(tzinfo=None)
        return value

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(self.zone):
            return super().to_python(value)


CHOSEN = ("chosen:1", "chosen:2", "chosen:3")


class PhaseForm(forms.Form):
    title = forms.CharField(max_length=120, required=False, help_text="Left empty: made of its id.")
    per_day = forms.IntegerField(label="Submissions a day", min_value=1, required=False)
    per_week = forms.IntegerField(label="Submissions a week", min_value=1, required=False)
    in_total = forms.IntegerField(label="Submissions in total", min_value=1, required=False)
    final = forms.ChoiceField(
        label="What counts of an entrant",
        help_text="Where entrants choose, each marks up to that many scored submissions while the "
        "phase is open, and the best of these counts. Who marks none is ranked by their best; where "
        "only a share of the examples is public, by the best among as many as they could have "
        "marked, those with the best public scores.",
    )
    leaderboard = forms.ChoiceField(label="Who sees the leaderboard", choices=Audience.choices)
    reveal = forms.MultipleChoiceField(
        label="What participants see of a result",
        choices=Reveal.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, data: Any = None, *, phase: Phase) -> None:
        initial = {name: getattr(phase, name) for name in self.base_fields}
        times = ("opens", "closes", "freezes")
        initial.update({name: getattr(phase, name) for name in times})
        super().__init__(data, initial=initial)
        zone = phase.challenge.zone
        for name in times:
            self.fields[name] = ZonedDateTime(zone=zone, required=name != "freezes")
            self.fields[name].help_text = f"On the clock of {zone.key}."
        self.fields["freezes"].label = "Leaderboard freezes"
        self.fields["freezes"].help_text += " From then on it stands still until the phase closes."
        rules = dict.fromkeys(["best", "latest", *CHOSEN, phase.final])
        self.fields["final"].choices = [  # type: ignore[attr-defined]
            (rule, final_text(rule).capitalize()) for rule in rules
        ]
        self.order_fields(["title", *times])


class VisibilityForm(forms.Form):
    visibility = forms.ChoiceField(
        label="Who sees it", choices=Visibility.choices, widget=forms.RadioSelect
    )


class InviteForm(forms.Form):
    emails = forms.CharField(
        label="E-mail addresses",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, or separated by commas.",
    )
    mail = forms.BooleanField(label="Mail them the invitation", required=False, initial=True)

    def clean_emails(self) -> list[str]:
        text = str(self.cleaned_data["emails"])
        return [part.strip() for part in text.replace(",", "\n").splitlines() if part.strip()]


class OrganiserForm(forms.Form):
    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(choices=Role.choices)


class UploadChallenge(forms.Form):
    archive = forms.FileField(
        label="Challenge folder as a ZIP file",
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
        error_messages={"required": "Choose a ZIP file first."},
    )


class FolderOnServer(forms.Form):
    folder = forms.ChoiceField(label="Folder on the server")

    def __init__(self, *args: Any, folders: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["folder"].choices = [(name, name) for name in folders]  # type: ignore[attr-defined]


class AnnouncementForm(forms.Form):
    title = forms.CharField(max_length=120)
    text = forms.CharField(
        max_length=20_000, widget=forms.Textarea(attrs={"rows": 10}), help_text="Markdown."
    )
    mail = forms.BooleanField(label="Mail it to everybody who takes part", required=False)


class WinnersForm(forms.Form):
    """A choice for each prize, and what the page says."""

    text = forms.CharField(
        label="Text of the page",
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Markdown. It stands above the list of winners.",
    )

    def __init__(self, data: Any = None, *, challenge: Challenge) -> None:
        super().__init__(data, initial={"text": challenge.winners_text})
        chosen = {award.position: award.entrant_id for award in challenge.awards.all()}
        entrants = challenge.entrants.order_by("name").values_list("pk", "name")
        for position, prize in enumerate(challenge.prizes):
            self.fields[f"prize-{position}"] = forms.TypedChoiceField(
                label=f"Place {prize['place']}: {prize['amount']}",
                choices=[("", "nobody yet"), *entrants],
                coerce=int,
                empty_value=None,
                required=False,
                initial=chosen.get(position),
            )
        self.order_fields([name for name in self.fields if name != "text"])

    def winners(self) -> dict[int, int]:
        """Prize → entrant, where one is chosen."""
        found = {
            int(name.removeprefix("prize-")): value
            for name, value in self.cleaned_data.items()
            if name.startswith("prize-")
        }
        return {position: entrant for position, entrant in found.items() if entrant is not None}


class TeamNameForm(forms.Form):
    name = forms.CharField(label="Name of the team", max_length=40, strip=True)


class OfferPersonForm(forms.Form):
    handle = forms.CharField(label="Public name", max_length=39)


class OfferMailForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address",
        required=False,
        help_text="Left empty: you get a link to pass on yourself.",
    )


class OfferMergerForm(forms.Form):
    team = forms.CharField(label="Name of the other team", max_length=80)


class PhaseChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Phase) -> str:
        return phase_title(obj)


class DisqualificationForm(forms.Form):
    phase = PhaseChoice(queryset=Phase.objects.none(), empty_label=None)
    entrant = forms.ModelChoiceField(queryset=Entrant.objects.none(), empty_label="")
    reason = forms.CharField(max_length=500, help_text="The entrant reads it; others do not.")

    def __init__(self, data: Any = None, *, challenge: Challenge) -> None:
        super().__init__(data)
        phases, entrants = self.fields["phase"], self.fields["entrant"]
        assert isinstance(phases, forms.ModelChoiceField)
        assert isinstance(entrants, forms.ModelChoiceField)
        phases.queryset = challenge.phases.filter(retired=False)
        entrants.queryset = challenge.entrants.order_by("name")
