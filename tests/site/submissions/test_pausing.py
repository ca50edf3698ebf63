from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from heldout.site.common import jobs
from heldout.site.common.models import AuditEntry, Gate, Job
from heldout.site.submissions import tasks
from heldout.site.submissions.dead_letters import dead_letters, scoring_of
from heldout.site.submissions.models import Status, Usage
from heldout.site.submissions.services import pause, rescore_failed, resume, withdraw
from heldout.site.worker import drain


@pytest.fixture
def broken(monkeypatch):
    """A scorer that fails, until it is mended."""

    def fail(*args, **kwargs):
        raise OSError("the scorer is out of order\nand its trace")

    monkeypatch.setattr(jobs, "BACKOFF", jobs.BACKOFF * 0)
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "score_file", fail)
        yield patch


def test_a_scorer_that_fails_again_and_again_pauses_its_phase(
    hand_in, participant, rival, phase, broken, settings
):
    waiting = [hand_in(user) for user in (participant, rival) for _ in range(4)]
    drain()
    gate = Gate.objects.get()
    assert (gate.name, gate.closed) == (f"phase:{phase.pk}", True)
    assert gate.reason == (
        "5 attempts in a row failed, the last with: OSError: the scorer is out of order"
    )
    assert Job.objects.exclude(state="ready").count() == settings.HELDOUT.pause_after
    assert AuditEntry.objects.filter(action="scoring paused", subject=gate.name).exists()
    for submission in waiting:
        submission.refresh_from_db()
        assert submission.status != Status.REFUSED


def kill_workers(tries: int) -> None:
    """The worker of each attempt dies, until this many have."""
    now = timezone.now()
    for _ in range(tries):
        now += timedelta(minutes=10)
        if jobs.claim(owner="doomed", now=now):
            jobs.expire(now=now, owner="doomed")


def test_a_scorer_that_kills_its_workers_pauses_its_phase_too(hand_in, enter_as, phase, settings):
    settings.HELDOUT = replace(settings.HELDOUT, pause_after=2)
    for number in range(3):
        hand_in(enter_as(f"person-{number}"))
    kill_workers(3 * settings.HELDOUT.attempts)
    gate = Gate.objects.get()
    assert (gate.name, gate.closed) == (f"phase:{phase.pk}", True)
    assert "fell silent" in gate.reason
    assert Job.objects.filter(kind="evaluate", state="dead").count() == 2
    assert Job.objects.filter(kind="evaluate", state="ready").count() == 1


def test_workers_that_die_pause_nothing_while_others_may_try_again(
    hand_in, participant, rival, settings
):
    settings.HELDOUT = replace(settings.HELDOUT, pause_after=2)
    for user in (participant, rival):
        for _ in range(3):
            hand_in(user)
    now = timezone.now()
    while jobs.claim(owner="doomed", now=now):
        pass
    jobs.expire(now=now, owner="doomed")
    assert Job.objects.filter(state="expired").count() == 6
    assert not Gate.objects.filter(closed=True).exists()


def test_other_phases_go_on_while_one_is_paused(
    hand_in, scored, participant, phase, challenge, organiser
):
    assert pause(phase=phase, by=organiser, now=timezone.now())
    waits = hand_in(participant)
    other = scored(participant, phase=challenge.phases.get(key="plain"))
    waits.refresh_from_db()
    assert (waits.status, other.status) == (Status.QUEUED, Status.SCORED)
    assert resume(phase=phase, by=organiser, now=timezone.now())
    drain()
    waits.refresh_from_db()
    assert waits.status == Status.SCORED


def test_the_files_of_one_entrant_pause_nobody_else(hand_in, participant, broken):
    for _ in range(3):
        hand_in(participant)
    drain()
    assert not Gate.objects.filter(closed=True).exists()


def test_failures_before_a_resume_are_forgotten(
    hand_in, participant, rival, phase, organiser, broken
):
    for user in (participant, rival):
        for _ in range(3):
            hand_in(user)
    drain()
    resume(phase=phase, by=organiser, now=timezone.now())
    before = Job.objects.filter(state="failed").count()
    drain()
    assert Job.objects.filter(state="failed").count() > before


