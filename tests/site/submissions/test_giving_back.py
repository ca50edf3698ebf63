"""What is given back comes off the counts that it was added to, whatever has changed meanwhile."""

import os
import shutil
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from heldout.errors import Problem
from heldout.site.accounts.models import User
from heldout.site.challenges.models import Challenge, Revision
from heldout.site.common import jobs
from heldout.site.common.models import Job, JobState
from heldout.site.common.problems import Refused
from heldout.site.submissions import rejudging, storage, tasks
from heldout.site.submissions.limits import mailbox
from heldout.site.submissions.models import Status, Submission, Usage
from heldout.site.submissions.services import rescore, rescore_failed, withdraw
from heldout.site.submissions.tidying import delete_refused_files
from heldout.site.transfer.exporting import export
from heldout.site.worker import drain

# Sunday evening in Berlin, Monday morning in Tokyo: another day and another week.
EVENING = datetime(2026, 1, 11, 22, 30, tzinfo=UTC)
BAD = b"nonsense\n"


@pytest.fixture
def broken(monkeypatch):
    """A scorer that fails, until it is mended."""

    def fail(*args, **kwargs):
        raise OSError("the scorer is out of order")

    monkeypatch.setattr(jobs, "BACKOFF", jobs.BACKOFF * 0)
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "score_file", fail)
        yield patch


@pytest.fixture
def revise(challenge, settings):
    """Make a new revision of the challenge, so that what is scored can be scored again."""

    def revise() -> None:
        newest = Revision.objects.filter(challenge=challenge).latest("number")
        old, folder = newest.folder, f"{newest.folder}x"
        shutil.copytree(settings.ANSWERS / old, settings.ANSWERS / folder)
        newest.pk, newest.number, newest.folder = None, newest.number + 1, folder
        newest.save(force_insert=True)
        Challenge.objects.filter(pk=challenge.pk).update(current=newest)

    return revise


def move(challenge, user):
    """The challenge's timezone and the account's address are other ones from now on."""
    Challenge.objects.filter(pk=challenge.pk).update(timezone="Asia/Tokyo")
    User.objects.filter(pk=user.pk).update(email="moved@example.com")


def counts(*, tries=0, bad=0, email="participant@example.org"):
    """What is counted now, as (holder's kind, period): how many."""
    found = Usage.objects.filter(used__gt=0).values_list("holder", "period", "used")
    shown = {(holder.partition(":")[0], period): used for holder, period, used in found}
    periods = ("day:2026-01-11", "week:2026-W02", "total")
    wanted = {(kind, one): tries for kind in ("entrant", "user", "mailbox") for one in periods}
    wanted["user", "refused:2026-01-11"] = bad
    assert shown == {what: used for what, used in wanted.items() if used}
    if tries:
        assert {one for one, _, _ in found if one.startswith("mailbox")} == {mailbox(email)}


def again(submission, organiser):
    """Have it scored again, as a page that was just opened does."""
    fresh = Submission.objects.select_related("phase__challenge", "entrant", "by")
    return rescore(submission=fresh.get(pk=submission.pk), by=organiser, now=timezone.now())


def test_a_failure_of_the_machine_gives_back_what_was_counted(
    hand_in, participant, challenge, broken
):
    hand_in(participant, now=EVENING)
    counts(tries=1, bad=1)
    move(challenge, participant)
    drain()
    assert Submission.objects.get().status == Status.FAILED
    counts()


def test_a_refusal_gives_back_the_tries_it_took(hand_in, participant, challenge):
    hand_in(participant, content=BAD, now=EVENING)
    move(challenge, participant)
    drain()
    assert Submission.objects.get().status == Status.REFUSED
    counts(bad=1)


def test_withdrawing_gives_back_what_was_counted(hand_in, participant, challenge):
    submission = hand_in(participant, now=EVENING)
    move(challenge, participant)
    withdraw(
        submission=Submission.objects.get(pk=submission.pk), by=participant, now=timezone.now()
    )
    counts()


def test_a_failed_submission_that_is_scored_again_counts_where_it_did(
    hand_in, participant, organiser, challenge, broken
):
    hand_in(participant, now=EVENING)
    drain()
    move(challenge, participant)
    assert rescore_failed(challenge=challenge, by=organiser, now=timezone.now()) == 1
    counts(tries=1, bad=1)
    broken.undo()
    drain()
    assert Submission.objects.get().status == Status.SCORED
    counts(tries=1)


def test_what_came_before_these_were_kept_is_given_back_by_the_rules_of_today(hand_in, participant):
    hand_in(participant, content=BAD, now=EVENING)
    Submission.objects.update(counted_zone="", counted_mailbox="")
    drain()
    counts(bad=1)


@pytest.mark.parametrize("content", [None, BAD])
def test_scoring_again_leaves_the_counts_as_they_are(
    hand_in, participant, organiser, revise, content
):
    """Another file was refused: its place among the refused ones is not this one's to give back."""
    hand_in(participant, content=BAD, now=EVENING)
    submission = hand_in(participant, content=content, now=EVENING)
    drain()
    left = {"bad": 1, "tries": 1} if content is None else {"bad": 2}
    counts(**left)
    revise()
    assert again(submission, organiser)
    drain()
    counts(**left)


