"""Tables of the organiser's own columns, and the metrics that read them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from heldout.challenge.adhoc import evaluate_files
from heldout.datasets.kinds import Kind
from heldout.datasets.tasks import Family, find_task
from heldout.errors import BadInput
from heldout.evaluation import registry
from heldout.evaluation.data import CustomPredictions, CustomReferences
from heldout.evaluation.examples import references_as_text
from heldout.evaluation.metric import AdditiveMetric, Method
from heldout.evaluation.metrics.exact_match import ExactMatch
from heldout.evaluation.reading import Missing, read_references
from heldout.evaluation.registry import all_metrics, find_metric
from heldout.evaluation.stats import ExampleStats
from tests.evaluation.test_readers import write

File = Callable[[str, str], Path]
TASK = find_task("custom")
REFERENCES = "example_id,unit,weight,sold\n1,kg,7,true\n2,,0.5,false\n3,lb,12,true\n"
RIGHT = "sold,example_id,unit,weight\nTRUE,3,lb,12.0\ntrue,1,kg,7\nfalse,2,,.5\n"


def evaluate(file: File, references: str, predictions: str, **how):
    files = file("r.csv", references), file("p.csv", predictions)
    return evaluate_files(task="custom", references=files[0], predictions=files[1], **how)


def value(file: File, references: str, predictions: str, **how) -> float:
    return evaluate(file, references, predictions, **how).report.scores[0].value


def refusal(file: File, references: str, predictions: str, **how) -> list[str]:
    with pytest.raises(BadInput) as caught:
        evaluate(file, references, predictions, **how)
    return str(caught.value).splitlines()


def test_exact_match_is_the_default_with_a_wilson_interval(file: File) -> None:
    (one,) = evaluate(file, REFERENCES, RIGHT).report.scores
    assert (one.metric, one.name, one.method) == ("exact-match", "exact-match", "wilson")
    assert (one.value, one.n, one.high) == (1, 3, pytest.approx(1))
    assert 0 < one.low < 1


@pytest.mark.parametrize(
    ("row", "right"),
    [
        ("1,kg,7,true", True),
        ("1,kg,7.0,True", True),
        ("1,Kg,7,true", False),
        ("1,kg ,7,true", False),
        ("1,kg,7.0000001,true", False),
        ("1,kg,,true", False),
        ("1,,7,true", False),
        ("1,kg,7,false", False),
    ],
)
def test_exactly_is_as_written_but_numbers_are_numbers(file: File, row: str, right: bool) -> None:
    head, first, *_ = REFERENCES.splitlines()
    assert value(file, f"{head}\n{first}\n2,lb,3,false\n", f"{head}\n{row}\n2,lb,3,false\n") == (
        1 if right else 0.5
    )


cells = st.sampled_from(["a", "b", None])


@settings(max_examples=40)
@given(st.lists(st.tuples(cells, cells, cells, cells), min_size=1, max_size=12))
def test_exact_match_is_the_accuracy_of_whole_rows(tmp_path_factory, rows) -> None:
    folder = tmp_path_factory.mktemp("rows")
    ids = [f"e{i}" for i in range(len(rows))]
    names = ("x", "y")
    for name, part in (("r", slice(0, 2)), ("p", slice(2, 4))):
        columns = {key: [row[part][i] for row in rows] for i, key in enumerate(names)}
        frame = pl.DataFrame(
            {"example_id": ids, **columns}, schema_overrides=dict.fromkeys(names, pl.String)
        )
        frame.write_parquet(folder / f"{name}.parquet")
    found = evaluate_files(
        task="custom",
        references=folder / "r.parquet",
        predictions=folder / "p.parquet",
        replicates=0,
    )
    whole = [[str(row[part]) for row in rows] for part in (slice(0, 2), slice(2, 4))]
    assert found.report.scores[0].value == pytest.approx(accuracy_score(*whole))


@pytest.mark.parametrize("kept", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("given", [".csv", ".jsonl", ".parquet"])
def test_the_format_of_either_file_does_not_matter(tmp_path: Path, kept: str, given: str) -> None:
    frame = pl.DataFrame(
        {
            "example_id": [7, 8],
            "count": [1, 2],
            "share": [0.5, 1.0],
            "name": ["007", "x"],
            "day": ["2026-01-31", "2026-02-01"],
            "sold": [True, False],
        }
    )
    files = write(frame, tmp_path / f"r{kept}"), write(frame.reverse(), tmp_path / f"p{given}")
    found = evaluate_files(task="custom", references=files[0], predictions=files[1])
    assert found.report.scores[0].value == 1


def test_lists_are_compared_as_wholes(tmp_path: Path) -> None:
    kept = pl.DataFrame({"example_id": ["a", "b", "c"], "tags": [["x", "y"], ["z"], None]})
    given = kept.with_columns(tags=pl.Series([["x", "y"], ["z", "z"], None]))
    files = write(kept, tmp_path / "r.parquet"), write(given, tmp_path / "p.parquet")
    found = evaluate_files(task="custom", references=files[0], predictions=files[1])
    assert found.report.scores[0].value == pytest.approx(2 / 3)


def test_long_whole_numbers_are_names(file: File) -> None:
    long = "12345678901234567890"
    head = "example_id,code\n"
    assert value(file, f"{head}1,{long}\n2,1\n", f"{head}1,{long[:-1]}1\n2,1\n") == 0.5


def test_a_prediction_stands_for_a_reference_as_in_other_tasks(file: File) -> None:
    given = "example_id,prediction\n2,b\n1,a\n"
    assert value(file, "example_id,reference\n1,a\n2,c\n", given) == 0.5


def test_all_faults_of_predictions_come_at_once(file: File) -> None:
    given = "example_id,weight,unti,day\n1,heavy,kg,x\n9,inf,kg,x\n1,nan,kg,x\n,1,kg,x\n"
    said = refusal(file, REFERENCES, given)
    assert said == [
        'p.csv: there is no column "unit"; is it "unti"?',
        'p.csv: there is no column "sold"; the columns are example_id, weight, unti, day',
        'p.csv: no prediction for 2 examples: "2", "3"; predict every example',
        'line 2: "heavy" in weight is not a finite number; give a finite number, '
        "or leave the cell empty",
        'line 3: "9" is not the id of an example; leave the row out, or correct the id',
        'line 3: "inf" in weight is not a finite number; give a finite number, '
        "or leave the cell empty",
        'line 4: "1" stands already in line 2; keep one',
        'line 4: "nan" in weight is not a finite number; give a finite number, '
        "or leave the cell empty",
        "line 5: no example_id; give every row its id",
    ]


def test_no_message_tells_an_answer(file: File) -> None:
    references = "example_id,word,weight\n1,zygote,71.25\n2,quokka,83.5\n"
    said = refusal(file, references, "example_id,word,weight\n1,zygot,x\n3,quok,71\n")
    assert not any(answer in line for line in said for answer in ("zygote", "quokka", "71.25"))


@pytest.mark.parametrize(
    ("references", "message"),
    [
        ("example_id\n1\n", "there is no column beside example_id; add the columns to predict"),
        ("name,x\n1,2\n", 'there is no column "example_id"'),
        ("example_id,x\n1,2\n1,3\n", 'line 3: "1" stands already in line 2'),
        ("example_id,x\n1,2\n2,NaN\n3,4\n", 'line 3: "NaN" in x is not a finite number'),
    ],
)
def test_faults_of_references_are_told(file: File, references: str, message: str) -> None:
    assert message in "\n".join(refusal(file, references, "example_id,x\n1,2\n"))


def test_columns_of_columns_are_refused(tmp_path: Path) -> None:
    pl.DataFrame({"example_id": [1], "box": [{"x": 1}]}).write_parquet(tmp_path / "r.parquet")
    with pytest.raises(BadInput, match='"box" holds neither plain values nor lists of them'):
        read_references(tmp_path / "r.parquet", task=TASK)


def test_a_missing_prediction_is_wrong_where_that_is_the_rule_even_of_nothing(file: File) -> None:
    references = "example_id,note,more\n1,,x\n2,,y\n"
    given = "example_id,note,more\n1,,x\n"
    assert value(file, references, given, missing=Missing.WRONG) == 0.5
    assert 'no prediction for 1 example: "2"' in refusal(file, references, given)[0]


def test_columns_that_make_groups_are_not_to_be_predicted(file: File) -> None:
    references = "example_id,x,light,house\n1,a,day,h\n2,b,night,h\n3,c,day,i\n"
    given = "example_id,x\n1,a\n2,b\n3,z\n"
    report = evaluate(file, references, given, subgroups=[("light",)], cluster="house").report
    assert report.scores[0].value == pytest.approx(2 / 3)
    assert {row.subgroup["light"]: row.value for row in report.subgroups} == {
        "day": 0.5,
        "night": 1,
    }
    assert 'there is no column "light"' in refusal(file, references, given)[0]


def test_the_columns_to_compare_can_be_named(file: File) -> None:
    metrics = ["exact-match:columns=x|light"]
    references = "example_id,x,light,note\n1,a,day,h\n2,b,night,h\n"
    given = "example_id,x,light\n1,a,day\n2,b,day\n"
    assert value(file, references, given, metrics=metrics, subgroups=[("light",)]) == 0.5


def test_columns_that_cannot_be_compared_are_told(file: File) -> None:
    references = "example_id,x\n1,a\n"
    assert refusal(file, references, references, metrics=["exact-match:columns=xx|y"]) == [
        'metric exact-match:columns=xx|y: references have no column "xx"; did you mean "x"?',
        'metric exact-match:columns=xx|y: references have no column "y"; there are x',
    ]
    said = refusal(file, references, references, subgroups=[("x",)])
    assert said == [
        "metric exact-match: has nothing to compare: every column of the references makes groups; "
        "name one: exact-match:columns=x"
    ]


def test_rows_are_told_in_a_line(file: File) -> None:
    found = read_references(file("r.csv", REFERENCES), task=TASK)
    assert references_as_text(found) == [
        "unit: kg, weight: 7, sold: True",
        "weight: 0.5, sold: False",
        "unit: lb, weight: 12, sold: True",
    ]


@dataclass(frozen=True)
class Cheapest(AdditiveMetric[CustomPredictions, CustomReferences]):
    """The mean share of the bid of what a thing was sold for. Traps: none."""

    id = "cheapest"
    title = "Cheapest"
    families = frozenset({Family.CUSTOM})
    needs = "bids"
    source = "by definition"
    interval = Method.PERCENTILE

    def needed_columns(self, answers: Sequence[str]) -> Mapping[str, Kind | None]:
        return {"bid": Kind.NUMBER}

    def per_example(
        self, predictions: CustomPredictions, references: CustomReferences
    ) -> ExampleStats:
        share = (predictions.columns["bid"] / references.columns["price"]).fill_null(0)
        return self.stats(references, terms=share.to_numpy().astype(np.float64))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that brings a metric of its own."""
    monkeypatch.setattr(registry, "entry_points", lambda group: [EntryPoint("x", "x:y", group)])
    monkeypatch.setattr(EntryPoint, "load", lambda self: Cheapest)
    monkeypatch.setattr(registry, "all_metrics", all_metrics.__wrapped__)


@pytest.mark.usefixtures("installed")
def test_a_metric_of_a_package_reads_both_tables(file: File) -> None:
    references = "example_id,price,seller\n1,10,a\n2,4,b\n"
    given = "example_id,bid\n2,3\n1,5\n"
    assert value(file, references, given, metrics=["cheapest"]) == pytest.approx(0.625)
    assert isinstance(find_metric("cheapest", task=TASK), Cheapest)
    both = refusal(file, references, given, metrics=["cheapest", "exact-match"])
    assert [line.partition(";")[0] for line in both] == [
        'p.csv: there is no column "price"',
        'p.csv: there is no column "seller"',
    ]
    assert refusal(file, references, "example_id,bid\n1,much\n2,3\n", metrics=["cheapest"]) == [
        'line 2: "much" in bid is not a finite number; give a finite number, '
        "or leave the cell empty"
    ]


def test_predictions_without_the_columns_of_another_metric_are_refused(make) -> None:
    predictions, _ = make[Family.CUSTOM](5, 1)
    (found,) = ExactMatch(columns="colour", asked="exact-match:columns=colour").unmet(predictions)
    assert str(found) == 'metric exact-match:columns=colour: needs the column "colour"; add it'