def test_only_organisers_pause_resume_and_see_why(phase, participant, rival, annotator, outsider):
    for user in (participant, rival, annotator, outsider):
        for verb in (pause, resume):
            with pytest.raises(PermissionDenied):
                verb(phase=phase, by=user, now=timezone.now())
        for ask in (scoring_of, dead_letters):
            with pytest.raises(PermissionDenied):
                ask(challenge=phase.challenge, viewer=user)


def test_what_was_given_up_is_listed_with_its_reason_and_runs_again(
    hand_in, participant, organiser, challenge, broken
):
    submission = hand_in(participant)
    drain()
    (letter,) = dead_letters(challenge=challenge, viewer=organiser)
    assert (letter.submission, letter.attempts) == (submission, 3)
    assert "out of order" in letter.reason
    assert not Usage.objects.filter(used__gt=0).exists()
    broken.undo()
    assert rescore_failed(challenge=challenge, by=organiser, now=timezone.now()) == 1
    drain()
    assert not dead_letters(challenge=challenge, viewer=organiser)
    submission.refresh_from_db()
    assert submission.status == Status.SCORED


def counted(phase, user) -> int:
    return Usage.objects.get(phase=phase, holder=f"user:{user.pk}", period="total").used


def test_what_failed_counts_once_more_while_it_is_scored_again_and_is_given_back_once(
    hand_in, participant, organiser, phase, broken
):
    failed = hand_in(participant)
    drain()
    hand_in(participant, 31)
    assert counted(phase, participant) == 1
    rescore_failed(challenge=phase.challenge, by=organiser, now=timezone.now())
    assert counted(phase, participant) == 2
    withdraw(submission=failed, by=participant, now=timezone.now())
    assert counted(phase, participant) == 1
    drain()
    assert counted(phase, participant) == 0
    broken.undo()
    rescore_failed(challenge=phase.challenge, by=organiser, now=timezone.now())
    drain()
    assert counted(phase, participant) == 1


def test_an_organiser_does_all_that_from_the_page(
    hand_in, participant, organiser, challenge, phase, broken, signed_in
):
    hand_in(participant)
    drain()
    client = signed_in(organiser)
    page = reverse("submissions:scoring", args=[challenge.slug])
    assert "the scorer is out of order" in client.get(page).content.decode()
    client.post(reverse("submissions:pause", args=[challenge.slug, "dev"]))
    assert "by an organiser" in client.get(page).content.decode()
    client.post(reverse("submissions:resume", args=[challenge.slug, "dev"]))
    client.post(reverse("submissions:rescore-failed", args=[challenge.slug]))
    assert Job.objects.filter(state="ready").count() == 1
    assert signed_in(participant).get(page).status_code == 403


def test_a_program_does_the_same(hand_in, participant, organiser, challenge, broken, api):
    hand_in(participant)
    drain()
    client = api(organiser)
    found = client.get("/api/v1/challenges/cats/scoring").json()
    assert found["dead_letters"][0]["reason"].startswith("OSError")
    paused = client.post("/api/v1/challenges/cats/phases/dev/pause").json()["phases"][0]
    assert (paused["phase"], paused["paused"]) == ("dev", "by an organiser")
    client.post("/api/v1/challenges/cats/phases/dev/resume")
    assert client.post("/api/v1/challenges/cats/scoring/again").json() == {"waiting": 1}
    assert api(participant).get("/api/v1/challenges/cats/scoring").status_code == 403


def test_statistics_that_changed_on_disk_are_not_ranked_by(scored, participant, rival, settings):
    one, _ = scored(participant, 20), scored(rival, 60)
    path = settings.ANSWERS / "stats" / one.evaluation.stats["accuracy"]["file"]
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(tasks.storage.DamagedFile):
        tasks.stats.read(one.evaluation.stats["accuracy"])
