"""COCO files that are damaged or wrong: every problem, with its place and the way out."""

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.datasets.tasks import find_task
from heldout.errors import BadInput, Problems
from heldout.evaluation.reading import Expected, read_predictions, read_references
from heldout.evaluation.vision import coco_results, json_entries
from heldout.evaluation.vision.coco_format import Result
from heldout.evaluation.vision.coco_results import look_up

IMAGES = [{"id": 1, "width": 4, "height": 3, "country": "KE"}, {"id": 2, "width": 4, "height": 3}]
CATEGORIES = [{"id": 1, "name": "cat"}, {"id": 18, "name": "dog"}]
ANNOTATION = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 2], "area": 4}
TRUTH = {"images": IMAGES, "categories": CATEGORIES, "annotations": [ANNOTATION]}
RESULT = {"image_id": 1, "category_id": 18, "bbox": [0, 0, 2, 2], "score": 0.5}
MASK = {"size": [3, 4], "counts": [2, 3, 7]}


def read(
    folder: Path, results: object, *, task: str = "object-detection", truth: object = TRUTH
) -> Any:
    gt, dt = folder / "gt.json", folder / "dt.json"
    gt.write_text(json.dumps(truth))
    dt.write_text(results if isinstance(results, str) else json.dumps(results))
    references = read_references(gt, task=find_task(task))
    expected = Expected(references.example_ids, references.classes, public=references.public)
    return read_predictions(dt, task=find_task(task), expected=expected)


def refusal(folder: Path, results: object, **options: Any) -> list[str]:
    with pytest.raises(BadInput) as refused:
        read(folder, results, **options)
    return [str(problem) for problem in refused.value.problems]


def test_all_faults_of_results_are_told_at_once(tmp_path: Path) -> None:
    wrong = [
        RESULT,
        {**RESULT, "image_id": 7},
        {**RESULT, "category_id": 2},
        {**RESULT, "bbox": [0, 0, -2, 2]},
        {**RESULT, "bbox": [0, 0, 2]},
        {**RESULT, "image_id": "1"},
        {**RESULT, "bbox": [0, float("nan"), 2, 2]},
        {**RESULT, "score": float("inf")},
        {key: value for key, value in RESULT.items() if key != "score"},
        RESULT,
        {"image_id": 1, "category_id": 1, "score": 0.5},
    ]
    told = set(refusal(tmp_path, wrong))
    assert told == {
        "entry 2: image_id 7 is not the id of an image; take the ids from the list of images",
        "entry 3: category_id 2 is not the id of a category; the ids are 1, 18",
        "entry 4: bbox [0, 0, -2, 2] has a negative side; give x, y, width, height in pixels",
        "entry 5: bbox: expected a list of length 4, got 3; give x, y, width, height in pixels",
        "entry 6: image_id: expected a whole number, got text; ids are whole numbers, written without quotes",
        "entry 7: bbox [0, nan, 2, 2] is not finite; give x, y, width, height in pixels",
        "entry 8: score inf is not a finite number; say how sure you are",
        "entry 9: object missing required field `score`; add it",
        "entry 11: no bbox; give x, y, width, height in pixels",
    }


@pytest.mark.parametrize("text", ["", "[", '[{"image_id": 1', "{}", "[1]", "null", '{"a": [}'])
def test_files_that_are_no_list_of_objects_are_refused(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text)


def test_files_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    gt = tmp_path / "gt.json"
    gt.write_bytes(b'{"images": [], "categories": [{"id": 1, "name": "\xff"}], "annotations": []}')
    with pytest.raises(BadInput):
        read_references(gt, task=find_task("object-detection"))


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file"):
        read_references(tmp_path / "gt.json", task=find_task("object-detection"))


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        ({"size": [4, 3], "counts": [12]}, "height 4 and width 3 in an image of 3 and 4"),
        ({"size": [3, 4], "counts": [2, 3]}, "run lengths of 5 pixels for a mask of 12"),
        ({"size": [3, 4], "counts": [2, -3, 13]}, "a run length is negative or too large"),
        ({"size": [3, 4], "counts": "234"}, "run lengths of"),
        ({"size": [3, 4], "counts": "é"}, "its run lengths cannot be read"),
        ([[0, 0, 1, 1]], "a polygon of 4 numbers"),
        (None, "no segmentation"),
    ],
)
def test_masks_that_do_not_fit_are_refused(tmp_path: Path, mask: object, told: str) -> None:
    task = "instance-segmentation"
    results = [{**RESULT, "segmentation": MASK}, {**RESULT, "segmentation": mask}]
    truth = {**TRUTH, "annotations": [{**ANNOTATION, "segmentation": MASK}]}
    problems = refusal(tmp_path, results, task=task, truth=truth)
    assert len(problems) == 1
    assert problems[0].startswith("entry 2: ")
    assert told in problems[0]


