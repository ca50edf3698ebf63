"""Scores without some examples, against scoring the others alone."""

import pytest

from heldout.challenge.adhoc import evaluate_files
from heldout.challenge.stored import load_evaluation, save_evaluation
from heldout.challenge.without import score_without
from heldout.errors import BadInput


@pytest.fixture
def files(tmp_path):
    labels = ["cat", "dog", "bird"] * 10
    rows = [(f"e{number}", label) for number, label in enumerate(labels)]
    said = [(name, label if number % 4 else "cat") for number, (name, label) in enumerate(rows)]
    for name, column, content in (("refs", "reference", rows), ("preds", "prediction", said)):
        lines = [f"example_id,{column}", *(",".join(row) for row in content)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines))
    return tmp_path


def evaluate(folder, **more):
    return evaluate_files(
        task="image-classification",
        references=folder / "refs.csv",
        predictions=folder / "preds.csv",
        metrics=("accuracy", "f1"),
        seed=3,
        **more,
    )


def test_they_are_those_of_the_other_examples_scored_alone(files):
    leaked = {f"e{number}" for number in range(12)}
    found = score_without(evaluate(files), leaked | {"nobody"})
    for name in ("refs", "preds"):
        lines = (files / f"{name}.csv").read_text().splitlines()
        kept = [line for line in lines if line.split(",")[0] not in leaked]
        (files / f"{name}.csv").write_text("\n".join(kept))
    assert found == evaluate(files).report.scores


def test_a_kept_evaluation_gives_the_same(files):
    made = evaluate(files, replicates=100)
    save_evaluation(made, files / "kept")
    kept = load_evaluation(files / "kept")
    assert score_without(kept, {"e1", "e2"}) == score_without(made, {"e1", "e2"})


def test_no_example_left_is_refused(files):
    with pytest.raises(BadInput, match="none would be left"):
        score_without(evaluate(files), {f"e{number}" for number in range(30)})
