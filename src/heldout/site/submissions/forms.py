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


class RejudgingForm(forms.Form):
    reason = forms.CharField(max_length=500, help_text="Kept, and told in the audit log.")
    split = forms.ChoiceField(label="Split of the items below", required=False)
    retires = forms.CharField(
        label="Test items that shall count no more",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Their ids, one a line. Left empty: none.",
    )
    submissions = forms.CharField(
        label="Only these submissions",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Their ids, one a line. Left empty: every scored one.",
    )

    def __init__(self, *args: Any, splits: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["split"].choices = [(name, name) for name in splits]  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        """What `rejudging.start` takes."""
        data = self.cleaned_data
        retired = data["retires"].split("\n")
        ids = [line.strip() for line in retired if line.strip()]
        return {
            "reason": data["reason"],
            "submissions": data["submissions"].split() or None,
            "retires": {data["split"]: ids} if ids else {},
        }
