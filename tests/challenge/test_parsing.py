"""Every problem of a challenge.toml in one answer, with its key, its line and the way out."""

import re
import tomllib
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.challenge.definition import Definition
from heldout.challenge.grammar import Guard, Missing, Reveal
from heldout.challenge.parsing import parse_definition, read_definition
from heldout.errors import BadInput

SMALL = """
[challenge]
id = "small"
title = "Small"
task = "image-classification"
classes = ["cat", "dog"]
timezone = "Europe/Berlin"

[[metrics]]
id = "accuracy"
primary = true

[[phases]]
id = "test"
split = "test"
opens = 2026-12-01T00:00:00
closes = 2026-12-31T23:59:59
"""


def problems_of(text):
    with pytest.raises(BadInput) as caught:
        parse_definition(text)
    return [str(problem) for problem in caught.value.problems]


def changed(*changes, text=SMALL):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_the_complete_example_is_read(example):
    definition = parse_definition(example)
    assert definition.challenge.id == "digits"
    assert definition.data.subgroups == (("ink",), ("ink", "slant"))
    assert definition.metric_specs == ("accuracy", "top-k:k=3")
    assert definition.primary == ("accuracy", None)
    assert definition.phase("test").guard_rule == Guard("ladder")
    assert definition.phase("test").final_rule == ("chosen", 2)
    assert definition.phase("dev").submissions.per_day == 20
    assert definition.prizes[0].amount == "1000 USD"


def test_what_is_left_out_has_its_default():
    definition = parse_definition(SMALL)
    assert definition.data.smallest_group == 30
    assert definition.data.missing is Missing.REFUSE
    assert definition.phases[0].reveal == (Reveal.SCORE, Reveal.INTERVAL)
    assert definition.phases[0].submissions.in_total is None
    assert definition.teams.largest == 1


def test_a_time_without_an_offset_is_in_the_challenges_timezone():
    phase = parse_definition(SMALL).phases[0]
    assert phase.opens.astimezone(UTC) == datetime(2026, 11, 30, 23, tzinfo=UTC)


def test_an_offset_of_its_own_wins_over_the_timezone():
    text = changed(("2026-12-01T00:00:00", "2026-12-01T00:00:00-05:00"))
    opens = parse_definition(text).phases[0].opens
    assert opens.astimezone(UTC) == datetime(2026, 12, 1, 5, tzinfo=UTC)