def test_an_empty_box_is_no_box_as_in_pycocotools(tmp_path: Path) -> None:
    truth = {**TRUTH, "annotations": [{**ANNOTATION, "segmentation": MASK}]}
    without = {key: value for key, value in RESULT.items() if key != "bbox"}
    found = read(
        tmp_path,
        [{**without, "bbox": [], "segmentation": MASK}],
        task="instance-segmentation",
        truth=truth,
    )
    assert found.detections.area.tolist() == [3]
    assert "no bbox" in refusal(tmp_path, [{**without, "bbox": []}])[0]


def test_text_for_an_id_in_the_ground_truth_is_refused_with_the_way_out(tmp_path: Path) -> None:
    truth = {**TRUTH, "images": [*IMAGES, {"id": "3.jpg"}]}
    assert refusal(tmp_path, [], truth=truth) == [
        "images, entry 3: id: expected a whole number, got text; "
        "ids are whole numbers, written without quotes"
    ]


def test_all_faults_of_the_ground_truth_are_told_at_once(tmp_path: Path) -> None:
    truth = {
        "images": [*IMAGES, {"id": 1}],
        "categories": CATEGORIES,
        "annotations": [
            ANNOTATION,
            {**ANNOTATION, "image_id": 9},
            {**ANNOTATION, "category_id": 2},
        ],
    }
    assert refusal(tmp_path, [], truth=truth) == [
        "images: the id 1 is there 2 times; give each its own",
        "annotations: the id 1 is there 3 times; give each its own",
        "annotations, entry 2: image_id 9 is not the id of an image; add it to the list of images, or leave the entry out",
        "annotations, entry 3: category_id 2 is not the id of a category; the ids are 1, 18",
    ]


def test_ground_truth_without_one_of_its_lists_is_refused(tmp_path: Path) -> None:
    truth = {"images": IMAGES, "categories": CATEGORIES}
    assert "annotations" in refusal(tmp_path, [], truth=truth)[0]


def test_keys_of_the_images_are_columns_for_subgroups(tmp_path: Path) -> None:
    gt = tmp_path / "gt.json"
    gt.write_text(json.dumps(TRUTH))
    references = read_references(gt, task=find_task("object-detection"))
    assert references.example_ids.to_list() == ["1", "2"]
    assert references.columns["country"].to_list() == ["KE", None]


def test_categories_must_be_declared_where_classes_are(tmp_path: Path) -> None:
    gt = tmp_path / "gt.json"
    gt.write_text(json.dumps(TRUTH))
    with pytest.raises(BadInput, match='"dog" is not one of the declared classes'):
        read_references(gt, task=find_task("object-detection"), classes=["cat", "dogs"])


@given(
    rows=st.lists(st.integers(0, 9), max_size=30),
    gap=st.sampled_from(["", " ", "\n  ", "\r\n\t"]),
    chunk=st.integers(40, 400),
)
def test_a_list_read_in_pieces_is_the_list(rows: list[int], gap: str, chunk: int) -> None:
    text = "[" + f"{gap},{gap}".join(json.dumps({**RESULT, "image_id": row}) for row in rows) + "]"
    pieces = list(json_entries.cut_list(iter(_blocks(text.encode(), chunk))))
    decoded = [
        row.image_id for piece in pieces for row in msgspec.json.decode(piece, type=list[Result])
    ]
    assert decoded == rows


def test_problems_keep_their_numbers_across_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_entries, "CHUNK", 300)
    rows = [dict(RESULT) for _ in range(50)]
    rows[17]["image_id"], rows[18]["score"], rows[42]["image_id"] = "x", None, 77  # type: ignore[assignment]
    places = [problem.split(":")[0] for problem in refusal(tmp_path, rows)]
    assert places == ["entry 18", "entry 19", "entry 43"]


