"""Wake a sleeping worker of this machine through a named pipe, so that it need not poll often."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from pathlib import Path

from django.conf import settings


def pipe() -> Path:
    return Path(settings.DATA) / "wake"


def worker() -> None:
    """Wake a worker if one listens; if none does, one finds the job when it looks."""
    with suppress(OSError):
        end = os.open(pipe(), os.O_WRONLY | os.O_NONBLOCK)
        with suppress(BlockingIOError):
            os.write(end, b"\n")
        os.close(end)


class Alarm:
    """A worker's end of the pipe."""

    def __init__(self) -> None:
        with suppress(FileExistsError):
            os.mkfifo(pipe(), 0o600)
        # Open for writing too: a pipe without writers would look ready for ever.
        self._end = os.open(pipe(), os.O_RDWR | os.O_NONBLOCK)

    def wait(self, seconds: float) -> None:
        readable, _, _ = select.select([self._end], [], [], seconds)
        if readable:
            with suppress(BlockingIOError):
                os.read(self._end, 1)

    def close(self) -> None:
        os.close(self._end)
