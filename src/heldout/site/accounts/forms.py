from __future__ import annotations

from django import forms

from heldout.site.accounts.models import User


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Validates a profile; the service saves it."""

    class Meta:
        model = User
        fields = ("handle", "name")


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=80, help_text="So that you know it again, for example the name of a machine."
    )
