"""Processes that are started again when they die, until a signal says stop."""

from __future__ import annotations

import logging
import multiprocessing
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import Error

# A fork has all imports done, which take seconds of processor time; elsewhere it is not safe.
CONTEXT: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
STOP_SECONDS = 30
WATCH_SECONDS = 1.0
# A process that ends by itself within this time is broken: each further start waits longer.
STEADY_SECONDS = 5.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Child:
    """A process of the site.

    Attributes:
        name: For the log.
        run: What it does; what needs a thread or a connection begins there.
        title: What the system's list of processes calls it, at most 15 letters.
        before: Called in the supervisor before each start.
    """

    name: str
    run: Callable[[], object]
    title: str = "heldout"
    before: Callable[[], object] = list
    process: BaseProcess | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _failures: int = field(default=0, init=False)
    _not_before: float = field(default=0.0, init=False)

    def keep_running(self) -> None:
        """Start the process unless it runs, or has failed so often that it must wait."""
        if self.process is not None and self.process.exitcode is not None:
            self._bury(self.process, self.process.exitcode)
        if self.process is None and time.monotonic() >= self._not_before:
            self._start()

    def _start(self) -> None:
        try:
            self.before()
        except (Error, OSError):  # Whatever is wrong with the database, the process must start.
            log.exception("%s: what comes before its start failed", self.name)
        process = CONTEXT.Process(target=_be_child, args=(self.run, self.title))
        # Until it has handlers of its own, a signal to it would tell only our copy.
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        self.process, self._started = process, time.monotonic()

    def _bury(self, process: BaseProcess, code: int) -> None:
        self._signal(signal.SIGKILL)
        lived = time.monotonic() - self._started
        self._failures = 0 if code < 0 or lived > STEADY_SECONDS else self._failures + 1
        pause = _pause(self._failures)
        again = f"in {pause:.1f} s" if pause else "at once"
        log.error("%s ended (%s); starting it again %s", self.name, _how_it_ended(code), again)
        self._not_before = time.monotonic() + pause
        process.close()
        self.process = None

    def stop(self) -> None:
        if self.process is not None and self.process.is_alive():
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        if self.process is not None:
            self.process.join(max(0.1, deadline - time.monotonic()))
            if self.process.exitcode is None:
                log.warning("%s does not stop; killed", self.name)
            self._signal(signal.SIGKILL)
            self.process.join()

    def _signal(self, number: signal.Signals) -> None:
        """Reach the child's own children too."""
        assert self.process is not None
        assert self.process.pid is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def _be_child(run: Callable[[], object], title: str) -> None:
    # A terminal's Ctrl-C reaches the supervisor alone, which stops the others in order.
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in HANDLED:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
    with suppress(OSError):  # Only Linux has it.
        Path("/proc/self/comm").write_text(title)
    run()


def _pause(failures: int) -> float:
    return min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE) if failures else 0.0


def _how_it_ended(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


class Signals:
    """Sleeps until a signal comes: that a child has died, or that all is to stop."""

    def __init__(self) -> None:
        self.stop = False
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._mouth, False)

    @contextmanager
    def heard(self) -> Iterator[Signals]:
        does = (self._stop, self._stop, lambda *_: None)
        before = {
            number: signal.signal(number, one) for number, one in zip(HANDLED, does, strict=True)
        }
        wakeup = signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        try:
            yield self
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._ear)
            os.close(self._mouth)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stop = True

    def wait(self, seconds: float) -> None:
        if select.select([self._ear], [], [], seconds)[0]:
            os.read(self._ear, 4096)


def supervise(children: list[Child], *, ready: Callable[[], bool]) -> None:
    """Keep all children running until SIGTERM or SIGINT; asks `ready` often until it says yes."""
    with Signals().heard() as signals:
        is_ready = False
        try:
            while not signals.stop:
                for child in children:
                    child.keep_running()
                is_ready = is_ready or ready()
                signals.wait(WATCH_SECONDS if is_ready else WATCH_SECONDS / 10)
        finally:
            for child in children:
                child.stop()
            deadline = time.monotonic() + STOP_SECONDS
            for child in children:
                child.wait(deadline)
