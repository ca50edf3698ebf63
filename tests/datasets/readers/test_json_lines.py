from pathlib import Path

import pytest

from heldout.datasets.kinds import Kind
from heldout.datasets.readers import read_examples
from heldout.datasets.table import ExampleTable
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput


def read(tmp_path: Path, *lines: str | bytes) -> ExampleTable:
    path = tmp_path / "t.jsonl"
    encoded = [line if isinstance(line, bytes) else line.encode() for line in lines]
    path.write_bytes(b"\n".join(encoded))
    return read_examples(path, task=find_task("tabular-classification"))


def refusal(tmp_path: Path, *lines: str | bytes) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, *lines)
    return [str(problem) for problem in caught.value.problems]


def test_a_line_that_is_no_object_is_named_with_its_file(tmp_path: Path) -> None:
    said = refusal(tmp_path, '{"example_id": "a"}', "[1]")
    assert said == ['t.jsonl line 2: not a JSON object; write {"example_id": …, …}']


def test_types_that_mix_are_named_against_what_most_rows_have(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        '{"example_id": "a", "age": 1}',
        '{"example_id": "b", "age": "old"}',
        '{"example_id": "c", "age": 2.5}',
        '{"example_id": "d", "age": true}',
        '{"example_id": "e", "age": {"years": 3}}',
    )
    assert said == [
        't.jsonl line 2, key "age": is text where most rows have numbers; use one type in a column',
        't.jsonl line 4, key "age": is true/false where most rows have numbers; '
        "use one type in a column",
        't.jsonl line 5, key "age": is not a value a table can hold; '
        "use text, a number, true/false or a list of these",
    ]


def test_a_missing_key_is_a_missing_value(tmp_path: Path) -> None:
    table = read(tmp_path, '{"example_id": "a", "age": 1}', '{"example_id": "b"}')
    assert table.frame["age"].to_list() == [1, None]


def test_text_that_looks_like_a_number_stays_text_and_dates_become_dates(tmp_path: Path) -> None:
    table = read(tmp_path, '{"example_id": "a", "zip": "12345", "day": "2026-01-31"}')
    assert table.kinds == {"zip": Kind.TEXT, "day": Kind.DATE}


def test_numbers_may_be_ids(tmp_path: Path) -> None:
    assert read(tmp_path, '{"example_id": 7}').ids == ["7"]


def test_an_integer_beyond_64_bits_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, f'{{"example_id": "a", "n": {2**63}}}', '{"example_id": "b", "n": 1}')
    assert said[0].startswith('t.jsonl line 1, key "n": is not a value a table can hold')


def test_lists_of_whole_and_broken_numbers_mix(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        '{"example_id": "a", "at": [1, 2]}',
        '{"example_id": "b", "at": [0.5]}',
        '{"example_id": "c", "at": []}',
    )
    assert table.frame["at"].to_list() == [[1.0, 2.0], [0.5], []]