def test_what_failed_twice_and_then_turns_out_bad_counts_as_one_refused_file(
    hand_in, participant, organiser, broken
):
    hand_in(participant, content=BAD, now=EVENING)
    submission = hand_in(participant, content=BAD, now=EVENING)
    drain()
    counts()
    assert again(submission, organiser)
    drain()
    counts()
    broken.undo()
    assert again(submission, organiser)
    drain()
    counts(bad=1)


def test_a_scored_submission_whose_scoring_fails_again_keeps_its_count(
    hand_in, participant, organiser, revise, monkeypatch
):
    submission = hand_in(participant, now=EVENING)
    drain()
    revise()
    assert again(submission, organiser)
    monkeypatch.setattr(jobs, "BACKOFF", jobs.BACKOFF * 0)
    monkeypatch.setattr(tasks, "score_file", None)
    drain()
    assert Submission.objects.get().status == Status.SCORED
    counts(tries=1)


def refuse(monkeypatch):
    """From now on the scorer refuses every file."""

    def refuse(*args, **kwargs):
        raise Refused([Problem("file", "the mended rules refuse it")])

    monkeypatch.setattr(tasks, "score_file", refuse)


def test_who_is_refused_by_a_later_revision_and_scored_by_the_next_counts_as_before(
    hand_in, participant, organiser, revise, monkeypatch
):
    submission = hand_in(participant, now=EVENING)
    drain()
    revise()
    again(submission, organiser)
    with monkeypatch.context() as patch:
        refuse(patch)
        drain()
    counts(bad=1)
    revise()
    again(submission, organiser)
    drain()
    counts(tries=1)


def test_an_applied_rejudging_counts_as_scoring_again_does(
    hand_in, participant, organiser, challenge, revise, monkeypatch
):
    for _ in range(2):
        hand_in(participant, now=EVENING)
    drain()
    revise()
    move(challenge, participant)
    challenge.refresh_from_db()
    chosen = [Submission.objects.first().pk]
    started = {"by": organiser, "now": timezone.now(), "reason": "mended"}
    made = rejudging.start(challenge=challenge, submissions=chosen, **started)
    refuse(monkeypatch)
    drain()
    rejudging.apply(rejudging=made, by=organiser, now=timezone.now())
    counts(tries=1, bad=1)


@pytest.mark.parametrize("content", [None, BAD])
def test_what_is_withdrawn_while_it_is_scored_is_counted_as_it_turns_out(
    hand_in, participant, monkeypatch, content
):
    submission = hand_in(participant, content=content, now=EVENING)
    score_file = tasks.score_file

    def withdraw_meanwhile(*args, **kwargs):
        withdraw(submission=submission, by=participant, now=timezone.now())
        return score_file(*args, **kwargs)

    monkeypatch.setattr(tasks, "score_file", withdraw_meanwhile)
    drain()
    assert Submission.objects.get().status == Status.WITHDRAWN
    counts(**({"tries": 1} if content is None else {"bad": 1}))


def test_a_fault_of_the_machine_uses_no_limit_of_what_was_withdrawn_meanwhile(
    hand_in, participant, broken
):
    submission = hand_in(participant, now=EVENING)

    def withdraw_and_fail(*args, **kwargs):
        withdraw(submission=submission, by=participant, now=timezone.now())
        raise OSError("out of order")

    broken.setattr(tasks, "score_file", withdraw_and_fail)
    drain()
    counts()


@pytest.fixture
def deleted(scored, participant, revise):
    """A refused submission whose file is deleted, and a new revision by which it might be scored."""
    submission = scored(participant, content=BAD, now=EVENING)
    os.utime(storage.path(submission.sha256), (0, 0))
    assert delete_refused_files(now=timezone.now() + timedelta(days=31)) == 1
    revise()
    return submission


def test_what_has_no_file_any_more_is_not_scored_again_and_uses_no_try(deleted, organiser):
    with pytest.raises(Refused, match=r"its file was deleted on .* because it was refused"):
        again(deleted, organiser)
    deleted.refresh_from_db()
    assert deleted.status == Status.REFUSED
    assert not Job.objects.filter(kind="evaluate", state=JobState.READY).exists()
    counts(bad=1)


def test_page_and_api_say_that_the_file_is_gone(deleted, organiser, signed_in, api):
    page = signed_in(organiser).post(reverse("submissions:rescore", args=[deleted.pk]), follow=True)
    assert "Its file was deleted on" in page.content.decode()
    answer = api(organiser).post(f"/api/v1/submissions/{deleted.pk}/rescore")
    assert answer.status_code == 409
    assert "its file was deleted on" in answer.content.decode()


def test_an_archive_without_addresses_does_not_tell_whose_mailbox_counted(
    hand_in, participant, challenge, tmp_path
):
    assert hand_in(participant).counted_mailbox == mailbox(participant.email)
    for addresses in (True, False):
        export(challenge, tmp_path / f"{addresses}", by=None, now=EVENING, addresses=addresses)
        with zipfile.ZipFile(tmp_path / f"{addresses}") as archive:
            rows = archive.read("rows/submissions.submission.jsonl").decode()
        assert (mailbox(participant.email) in rows) is addresses
