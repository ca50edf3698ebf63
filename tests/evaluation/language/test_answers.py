"""VQA v2 and VizWiz against the given results, the scripts' rules written out, and scikit-learn."""

import json
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from heldout.evaluation.language.answers import normalise, vizwiz_accuracy, vqa_accuracy
from heldout.evaluation.reading import Missing
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.storage import load_stats, save_stats

VQA = {"task": "visual-question-answering", "metric": "vqa-v2"}
VIZWIZ = VQA | {"metric": "vizwiz-vqa"}
ANSWERABLE = VQA | {"metric": "vizwiz-answerability"}
Stats = Callable[..., ExampleStats]

words = st.sampled_from(
    """yes;Yes;the dog;dog.;dogs;two;2;1,000;1000;t-shirt;t shirt;none;dont;don't;a b.c;x, y;what?;
    3.5;10:30 pm;U.S.; x ;a	b;he'dve;(a);somebody'd""".split(";")
)


def test_the_trap_questions_score_as_the_published_script_scores_them(
    cases: Path, stats_of_files: Stats
) -> None:
    folder = cases / "metrics" / "vqa"
    expected = json.loads((folder / "expected.json").read_text())
    files = folder / "annotations.json", folder / "results.json"
    stats = stats_of_files(*files, missing=Missing.REFUSE, **VQA)
    percent = dict(zip(stats.metric.names, 100 * stats.reduce(), strict=True))
    accuracy = expected["accuracy"]
    wanted = {"accuracy": accuracy["overall"], **accuracy["perAnswerType"]}
    assert percent == pytest.approx(wanted, abs=1e-6)
    each = dict(zip(stats.example_ids, 100 * stats.array("accuracy"), strict=True))
    assert each == pytest.approx(expected["perQuestion"], abs=1e-6)


def by_the_script(prediction: str, answers: list[str]) -> float:
    """The published rules, a step at a time and an annotator at a time."""
    given, said = [one.replace("\n", " ").replace("\t", " ").strip() for one in [prediction]], []
    said = [one.replace("\n", " ").replace("\t", " ").strip() for one in answers]
    if len(set(said)) > 1:
        given, said = [[_words(_marks(one)) for one in texts] for texts in (given, said)]
    each = []
    for place in range(len(said)):
        others = said[:place] + said[place + 1 :]
        each.append(min(1, sum(one == given[0] for one in others) / 3))
    return sum(each) / len(each)


def _marks(text: str) -> str:
    left = text
    for mark in sorted(set(string.punctuation) - set("'.:#$%&*^|~")):
        near = f"{mark} " in text or f" {mark}" in text or re.search(r"\d,\d", text)
        left = left.replace(mark, "" if near else " ")
    return re.sub(r"\.(?!\d)", "", left, count=int(re.UNICODE))


def _words(text: str) -> str:
    numbers = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    digits = {"none": "0", "ten": "10"} | {word: str(i) for i, word in enumerate(numbers)}
    known = {"dont": "don't", "he'dve": "he'd've", "somebody'd": "somebodyd"}
    kept = [digits.get(word, word) for word in text.lower().split()]
    return " ".join(known.get(word, word) for word in kept if word not in ("a", "an", "the"))


@settings(max_examples=300)
@given(words, st.lists(words, min_size=1, max_size=10))
def test_accuracy_equals_the_rules_written_out(prediction: str, answers: list[str]) -> None:
    expected = by_the_script(prediction, answers)
    assert vqa_accuracy(prediction, answers) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("answer", "normalised"),
    [
        ("The Dog.", "dog"),
        ("two dogs", "2 dogs"),
        ("none", "0"),
        ("3.5", "3.5"),
        ("well-known", "well known"),
        ("well - known", "well known"),
        ("1,000 well-known", "1000 wellknown"),
        ("couldntve", "couldntve"),
        ("couldn'tve", "couldn't've"),
        ("somebody'd", "somebodyd"),
        (".".join("a" * 40), "a" * 33 + "." + ".".join("a" * 7)),
    ],
)
def test_an_answer_is_normalised_with_the_scripts_slips(answer: str, normalised: str) -> None:
    assert normalise(answer) == normalised


def test_nothing_is_normalised_where_all_annotators_agree() -> None:
    assert vqa_accuracy("Yes", ["yes"] * 10) == 0
    assert vqa_accuracy("Yes", ["yes"] * 9 + ["no"]) == 1