def test_a_definition_survives_json(example):
    definition = parse_definition(example)
    assert Definition.model_validate_json(definition.model_dump_json()) == definition


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'title = "Small"',
            'title = "Small"\nsumary = ""',
            'challenge.toml: challenge.sumary (line 5): is not a known key; did you mean "summary"?',
        ),
        (
            'title = "Small"',
            "title = 3",
            "challenge.toml: challenge.title (line 4): should be text in quotes, not the number 3",
        ),
        (
            'id = "small"',
            'id = "Small one"',
            'challenge.toml: challenge.id (line 3): "Small one" is not an id; '
            "use a-z, 0-9 and hyphens, as in my-challenge",
        ),
        (
            "image-classification",
            "image-clasification",
            'challenge.toml: challenge.task (line 5): "image-clasification" is not a task; '
            'did you mean "image-classification"?',
        ),
        (
            '["cat", "dog"]',
            '["cat", "dog", "cat"]',
            "challenge.toml: challenge.classes (line 6): declared more than once: cat",
        ),
        (
            'classes = ["cat", "dog"]\n',
            "",
            "challenge.toml: challenge.classes (line 2): image-classification needs at least two "
            'classes; declare them all, as in classes = ["cat", "dog"]',
        ),
        (
            "Europe/Berlin",
            "Europe/Berlni",
            'challenge.toml: challenge.timezone (line 7): "Europe/Berlni" is not a timezone; '
            'did you mean "Europe/Berlin"?',
        ),
        (
            "2026-12-01T00:00:00",
            "2026-12-01",
            "challenge.toml: phases[0].opens (line 16): should be a date with a time, as in "
            "2026-12-01T00:00:00, not 2026-12-01",
        ),
        (
            "2026-12-31T23:59:59",
            "2026-11-30T00:00:00",
            "challenge.toml: phases[0].closes (line 17): is not after opens",
        ),
        (
            "2026-12-01T00:00:00",
            "2026-03-29T02:30:00",
            "challenge.toml: phases[0].opens (line 16): 2026-03-29 02:30:00 does not exist in "
            "Europe/Berlin; the clocks skip it when summer time begins; choose another hour",
        ),
        (
            'split = "test"',
            'split = "test"\nfreezes = 2027-01-01T00:00:00',
            "challenge.toml: phases[0].freezes (line 16): is not between opens and closes",
        ),
        (
            'split = "test"',
            'split = "test"\nsubmissions = { per_day = 0 }',
            "challenge.toml: phases[0].submissions.per_day (line 16): "
            "should be at least 1, not the number 0",
        ),
        (
            'split = "test"',
            'split = "test"\nsubmissions = { per_dya = 1 }',
            "challenge.toml: phases[0].submissions.per_dya (line 16): is not a known key; "
            'did you mean "per_day"?',
        ),
        (
            'split = "test"',
            'split = "test"\nguard = "lader"',
            'challenge.toml: phases[0].guard (line 16): "lader" is not a guard; '
            'did you mean "ladder"?',
        ),
        (
            'split = "test"',
            'split = "test"\nguard = "ladder:step=nan"',
            'challenge.toml: phases[0].guard (line 16): "nan" is not a step; '
            "write a number above 0, as in ladder:step=0.01",
        ),
        (
            'split = "test"',
            'split = "test"\nfinal = "chosen:0"',
            'challenge.toml: phases[0].final (line 16): "chosen:0" does not say what counts; '
            "write best, latest or chosen:2",
        ),
        (
            'split = "test"',
            'split = "test"\nreveal = ["score", "subgroup"]',
            'challenge.toml: phases[0].reveal[1] (line 16): the text "subgroup" is not one of '
            "score, interval, subgroups, per-class, confusion, curves; did you mean "
            '"subgroups"?',
        ),
        (
            'split = "test"',
            'split = "test"\nreveal = ["subgroups"]',
            "challenge.toml: phases[0].reveal (line 16): shows details without the score; "
            'add "score", or reveal nothing: []',
        ),
        (
            'split = "test"',
            'split = "test"\npublic_share = 1',
            "challenge.toml: phases[0].public_share (line 16): should be below 1.0, "
            "not the number 1",
        ),
        (
            "primary = true",
            "primary = false",
            "challenge.toml: metrics (line 9): none is primary; "
            "mark the one that ranks: primary = true",
        ),
        (
            "primary = true",
            'primary = true\n[[metrics]]\nid = "top-k"\nk = 2\nprimary = true',
            "challenge.toml: metrics[1].primary (line 15): another metric is primary already; "
            "keep one",
        ),
        (
            "primary = true",
            'primary = true\nname = "macro"',
            'challenge.toml: metrics[0].name (line 12): "macro" is not one of the numbers of '
            "accuracy; its numbers: accuracy",
        ),
        (
            'id = "accuracy"',
            'id = "f1"',
            "challenge.toml: metrics[0].name (line 9): is missing: f1 has several numbers; "
            "write the one that ranks: name = one of macro, micro",
        ),
        (
            "[[metrics]]",
            '[data]\nanswers = "data/answers"\n[[metrics]]',
            "challenge.toml: data.answers (line 10): is the public data's folder, or one inside "
            "the other; keep them apart",
        ),
        (
            "[[metrics]]",
            '[data]\nexamples = "../elsewhere"\n[[metrics]]',
            'challenge.toml: data.examples (line 10): "../elsewhere" leaves the challenge folder; '
            "write a path inside the folder",
        ),
        (
            "[[metrics]]",
            '[data]\nsubgroups = "ink"\n[[metrics]]',
            "challenge.toml: data.subgroups (line 10): should be a list; "
            'write subgroups = ["ink", ["ink", "slant"]]',
        ),
    ],
)
def test_one_fault_is_one_problem_with_its_key_and_line(old, new, expected):
    assert problems_of(changed((old, new))) == [expected]


def test_a_time_without_offset_or_timezone_says_both_ways_out():
    text = changed(('timezone = "Europe/Berlin"\n', ""))
    assert problems_of(text) == [
        f"challenge.toml: phases[0].{key}: should be a time with an offset, not {value}; "
        'set challenge.timezone = "UTC", or write an offset: 2026-12-01T00:00:00+01:00'
        for key, value in (
            ("opens (line 15)", "2026-12-01 00:00:00"),
            ("closes (line 16)", "2026-12-31 23:59:59"),
        )
    ]


def test_all_problems_come_at_once_in_the_order_of_the_file():
    text = changed(
        ('title = "Small"', 'titel = "Small"'),
        ('id = "accuracy"', 'id = "rmse"'),
        ('split = "test"', 'split = "test"\nguard = "lader"'),
        ("2026-12-31T23:59:59", "2026-11-30T00:00:00"),
    )
    text += '\n[[phases]]\nid = "test"\n'
    found = problems_of(text)
    lines = [int(re.search(r"line (\d+)", problem)[1]) for problem in found]
    assert lines == sorted(lines)
    for key in (
        "challenge.title",
        "challenge.titel",
        "metrics[0].id",
        "phases[0].guard",
        "phases[0].closes",
        "phases[1].id",
        "phases[1].split",
        "phases[1].opens",
        "phases[1].closes",
    ):
        assert sum(f" {key} " in problem for problem in found) == 1, (key, found)
    assert len(found) == 9


