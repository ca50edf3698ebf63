import threading
import time

import pytest

from heldout.site.common import wake


@pytest.fixture
def alarm():
    alarm = wake.Alarm()
    yield alarm
    alarm.close()


def test_waking_without_a_worker_does_nothing():
    wake.worker()


def test_a_call_wakes_a_sleeping_worker_at_once(alarm):
    threading.Timer(0.05, wake.worker).start()
    began = time.monotonic()
    alarm.wait(20)
    assert time.monotonic() - began < 10


def test_a_call_before_the_sleep_is_not_lost(alarm):
    wake.worker()
    began = time.monotonic()
    alarm.wait(20)
    assert time.monotonic() - began < 10


def test_nobody_calling_means_sleeping_on(alarm):
    began = time.monotonic()
    alarm.wait(0.05)
    assert time.monotonic() - began >= 0.04


def test_a_pipe_full_of_calls_takes_further_ones(alarm):
    for _ in range(5_000):
        wake.worker()
    alarm.wait(20)
