"""The wording of what is wrong with a file, held by a golden file so that it is reviewed.

To renew it after a change on purpose: `python -m pytest tests/evaluation/test_messages.py` prints
the whole new text where it differs.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from heldout.datasets.tasks import find_task
from heldout.errors import BadInput
from heldout.evaluation.reading import Expected, read_predictions

GOLDEN = Path(__file__).with_name("messages.txt")
EXPECTED = Expected(pl.Series(["1", "2", "3"]), ("cat", "dog", "zebra"))
LABEL, SET, NUMBER = "image-classification", "multi-label-classification", "regression"

DAMAGED: list[tuple[str, str, str, str | bytes]] = [
    ("a label near a class", LABEL, "p.csv", "example_id,prediction\n1,cat\n2,zebr\n3,dog\n"),
    ("a label near none", LABEL, "p.csv", "example_id,prediction\n1,cat\n2,moth\n3,dog\n"),
    (
        "missing, repeated, unknown and empty ids, and no label",
        LABEL,
        "p.csv",
        "example_id,prediction\n1,cat\n1,dog\n7,dog\n,cat\n2,\n",
    ),
    (
        "lines after blank ones and within quotation marks",
        LABEL,
        "p.csv",
        'example_id,prediction\n\n1,"c\nt"\n\n2,zebra\n3,dgo\n',
    ),
    ("a field too many", LABEL, "p.csv", "example_id,prediction\n1,cat,dog\n2,zebra\n3,dog\n"),
    ("a field too few", LABEL, "p.csv", "example_id,prediction\n1\n2,zebra\n3,dog\n"),
    ("an open quotation mark", LABEL, "p.csv", 'example_id,prediction\n1,cat\n2,"zebra\n3,dog\n'),
    ("not UTF-8", LABEL, "p.csv", b"example_id,prediction\n1,c\xe9t\n2,d\xf6g\n3,dog\n"),
    ("an image", LABEL, "p.csv", b"\x89PNG\r\n\x1a\n"),
    ("an empty file", LABEL, "p.csv", ""),
    ("a header alone", LABEL, "p.csv", "example_id,prediction\n"),
    ("semicolons", LABEL, "p.csv", "example_id;prediction\n1;cat\n"),
    ("a column twice", LABEL, "p.csv", "example_id,prediction,prediction\n1,cat,cat\n"),
    ("a column misspelt", LABEL, "p.csv", "example_id,predicton\n1,cat\n"),
    ("no id column", LABEL, "p.csv", "file,prediction\n1,cat\n"),
    ("a gap in the ranks", LABEL, "p.csv", "example_id,prediction_1,prediction_3\n1,cat,dog\n"),
    (
        "damaged ranks",
        LABEL,
        "p.csv",
        "example_id,prediction_1,prediction_2\n1,cat,dog\n2,cat,dgo\n3,dog,\n",
    ),
    (
        "damaged scores",
        LABEL,
        "p.csv",
        "example_id,score_cat,score_dog,score_zebra\n1,.5,.2,.3\n2,nan,1,2\n3,inf,x,\n",
    ),
    (
        "wrong score columns",
        LABEL,
        "p.csv",
        "example_id,score_cat,score_dgo\n1,1,0\n2,1,0\n3,1,0\n",
    ),
    ("short lists of scores", LABEL, "p.csv", "example_id,scores\n1,.5|.2|.3\n2,1|0\n3,1\n"),
    ("lists of no scores", LABEL, "p.csv", "example_id,scores\n1,.5|.2|.3\n2,a|0|0\n3,1|inf|0\n"),
    ("a file of another kind", LABEL, "p.xlsx", "PK"),
    (
        "damaged lines of JSON",
        LABEL,
        "p.jsonl",
        '{"example_id": 1, "prediction": "cat"}\n[1]\n{"example_id": 2\n'
        '{"example_id": 3, "example_id": 3, "prediction": "dog"}\nNaN\n',
    ),
    (
        "JSON without a value",
        LABEL,
        "p.jsonl",
        '{"example_id": 1, "prediction": "cat"}\n{"example_id": 2}\n'
        '{"example_id": 3, "prediction": null}\n',
    ),
    (
        "JSON with other kinds of scores",
        LABEL,
        "p.jsonl",
        '{"example_id": 1, "scores": [0, 0, 1]}\n{"example_id": 2, "scores": "high"}\n'
        '{"example_id": 3, "scores": [0, null, 1]}\n',
    ),
    (
        "lists where a label should be",
        LABEL,
        "p.jsonl",
        '{"example_id": 1, "prediction": ["cat"]}\n{"example_id": 2, "prediction": ["dog"]}\n'
        '{"example_id": 3, "prediction": ["cat"]}\n',
    ),
    ("a Parquet file cut short", LABEL, "p.parquet", b"PAR1\x15\x04\x15"),
    ("an unknown member of a set", SET, "p.csv", "example_id,prediction\n1,cat|dgo\n2,\n3,dog|\n"),
    (
        "sets that are none",
        SET,
        "p.jsonl",
        '{"example_id": 1, "prediction": "cat"}\n{"example_id": 2, "prediction": []}\n'
        '{"example_id": 3, "prediction": ["dog", null]}\n',
    ),
    ("numbers that are none", NUMBER, "p.csv", "example_id,prediction\n1,nan\n2,ten\n3,\n"),
    ("a number too large", NUMBER, "p.csv", "example_id,prediction\n1,1e308\n2,2\n3,-1e150\n"),
]


def test_every_message_names_a_way_out() -> None:
    told = [line for line in GOLDEN.read_text().splitlines() if line and line[:3] != "== "]
    assert [line for line in told if not line.partition("; ")[2]] == []


def answer(path: Path, task: str) -> str:
    with pytest.raises(BadInput) as caught:
        read_predictions(path, task=find_task(task), expected=EXPECTED)
    return str(caught.value)


def test_every_message_reads_as_reviewed(file: Callable[..., Path]) -> None:
    texts = [
        f"== {title}\n{answer(file(name, content), task)}\n"
        for title, task, name, content in DAMAGED
    ]
    text = "\n".join(texts)
    assert text == GOLDEN.read_text(), f"the messages are now:\n{text}"


def test_dates_are_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    days = pl.Series([date(2026, 1, day) for day in (1, 2, 3)])
    pl.DataFrame({"example_id": ["1", "2", "3"], "prediction": days}).write_parquet(path)
    assert "holds dates; give one number per example" in answer(path, NUMBER)


def test_a_message_does_not_name_classes_that_were_only_seen_among_the_answers(
    file: Callable[..., Path],
) -> None:
    hidden = Expected(EXPECTED.example_ids, EXPECTED.classes, declared=False)
    forms = ["prediction\n1,zebr\n2,cat\n3,dog\n", "score_zebr,score_cat\n1,0,1\n2,0,1\n3,0,1\n"]
    for form in forms:
        with pytest.raises(BadInput) as caught:
            read_predictions(
                file("p.csv", f"example_id,{form}"), task=find_task(LABEL), expected=hidden
            )
        assert "zebra" not in str(caught.value)
        assert "dog" not in str(caught.value)
        assert "3" not in str(caught.value).replace("line 3", "")


def test_a_thousand_faults_are_counted_and_a_hundred_told(file: Callable[..., Path]) -> None:
    rows = "".join(f"{i},moth\n" for i in range(1000))
    expected = Expected(pl.Series([str(i) for i in range(1000)]), ("cat",))
    with pytest.raises(BadInput) as caught:
        read_predictions(
            file("p.csv", f"example_id,prediction\n{rows}"),
            task=find_task(LABEL),
            expected=expected,
        )
    assert len(caught.value.problems) == 100
    assert caught.value.unlisted == 900
    assert str(caught.value).endswith("and 900 more problems like these")


def test_a_long_label_is_cut_and_stays_on_one_line(file: Callable[..., Path]) -> None:
    text = answer(
        file("p.csv", f'example_id,prediction\n1,"{"x" * 10_000}\n"\n2,cat\n3,cat\n'), LABEL
    )
    assert len(text) < 200
    assert "\n" not in text
