from __future__ import annotations

from typing import Any

from django import forms

from heldout.site.accounts.models import User
from heldout.site.challenges.models import Challenge
from heldout.site.challenges.permissions import REVIEWERS
from heldout.site.webhooks.services import LONGEST


class EndpointForm(forms.Form):
    url = forms.CharField(
        label="Address",
        max_length=LONGEST,
        widget=forms.URLInput(attrs={"placeholder": "https://example.org/hook"}),
        help_text="An https address on the public internet.",
    )
    challenge = forms.ModelChoiceField(
        queryset=Challenge.objects.none(),
        required=False,
        label="Tell of",
        empty_label="My submissions and my teams’",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Challenge.objects.filter(organisers__user=user, organisers__role__in=REVIEWERS)
        field = self.fields["challenge"]
        field.queryset = own.order_by("title")  # type: ignore[attr-defined]
        field.label_from_instance = lambda one: f"all submissions of {one.title}"  # type: ignore[attr-defined]
