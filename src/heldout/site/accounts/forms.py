from __future__ import annotations

from typing import Any

from allauth.account.forms import SignupForm
from django import forms

from heldout.site.accounts.models import Scope, User


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Validates a profile; the service saves it."""

    class Meta:
        model = User
        fields = ("handle", "name")


class SignUpForm(SignupForm):  # type: ignore[misc]  # allauth has no types
    """Says what the fields are to a participant."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail address"
        self.fields["username"].label = "Public name"
        self.fields["username"].help_text = User._meta.get_field("handle").help_text


LIFETIMES = [(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "A year"), (0, "Until revoked")]


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=80, help_text="So that you know it again, for example the name of a machine."
    )
    scope = forms.ChoiceField(label="What it may do", choices=Scope.choices, initial=Scope.SUBMIT)
    days = forms.TypedChoiceField(
        label="How long it works", choices=LIFETIMES, initial=90, coerce=int
    )

    def __init__(self, data: Any = None) -> None:
        # The profile's form on the same page has a name too.
        super().__init__(data, auto_id="token_%s")
