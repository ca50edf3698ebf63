"""A try goes back exactly once, however many revisions score what is withdrawn."""

import shutil

import pytest
from django.utils import timezone

from heldout.site.challenges.models import Challenge, Revision
from heldout.site.common import jobs
from heldout.site.common.models import Job
from heldout.site.submissions import tasks
from heldout.site.submissions.models import Status, Submission, Usage
from heldout.site.submissions.services import rescore, withdraw
from heldout.site.worker import drain, work_once

BAD = b"nonsense\n"


@pytest.fixture
def again_by_a_new_revision(challenge, organiser, settings):
    """Publish the challenge anew and have a submission scored by that."""

    def again(submission: Submission) -> None:
        newest = Revision.objects.filter(challenge=challenge).latest("number")
        folder = f"{newest.folder}x"
        shutil.copytree(settings.ANSWERS / newest.folder, settings.ANSWERS / folder)
        newest.pk, newest.number, newest.folder = None, newest.number + 1, folder
        newest.save(force_insert=True)
        Challenge.objects.filter(pk=challenge.pk).update(current=newest)
        assert rescore(submission=fresh(submission), by=organiser, now=timezone.now())

    return again


def fresh(submission: Submission) -> Submission:
    return Submission.objects.select_related("phase__challenge", "entrant", "by").get(
        pk=submission.pk
    )


def used() -> set[int]:
    counted = Usage.objects.exclude(period__startswith="refused:")
    return set(counted.values_list("used", flat=True))


def take_back(submission: Submission) -> None:
    withdraw(submission=fresh(submission), by=submission.by, now=timezone.now())


@pytest.fixture
def while_it_is_scored(monkeypatch):
    """Do something when the first attempt has begun; the list of what was used then."""
    seen = []

    def patch(do):
        score_file = tasks.score_file

        def done(*args, **kwargs):
            monkeypatch.setattr(tasks, "score_file", score_file)
            try:
                do()
            finally:
                seen.append(used())
            return score_file(*args, **kwargs)

        monkeypatch.setattr(tasks, "score_file", done)
        return seen

    return patch


@pytest.mark.parametrize(("content", "left"), [(BAD, 1), (None, 2)])
def test_a_try_goes_back_once_where_an_earlier_revision_still_scores_what_is_withdrawn(
    scored, hand_in, participant, again_by_a_new_revision, while_it_is_scored, content, left
):
    scored(participant)
    submission = hand_in(participant, content=content)

    def meanwhile():
        again_by_a_new_revision(submission)
        take_back(submission)

    seen = while_it_is_scored(meanwhile)
    drain()
    assert seen == [{2}]
    assert fresh(submission).status == Status.WITHDRAWN
    assert used() == {left}


def test_a_try_goes_back_where_the_later_revisions_second_attempt_is_taken_back(
    scored, hand_in, participant, again_by_a_new_revision, while_it_is_scored
):
    scored(participant)
    submission = hand_in(participant, content=BAD)

    def meanwhile():
        again_by_a_new_revision(submission)
        later = jobs.claim(owner="other", now=timezone.now())
        jobs.fail(later, error="out of order", now=timezone.now())
        take_back(submission)

    seen = while_it_is_scored(meanwhile)
    drain()
    assert seen == [{2}]
    assert used() == {1}


def test_a_try_goes_back_where_the_attempt_that_ran_fails_and_begins_anew(
    scored, hand_in, participant, again_by_a_new_revision, while_it_is_scored, monkeypatch
):
    monkeypatch.setattr(jobs, "BACKOFF", jobs.BACKOFF * 0)
    scored(participant)
    submission = hand_in(participant)

    def meanwhile():
        again_by_a_new_revision(submission)
        take_back(submission)
        raise OSError("out of order")

    while_it_is_scored(meanwhile)
    drain()
    assert used() == {1}


def test_a_try_goes_back_at_once_where_nothing_runs_any_more(
    scored, hand_in, participant, again_by_a_new_revision
):
    scored(participant)
    submission = hand_in(participant)
    first = jobs.claim(owner="slow", now=timezone.now())
    again_by_a_new_revision(submission)
    jobs.expire(now=timezone.now(), owner="slow")
    take_back(submission)
    assert used() == {1}
    assert first.key.startswith(f"evaluate:{submission.pk}:")
    Job.objects.filter(state="ready").update(run_at=timezone.now())
    while work_once("quick"):
        pass
    assert used() == {1}
