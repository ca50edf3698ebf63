"""A challenge whose answers are columns of the organiser's own."""

import polars as pl
import pytest

from heldout.cards.scan import secrets_of
from heldout.challenge.check import check
from heldout.challenge.evaluate import BrokenChallenge, evaluate
from heldout.challenge.folder import load
from heldout.challenge.recipe import Recipe
from heldout.challenge.template import Wishes, create, create_skeleton
from heldout.datasets.tasks import find_task
from heldout.errors import BadInput
from tests.challenge.conftest import NOW

PUBLIC = ("seller", "width")
COMPARED = "exact-match:columns=unit|weight"


@pytest.fixture
def goods(tmp_path):
    """Sixty goods of which unit and weight are to be read."""
    frame = pl.DataFrame(
        {
            "example_id": [f"g{number * 7 % 60:02d}" for number in range(60)],
            "seller": [f"s{number % 4}" for number in range(60)],
            "width": [number * 13 % 17 for number in range(60)],
            "unit": ["kg" if number * 5 % 11 < 6 else "lb" for number in range(60)],
            "weight": [number * 29 % 31 / 4 for number in range(60)],
        }
    )
    frame.write_parquet(tmp_path / "goods.parquet")
    return tmp_path / "goods.parquet"


def make(source, folder, *, public=PUBLIC, **wishes):
    wanted = Wishes(organisers=("me@example.org",), metrics=(COMPARED,), **wishes)
    recipe = Recipe(task=find_task("custom"), public=public)
    create(folder, source=source, recipe=recipe, wishes=wanted, now=NOW)
    return folder


@pytest.fixture
def folder(goods, tmp_path):
    return make(goods, tmp_path / "goods", subgroups=(("seller",),))


def rewrite(path, change):
    path.write_text(change(path.read_text()))


def test_a_table_becomes_a_challenge_that_scores(folder, tmp_path):
    assert check(folder).problems == ()
    answers = pl.read_parquet(folder / "answers/test.parquet")
    assert set(answers.columns) == {"example_id", "unit", "weight"}
    given = answers.with_columns(pl.lit("kg").alias("unit"))
    given.write_csv(tmp_path / "p.csv")
    report = evaluate(load(folder), phase="test", predictions=tmp_path / "p.csv").report
    assert report.scores[0].value == pytest.approx((answers["unit"] == "kg").mean())
    assert {row.subgroup["seller"] for row in report.subgroups} <= {"s0", "s1", "s2", "s3"}
    assert len(report.subgroups) > 1


def test_the_columns_held_back_are_the_answers_so_there_must_be_one(goods, tmp_path):
    with pytest.raises(BadInput, match="has no references to hold out; make fewer"):
        make(goods, tmp_path / "none", public=(*PUBLIC, "unit", "weight"))


def test_a_public_column_that_is_an_answer_is_found(goods, folder, tmp_path):
    copied = pl.read_parquet(goods).with_columns(kilos=2 * pl.col("weight"))
    copied.write_parquet(goods)
    with pytest.raises(BadInput, match='"kilos": is a linear function of the held-out answer'):
        make(goods, tmp_path / "told", public=(*PUBLIC, "kilos"))
    table = folder / "data/test.parquet"
    answers = pl.read_parquet(folder / "answers/test.parquet")
    pl.read_parquet(table).join(answers, on="example_id").write_parquet(table)
    said = "\n".join(map(str, check(folder).problems))
    assert 'column "unit": is the held-out answer' in said
    assert 'column "weight": is the held-out answer' in said


def test_a_column_to_compare_that_is_not_there_is_the_organisers_fault(folder, tmp_path):
    rewrite(folder / "challenge.toml", lambda text: text.replace("unit|weight", "unit|wieght"))
    (problem,) = check(folder).problems[:1]
    assert 'no column "wieght"; did you mean "weight"?' in str(problem)
    (tmp_path / "p.csv").write_text("example_id,unit\n")
    with pytest.raises(BrokenChallenge, match="wieght"):
        evaluate(load(folder), phase="test", predictions=tmp_path / "p.csv")


def test_long_answers_are_looked_for_before_anything_is_released(folder):
    long = "a sentence that nobody writes by chance"
    answers = pl.read_parquet(folder / "answers/test.parquet")
    answers.with_columns(pl.lit(long).alias("unit")).write_parquet(folder / "answers/test.parquet")
    assert long in secrets_of(load(folder)).telling


def test_a_skeleton_has_the_task_and_its_metric(tmp_path):
    create_skeleton(tmp_path / "new", task="custom", now=NOW)
    challenge = load(tmp_path / "new")
    assert [metric.key for metric in challenge.metrics] == ["exact-match"]