def test_an_annotator_is_left_out_by_position() -> None:
    assert vqa_accuracy("b", ["a"] * 7 + ["b"] * 3) == pytest.approx((7 * 1 + 3 * 2 / 3) / 10)


@pytest.mark.parametrize(
    ("prediction", "answers", "expected"),
    [
        ("Yes", ["yes"] * 10, 1),  # The prediction is normalised always …
        ("the dog", ["the dog"] * 10, 0),  # … and the answers never.
        ("red", ["red"] * 2 + ["blue"] * 8, (2 * 1 + 8 * 2) / 30),
        ("dont", ["don’t"] * 10, 1),  # Typographic apostrophes in most contractions,
        ("dont", ["don't"] * 10, 0),
        ("cant", ["can't"] * 10, 1),  # but not in all of them.
        ("couldn'tve", ["couldn’t’ve"] * 10, 1),
    ],
)
def test_vizwiz_normalises_the_prediction_alone(
    prediction: str, answers: list[str], expected: float
) -> None:
    assert vizwiz_accuracy(prediction, answers) == pytest.approx(expected)


def questions(n: int, seed: int = 0) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rng = np.random.default_rng(seed)
    said = np.array(["yes", "no", "2", "two", "a cat", "cat"])
    kinds = ["yes/no", "number", "other"]
    annotations = [
        {
            "question_id": 10 * i,
            "image_id": i // 3,
            "question_type": "is the",
            "answer_type": kinds[int(rng.integers(3))],
            "answers": [{"answer": one, "answer_id": 1} for one in rng.choice(said, 10).tolist()],
        }
        for i in range(n)
    ]
    results = [{"question_id": 10 * i, "answer": str(rng.choice(said))} for i in range(n)]
    return {"annotations": annotations, "info": {}}, results[::-1]


def test_types_of_answers_are_scored_apart(stats_of: Stats) -> None:
    truth, results = questions(30)
    told = stats_of(truth, results, **VQA).reduce()
    given = {row["question_id"]: row["answer"] for row in results}
    for value, kind in zip(told, [None, "yes/no", "number", "other"], strict=True):
        each = [
            by_the_script(given[row["question_id"]], [one["answer"] for one in row["answers"]])
            for row in truth["annotations"]
            if kind in (None, row["answer_type"])
        ]
        assert value == pytest.approx(np.mean(each), abs=1e-12)


def test_a_type_without_questions_is_undefined(stats_of: Stats) -> None:
    truth, results = questions(30)
    for row in truth["annotations"]:
        row["answer_type"] = "other"
    told = stats_of(truth, results, **VQA).reduce()
    assert np.isnan(told[1:3]).all()
    assert told[0] == told[3]


def test_a_missing_question_counts_as_wrong_where_it_may(stats_of: Stats) -> None:
    truth, results = questions(30)
    whole = stats_of(truth, results, **VQA).array("accuracy")
    some = stats_of(truth, results[1:], missing=Missing.WRONG, **VQA).array("accuracy")
    np.testing.assert_array_equal(some[:-1], whole[:-1])
    assert some[-1] == 0


@pytest.mark.parametrize("how", [VQA, VIZWIZ, ANSWERABLE], ids=lambda how: how["metric"])
def test_weights_are_repetitions_and_statistics_survive_a_file(
    stats_of: Stats, tmp_path: Path, how: dict[str, str]
) -> None:
    make = questions if how is VQA else photos
    stats = stats_of(*make(40), **how)
    weights = np.random.default_rng(0).integers(0, 4, 40)
    repeated = stats.take(np.repeat(np.arange(40), weights))
    np.testing.assert_allclose(repeated.reduce(), stats.reduce(weights), rtol=1e-12)
    shuffled = stats.take(np.random.default_rng(1).permutation(40))
    np.testing.assert_allclose(shuffled.reduce(), stats.reduce(), rtol=1e-12)
    assert np.isnan(stats.reduce(np.zeros(40))).all()
    assert np.isnan(stats.take(np.array([], dtype=int)).reduce()).all()
    save_stats(stats, tmp_path / "stats.parquet")
    found = load_stats(tmp_path / "stats.parquet")
    np.testing.assert_array_equal(found.reduce(), stats.reduce())


