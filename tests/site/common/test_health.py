import re
import shutil
from collections import namedtuple
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from heldout import conf
from heldout.site.common import health, metrics
from heldout.site.common.models import Job
from heldout.site.supervisor import CONTEXT

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(metrics, "_counters", None)
    monkeypatch.setattr(health, "_is_migrated", False)


def test_a_process_that_answers_is_healthy_whatever_its_database_does(monkeypatch):
    class Away:
        def cursor(self):
            raise DatabaseError("away")

    monkeypatch.setattr(health, "connection", Away())
    assert Client().get("/healthz", headers={"host": "any.example"}).content == b"ok\n"
    assert Client().get("/readyz").content == b"the database does not answer\n"


def test_a_site_that_can_take_submissions_in_is_ready(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 0, 10**12))
    ready = Client().get("/readyz")
    assert (ready.status_code, ready.content) == (200, b"ready\n")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 0))
    full = Client().get("/readyz")
    assert (full.status_code, full.content) == (503, b"the disk has no room for an upload\n")


def use(settings, **changes):
    environ = {f"HELDOUT_{name.upper()}": value for name, value in changes.items()}
    settings.HELDOUT = conf.load(environ)


def test_metrics_are_for_this_machine_alone(settings):
    assert Client().get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="::1").get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="203.0.113.7").get("/metrics").status_code == 404
    proxied = Client().get("/metrics", headers={"x-forwarded-for": "203.0.113.7"})
    assert proxied.status_code == 404


def test_metrics_are_for_whoever_knows_the_token(settings):
    use(settings, metrics_token="let-me-in")
    from_afar = Client(REMOTE_ADDR="203.0.113.7")
    assert from_afar.get("/metrics").status_code == 404
    wrong = from_afar.get("/metrics", headers={"authorization": "Bearer let-me-out"})
    assert wrong.status_code == 404
    right = from_afar.get("/metrics", headers={"authorization": "Bearer let-me-in"})
    assert right.status_code == 200
    assert Client().get("/metrics").status_code == 404


def numbers(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_requests_are_counted_by_class_and_duration(client):
    for address in ("/", "/nowhere", "/nowhere"):
        client.get(address)
    found = numbers(client.get("/metrics").content.decode())
    assert found['heldout_request_seconds_count{status="2xx"}'] == 1
    assert found['heldout_request_seconds_count{status="4xx"}'] == 2
    assert found['heldout_request_seconds_bucket{status="4xx",le="+Inf"}'] == 2
    assert 0 < found['heldout_request_seconds_sum{status="2xx"}'] < 60


def test_buckets_are_cumulative_and_survive_the_process_that_counted(site):
    first = metrics.Counters(metrics.folder())
    first.count(200, 0.004)
    first.count(204, 0.2)
    first.count(503, 99.0)
    second = metrics.Counters(metrics.folder())  # The first one's file is taken.
    second.count(200, 0.004)
    found = numbers(metrics.exposition(now=timezone.now()))
    bucket = 'heldout_request_seconds_bucket{{status="{}",le="{}"}}'
    assert found[bucket.format("2xx", "0.005")] == 2
    assert found[bucket.format("2xx", "0.1")] == 2
    assert found[bucket.format("2xx", "0.25")] == 3
    assert found[bucket.format("5xx", "10.0")] == 0
    assert found[bucket.format("5xx", "+Inf")] == 1
    assert found['heldout_request_seconds_sum{status="5xx"}'] == 99.0


def test_a_fork_counts_in_a_file_of_its_own(site):
    metrics.count_request(200, 0.1)
    fork = CONTEXT.Process(target=metrics.count_request, args=(200, 0.1))
    fork.start()
    fork.join(20)
    assert [file.name for file in sorted(metrics.folder().iterdir())] == ["web-0", "web-1"]
    found = numbers(metrics.exposition(now=timezone.now()))
    assert found['heldout_request_seconds_count{status="2xx"}'] == 2


def test_the_queue_is_told_with_how_long_the_oldest_job_has_waited():
    now = timezone.now()
    for number in range(3):
        Job.objects.create(kind="evaluate", key=str(number), run_at=now, created_at=now)
    Job.objects.create(kind="board", key="dead", state="dead", run_at=now, created_at=now)
    found = numbers(metrics.exposition(now=now + timedelta(seconds=90)))
    assert found['heldout_jobs{kind="evaluate",state="ready"}'] == 3
    assert found['heldout_jobs{kind="board",state="dead"}'] == 1
    assert found["heldout_oldest_job_seconds"] == 90


def test_every_line_is_of_the_text_format():
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+]+')
    text = metrics.exposition(now=timezone.now())
    assert text.endswith("\n")
    for line in text.splitlines():
        assert re.match("# (HELP|TYPE) heldout_", line) or sample.fullmatch(line), line
