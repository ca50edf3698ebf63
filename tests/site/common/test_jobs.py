from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from heldout.site.common import jobs
from heldout.site.common.handlers import HANDLERS, Handler
from heldout.site.common.models import Job, JobState

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def given_up(monkeypatch):
    """A kind of job that does nothing; the list of the jobs that were given up."""
    found = []
    handler = Handler(lambda job, clock: None, lambda job, now: found.append(job.key))
    monkeypatch.setitem(HANDLERS, "test", handler)
    return found


def add(key, *, lane="", now=NOW, priority=0):
    return jobs.enqueue("test", key=key, payload={}, now=now, lane=lane, priority=priority)


def claim(owner="worker", now=NOW):
    return jobs.claim(owner=owner, now=now)


def finish(job, now=NOW):
    with jobs.finishing(job, now=now):
        pass


def test_a_job_that_waits_runs_or_is_done_is_not_added_twice(given_up):
    assert add("a")
    assert add("a") is None
    job = claim()
    assert add("a") is None
    finish(job)
    assert add("a") is None


def test_a_job_is_claimed_by_one_worker(given_up):
    add("a")
    assert claim("one").key == "a"
    assert claim("two") is None


def test_a_job_is_not_claimed_before_its_time(given_up):
    add("a", now=NOW + timedelta(hours=1))
    assert claim() is None
    assert claim(now=NOW + timedelta(hours=1)).key == "a"


def test_forty_jobs_of_one_team_do_not_delay_anothers_first(given_up):
    for number in range(40):
        add(f"greedy-{number}", lane="1/greedy")
    add("modest", lane="1/modest")
    assert "modest" in [claim().key for _ in range(3)]


def test_a_team_that_was_idle_saves_up_no_turns(given_up):
    for number in range(10):
        add(f"busy-{number}", lane="busy")
        finish(claim())
    add("busy-next", lane="busy")
    for number in range(3):
        add(f"fresh-{number}", lane="fresh")
    assert "busy-next" in [claim().key for _ in range(2)]


def test_a_higher_priority_comes_first(given_up):
    add("usual")
    add("urgent", priority=5)
    assert claim().key == "urgent"


def test_a_heartbeat_renews_the_lease(given_up):
    add("a")
    job = claim()
    later = NOW + jobs.lease_length() - timedelta(seconds=1)
    assert jobs.heartbeat(job, now=later)
    assert jobs.expire(now=NOW + jobs.lease_length() + timedelta(seconds=1)) == 0


def test_a_silent_workers_job_goes_to_another_as_a_row_of_its_own(given_up):
    add("a")
    silent = claim("silent")
    after = NOW + jobs.lease_length() + timedelta(seconds=1)
    assert jobs.expire(now=after) == 1
    again = claim("other", now=after + timedelta(minutes=1))
    assert (again.key, again.attempt) == ("a", 2)
    silent.refresh_from_db()
    assert (silent.state, silent.owner) == (JobState.EXPIRED, "silent")


def test_a_worker_that_renews_its_lease_at_the_last_moment_keeps_its_job(given_up, monkeypatch):
    add("a")
    slow, after = claim("slow"), NOW + jobs.lease_length() + timedelta(seconds=1)
    end = jobs._end

    def renewed_meanwhile(job, *args, **kwargs):
        assert jobs.heartbeat(slow, now=after)
        return end(job, *args, **kwargs)

    monkeypatch.setattr(jobs, "_end", renewed_meanwhile)
    jobs.expire(now=after)
    assert Job.objects.get().state == JobState.RUNNING
    finish(slow, now=after)


def test_a_late_result_is_refused_and_nothing_of_it_is_written(given_up):
    add("a")
    late = claim("late")
    jobs.expire(now=NOW + jobs.lease_length() * 2)
    with pytest.raises(jobs.LeaseLost), jobs.finishing(late, now=NOW):
        add("written by the late one")
    assert not Job.objects.filter(key="written by the late one").exists()
    assert not jobs.heartbeat(late, now=NOW)


def test_a_result_after_the_lease_ran_out_is_refused_though_nobody_took_the_job(given_up):
    add("a")
    late, after = claim("late"), NOW + jobs.lease_length() + timedelta(seconds=1)
    with pytest.raises(jobs.LeaseLost), jobs.finishing(late, now=after):
        add("written by the late one")
    assert not Job.objects.filter(key="written by the late one").exists()
    jobs.expire(now=after)
    assert claim("other", now=after + timedelta(minutes=1)).attempt == 2


def test_a_result_and_the_end_of_its_job_are_one_transaction(given_up):
    add("a")
    job = claim()
    with pytest.raises(ZeroDivisionError), jobs.finishing(job, now=NOW):
        raise ZeroDivisionError
    job.refresh_from_db()
    assert job.state == JobState.RUNNING


