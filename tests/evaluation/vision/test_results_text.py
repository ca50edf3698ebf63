"""The fast scan of results against Python's own JSON reader."""

import json
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pycocotools import mask as pycocomask

from heldout.datasets.tasks import Family
from heldout.evaluation.vision.coco_results import scan
from heldout.evaluation.vision.masks import read_texts

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
    piece = scan(text_of(number), 1, Family.BOXES)
    if piece is not None:
        expected = float(number)
        assert struct.pack("d", piece.score[0]) == struct.pack("d", expected) or expected == 0


@given(value=st.floats(1e-3, 1))
def test_scores_as_python_writes_them_are_read_by_the_scan(value: float) -> None:
    piece = scan(text_of(repr(value)), 1, Family.BOXES)
    assert piece is not None
    assert piece.score[0] == value


def test_many_random_scores_are_read_exactly() -> None:
    values = np.random.default_rng(0).random(200_000)
    text = json.dumps([{**RESULT, "score": float(value)} for value in values]).encode()
    piece = scan(text, 1, Family.BOXES)
    assert piece is not None
    kept = values >= 1e-5
    np.testing.assert_array_equal(piece.score[kept], values[kept])


@given(order=st.permutations(list(RESULT)), gap=st.sampled_from(["", " ", "\n\t", "\r\n  "]))
def test_keys_come_in_any_order_with_any_space(order: list[str], gap: str) -> None:
    inner = f"{gap},{gap}".join(f'"{key}"{gap}:{gap}{json.dumps(RESULT[key])}' for key in order)
    text = f"{gap}[{gap}{{{gap}{inner}{gap}}}{gap},{gap}{{{gap}{inner}{gap}}}{gap}]{gap}"
    piece = scan(text.encode(), 5, Family.BOXES)
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
    assert scan(json.dumps([RESULT]).replace(*change).encode(), 1, Family.BOXES) is None


@given(data=st.binary(max_size=40), at=st.integers(0, 90))
def test_damaged_text_is_never_read_as_something_else(data: bytes, at: int) -> None:
    whole = json.dumps([RESULT]).encode()
    damaged = whole[:at] + data + whole[at + 1 :]
    piece = scan(damaged, 1, Family.BOXES)
    if piece is not None:
        again: Any = json.JSONDecoder().decode(damaged.decode())
        assert [row["image_id"] for row in again] == piece.image_ids.tolist()
        assert all(map(math.isclose, again[0]["bbox"], piece.boxes[0])) if again else True


def test_an_empty_list_has_no_rows() -> None:
    piece = scan(b" [ ] ", 1, Family.BOXES)
    assert piece is not None
    assert len(piece.score) == 0


MASK = {
    "image_id": 42,
    "category_id": 18,
    "segmentation": {"size": [5, 7], "counts": "12\\3"},
    "score": 0.236,
}


@given(seed=st.integers(0, 2**32 - 1), gap=st.sampled_from([None, (" ,\n", " :\t"), (",", ":")]))
def test_masks_are_those_of_pycocotools(seed: int, gap: tuple[str, str] | None) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.random((4, 97, 64)) < rng.random((4, 1, 1))
    coded = [pycocomask.encode(np.asfortranarray(one.astype(np.uint8))) for one in pixels]
    rows = [
        {**MASK, "segmentation": {"size": one["size"], "counts": one["counts"].decode()}}
        for one in coded
    ]
    piece = scan(json.dumps(rows, separators=gap).encode(), 1, Family.MASKS)
    assert piece is not None
    assert piece.masks is not None
    np.testing.assert_array_equal([piece.masks.pixels(row) for row in range(4)], pixels)
    assert np.isnan(piece.boxes).all()


def test_a_mask_may_have_a_box_beside_it_and_its_keys_in_any_order() -> None:
    turned = {"counts": "04", "size": [2, 2]}
    text = json.dumps([{**RESULT, "segmentation": turned}, {**MASK, "segmentation": turned}])
    piece = scan(text.encode(), 1, Family.MASKS)
    assert piece is not None
    assert piece.masks is not None
    assert piece.masks.measure()[1].tolist() == [4, 4]
    assert piece.boxes[0].tolist() == RESULT["bbox"]
    assert np.isnan(piece.boxes[1]).all()


@pytest.mark.parametrize(
    "change",
    [
        ('"12\\\\3"', '"12\\/3"'),
        ('"12\\\\3"', '"12\\u003a"'),
        ('"12\\\\3"', '"12!"'),
        ('"12\\\\3"', '"12~"'),
        ('"12\\\\3"', '"1P"'),
        ('"12\\\\3"', '""'),
        ('"12\\\\3"', "[1, 2]"),
        ('"12\\\\3"', '"1'),
        ("[5, 7]", "[5]"),
        ("[5, 7]", "[5, 7, 1]"),
        ("[5, 7]", "[5.0, 7]"),
        ('"size": [5, 7], ', ""),
        ('"size": [5, 7]', '"size": [5, 7], "size": [5, 7]'),
        (', "score": 0.236', ""),
        ('"segmentation"', '"mask"'),
    ],
)
def test_any_other_mask_is_left_to_the_thorough_reader(change: tuple[str, str]) -> None:
    text = json.dumps([MASK])
    assert scan(text.encode(), 1, Family.MASKS) is not None
    assert change[0] in text
    assert scan(text.replace(*change).encode(), 1, Family.MASKS) is None


@given(data=st.binary(max_size=30), at=st.integers(0, 110))
def test_a_damaged_mask_is_never_read_as_something_else(data: bytes, at: int) -> None:
    whole = json.dumps([MASK]).encode()
    damaged = whole[:at] + data + whole[at + 1 :]
    piece = scan(damaged, 1, Family.MASKS)
    if piece is not None:
        again: Any = json.JSONDecoder().decode(damaged.decode())
        texts = [row["segmentation"]["counts"] for row in again]
        sizes = np.array([row["segmentation"]["size"] for row in again]).reshape(-1, 2)
        assert piece.masks is not None
        expected, readable = read_texts(texts, sizes)
        assert readable.all()
        np.testing.assert_array_equal(piece.masks.runs, expected.runs)
        np.testing.assert_array_equal(piece.masks.sizes, sizes)
