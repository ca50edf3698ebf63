"""No file stays that belongs to no submission, and none goes that belongs to one."""

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.utils import timezone

from heldout.site.challenges.services import edit_phase
from heldout.site.common import objects
from heldout.site.common.objects import StorageFault
from heldout.site.common.problems import Conflict, Refused
from heldout.site.submissions import alerts, services, storage, tidying
from heldout.site.submissions.models import Submission
from heldout.site.worker import drain

OTHER = b"another file\n"


def files(settings) -> set[str]:
    return {path.name for path in Path(settings.SUBMISSIONS).rglob("*") if path.is_file()}


def store(content: bytes = OTHER) -> storage.Stored:
    return storage.store(io.BytesIO(content), limit=1000)


def age(sha256: str) -> None:
    os.utime(storage.path(sha256), (0, 0))


def test_a_key_that_comes_again_with_other_files_fills_no_disk(hand_in, participant, settings):
    first = hand_in(participant, idempotency_key="a")
    for number in range(3):
        with pytest.raises(Conflict):
            hand_in(participant, content=b"%d\n" % number, idempotency_key="a")
    assert files(settings) == {first.sha256}


def test_a_repetition_is_still_held_to_the_size_of_a_file(hand_in, participant, settings):
    hand_in(participant, idempotency_key="a")
    with pytest.raises(Refused, match="it is empty"):
        hand_in(participant, content=b"", idempotency_key="a")


def meanwhile(monkeypatch, do):
    """Do something between the moment a file is stored and the moment its row is written."""
    near_burst = alerts.near_burst

    def done(**given):
        monkeypatch.setattr(alerts, "near_burst", near_burst)
        do()
        return near_burst(**given)

    monkeypatch.setattr(alerts, "near_burst", done)


def test_the_file_of_whoever_loses_the_last_place_is_not_kept(
    hand_in, participant, phase, organiser, settings, monkeypatch
):
    edit_phase(phase=phase, by=organiser, now=timezone.now(), per_day=1)
    meanwhile(monkeypatch, lambda: hand_in(participant))
    with pytest.raises(Refused, match="1 submission a day"):
        hand_in(participant, content=OTHER)
    assert files(settings) == {Submission.objects.get().sha256}


def test_the_file_of_whoever_loses_the_race_for_a_key_is_not_kept(
    hand_in, participant, settings, monkeypatch
):
    meanwhile(monkeypatch, lambda: hand_in(participant, idempotency_key="a"))
    with pytest.raises(Conflict):
        hand_in(participant, content=OTHER, idempotency_key="a")
    assert files(settings) == {Submission.objects.get().sha256}


def test_a_refusal_keeps_the_same_file_of_an_earlier_submission(
    hand_in, participant, phase, organiser, settings, monkeypatch
):
    edit_phase(phase=phase, by=organiser, now=timezone.now(), per_day=1)
    meanwhile(monkeypatch, lambda: hand_in(participant))
    with pytest.raises(Refused, match="1 submission a day"):
        hand_in(participant)
    assert files(settings) == {Submission.objects.get().sha256}


def test_a_fault_leaves_no_file(hand_in, participant, settings, monkeypatch):
    monkeypatch.setattr(services.audit, "record", None)
    with pytest.raises(TypeError):
        hand_in(participant)
    assert not files(settings)


def test_where_the_database_fell_silent_the_file_is_kept_because_it_may_have_heard(
    hand_in, participant, settings, monkeypatch
):
    def silent(**given):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(alerts, "near_burst", silent)
    with pytest.raises(OperationalError):
        hand_in(participant)
    assert len(files(settings)) == 1


def test_a_file_that_does_not_reach_the_bucket_is_not_kept_here(settings, monkeypatch):
    def broken(path):
        raise StorageFault("the bucket does not answer")

    monkeypatch.setattr(objects, "keep", broken)
    with pytest.raises(StorageFault):
        store()
    assert not files(settings)


def test_only_who_brought_a_file_first_can_undo_it(settings):
    """Two hand in the same at once: whoever fails must not delete what the other relies on."""
    first, second = store(), store()
    for one in (second, first):
        storage.undo(one)
        assert files(settings) == {first.sha256}


def test_a_damaged_file_is_mended_by_handing_it_in_again(settings):
    sha256 = store().sha256
    storage.path(sha256).write_bytes(b"damaged")
    store()
    assert storage.verified(sha256).read_bytes() == OTHER


def test_files_of_no_submission_are_deleted_after_a_day(
    hand_in, participant, rival, settings, monkeypatch
):
    kept = {hand_in(user, right).sha256 for user, right in ((participant, 20), (rival, 40))}
    old, fresh = store().sha256, store(b"fresh\n").sha256
    incoming = settings.SUBMISSIONS / "incoming" / "cut-off"
    part = settings.SUBMISSIONS / "resumable" / f"{'0' * 32}.part"
    part.parent.mkdir()
    for path in (incoming, part):
        path.write_bytes(b"half a")
        os.utime(path, (0, 0))
    for one in (*kept, old):
        age(one)
    assert tidying.delete_unfinished(now=timezone.now()) == 2
    assert files(settings) == {*kept, fresh, part.name}


def test_a_file_of_no_submission_that_is_just_handed_in_is_kept(
    hand_in, participant, settings, monkeypatch
):
    hand_in(participant)
    sha256, stored_before = store().sha256, storage.stored_before
    age(sha256)

    def listed(moment):
        found = stored_before(moment)
        store()  # Its row is not there yet.
        return found

    monkeypatch.setattr(storage, "stored_before", listed)
    assert tidying.delete_unfinished(now=timezone.now()) == 0
    assert sha256 in files(settings)


def test_beside_another_database_nothing_is_deleted(settings):
    sha256 = store().sha256
    age(sha256)
    assert tidying.delete_unfinished(now=timezone.now()) == 0
    assert files(settings) == {sha256}


def test_the_files_that_nobody_names_go_with_the_daily_work(hand_in, participant, settings):
    kept, old = hand_in(participant).sha256, store().sha256
    age(old)
    services.jobs.enqueue_daily(now=timezone.now() - timedelta(minutes=1))
    drain()
    assert files(settings) == {kept}
