import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.datasets.index.query import Query, Term, parse_text

COLUMNS = ("caption", "Country")


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("red light", [Term("red"), Term("light")]),
        ('"red light" bus', [Term("red light"), Term("bus")]),
        ('"never closed', [Term("never closed")]),
        ("-night", [Term("night", excluded=True)]),
        ("bu*", [Term("bu", prefix=True)]),
        ("b*", [Term("b")]),
        ("caption:red", [Term("red", "caption")]),
        ("country:Peru", [Term("Peru", "Country")]),
        ('-caption:"blue car"', [Term("blue car", "caption", excluded=True)]),
        ("12:30", [Term("12:30")]),
        ("size:3", [Term("size:3")]),
        ('" ( * ^ -', []),
        ("", []),
    ],
)
def test_typed_text_becomes_terms(typed, terms):
    assert parse_text(typed, COLUMNS) == terms


@given(st.text(max_size=80))
def test_whatever_is_typed_is_read(index, typed):
    assert index.count(Query.of(typed)) >= 0


@pytest.mark.parametrize(
    "typed",
    [
        "NOT",
        "AND OR NOT",
        "NEAR(a b)",
        '"',
        '""',
        "a^2",
        "{c1}: x",
        "caption:",
        "*",
        "x'; --",
        "\0a",
    ],
)
def test_the_syntax_of_the_engine_is_only_text(index, typed):
    assert index.count(Query.of(typed)) >= 0


def test_the_own_filter_of_a_column_can_be_left_aside():
    query = Query.of("red", {"country": ["Peru"], "tags": ["old"]})
    assert query.without("country") == Query.of("red", {"tags": ["old"]})
    assert query.narrowed("country", "Kenya").chosen == (
        ("tags", ("old",)),
        ("country", ("Kenya",)),
    )
