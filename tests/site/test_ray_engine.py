"""The Ray engine with a stand-in for the five functions of Ray that it calls."""

import sys

import pytest
from django.utils import timezone

from heldout.cli import main
from heldout.site import ray_engine, setup
from heldout.site.common import jobs
from heldout.site.common.models import Job
from heldout.site.submissions.models import Evaluation, Status


class StandIn:
    """Runs a task in this process when somebody waits for it, or breaks it."""

    def __init__(self):
        self.broken = False
        self.asked = []

    def remote(self, function):
        stand_in = self

        class Remote:
            def remote(self, *arguments):
                stand_in.asked.append(arguments)
                return Task(function, arguments)

        return Remote()

    def wait(self, tasks, *, num_returns, timeout):
        for task in tasks[:num_returns]:
            if not self.broken:
                task.function(*task.arguments)
        return tasks[:num_returns], tasks[num_returns:]

    def get(self, task):
        if self.broken:
            raise RuntimeError("the node died")


class Task:
    def __init__(self, function, arguments):
        self.function, self.arguments = function, arguments


@pytest.fixture
def ray(monkeypatch):
    monkeypatch.setattr(setup, "configure", lambda folder: None)
    return StandIn()


@pytest.fixture
def cluster(ray, settings):
    return ray_engine.Cluster(ray, settings.DATA, owner="driver", slots=2)


def test_an_attempt_runs_as_a_task_and_its_lease_is_a_row(cluster, ray, hand_in, participant):
    submission = hand_in(participant)
    assert cluster.fill(now=timezone.now()) == 1
    job = Job.objects.get()
    assert (job.state, job.owner) == ("running", "driver/ray-0")
    assert cluster.collect(timeout=0) == 1
    submission.refresh_from_db()
    assert submission.status == Status.SCORED
    assert not cluster.running


def test_no_more_is_claimed_than_there_is_room_for(cluster, hand_in, participant):
    for _ in range(3):
        hand_in(participant)
    assert cluster.fill(now=timezone.now()) == 2
    assert Job.objects.filter(state="ready").count() == 1


def test_the_job_of_a_node_that_died_goes_to_another_at_once(
    cluster, ray, hand_in, participant, monkeypatch
):
    monkeypatch.setattr(jobs, "BACKOFF", jobs.BACKOFF * 0)
    hand_in(participant)
    cluster.fill(now=timezone.now())
    ray.broken = True
    cluster.collect(timeout=0)
    assert list(Job.objects.order_by("attempt").values_list("state", flat=True)) == [
        "expired",
        "ready",
    ]
    ray.broken = False
    cluster.fill(now=timezone.now())
    cluster.collect(timeout=0)
    assert Evaluation.objects.count() == 1


def test_a_task_whose_lease_has_passed_on_does_nothing(cluster, ray, hand_in, participant):
    hand_in(participant)
    cluster.fill(now=timezone.now())
    jobs.expire(now=timezone.now(), owner="driver/ray-0")
    cluster.collect(timeout=0)
    assert not Evaluation.objects.exists()


def test_leases_are_kept_while_tasks_wait_in_rays_queue(cluster, hand_in, participant):
    hand_in(participant)
    now = timezone.now()
    cluster.fill(now=now)
    cluster.keep(now=now + jobs.lease_length() / 2)
    assert jobs.expire(now=now + jobs.lease_length() * 1.2) == 0


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ray_engine.MissingExtra, match="scale"):
        ray_engine._import_ray()


def test_an_unknown_engine_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["worker", str(tmp_path), "--engine", "celery"])
    assert "write local or ray" in capsys.readouterr().err
