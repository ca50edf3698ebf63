"""Scoring against a challenge: the right numbers, one seed for all, and nothing of the answers."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, f1_score

from heldout.challenge.adhoc import evaluate_files
from heldout.challenge.comparing import compare_evaluations, is_distinguishable
from heldout.challenge.evaluate import BrokenChallenge, evaluate, phase_seed
from heldout.challenge.folder import load
from heldout.challenge.stored import load_evaluation, save_evaluation
from heldout.errors import BadInput


def by_number(report):
    return {(score.metric, score.name): score for score in report.scores}


def joined(folder, predictions):
    answers = pl.read_parquet(folder / "answers/test.parquet")
    return answers.join(pl.read_csv(predictions), on="example_id")


def test_scores_agree_with_scikit_learn(challenge, folder, guesses):
    report = evaluate(challenge, phase="test", predictions=guesses).report
    both = joined(folder, guesses)
    truth, guess = both["reference"].to_list(), both["prediction"].to_list()
    scores = by_number(report)
    assert scores["accuracy", "accuracy"].value == pytest.approx(accuracy_score(truth, guess))
    assert scores["f1", "macro"].value == pytest.approx(f1_score(truth, guess, average="macro"))
    assert report.n == scores["accuracy", "accuracy"].n == len(truth)


def test_subgroups_and_clusters_come_from_the_answers_or_the_public_table(
    challenge, folder, guesses
):
    report = evaluate(challenge, phase="test", predictions=guesses).report
    both = joined(folder, guesses)
    for group in report.subgroups:
        if group.metric == "accuracy" and not group.suppressed:
            some = both.filter(pl.col("colour") == group.subgroup["colour"])
            right = (some["reference"] == some["prediction"]).mean()
            assert group.value == pytest.approx(right)
            assert group.n == len(some)
    # The same columns, published instead of held back, give the same report.
    answers = pl.read_parquet(folder / "answers/test.parquet")
    public = pl.read_parquet(folder / "data/test.parquet").sample(fraction=1, shuffle=True, seed=5)
    moved = answers.select("example_id", "colour", "owner")
    public.join(moved, on="example_id").write_parquet(folder / "data/test.parquet")
    answers.drop("colour", "owner").write_parquet(folder / "answers/test.parquet")
    assert evaluate(load(folder), phase="test", predictions=guesses).report == report


def test_classes_are_scored_apart_only_where_the_phase_reveals_them(folder, guesses):
    assert evaluate(load(folder), phase="test", predictions=guesses).report.per_class == ()
    toml = folder / "challenge.toml"
    text = toml.read_text().replace('["score", "interval"]', '["score", "interval", "per-class"]')
    toml.write_text(text.replace("smallest_group = 30", "smallest_group = 1"))
    report = evaluate(load(folder), phase="test", predictions=guesses).report
    both = joined(folder, guesses)
    recall = {
        name: (some["reference"] == some["prediction"]).mean()
        for (name,), some in both.group_by("reference")
    }
    found = {g.subgroup["class"]: g.value for g in report.per_class if g.metric == "accuracy"}
    assert found == pytest.approx(recall)


def test_every_submission_of_a_phase_shares_a_seed_and_phases_do_not(challenge, guesses, perfect):
    seeds = {
        score.seed
        for file in (guesses, perfect)
        for score in evaluate(challenge, phase="test", predictions=file).report.scores
    }
    test, dev = challenge.phase("test"), challenge.phase("dev")
    assert seeds == {phase_seed(challenge, test)}
    assert phase_seed(challenge, test) != phase_seed(challenge, dev)


def test_the_same_file_scores_the_same_twice(challenge, guesses):
    first = evaluate(challenge, phase="test", predictions=guesses).report
    assert evaluate(challenge, phase="test", predictions=guesses).report == first


def test_what_the_site_and_the_command_line_compute_needs_no_challenge(
    challenge, folder, guesses, tmp_path
):
    """The ad hoc way, given the same question, gives the same numbers."""
    through = evaluate(challenge, phase="test", predictions=guesses).report
    direct = evaluate_files(
        task="tabular-classification",
        references=folder / "answers/test.parquet",
        predictions=guesses,
        metrics=challenge.definition.metric_specs,
        classes=("cat", "dog", "zebra"),
        cluster="owner",
        seed=phase_seed(challenge, challenge.phase("test")),
    ).report
    assert direct.scores == through.scores


def test_no_message_about_predictions_depends_on_an_answer(challenge, folder, guesses):
    """The same damaged file is refused with the same words whatever the answers are."""
    frame = pl.read_csv(guesses)
    damaged = frame.with_columns(
        prediction=pl.when(pl.int_range(pl.len()) % 3 == 0)
        .then(pl.lit("zebr"))
        .otherwise("prediction")
    )[1:]
    damaged.write_csv(guesses)
    messages = set()
    for shift in range(3):
        path = folder / "answers/test.parquet"
        answers = pl.read_parquet(path)
        turned = pl.col("reference").replace({"cat": "dog", "dog": "zebra", "zebra": "cat"})
        if shift:
            answers.with_columns(turned).write_parquet(path)
        with pytest.raises(BadInput) as caught:
            evaluate(load(folder), phase="test", predictions=guesses)
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert 'did you mean "zebra"?' in messages.pop()


def test_an_unknown_phase_gets_the_nearest(challenge, guesses):
    with pytest.raises(BadInput, match='did you mean "test"'):
        evaluate(challenge, phase="tset", predictions=guesses)


def test_a_fault_of_the_challenge_is_not_the_participants(folder, guesses):
    answers = folder / "answers/test.parquet"
    pl.read_parquet(answers).with_columns(reference=pl.lit("unicorn")).write_parquet(answers)
    with pytest.raises(BrokenChallenge) as caught:
        evaluate(load(folder), phase="test", predictions=guesses)
    assert not isinstance(caught.value, BadInput)
    answers.unlink()
    with pytest.raises(BrokenChallenge):
        evaluate(load(folder), phase="test", predictions=guesses)


def test_missing_examples_count_as_wrong_where_the_challenge_says_so(folder, perfect):
    lines = perfect.read_text().splitlines()
    perfect.write_text("\n".join(lines[:-5]))
    with pytest.raises(BadInput, match="no prediction for 5 examples"):
        evaluate(load(folder), phase="test", predictions=perfect)
    toml = folder / "challenge.toml"
    toml.write_text(toml.read_text().replace('missing = "refuse"', 'missing = "wrong"'))
    report = evaluate(load(folder), phase="test", predictions=perfect).report
    n = len(lines) - 1
    assert by_number(report)["accuracy", "accuracy"].value == pytest.approx((n - 5) / n)


def test_what_was_kept_compares_like_what_was_just_scored(challenge, guesses, perfect, tmp_path):
    evaluations = [evaluate(challenge, phase="test", predictions=f) for f in (perfect, guesses)]
    fresh = compare_evaluations(*evaluations, metric="accuracy", name=None, replicates=500)
    for number, evaluation in enumerate(evaluations):
        save_evaluation(evaluation, tmp_path / str(number))
    kept = [load_evaluation(tmp_path / str(number)) for number in range(2)]
    assert compare_evaluations(*kept, metric="accuracy", name=None, replicates=500) == fresh
    assert kept[1].report == evaluations[1].report
    assert is_distinguishable(fresh)
    again = compare_evaluations(kept[0], kept[0], metric="f1", name="micro", replicates=500)
    assert not is_distinguishable(again)
    assert np.isclose(again.difference, 0)


def test_a_kept_evaluation_is_for_its_owner_alone(challenge, guesses, tmp_path):
    evaluation = evaluate(challenge, phase="test", predictions=guesses)
    save_evaluation(evaluation, tmp_path / "kept")
    modes = {path.stat().st_mode & 0o077 for path in [tmp_path / "kept", *tmp_path.glob("kept/*")]}
    assert modes == {0}


def test_a_metric_that_was_not_scored_cannot_be_compared(challenge, guesses):
    one = evaluate(challenge, phase="test", predictions=guesses)
    with pytest.raises(BadInput, match="kappa was not scored"):
        compare_evaluations(one, one, metric="kappa", name=None, replicates=500)


def test_something_else_is_no_kept_evaluation(tmp_path):
    with pytest.raises(BadInput, match="is not a stored evaluation"):
        load_evaluation(tmp_path)


def test_a_challenge_is_scored_along_its_numbers_and_a_word_is_refused(folder, guesses):
    toml = folder / "challenge.toml"
    text = toml.read_text()
    toml.write_text(text.replace("smallest_group", 'along = ["size"]\nsmallest_group'))
    report = evaluate(load(folder), phase="test", predictions=guesses, replicates=0).report
    known = pl.read_parquet(folder / "data/test.parquet")["size"]
    for profile in report.profiles:
        assert profile.column == "size"
        assert profile.n == len(known)
        assert profile.points == () or known.min() <= profile.points[0].at <= known.max()
    toml.write_text(text.replace("smallest_group", 'along = ["colour"]\nsmallest_group'))
    with pytest.raises(BrokenChallenge, match="is not of numbers"):
        evaluate(load(folder), phase="test", predictions=guesses)


def test_details_are_there_when_asked_for_whatever_the_phase_reveals(challenge, folder, guesses):
    assert evaluate(challenge, phase="test", predictions=guesses).report.details is None
    report = evaluate(challenge, phase="test", predictions=guesses, details=True).report
    both = joined(folder, guesses)
    for cell in report.details.confusion.cells:
        some = both.filter(reference=cell.reference, prediction=cell.prediction)
        assert cell.n == len(some)
    assert sum(cell.n for cell in report.details.confusion.cells) == report.n
    assert {rate.name for rate in report.details.rates} <= set(
        challenge.definition.challenge.classes
    )