def test_a_metric_of_another_task_is_refused():
    (problem,) = problems_of(changed(('id = "accuracy"', 'id = "rmse"')))
    assert problem.startswith("challenge.toml: metrics[0].id (line 10):")
    assert "image-classification" in problem


def test_an_unknown_parameter_of_a_metric_is_refused():
    (problem,) = problems_of(changed(("primary = true", "primary = true\nkk = 3")))
    assert problem.startswith("challenge.toml: metrics[0].id (line 10):")
    assert "kk" in problem


def test_the_same_metric_twice_is_refused():
    assert problems_of(changed(("[[phases]]", '[[metrics]]\nid = "accuracy"\n[[phases]]'))) == [
        "challenge.toml: metrics[1] (line 13): accuracy is there already"
    ]


def test_text_that_is_not_toml_names_the_line():
    (problem,) = problems_of("[challenge]\nid = \n")
    assert problem.startswith("challenge.toml: line 2: is not TOML: ")


def test_a_file_that_is_not_text_or_not_there_is_refused(tmp_path):
    path = tmp_path / "challenge.toml"
    with pytest.raises(BadInput, match="there is no such file"):
        read_definition(path)
    path.write_bytes(b'[challenge]\ntitle = "\xff"')
    with pytest.raises(BadInput, match="line 2: is not UTF-8"):
        read_definition(path)


@pytest.mark.parametrize("text", ["", "x = 1", "challenge = 3\nphases = 4\nmetrics = [1, []]"])
def test_a_file_of_the_wrong_shape_is_refused(text):
    assert problems_of(text)


@pytest.mark.parametrize("depth", [300, 450, 100_000])
@pytest.mark.parametrize("shape", ["{}", "[challenge]\nid = {}", "[[phases]]\nopens = {}"])
def test_values_nested_without_end_are_refused(depth, shape):
    nested = f"x = {'[' * depth}{']' * depth}" if shape == "{}" else "[" * depth + "]" * depth
    assert problems_of(shape.format(nested))


def test_a_number_too_long_to_print_is_refused_without_printing_it():
    text = changed(('id = "small"', f"seed = 0x{'f' * 6000}\nid = 0x{'f' * 6000}"))
    found = problems_of(text)
    assert any("challenge.id" in problem and "more than 64 bits" in problem for problem in found)
    assert max(map(len, found)) < 300


@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(data, example):
    """Cut, doubled, swapped and retyped lines of the complete example."""
    lines = example.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        junk = data.draw(st.text(max_size=12) | st.sampled_from(VALUES))
        key = lines[index].partition("=")[0]
        damage = [f"{key}= {junk}", "", lines[index] * 2, junk, lines[index][: len(key) + 4]]
        lines[index] = data.draw(st.sampled_from(damage))
    try:
        definition = parse_definition("\n".join(lines))
    except BadInput as error:
        places = [problem.place for problem in error.problems]
    else:
        places = [f"challenge.toml: {phase.id}" for phase in definition.phases]
    assert places
    assert all(place.startswith("challenge.toml") for place in places)


VALUES = [
    "[]", "{}", "0", "-1", "1e400", "nan", "true", '""', '"../x"', "[[1], {}]", "{ a = 1 }",
    "1979-05-27", "07:32:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "99999999999999999999",
    '["", ""]', '"\\u0000"', "[1979-05-27]",
]  # fmt: skip

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(data=st.data())
def test_a_value_of_any_type_at_any_key_is_read_or_refused(data, example):
    import heldout.challenge.parsing as parsing

    raw = tomllib.loads(example)
    table = raw[data.draw(st.sampled_from(sorted(raw)))]
    table = data.draw(st.sampled_from(table)) if isinstance(table, list) else table
    table[data.draw(st.sampled_from(sorted(table)))] = data.draw(TREES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "_parse_toml", lambda text, file: raw)
        with suppress(BadInput):
            parse_definition("")


def test_a_nul_is_no_text():
    text = SMALL.replace('"Small"', r'"Sm\u0000all"').replace('"cat"', r'"c\u0000at"')
    said = [
        "challenge.toml: challenge.title (line 4): holds a NUL, which is no text",
        "challenge.toml: challenge.classes[0] (line 6): holds a NUL, which is no text",
    ]
    assert [problem.split(";")[0] for problem in problems_of(text)][:2] == said
