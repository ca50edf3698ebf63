"""allauth writes Its Headings Like This; the rest of the site does not."""

from __future__ import annotations

import re

from django import template
from django.forms import BaseForm
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
_NAMES = {"Google", "Microsoft"}
_WORD = re.compile(r"[A-Z][a-z]+(?:-[A-Z]?[a-z]+)?")


@register.filter(is_safe=True)
def sentence(text: str) -> SafeString:
    """`Change Password` becomes `Change password`; names stay, and so does what holds markup."""
    if "<" in text:
        return mark_safe(text)  # noqa: S308 - as it came, escaped or safe
    words = (word if word in _NAMES else _WORD.sub(_lowered, word) for word in text.split())
    said = " ".join(words)
    return mark_safe(said[:1].upper() + said[1:])  # noqa: S308 - as above


def _lowered(found: re.Match[str]) -> str:
    return found[0].lower()


@register.filter
def sentences(form: BaseForm) -> BaseForm:
    """The form with labels like those of the site's own forms."""
    for field in form.fields.values():
        if field.label:
            first, *rest = str(field.label).split()
            field.label = " ".join([first, *map(str.lower, rest)])
    return form