def test_a_job_succeeds_at_most_once_by_constraint(given_up):
    add("a")
    finish(claim())
    second = Job(key="a", attempt=2, kind="test", state="done", run_at=NOW, created_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save()


def test_after_the_last_attempt_those_concerned_are_told(given_up, settings):
    add("a")
    now = NOW
    for _ in range(settings.HELDOUT.attempts):
        assert not given_up
        jobs.fail(claim(now=now), error="broken", now=now)
        now += timedelta(hours=1)
    assert given_up == ["a"]
    assert claim(now=now) is None
    assert Job.objects.get(state="dead").error == "broken"


def test_a_hopeless_job_is_tried_once(given_up):
    add("a")
    assert jobs.fail(claim(), error="broken", now=NOW, hopeless=True) is None
    assert given_up == ["a"]


def test_a_job_that_was_set_aside_can_be_added_again(given_up, settings):
    add("a")
    jobs.fail(claim(), error="broken", now=NOW, hopeless=True)
    again = add("a")
    assert again.attempt == 2
    assert again.max_attempts == settings.HELDOUT.attempts + 1


def test_the_jobs_of_a_worker_known_to_be_dead_are_free_at_once(given_up):
    for key in ("a", "b"):
        add(key)
    claim("dead")
    claim("alive")
    assert jobs.expire(now=NOW, owner="dead") == 1
    assert Job.objects.get(owner="alive").state == JobState.RUNNING


def test_only_waiting_jobs_are_cancelled(given_up):
    add("a:1")
    assert jobs.cancel("a:", now=NOW)
    add("b:1")
    claim()
    assert not jobs.cancel("b:", now=NOW)


def test_what_nobody_waits_for_is_left_to_a_worker_of_its_own(given_up, monkeypatch):
    monkeypatch.setitem(HANDLERS, "slow", HANDLERS["test"]._replace(slow=True))
    jobs.enqueue("slow", key="long", payload={}, now=NOW, priority=5)
    add("short")
    assert jobs.claim(owner="one", now=NOW, slow=False).key == "short"
    assert jobs.claim(owner="one", now=NOW, slow=False) is None
    assert jobs.claim(owner="two", now=NOW, slow=True).key == "long"


def test_a_worker_for_everything_does_both_kinds(given_up, monkeypatch):
    monkeypatch.setitem(HANDLERS, "slow", HANDLERS["test"]._replace(slow=True))
    jobs.enqueue("slow", key="long", payload={}, now=NOW)
    add("short")
    assert {claim().key, claim().key} == {"long", "short"}


def test_daily_work_comes_once_a_day_by_itself(given_up, monkeypatch):
    monkeypatch.setattr(jobs, "HANDLERS", {"test": HANDLERS["test"]._replace(daily=True)})
    for hours in (0, 5, 30):
        jobs.enqueue_daily(now=NOW + timedelta(hours=hours))
    keys = sorted(Job.objects.values_list("key", flat=True))
    assert keys == ["test:2027-01-01", "test:2027-01-02"]


def add_to(pool, lane, key):
    return jobs.enqueue("test", key=key, payload={}, now=NOW, lane=lane, pool=pool)


def test_one_challenge_does_not_starve_another(given_up):
    for team in range(40):
        for number in range(5):
            add_to("busy", f"busy/{team}", f"busy-{team}-{number}")
    for _ in range(20):
        finish(claim())
    add_to("small", "small/1", "small-1")
    add_to("small", "small/1", "small-2")
    served = [claim().key for _ in range(4)]
    assert [key for key in served if key.startswith("small")] == ["small-1", "small-2"]


def test_a_challenge_that_was_idle_saves_up_no_turns(given_up):
    for number in range(30):
        add_to("busy", "busy", f"busy-{number}")
        finish(claim())
    for number in range(6):
        add_to("busy", "busy", f"later-{number}")
        add_to("fresh", "fresh", f"fresh-{number}")
    served = [claim().key for _ in range(6)]
    assert sum(key.startswith("later") for key in served) == 3


def test_a_closed_gate_lets_no_job_through_and_loses_none(given_up):
    jobs.enqueue("test", key="held", payload={}, now=NOW, gate="phase:1")
    add("free")
    assert jobs.close_gate("phase:1", reason="broken", now=NOW)
    assert not jobs.close_gate("phase:1", reason="again", now=NOW)
    assert claim().key == "free"
    assert claim() is None
    assert jobs.open_gate("phase:1", now=NOW)
    assert claim().key == "held"


def test_a_job_that_waits_is_told_from_one_that_has_begun(given_up):
    assert not jobs.is_waiting("test", key_prefix="a")
    add("a:1", now=NOW + timedelta(hours=1))
    assert jobs.is_waiting("test", key_prefix="a:")
    assert not jobs.is_waiting("test", key_prefix="b:")
    assert claim(now=NOW + timedelta(hours=1)).key == "a:1"
    assert not jobs.is_waiting("test", key_prefix="a:")


def test_an_idle_worker_knows_when_the_next_job_begins(given_up):
    second = timedelta(seconds=1)
    assert jobs.next_due(now=NOW, within=second) is None
    add("a", now=NOW + second / 2)
    assert jobs.next_due(now=NOW, within=second) == 0.5
    assert jobs.next_due(now=NOW + second, within=second) == 0
    assert jobs.next_due(now=NOW - second, within=second) is None
    # What another worker is there for is none of this one's business.
    assert jobs.next_due(now=NOW, within=second, slow=True) is None


def test_work_that_waits_for_later_is_brought_forward_and_never_put_off(given_up):
    jobs.enqueue("test", key="test:1:a", payload={}, now=NOW + timedelta(seconds=5))
    with transaction.atomic():
        assert jobs.hasten("test", key_prefix="test:1:", to=NOW + timedelta(seconds=9))
        assert jobs.hasten("test", key_prefix="test:1:", to=NOW + timedelta(seconds=1))
        assert not jobs.hasten("test", key_prefix="test:2:", to=NOW)
    assert claim() is None
    assert claim(now=NOW + timedelta(seconds=1)).key == "test:1:a"


def test_what_was_tried_before_keeps_its_pause(given_up):
    add("test:1:a")
    again = jobs.fail(claim(), error="it broke", now=NOW)
    with transaction.atomic():
        assert jobs.hasten("test", key_prefix="test:1:", to=NOW)
    assert claim() is None
    assert claim(now=again.run_at).attempt == 2
