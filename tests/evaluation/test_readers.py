"""Files that are right are read right, in every form and format."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.datasets.tasks import TASKS, Task, find_task
from heldout.errors import BadInput
from heldout.evaluation.reading import (
    FAMILIES,
    FILES,
    Expected,
    Missing,
    read_predictions,
    read_references,
)

CLASSES = ("ant", "bee", "cat")
EXPECTED = Expected(pl.Series(["7", "8", "9"]), CLASSES)
LABELS = find_task("image-classification")


def write(frame: pl.DataFrame, path: Path) -> Path:
    """Write a table in the format of the path's ending; lists are joined by | in CSV."""
    if path.suffix == ".csv":
        lists = [name for name, kind in frame.schema.items() if kind == pl.List]
        text = pl.col(lists).cast(pl.List(pl.String)).list.join("|")
        frame.with_columns(text if lists else []).write_csv(path)
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_ndjson(path)
    return path


@pytest.fixture(params=[".csv", ".jsonl", ".ndjson", ".parquet"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Write columns as a table, in every format in turn."""
    return lambda **columns: write(pl.DataFrame(columns), tmp_path / f"table{request.param}")


def read(path: Path, task: Task = LABELS, expected: Expected = EXPECTED) -> Any:
    return read_predictions(path, task=task, expected=expected)


def test_every_task_has_a_reader() -> None:
    assert {task.family for task in TASKS.values()} <= {*FAMILIES, *FILES}


def test_labels_come_in_the_order_of_the_expected_examples(table: Callable[..., Path]) -> None:
    found = read(table(example_id=["9", "7", "8"], prediction=["cat", "ant", "bee"]))
    assert found.labels.tolist() == [0, 1, 2]
    assert found.example_ids.to_list() == ["7", "8", "9"]
    assert not found.missing.any()


def test_ids_that_look_like_numbers_are_text(table: Callable[..., Path]) -> None:
    found = read(table(example_id=[9, 7, 8], prediction=["cat", "ant", "bee"]))
    assert found.labels.tolist() == [0, 1, 2]


def test_labels_that_look_like_numbers_are_text(table: Callable[..., Path]) -> None:
    digits = Expected(EXPECTED.example_ids, ("0", "1", "10"))
    for labels in ([10, 0, 1], [10.0, 0.0, 1.0]):
        if isinstance(labels[0], float) and str(table(a=[1])).endswith("csv"):
            continue  # The text 10.0 is another label than 10.
        found = read(table(example_id=[7, 8, 9], prediction=labels), expected=digits)
        assert found.labels.tolist() == [2, 0, 1]


def test_ranked_labels_are_read_best_first(table: Callable[..., Path]) -> None:
    found = read(
        table(
            prediction_2=["bee", "ant", "ant"],
            example_id=["7", "8", "9"],
            prediction_1=["ant", "bee", "cat"],
        )
    )
    assert found.ranked.tolist() == [[0, 1], [1, 0], [2, 0]]
    assert found.labels.tolist() == [0, 1, 2]


def test_scores_are_read_from_columns_in_any_order(table: Callable[..., Path]) -> None:
    found = read(
        table(
            score_cat=[0.7, 0.25, 0.0],
            example_id=["9", "8", "7"],
            score_ant=[0.1, 0.25, 1.0],
            score_bee=[0.2, 0.5, 0.0],
        )
    )
    np.testing.assert_allclose(found.scores, [[1, 0, 0], [0.25, 0.5, 0.25], [0.1, 0.2, 0.7]])
    assert found.labels.tolist() == [0, 1, 2]


def test_scores_are_read_from_lists_in_the_order_of_the_classes(table: Callable[..., Path]) -> None:
    found = read(
        table(
            example_id=["8", "7", "9"], scores=[[0.0, 1.0, 0.0], [1.0, 0.0, 0.5], [0.0, 0.25, 0.25]]
        )
    )
    np.testing.assert_allclose(found.scores, [[1, 0, 0.5], [0, 1, 0], [0, 0.25, 0.25]])
    assert found.labels.tolist() == [0, 1, 1]


def test_a_label_beside_scores_is_the_prediction(table: Callable[..., Path]) -> None:
    found = read(
        table(
            example_id=["7", "8", "9"],
            prediction=["cat", "cat", "cat"],
            scores=[[1.0, 0.0, 0.0]] * 3,
        )
    )
    assert found.labels.tolist() == [2, 2, 2]


def test_sets_of_labels_may_be_empty(table: Callable[..., Path]) -> None:
    found = read(
        table(example_id=["8", "7", "9"], prediction=[[], ["ant", "cat"], ["bee"]]),
        find_task("multi-label-classification"),
    )
    assert found.sets.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert found.scores is None


def test_sets_may_be_given_as_scores(table: Callable[..., Path]) -> None:
    found = read(
        table(example_id=["7", "8", "9"], scores=[[0.5, 0.0, 1.0]] * 3),
        find_task("multi-label-classification"),
    )
    assert found.sets is None
    assert found.scores.tolist() == [[0.5, 0, 1]] * 3


def test_numbers_are_read(table: Callable[..., Path]) -> None:
    found = read(
        table(example_id=["9", "8", "7"], prediction=[1.5, -2e3, 0]), find_task("regression")
    )
    assert found.values.tolist() == [0, -2000, 1.5]


def test_a_missing_example_refuses_the_submission(table: Callable[..., Path]) -> None:
    with pytest.raises(BadInput, match='no prediction for 1 example: "9"'):
        read(table(example_id=["7", "8"], prediction=["ant", "bee"]))


def test_a_missing_example_can_count_as_wrong(table: Callable[..., Path]) -> None:
    lenient = Expected(EXPECTED.example_ids, CLASSES, missing=Missing.WRONG)
    found = read(table(example_id=["9", "7"], prediction=["ant", "bee"]), expected=lenient)
    assert found.labels.tolist() == [1, -1, 0]
    assert found.missing.tolist() == [False, True, False]


def test_many_missing_examples_are_one_problem(table: Callable[..., Path]) -> None:
    expected = Expected(pl.Series([f"img{i}" for i in range(2000)]), CLASSES)
    with pytest.raises(BadInput) as caught:
        read(table(example_id=["img0"], prediction=["ant"]), expected=expected)
    (problem,) = caught.value.problems
    assert problem.message.startswith('no prediction for 1,999 examples: "img1", "img2"')
    assert problem.message.endswith("and 1,989 more")


def test_references_keep_their_other_columns_for_subgroups(table: Callable[..., Path]) -> None:
    path = table(example_id=[7, 8], reference=["bee", "ant"], ink=["much", "little"])
    found = read_references(path, task=LABELS, classes=CLASSES)
    assert found.labels.tolist() == [1, 0]
    assert found.columns.to_dict(as_series=False) == {"ink": ["much", "little"]}


@pytest.mark.parametrize("task", ["image-classification", "multi-label-classification"])
def test_classes_that_are_whole_numbers_stand_by_size(file: Callable[..., Path], task: str) -> None:
    rows = "".join(f"{number},{number}\n" for number in (10, 2, 9, -1))
    path = file("refs.csv", f"example_id,reference\n{rows}")
    found = read_references(path, task=find_task(task))
    assert found.classes == ("-1", "2", "9", "10")
    path = file("mixed.csv", f"example_id,reference\n{rows}5,x\n")
    assert read_references(path, task=find_task(task)).classes == ("-1", "10", "2", "9", "x")


def test_without_declared_classes_they_are_the_sorted_references(
    table: Callable[..., Path],
) -> None:
    path = table(example_id=[7, 8, 9], reference=["cat", "ant", "cat"])
    assert read_references(path, task=LABELS).classes == ("ant", "cat")


def test_a_reference_outside_the_declared_classes_is_refused(table: Callable[..., Path]) -> None:
    with pytest.raises(BadInput, match='label "cow" is not one of the 3 classes'):
        read_references(table(example_id=[7], reference=["cow"]), task=LABELS, classes=CLASSES)


def test_references_name_no_example_twice(table: Callable[..., Path]) -> None:
    with pytest.raises(BadInput, match='"7" stands already in'):
        read_references(table(example_id=[7, 7], reference=["ant", "bee"]), task=LABELS)


def test_the_id_column_may_have_another_name(table: Callable[..., Path]) -> None:
    path = table(photo=["7", "8", "9"], prediction=["ant", "bee", "cat"])
    found = read_predictions(path, task=LABELS, expected=EXPECTED, id_column="photo")
    assert found.labels.tolist() == [0, 1, 2]


def test_a_byte_order_mark_and_carriage_returns_are_not_data(file: Callable[..., Path]) -> None:
    csv = "\ufeffexample_id,prediction\r\n7,ant\r\n8,bee\r\n9,cat\r\n"
    jsonl = "\ufeff" + "".join(
        f'{{"example_id": {i}, "prediction": "{label}"}}\r\n'
        for i, label in zip((7, 8, 9), CLASSES, strict=True)
    )
    assert read(file("p.csv", csv)).labels.tolist() == [0, 1, 2]
    assert read(file("p.jsonl", jsonl)).labels.tolist() == [0, 1, 2]


def test_a_place_is_the_line_of_a_text_and_the_row_of_a_table(tmp_path: Path) -> None:
    frame = pl.DataFrame({"example_id": ["9", "8", "7"], "prediction": ["ant", "bee", "cat"]})
    places = [
        read(write(frame, tmp_path / name)).places[0] for name in ("p.csv", "p.jsonl", "p.parquet")
    ]
    assert places == ["line 4", "line 3", "row 3"]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), min_size=1),
            st.sampled_from(CLASSES),
        ),
        min_size=1,
        unique_by=lambda pair: pair[0],
    ),
    st.sampled_from([".csv", ".jsonl", ".parquet"]),
    st.randoms(),
)
def test_any_ids_in_any_order_are_matched(
    tmp_path_factory: pytest.TempPathFactory, rows: list, suffix: str, shuffle: Any
) -> None:
    path = tmp_path_factory.mktemp("ids") / f"p{suffix}"
    expected = Expected(pl.Series([example for example, _ in rows], dtype=pl.String), CLASSES)
    mixed = list(rows)
    shuffle.shuffle(mixed)
    write(pl.DataFrame(mixed, schema=["example_id", "prediction"], orient="row"), path)
    found = read(path, expected=expected)
    assert [CLASSES[code] for code in found.labels] == [label for _, label in rows]


def test_sets_of_references_declare_the_labels_that_occur(table: Callable[..., Path]) -> None:
    path = table(example_id=[7, 8, 9], reference=[["cat", "ant"], [], ["cat"]], ink=[1, 2, 3])
    found = read_references(path, task=find_task("multi-label-classification"))
    assert found.classes == ("ant", "cat")
    assert found.sets.tolist() == [[True, True], [False, False], [False, True]]
    assert found.columns.columns == ["ink"]


def test_sets_of_references_stay_within_the_declared_classes(table: Callable[..., Path]) -> None:
    path = table(example_id=[7, 8], reference=[["cat"], ["cow", "ant"]])
    with pytest.raises(BadInput, match='label "cow" is not one of the 3 classes'):
        read_references(path, task=find_task("multi-label-classification"), classes=CLASSES)


def test_references_may_be_numbers(table: Callable[..., Path]) -> None:
    path = table(example_id=[7, 8], reference=[1.5, -3.0], ink=["a", "b"])
    found = read_references(path, task=find_task("regression"))
    assert found.values.tolist() == [1.5, -3.0]
    assert found.classes == ()
    assert found.columns.columns == ["ink"]


@pytest.mark.parametrize("task", ["image-classification", "regression"])
def test_lists_where_one_value_should_be_are_refused(tmp_path: Path, task: str) -> None:
    frame = pl.DataFrame({"example_id": ["7", "8", "9"], "prediction": [[1], [2], [3]]})
    with pytest.raises(BadInput, match='the column "prediction" holds lists'):
        read(write(frame, tmp_path / "p.parquet"), find_task(task))


def test_ids_must_not_be_lists(tmp_path: Path) -> None:
    frame = pl.DataFrame({"example_id": [["7"], ["8"], ["9"]], "prediction": ["ant"] * 3})
    with pytest.raises(BadInput, match='the column "example_id" holds lists'):
        read(write(frame, tmp_path / "p.parquet"))


def test_scores_must_be_lists(tmp_path: Path) -> None:
    frame = pl.DataFrame({"example_id": ["7", "8", "9"], "scores": [0.5, 0.25, 0.0]})
    with pytest.raises(BadInput, match='the column "scores" does not hold lists'):
        read(write(frame, tmp_path / "p.parquet"))


def test_scores_may_be_arrays_of_single_precision(tmp_path: Path) -> None:
    scores = pl.Series([[1, 0, 0], [0, 0.5, 0.5], [0, 0, 1]], dtype=pl.Array(pl.Float32, 3))
    frame = pl.DataFrame({"example_id": ["9", "8", "7"], "scores": scores})
    found = read(write(frame, tmp_path / "p.parquet"))
    assert found.scores.tolist() == [[0, 0, 1], [0, 0.5, 0.5], [1, 0, 0]]


def test_categories_of_a_parquet_file_are_labels(tmp_path: Path) -> None:
    labels = pl.Series(["cat", "ant", "bee"], dtype=pl.Categorical)
    frame = pl.DataFrame({"example_id": ["7", "8", "9"], "prediction": labels})
    assert read(write(frame, tmp_path / "p.parquet")).labels.tolist() == [2, 0, 1]


def test_numbers_may_be_too_large_for_an_integer(file: Callable[..., Path]) -> None:
    rows = "".join(f'{{"example_id": {i}, "prediction": {10**30}}}\n' for i in (7, 8, 9))
    assert read(file("p.jsonl", rows), find_task("regression")).values.tolist() == [1e30] * 3
