"""Where a key of a TOML file stands, and how its path is spelt."""

import pytest

from heldout.challenge.lines import find_lines, line_of, show_path

TEXT = '''\
# A comment = 1
[a]
x = 1
  y = [
    2,
  ]
text = """
x = 5
[b]
"""
[a.inner]
z = { deep = 1 }

[[list]]
x = 1
[[list]]
x = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 2),
        (("a", "x"), 3),
        (("a", "y"), 4),
        (("a", "text"), 7),
        (("a", "inner", "z"), 12),
        (("list",), 14),
        (("list", 0, "x"), 15),
        (("list", 1), 16),
        (("list", 1, "x"), 17),
    ],
)
def test_a_key_is_found_on_its_line(path, line):
    assert line_of(path, find_lines(TEXT)) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a", "inner", "z", "deep"), 12),  # Inside an inline table: the table's line.
        (("list", 1, "missing"), 16),
        (("list", 1, "x", 3), 17),
    ],
)
def test_what_has_no_line_of_its_own_has_that_of_what_is_around_it(path, line):
    assert line_of(path, find_lines(TEXT)) == line


def test_what_looks_like_a_key_inside_a_text_is_none():
    lines = find_lines(TEXT)
    assert ("b",) not in lines
    assert line_of(("b", "x"), lines) is None


@pytest.mark.parametrize(
    ("path", "spelled"),
    [
        (("challenge", "id"), "challenge.id"),
        (("phases", 1, "closes"), "phases[1].closes"),
        (("data", "subgroups", 0, 1), "data.subgroups[0][1]"),
        ((), ""),
    ],
)
def test_a_path_is_spelt_as_people_write_it(path, spelled):
    assert show_path(path) == spelled
