import hashlib
import os
import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from heldout.evaluation.storage import load_stats
from heldout.site.challenges.services import publish
from heldout.site.common import jobs
from heldout.site.common.models import Job
from heldout.site.submissions import storage, tasks
from heldout.site.submissions.models import Evaluation, Score, Status, Submission, Usage
from heldout.site.submissions.services import rescore, withdraw
from heldout.site.worker import drain, work_once


def test_scores_agree_with_scikit_learn(scored, participant, made, predictions):
    submission = scored(participant, 41)
    given = pl.read_csv(predictions(41))["prediction"]
    truth = list(made.answers.values())
    found = {score.name: score.value for score in submission.evaluation.scores.all()}
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, given))
    assert found["balanced-accuracy"] == pytest.approx(balanced_accuracy_score(truth, given))


def test_a_score_comes_with_all_that_is_needed_to_judge_it(scored, participant):
    score = scored(participant).evaluation.scores.get(name="accuracy")
    assert score.low < score.value < score.high
    assert (score.n, score.version, score.method) == (60, "1", "wilson")


def test_statistics_per_example_lie_among_the_answers_under_their_hash(
    scored, participant, settings
):
    stored = scored(participant, 20).evaluation.stats["accuracy"]
    path = settings.ANSWERS / "stats" / stored["file"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == stored["sha256"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_stats(path).reduce()[0] == pytest.approx(20 / 60)


def test_a_bad_file_is_refused_with_all_its_problems(scored, participant, made):
    submission = scored(participant, content=b"example_id,prediction\ne000,catt\nzzz,cat\n")
    assert submission.status == Status.REFUSED
    text = " ".join(str(problem) for problem in submission.problems)
    assert 'did you mean "cat"?' in text
    assert "zzz" in text
    assert not Evaluation.objects.exists()


def test_a_refused_file_is_not_tried_again(scored, participant):
    scored(participant, content=b"\x00\x01")
    assert list(Job.objects.values_list("state", flat=True)) == ["done"]


def test_a_failure_of_the_machine_is_tried_again_and_then_set_aside(
    hand_in, participant, monkeypatch, settings
):
    def break_down(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(tasks, "score_file", break_down)
    monkeypatch.setattr(jobs, "BACKOFF", jobs.BACKOFF * 0)
    submission = hand_in(participant)
    drain()
    submission.refresh_from_db()
    assert submission.status == Status.FAILED
    states = list(Job.objects.order_by("attempt").values_list("state", flat=True))
    assert states == ["failed"] * (settings.HELDOUT.attempts - 1) + ["dead"]
    assert "no space left" in Job.objects.get(state="dead").error
    assert not Usage.objects.filter(used__gt=0).exists()


def test_a_damaged_upload_is_never_scored(hand_in, participant, monkeypatch):
    monkeypatch.setattr(jobs, "BACKOFF", jobs.BACKOFF * 0)
    submission = hand_in(participant)
    storage.path(submission.sha256).write_bytes(b"example_id,prediction\n")
    drain()
    submission.refresh_from_db()
    assert submission.status == Status.FAILED


def test_a_broken_challenge_is_not_tried_three_times(hand_in, participant, phase, settings):
    folder = settings.ANSWERS / phase.challenge.revision.folder
    for path in (folder / "answers").iterdir():
        path.unlink()
    submission = hand_in(participant)
    drain()
    submission.refresh_from_db()
    assert submission.status == Status.FAILED
    assert Job.objects.get().state == "dead"


def test_the_participant_is_not_told_why_a_challenge_is_broken(
    hand_in, participant, phase, settings
):
    folder = settings.ANSWERS / phase.challenge.revision.folder
    (folder / "answers/test.csv").write_text("example_id,reference\ne000,SECRET\n")
    submission = hand_in(participant)
    drain()
    submission.refresh_from_db()
    assert (submission.status, submission.problems) == (Status.FAILED, [])


def test_a_late_result_of_an_earlier_revision_does_not_replace_a_newer_one(
    hand_in, participant, organiser, made, tmp_path
):
    submission, later = hand_in(participant), timezone.now() + timedelta(hours=1)
    first = Job.objects.filter(kind="evaluate")
    first.update(run_at=later)
    folder = shutil.copytree(made.folder, tmp_path / "again")
    (folder / "README.md").write_text("# Cats\n\nAnother page.\n")
    publish(source=folder, by=None, now=timezone.now())
    submission = Submission.objects.get(pk=submission.pk)
    assert rescore(submission=submission, by=organiser, now=timezone.now())
    drain()
    first.filter(state="ready").update(run_at=timezone.now())
    drain()
    submission.refresh_from_db()
    assert [one.revision.number for one in submission.evaluations.order_by("id")] == [2, 1]
    assert submission.evaluation.revision.number == 2


def test_statistics_are_flushed_with_every_folder_that_leads_to_them(
    scored, participant, settings, monkeypatch
):
    flushed = set()

    def note(file):
        flushed.add(Path(f"/proc/self/fd/{file}").readlink())

    monkeypatch.setattr(os, "fsync", note)
    submission = scored(participant)
    kept = settings.ANSWERS / "stats" / submission.evaluation.stats["accuracy"]["file"]
    assert flushed >= {kept.parent, settings.ANSWERS / "stats", settings.ANSWERS}


def test_a_late_result_of_an_expired_lease_is_refused(hand_in, participant, monkeypatch):
    score_file = tasks.score_file

    def lose_the_lease(*args, **kwargs):
        jobs.expire(now=timezone.now(), owner="slow")
        return score_file(*args, **kwargs)

    monkeypatch.setattr(tasks, "score_file", lose_the_lease)
    submission = hand_in(participant)
    work_once("slow")
    submission.refresh_from_db()
    assert submission.status == Status.RUNNING
    assert not Score.objects.exists()
    monkeypatch.undo()
    Job.objects.filter(state="ready").update(run_at=timezone.now())
    work_once("quick")
    submission.refresh_from_db()
    assert submission.status == Status.SCORED
    assert Evaluation.objects.count() == 1


def test_a_submission_withdrawn_meanwhile_stays_withdrawn(hand_in, participant, monkeypatch):
    submission = hand_in(participant)
    score_file = tasks.score_file

    def withdraw_meanwhile(*args, **kwargs):
        withdraw(submission=submission, by=participant, now=timezone.now())
        return score_file(*args, **kwargs)

    monkeypatch.setattr(tasks, "score_file", withdraw_meanwhile)
    drain()
    submission.refresh_from_db()
    assert submission.status == Status.WITHDRAWN


def test_only_organisers_score_again(scored, participant, rival, annotator, outsider):
    submission = scored(participant)
    for user in (participant, rival, annotator, outsider):
        with pytest.raises(PermissionDenied):
            rescore(submission=submission, by=user, now=timezone.now())


def test_a_new_revision_scores_again_and_keeps_the_old_result(
    scored, participant, organiser, made, write_challenge, tmp_path
):
    submission = scored(participant, 60)
    assert not rescore(submission=submission, by=organiser, now=timezone.now())
    mended = write_challenge(tmp_path / "mended").folder
    answers = mended / "answers/test.csv"
    answers.write_text(answers.read_text().replace("e000,cat", "e000,dog"))
    publish(source=mended, by=organiser, now=timezone.now())
    submission.refresh_from_db()
    assert rescore(submission=submission, by=organiser, now=timezone.now())
    drain()
    submission.refresh_from_db()
    old, new = Evaluation.objects.order_by("pk")
    assert submission.evaluation == new
    assert old.scores.get(name="accuracy").value == 1
    assert new.scores.get(name="accuracy").value == pytest.approx(59 / 60)


def test_the_name_a_message_gives_the_file_tells_only_its_kind(scored, participant):
    submission = scored(participant, content=b"example_id\n", filename="my private name.csv")
    places = {problem["place"] for problem in submission.problems}
    assert not any(Path(place).is_absolute() for place in places)
