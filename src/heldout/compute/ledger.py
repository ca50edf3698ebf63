"""Who holds how many bytes, followed through the life of every storage of a step. Needs no torch."""

from __future__ import annotations

import weakref
from enum import IntEnum
from typing import Protocol

from heldout.compute.memory import Phase


class Category(IntEnum):
    """What a storage is for. The values are columns of a timeline."""

    PARAMETERS = 0
    GRADIENTS = 1
    ACTIVATIONS = 2
    WORKSPACE = 3


class Storage(Protocol):
    """The memory behind one or more tensors, as torch's `UntypedStorage` shows it."""

    @property
    def _cdata(self) -> int: ...

    def nbytes(self) -> int:
        """Return its size in bytes."""
        ...


class _Holding:
    """One storage that is alive. The weak reference's callback runs when it is freed."""

    __slots__ = ("category", "reference", "size")

    def __init__(self, size: int, category: Category) -> None:
        self.size = size
        self.category = category
        self.reference: weakref.ref[Storage] | None = None


class Ledger:
    """Adds up live bytes by category and writes a line of the timeline after every operation.

    Attributes:
        phase: What the step is doing now.
        timeline: (phase, parameters, gradients, activations, workspace) in bytes, in time order.
    """

    def __init__(self) -> None:
        self.phase = Phase.FORWARD
        self.timeline: list[tuple[Phase, int, int, int, int]] = []
        self._held: dict[int, _Holding] = {}
        self._live = [0, 0, 0]

    def hold(self, storage: Storage, category: Category = Category.ACTIVATIONS) -> None:
        """Count a storage from now until it is freed. One that is counted already stays as it is."""
        key = storage._cdata
        if key in self._held:
            return
        holding = _Holding(storage.nbytes(), category)
        holding.reference = weakref.ref(storage, lambda _: self._release(key))
        self._held[key] = holding
        self._live[category] += holding.size

    def assign(self, storage: Storage, category: Category) -> None:
        """Count a storage under a category, moving it there if it is held already."""
        self.hold(storage, category)
        holding = self._held[storage._cdata]
        self._live[holding.category] -= holding.size
        self._live[category] += holding.size
        holding.category = category

    def holds_as(self, storage: Storage, category: Category) -> bool:
        """Return whether a storage is counted under a category."""
        holding = self._held.get(storage._cdata)
        return holding is not None and holding.category is category

    def note(self, workspace: int = 0) -> None:
        """Write down what is alive now, and the scratch memory of the operation that just ran."""
        self.timeline.append((self.phase, *self._live, workspace))  # type: ignore[arg-type]

    def _release(self, key: int) -> None:
        holding = self._held.pop(key)
        self._live[holding.category] -= holding.size