@pytest.mark.parametrize("rows", [7, 1 << 19])
def test_parquet_results_equal_json_results(
    rows: int, tmp_path: Path, make_problem: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coco_results, "PARQUET_ROWS", rows)
    truth, results = make_problem(2)
    detections = read(tmp_path, results, truth=truth).detections
    pl.DataFrame(results).write_parquet(tmp_path / "dt.parquet")
    references = read_references(tmp_path / "gt.json", task=find_task("object-detection"))
    again = read_predictions(
        tmp_path / "dt.parquet",
        task=find_task("object-detection"),
        expected=Expected(references.example_ids, references.classes, public=references.public),
    ).detections
    for name in ("image", "category", "score", "boxes", "area"):
        np.testing.assert_array_equal(getattr(again, name), getattr(detections, name))


def test_parquet_results_of_masks_are_read(tmp_path: Path, make_problem: Any) -> None:
    task = find_task("instance-segmentation")
    truth, results = make_problem(2, with_masks=True)
    detections = read(tmp_path, results, truth=truth, task=task.id).detections
    pl.DataFrame(results).write_parquet(tmp_path / "dt.parquet")
    references = read_references(tmp_path / "gt.json", task=task)
    expected = Expected(references.example_ids, references.classes, public=references.public)
    again = read_predictions(tmp_path / "dt.parquet", task=task, expected=expected).detections
    np.testing.assert_array_equal(again.masks.runs, detections.masks.runs)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"image_id": ["1"]}, 'the column "image_id" does not hold whole numbers'),
        ({"bbox": [[1.0, 2.0, 3.0]]}, "a bbox of 3 numbers"),
        ({"score": [None]}, 'the column "score" has 1 empty rows'),
        ({"score": ["high"]}, "do not fit"),
    ],
)
def test_parquet_columns_of_another_kind_are_refused(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    columns = {key: [value] for key, value in RESULT.items()} | change
    pl.DataFrame(columns).write_parquet(tmp_path / "dt.parquet")
    read(tmp_path, [])
    references = read_references(tmp_path / "gt.json", task=find_task("object-detection"))
    expected = Expected(references.example_ids, references.classes, public=references.public)
    with pytest.raises(BadInput, match=told):
        read_predictions(
            tmp_path / "dt.parquet", task=find_task("object-detection"), expected=expected
        )


@pytest.mark.parametrize("value", [10**30, -(10**30), 2**63, "\ud800", True, [], {}, None])
@pytest.mark.parametrize("key", ["image_id", "category_id", "id", "num_keypoints"])
def test_ids_that_are_no_ids_are_refused(tmp_path: Path, key: str, value: object) -> None:
    truth = {**TRUTH, "annotations": [{**ANNOTATION, key: value}]}
    if (key, value) in [("id", None), ("num_keypoints", None)]:
        read(tmp_path, [], truth=truth)
    else:
        assert refusal(tmp_path, [], truth=truth)


def test_images_too_large_for_a_mask_are_refused(tmp_path: Path) -> None:
    truth = {**TRUTH, "images": [{"id": 1, "width": 2**20, "height": 2**20}, IMAGES[1]]}
    assert refusal(tmp_path, [], truth=truth, task="instance-segmentation") == [
        "image 1: 1048576 by 1048576 pixels are too many; scale it"
    ]


@given(data=st.binary(max_size=60))
def test_damaged_bytes_never_break_the_reader(data: bytes) -> None:
    whole = json.dumps([RESULT, RESULT]).encode()
    place = len(data) * 2
    damaged = whole[:place] + data + whole[place + 3 :]
    pieces = json_entries.cut_list(iter([damaged]))
    with contextlib.suppress(BadInput):
        for piece in pieces:
            json_entries.decode_piece(piece, Result, 1, Problems(), "dt.json")


def _blocks(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("known", [[3, 4, 7, 9], [-5, 0, 10**15], [2**63 - 1]])
def test_ids_are_looked_up_alike_close_together_or_far_apart(known: list[int]) -> None:
    ids = np.array([*known, -(2**63), 2**63 - 1, 5, 0, 8], np.int64)
    found = look_up(ids, np.array(known, np.int64))
    assert found.tolist() == [known.index(one) if one in known else -1 for one in ids.tolist()]