def photos(n: int, seed: int = 0) -> tuple[list[Any], list[Any]]:
    rng = np.random.default_rng(seed)
    truth = [
        {
            "image": f"VizWiz_val_{i:05}.jpg",
            "question": "What is this?",
            "answer_type": "other",
            "answerable": int(rng.random() < 0.6),
            "answers": [
                {"answer": one, "answer_confidence": "yes"}
                for one in rng.choice(["unanswerable", "red", "blue"], 10).tolist()
            ],
        }
        for i in range(n)
    ]
    results = [
        {"image": row["image"], "answer": "Red", "answerable": round(float(rng.random()), 1)}
        for row in truth
    ]
    return truth, results


@settings(max_examples=40)
@given(st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_answerability_equals_scikit_learn(stats_of: Stats, n: int, seed: int) -> None:
    truth, results = photos(n, seed)
    truth[0]["answerable"] = 0
    told = stats_of(truth, results, **ANSWERABLE).reduce()
    label = 1 - np.array([row["answerable"] for row in truth])
    score = 1.0 - np.array([row["answerable"] for row in results])
    expected = [average_precision_score(label, score), f1_score(label, score > 0.5)]
    np.testing.assert_allclose(told, expected, atol=1e-9)


def test_other_keys_become_columns_for_subgroups(tmp_path: Path) -> None:
    from heldout.datasets.tasks import find_task
    from heldout.evaluation.reading import read_references

    path = tmp_path / "a.json"
    path.write_text(json.dumps(questions(3)[0]))
    found = read_references(path, task=find_task(VQA["task"]))
    assert found.columns.columns == ["image_id", "question_type", "answer_type"]
    assert found.example_ids.to_list() == ["0", "10", "20"]


def test_every_fault_of_a_results_file_is_told_at_once(refusal_of: Callable[..., Any]) -> None:
    truth, _ = questions(4)
    results = [
        {"question_id": 0, "answer": "yes"},
        {"question_id": 0, "answer": "no"},
        {"question_id": 10, "answer": None},
        {"question_id": 20, "answer": 2},
        {"question_id": 77, "answer": "yes"},
        {"answer": "yes"},
    ]
    assert refusal_of(truth, results, **VQA) == [
        "entry 4: answer: expected text, got a whole number; give text",
        'entry 2: "0" stands already in entry 1; keep one',
        "entry 3: no answer; answer every question",
        'entry 5: "77" is not the id of an example; leave the row out, or correct the id',
        "entry 6: no question_id; give every row its id",
    ]


def test_a_missing_question_refuses_the_file(refusal_of: Callable[..., Any]) -> None:
    truth, results = questions(4)
    told = refusal_of(truth, results[1:], **VQA)
    assert told == ['predictions.json: no prediction for 1 example: "30"; predict every example']


def test_a_metric_says_which_key_it_misses(refusal_of: Callable[..., Any]) -> None:
    truth, results = photos(3)
    bare = [{"image": row["image"], "answer": "red"} for row in results]
    assert "needs the key answerable" in refusal_of(truth, bare, **ANSWERABLE)[0]
    bare = [{"image": row["image"], "answerable": 1} for row in results]
    assert "needs the key answer" in refusal_of(truth, bare, **VIZWIZ)[0]
    bare[1]["answerable"] = 1.5
    assert refusal_of(truth, bare, **ANSWERABLE) == [
        "entry 2: answerable is not between 0 and 1; give the confidence"
    ]
    truth[0]["answerable"] = None
    assert "references lack answerable" in refusal_of(truth, results, **ANSWERABLE)[0]


def test_every_fault_of_an_annotations_file_is_told_at_once(
    refusal_of: Callable[..., Any],
) -> None:
    truth, results = questions(4)
    rows = truth["annotations"]
    rows[1]["question_id"] = 0
    rows[2]["answers"] = []
    del rows[3]["answers"]
    assert refusal_of(truth, results, **VQA) == [
        "entry 4: object missing required field `answers`; add it",
        'entry 2: "0" stands already in entry 1; keep one',
        "entry 3: the list of answers is empty; list one at least",
    ]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '[{"answer": "yes"}', "7", "\x00", '"a"'])
def test_files_that_are_no_answers_are_refused(
    refusal_of: Callable[..., Any], content: str
) -> None:
    truth, results = questions(2)
    assert refusal_of(truth, content, **VQA)
    assert refusal_of(content, results, **VQA)
