"""Whatever is done to a file, the answer is its content or a list of problems."""

import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.datasets.tasks import find_task
from heldout.errors import BadInput
from heldout.evaluation.data import LabelPredictions
from heldout.evaluation.reading import Expected, read_predictions

EXPECTED = Expected(pl.Series([str(i) for i in range(8)]), ("cat", "dog", "zebra"))
TASK = find_task("image-classification")


def whole(suffix: str, scores: bool) -> bytes:
    labels = ["cat", "dog", "zebra", "dog", "cat", "cat", "zebra", "dog"]
    columns = {"example_id": EXPECTED.example_ids}
    if scores:
        columns |= {f"score_{name}": [0.1 * i for i in range(8)] for name in EXPECTED.classes}
    else:
        columns["prediction"] = labels
    frame, buffer = pl.DataFrame(columns), io.BytesIO()
    writers = {
        ".csv": frame.write_csv,
        ".jsonl": frame.write_ndjson,
        ".parquet": frame.write_parquet,
    }
    writers[suffix](buffer)
    return buffer.getvalue()


@st.composite
def damage(draw: st.DrawFn) -> tuple[str, bytes]:
    """Take a good file and cut, repeat, overwrite or insert bytes."""
    suffix = draw(st.sampled_from([".csv", ".jsonl", ".parquet"]))
    data = whole(suffix, draw(st.booleans()))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 20)))
        part = draw(
            st.sampled_from([b"", b"\n", b'"', b",", b"\x00", b"\xff", b"nan", b"{", b"[]"])
        )
        data = data[:start] + draw(st.sampled_from([part, data[start:stop] * 2])) + data[stop:]
    return suffix, data


@settings(max_examples=150)
@given(damage())
def test_a_damaged_file_is_read_or_refused_with_places(
    tmp_path_factory: pytest.TempPathFactory, damaged: tuple[str, bytes]
) -> None:
    suffix, data = damaged
    path = tmp_path_factory.mktemp("damaged") / f"p{suffix}"
    path.write_bytes(data)
    try:
        found = read_predictions(path, task=TASK, expected=EXPECTED)
    except BadInput as error:
        messages = [problem.message for problem in error.problems]
    else:
        messages = ["whole after all"]
        assert isinstance(found, LabelPredictions)
        assert len(found.labels) == 8
        assert ((found.labels >= 0) & (found.labels < 3)).all()
    assert all(messages)
    assert messages


@settings(max_examples=100)
@given(st.binary(max_size=200), st.sampled_from([".csv", ".jsonl", ".parquet"]))
def test_noise_is_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("noise") / f"p{suffix}"
    path.write_bytes(noise)
    with pytest.raises(BadInput):
        read_predictions(path, task=TASK, expected=EXPECTED)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_file_cut_anywhere_is_never_taken_for_a_whole_one(tmp_path: Path, suffix: str) -> None:
    data = whole(suffix, scores=False).rstrip()
    path = tmp_path / f"p{suffix}"
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(BadInput):
            read_predictions(path, task=TASK, expected=EXPECTED)


def test_json_nested_a_million_deep_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"example_id": ' + "[" * 1_000_000 + "\n")
    with pytest.raises(BadInput, match="line 1"):
        read_predictions(path, task=TASK, expected=EXPECTED)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.csv: there is no such file"):
        read_predictions(tmp_path / "gone.csv", task=TASK, expected=EXPECTED)
