"""The page of challenge.toml names every key there is, and none that is not."""

import re

import pytest

from heldout.challenge.definition import (
    About,
    Baseline,
    Data,
    Definition,
    Limits,
    MetricChoice,
    Phase,
    Prize,
    Teams,
)
from heldout.challenge.grammar import Audience, Missing, Reveal, Visibility

TABLES = {
    "[challenge]": About,
    "[data]": Data,
    "[[metrics]]": MetricChoice,
    "[teams]": Teams,
    "[[phases]]": Phase,
    "[[prizes]]": Prize,
    "[[baselines]]": Baseline,
}


@pytest.fixture(scope="session")
def page(root):
    return (root / "docs/reference/challenge-toml.md").read_text()


def section(page, heading):
    return page.split(f"## `{heading}`", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_of_a_table_has_its_row_and_no_other_has(page, heading):
    cells = re.findall(r"^\| (`.*?) \|", section(page, heading), re.MULTILINE)
    documented = {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}
    assert documented == set(TABLES[heading].model_fields)


def test_every_choice_and_limit_is_named(page):
    words = [*Visibility, *Missing, *Audience, *Reveal, *Limits.model_fields]
    for word in words:
        assert f"`{word}`" in page or f'"{word}"' in page, word


def test_no_table_is_missing_from_the_page():
    assert {heading.strip("[]") for heading in TABLES} == set(Definition.model_fields)
