"""How far long work over many files has come, for whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
#: Takes what is being done, how many items are done, and of how many.
Listener = Callable[[str, int, int], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within this context the listener hears of every stage that goes through many items."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def told(stage: str, items: Iterable[Item], *, total: int) -> Iterator[Item]:
    """Yield the items, and tell the listener after each how many there were."""
    listener = _listener.get()
    if listener is None:
        yield from items
        return
    listener(stage, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        listener(stage, done, total)
