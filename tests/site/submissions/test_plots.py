from heldout.site.common.plots import Line
from heldout.site.submissions.plots import near_the_others

CLOSE = [Line("a", 0.98, 0.97, 0.99), Line("b", 0.97, 0.95, 0.98), Line("c", 0.95, 0.93, 0.97)]


def test_a_line_far_behind_the_others_does_not_squeeze_them():
    far = Line("constant", 0.1, 0.07, 0.13)
    assert near_the_others([*CLOSE, far]) == (CLOSE, [far])


def test_lines_that_are_spread_evenly_are_all_drawn():
    lines = [Line(str(place), 1 - place / 10) for place in range(8)]
    assert near_the_others(lines) == (lines, [])


def test_two_or_three_lines_are_always_drawn():
    lines = [Line("a", 0.9), Line("b", 0.89), Line("c", 0.1)]
    assert near_the_others(lines) == (lines, [])


def test_an_error_that_is_far_larger_is_far_behind_too():
    far = Line("constant", 90.0, 80.0, 99.0)
    near = [Line(str(error), float(error)) for error in (3, 4, 5)]
    assert near_the_others([*near, far]) == (near, [far])


def test_equal_lines_hide_nobody():
    lines = [Line(str(place), 0.5) for place in range(4)] + [Line("last", 0.4)]
    assert near_the_others(lines) == (lines, [])


def test_lines_without_a_value_are_in_neither_part():
    assert near_the_others([*CLOSE, Line("failed", None)]) == (CLOSE, [])
