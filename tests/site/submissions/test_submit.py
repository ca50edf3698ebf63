import hashlib
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from heldout.errors import BadInput
from heldout.site.challenges.models import Phase
from heldout.site.challenges.services import edit_phase, entrant_of
from heldout.site.common.models import AuditEntry, Job
from heldout.site.common.problems import Conflict, Refused
from heldout.site.submissions import storage
from heldout.site.submissions.models import Status, Submission, Usage
from heldout.site.submissions.services import submit, withdraw


def stored_files(settings) -> list[Path]:
    return [path for path in settings.SUBMISSIONS.rglob("*") if path.is_file()]


def test_an_outsider_cannot_submit_for_another_entrant(phase, participant, outsider):
    with pytest.raises(PermissionDenied):
        submit(
            phase=phase,
            entrant=entrant_of(phase.challenge, participant),
            by=outsider,
            upload=io.BytesIO(b"x"),
            filename="a.csv",
            now=timezone.now(),
        )
    assert not Submission.objects.exists()


@pytest.mark.parametrize(("key", "words"), [("past", "is closed"), ("future", "is not open yet")])
def test_a_phase_takes_submissions_only_while_it_is_open(
    key, words, hand_in, challenge, participant
):
    phase = challenge.phases.get(key=key)
    with pytest.raises(Refused, match=words):
        hand_in(participant, phase=phase)
    assert not Submission.objects.exists()


def test_a_submission_needs_the_terms_accepted(hand_in, outsider):
    with pytest.raises(Refused, match="the terms are not accepted yet"):
        hand_in(outsider)


def test_all_reasons_against_a_submission_come_at_once(hand_in, challenge, outsider):
    with pytest.raises(Refused) as refusal:
        hand_in(outsider, phase=challenge.phases.get(key="past"), filename="model.exe")
    assert [problem.place for problem in refusal.value.problems] == ["phase", "terms", "file"]


def test_an_empty_file_is_refused_and_leaves_nothing(hand_in, participant, settings):
    with pytest.raises(Refused, match="it is empty"):
        hand_in(participant, content=b"")
    assert not stored_files(settings)
    assert not Usage.objects.filter(used__gt=0).exists()


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(settings):
    with pytest.raises(Refused, match="larger than"):
        storage.store(io.BytesIO(b"x" * 101), limit=100)
    assert not stored_files(settings)


def test_a_file_is_stored_under_its_hash_for_the_owner_alone(hand_in, participant):
    submission = hand_in(participant)
    path = storage.path(submission.sha256)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == submission.sha256
    assert path.stat().st_size == submission.size
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_changed_on_disk_is_noticed(hand_in, participant):
    submission = hand_in(participant)
    storage.path(submission.sha256).write_bytes(b"something else")
    with pytest.raises(storage.DamagedFile):
        storage.verified(submission.sha256)


def test_a_submission_and_its_job_come_together(hand_in, participant):
    submission = hand_in(participant)
    assert submission.status == Status.QUEUED
    assert Job.objects.get().payload["submission"] == submission.pk
    assert AuditEntry.objects.filter(action="submitted", actor=participant).exists()


def test_the_folders_of_a_file_name_are_not_kept(hand_in, participant):
    submission = hand_in(participant, filename="..\\..\\etc/secret/mine.csv")
    assert submission.filename == "mine.csv"


def test_the_same_idempotency_key_is_the_same_submission(hand_in, participant):
    first = hand_in(participant, idempotency_key="a")
    again = hand_in(participant, idempotency_key="a")
    assert again == first
    assert Submission.objects.count() == Job.objects.count() == 1


def test_a_retry_beside_the_first_try_is_the_same_submission_also_where_that_was_the_last(
    hand_in, participant, phase, organiser, monkeypatch
):
    edit_phase(phase=phase, by=organiser, now=timezone.now(), per_day=1)
    store, first = storage.store, []
    with monkeypatch.context() as patch:

        def meanwhile(upload, *, limit):
            patch.undo()
            first.append(hand_in(participant, idempotency_key="a"))
            return store(upload, limit=limit)

        patch.setattr(storage, "store", meanwhile)
        assert [hand_in(participant, idempotency_key="a")] == first
    assert Submission.objects.count() == 1
    with pytest.raises(Refused, match="1 submission a day"):
        hand_in(participant, idempotency_key="b")


def test_an_idempotency_key_cannot_come_with_another_file(hand_in, participant):
    hand_in(participant, 30, idempotency_key="a")
    with pytest.raises(Conflict, match="another file"):
        hand_in(participant, 31, idempotency_key="a")


def test_two_people_may_use_the_same_idempotency_key(hand_in, participant, rival):
    assert hand_in(participant, idempotency_key="a") != hand_in(rival, idempotency_key="a")


def test_a_retry_after_the_phase_closed_is_still_the_same_submission(hand_in, participant, phase):
    first = hand_in(participant, idempotency_key="a")
    assert hand_in(participant, idempotency_key="a", now=phase.closes + timedelta(days=1)) == first


def test_withdrawing_before_scoring_takes_the_job_back(hand_in, participant, phase):
    submission = hand_in(participant)
    withdrawn = withdraw(submission=submission, by=participant, now=timezone.now())
    assert withdrawn.status == Status.WITHDRAWN
    assert list(Job.objects.filter(kind="evaluate").values_list("state", flat=True)) == [
        "cancelled"
    ]
    assert not Usage.objects.filter(used__gt=0).exists()


def test_withdrawing_after_scoring_still_counts_against_the_limits(scored, participant):
    withdraw(submission=scored(participant), by=participant, now=timezone.now())
    counted = Usage.objects.exclude(period__startswith="refused:")
    assert set(counted.values_list("used", flat=True)) == {1}


def test_after_the_end_nobody_chooses_what_counts_by_withdrawing(
    scored, participant, phase, signed_in
):
    submission = scored(participant)
    with pytest.raises(Refused, match="is closed: what counts is settled"):
        withdraw(submission=submission, by=participant, now=phase.closes + timedelta(seconds=1))
    Phase.objects.filter(pk=phase.pk).update(closes=timezone.now() - timedelta(hours=1))
    client, page = signed_in(participant), f"/submissions/{submission.pk}/"
    assert "withdraw" not in client.get(page).content.decode().lower()
    assert "what counts is settled" in client.post(f"{page}withdraw/", follow=True).content.decode()
    submission.refresh_from_db()
    assert submission.status == Status.SCORED


def test_nobody_else_can_withdraw_a_submission(hand_in, participant, rival, organiser):
    submission = hand_in(participant)
    for user in (rival, organiser):
        with pytest.raises(PermissionDenied):
            withdraw(submission=submission, by=user, now=timezone.now())


def test_a_refused_submission_keeps_no_row_when_the_limit_is_reached(
    hand_in, participant, phase, organiser
):
    edit_phase(phase=phase, by=organiser, now=timezone.now(), per_day=1)
    hand_in(participant)
    with pytest.raises(BadInput), transaction.atomic():
        hand_in(participant)
    assert Submission.objects.count() == 1
