from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from heldout.site.challenges.frames import PhaseView
from heldout.site.submissions.models import Status
from heldout.site.submissions.services import SUFFIXES


class SubmitForm(forms.Form):
    phase = forms.ChoiceField()
    file = forms.FileField(
        label="Predictions file",
        allow_empty_file=True,  # The service says what is wrong with it, with everything else.
        widget=forms.FileInput(attrs={"accept": ",".join(SUFFIXES)}),
        error_messages={"required": "Choose a file first."},
    )
    note = forms.CharField(
        max_length=500,
        required=False,
        help_text="What changed since the last one. You and the organisers see it.",
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)

    def __init__(self, *args: Any, phases: Sequence[PhaseView], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(view.key, view.title) for view in phases]
        self.fields["phase"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["phase"].widget = forms.HiddenInput()
            self.fields["phase"].initial = choices[0][0]


class FilterForm(forms.Form):
    phase = forms.ChoiceField(required=False)
    status = forms.ChoiceField(required=False, choices=[("", "Any status"), *Status.choices])
    q = forms.CharField(required=False, label="Entrant", max_length=80)

    def __init__(self, *args: Any, phases: Sequence[PhaseView], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "All phases"), *((view.key, view.title) for view in phases)]
        self.fields["phase"].choices = choices  # type: ignore[attr-defined]
