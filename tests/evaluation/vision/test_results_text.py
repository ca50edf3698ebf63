"""The fast scan of results against Python's own JSON reader."""

import json
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heldout.evaluation.vision.coco_results import scan_boxes

RESULT = {
    "image_id": 42,
    "category_id": 18,
    "bbox": [258.15, 41.29, 348.26, 243.78],
    "score": 0.236,
}
numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(0, 1).map(repr),
    st.floats(0, 1, width=32).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,19})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)


def text_of(score: str) -> bytes:
    return json.dumps([RESULT]).replace("0.236", score).encode()


@given(number=numbers)
@example("0.9876543283462524")
@example("9007199254740993")
@example("1e22")
@example("123456789012345678e-22")
def test_a_number_is_read_as_by_python_or_left_to_the_thorough_reader(number: str) -> None:
    piece = scan_boxes(text_of(number), 1)
    if piece is not None:
        expected = float(number)
        assert struct.pack("d", piece.score[0]) == struct.pack("d", expected) or expected == 0


@given(value=st.floats(1e-3, 1))
def test_scores_as_python_writes_them_are_read_by_the_scan(value: float) -> None:
    piece = scan_boxes(text_of(repr(value)), 1)
    assert piece is not None
    assert piece.score[0] == value


def test_many_random_scores_are_read_exactly() -> None:
    values = np.random.default_rng(0).random(200_000)
    text = json.dumps([{**RESULT, "score": float(value)} for value in values]).encode()
    piece = scan_boxes(text, 1)
    assert piece is not None
    kept = values >= 1e-5
    np.testing.assert_array_equal(piece.score[kept], values[kept])


@given(order=st.permutations(list(RESULT)), gap=st.sampled_from(["", " ", "\n\t", "\r\n  "]))
def test_keys_come_in_any_order_with_any_space(order: list[str], gap: str) -> None:
    inner = f"{gap},{gap}".join(f'"{key}"{gap}:{gap}{json.dumps(RESULT[key])}' for key in order)
    text = f"{gap}[{gap}{{{gap}{inner}{gap}}}{gap},{gap}{{{gap}{inner}{gap}}}{gap}]{gap}"
    piece = scan_boxes(text.encode(), 5)
    assert piece is not None
    assert piece.image_ids.tolist() == [42, 42]
    assert piece.boxes[1].tolist() == RESULT["bbox"]
    assert piece.place(1) == "entry 6"


@pytest.mark.parametrize(
    "change",
    [
        ('"score": 0.236', '"score": 0.236, "score": 1'),
        ('"score": 0.236', '"points": 0.236'),
        (', "score": 0.236', ""),
        ("0.236}", '0.236, "area": 4}'),
        ("42", "42.0"),
        ("42", "042"),
        ("42", '"42"'),
        ("0.236", "NaN"),
        ("0.236", ".5"),
        ("0.236", "5."),
        ("0.236", "1e"),
        ("0.236", "-"),
        ("0.236", "null"),
        ("243.78]", "243.78, 1]"),
        (", 243.78]", "]"),
        ("]", ""),
        ("}]", "}] x"),
        ("}]", "},]"),
        ("}]", "}"),
        ("[{", "{"),
    ],
)
def test_anything_else_is_left_to_the_thorough_reader(change: tuple[str, str]) -> None:
    assert scan_boxes(json.dumps([RESULT]).replace(*change).encode(), 1) is None


@given(data=st.binary(max_size=40), at=st.integers(0, 90))
def test_damaged_text_is_never_read_as_something_else(data: bytes, at: int) -> None:
    whole = json.dumps([RESULT]).encode()
    damaged = whole[:at] + data + whole[at + 1 :]
    piece = scan_boxes(damaged, 1)
    if piece is not None:
        again: Any = json.JSONDecoder().decode(damaged.decode())
        assert [row["image_id"] for row in again] == piece.image_ids.tolist()
        assert all(map(math.isclose, again[0]["bbox"], piece.boxes[0])) if again else True


def test_an_empty_list_has_no_rows() -> None:
    piece = scan_boxes(b" [ ] ", 1)
    assert piece is not None
    assert len(piece.score) == 0
