"""Every statistic says in a line how it is counted."""

import re

from heldout.datasets.profile.formulas import FORMULAS


def test_every_statistic_of_the_reference_has_its_formula(root):
    page = (root / "docs/reference/statistics.md").read_text()
    assert set(re.findall(r"^## (.+)$", page, re.MULTILINE)) <= set(FORMULAS)
