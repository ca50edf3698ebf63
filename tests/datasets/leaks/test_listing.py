"""The list of leaks: which examples of which split it names."""

import pytest

from heldout.datasets.leaks.listing import read_leaked
from heldout.errors import BadInput

HEAD = "split,example_id,other_split,other_id,how,evidence"
ROWS = (
    "test,t1,train,r1,same bytes,",
    "test,t2,train,r2,same group,photographer Ann",
    "val,v1,train,r1,same text,caption",
    "test,t3,val,v2,same picture,correlation 0.99",
)


def write(path, rows, head=HEAD):
    path.write_text("\n".join([head, *rows, ""]))
    return path


def test_every_pair_counts_but_those_of_a_group(tmp_path):
    path = write(tmp_path / "leaks.csv", ROWS)
    assert read_leaked(path, split="test") == {"t1", "t3"}
    assert read_leaked(path, split="val") == {"v1", "v2"}
    assert read_leaked(path) == {"t1", "v1", "t3"}


def test_where_people_have_judged_their_word_counts(tmp_path):
    said = ("", "leak", "leak", "no leak")
    rows = [f"{row},{one}" for row, one in zip(ROWS, said, strict=True)]
    path = write(tmp_path / "leaks.csv", rows, f"{HEAD},verdict")
    assert read_leaked(path, split="test") == {"t2"}


def test_the_quote_before_a_formula_is_no_part_of_the_id(tmp_path):
    rows = ("test,'=1,train,r1,same bytes,", "test,'t2,train,r2,same bytes,")
    assert read_leaked(write(tmp_path / "leaks.csv", rows)) == {"=1", "'t2"}


def test_each_missing_column_is_named(tmp_path):
    path = write(tmp_path / "leaks.csv", (), "example_id,how")
    with pytest.raises(BadInput) as refused:
        read_leaked(path)
    assert len(refused.value.problems) == 3


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_leaked(tmp_path / "nothing.csv")
