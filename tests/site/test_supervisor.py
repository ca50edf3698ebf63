import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from heldout.site import supervisor
from heldout.site.supervisor import Child, Signals, supervise


def forever() -> None:
    time.sleep(60)


def broken() -> None:
    raise SystemExit(3)


def with_a_child_of_its_own() -> None:
    subprocess.Popen(["sleep", "60"])
    forever()


@pytest.fixture
def child():
    """Make children, and leave none behind."""
    made = []

    def make(run, **more):
        made.append(Child("the child", run, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()
        one.wait(time.monotonic() + 10)


def end(child: Child) -> int:
    """Wait until the child's process is gone, without burying it."""
    assert child.process is not None
    child.process.join(20)
    return child.process.exitcode


def test_a_killed_child_is_started_again_at_once(child):
    one = child(forever)
    one.keep_running()
    first = one.process.pid
    one.process.kill()
    end(one)
    one.keep_running()
    assert one.process is not None
    assert one.process.pid != first


def test_a_child_that_ends_by_itself_waits_longer_each_time(child, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now)
    one, pauses = child(broken), []
    for _ in range(7):
        one.keep_running()
        assert end(one) == 3
        one.keep_running()
        assert one.process is None
        pauses.append(one._not_before - now)
        now = one._not_before
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_child_that_lived_long_is_trusted_again(child, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now)
    one = child(broken)
    for lived in (0.0, 0.0, 60.0):
        one.keep_running()
        end(one)
        now += lived
        one.keep_running()
        now += 20.0
    assert one.process is not None
    assert one._failures == 0


def test_a_database_that_does_not_answer_does_not_stop_the_supervisor(child, caplog):
    def full():
        raise OSError("disk full")

    one = child(forever, before=full)
    one.keep_running()
    assert one.process is not None
    assert "disk full" in caplog.text


def test_a_death_is_noticed_without_waiting_for_the_next_look(child, monkeypatch):
    monkeypatch.setattr(supervisor, "WATCH_SECONDS", 1000.0)
    one = child(forever)
    seen: list[int] = []

    def stop_after_second_start():
        while len(seen) < 2:
            if one.process is not None and one.process.pid not in seen:
                seen.append(one.process.pid)
                if len(seen) == 1:
                    one.process.kill()
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_after_second_start).start()
    supervise([one], ready=lambda: True)
    assert len(seen) == 2
    assert one.process.exitcode is not None


def test_the_signals_are_as_before_afterwards(child):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGCHLD)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    supervise([child(forever)], ready=lambda: True)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGCHLD)) == before


def test_what_a_killed_child_had_started_is_killed_too(child):
    one = child(with_a_child_of_its_own)
    one.keep_running()
    process = psutil.Process(one.process.pid)
    while not process.children():
        time.sleep(0.01)
    (grandchild,) = process.children()
    one.process.kill()
    end(one)
    one.keep_running()
    psutil.wait_procs([grandchild], timeout=20)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_a_child_heeds_no_signal_of_its_supervisors(child):
    """Each has a group of its own, a name of its own, and the usual handlers."""
    one = child(forever, title="heldout-test")
    with Signals().heard() as signals:
        one.keep_running()
        process = psutil.Process(one.process.pid)
        while process.name() != "heldout-test":
            time.sleep(0.01)
        assert os.getpgid(process.pid) == process.pid
        process.terminate()
        assert end(one) == -signal.SIGTERM
        assert not signals.stop


def test_a_web_server_ends_with_its_supervisor():
    watched = (
        "import os, signal, sys, time\n"
        "from heldout.site import web\n"
        "web.WATCH_SECONDS = 0.01\n"
        "web._stop_without(os.getppid() + 1)\n"
        "time.sleep(30)\n"
    )
    ended = subprocess.run([sys.executable, "-c", watched], timeout=20)
    assert ended.returncode == -signal.SIGTERM
