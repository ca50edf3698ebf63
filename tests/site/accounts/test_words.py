"""The texts of allauth and Django, as they are shown here."""

import ast
import re
from gettext import GNUTranslations
from pathlib import Path

import allauth
import pytest
from django.utils.translation import gettext

import heldout.site.accounts

OURS = Path(heldout.site.accounts.__file__).parent / "locale/en/LC_MESSAGES"
# What only operators or other sites would read.
ELSEWHERE = re.compile("scope|^Mark selected|^View your")


def entries(file):
    """(text, its translation) of a .po file."""
    for block in file.read_text().split("\n\n"):
        found = re.search(
            r'^msgid ((?:"[^\n]*"\s*)+)(?:^msgid_plural.*?)?^msgstr\S* ((?:".*"\s*)+)',
            block,
            re.MULTILINE,
        )
        if found:
            yield tuple(
                "".join(map(ast.literal_eval, text.splitlines())) for text in found.groups()
            )


def prose(text):
    return re.sub(r"%\(\w+\)s|\{\w+\}|href=\S+", "", text)


def compiled():
    with (OURS / "django.mo").open("rb") as file:
        return {text: said for text, said in GNUTranslations(file)._catalog.items() if text}


def test_the_compiled_texts_are_those_of_the_source():
    assert compiled() == {text: said for text, said in entries(OURS / "django.po") if text}


def test_the_library_writes_e_mail_as_the_site_does():
    theirs = Path(allauth.__file__).parent / "locale/en/LC_MESSAGES/django.po"
    texts = [text for text, _ in entries(theirs) if re.search("email", prose(text), re.I)]
    shown = [text for text in texts if not ELSEWHERE.search(text)]
    assert len(shown) > 40
    assert [text for text in shown if re.search("email", prose(gettext(text)), re.I)] == []


@pytest.mark.parametrize("text", ["Enter a valid email address.", "Email address"])
def test_django_does_too(text):
    assert "e-mail" in gettext(text).lower()


def test_names_in_a_text_stay_as_they_are():
    for text, said in compiled().items():
        names = r"%\(\w+\)s|%[sd]|\{\w+\}|href=\S+"
        assert re.findall(names, said) == re.findall(names, text)
