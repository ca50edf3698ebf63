"""Bytes follow the life of a storage."""

from heldout.compute.ledger import Category, Ledger
from heldout.compute.memory import Phase


class Storage:
    """What torch's storages look like from outside."""

    def __init__(self, size):
        self.size = size
        self._cdata = id(self)

    def nbytes(self):
        return self.size


def last(ledger):
    ledger.note()
    return ledger.timeline[-1]


def test_a_storage_counts_from_when_it_is_held_until_it_is_freed():
    ledger, storage = Ledger(), Storage(100)
    ledger.hold(storage)
    assert last(ledger) == (Phase.FORWARD, 0, 0, 100, 0)
    del storage
    assert last(ledger) == (Phase.FORWARD, 0, 0, 0, 0)


def test_a_storage_that_is_held_twice_counts_once():
    ledger, storage = Ledger(), Storage(100)
    ledger.hold(storage, Category.PARAMETERS)
    ledger.hold(storage, Category.ACTIVATIONS)
    assert last(ledger)[1:4] == (100, 0, 0)


def test_assigning_moves_the_bytes_to_another_category():
    ledger, storage = Ledger(), Storage(100)
    ledger.hold(storage)
    ledger.assign(storage, Category.GRADIENTS)
    assert last(ledger)[1:4] == (0, 100, 0)
    assert ledger.holds_as(storage, Category.GRADIENTS)
    del storage
    assert last(ledger)[1:4] == (0, 0, 0)


def test_a_line_keeps_the_phase_and_the_scratch_memory_of_its_moment():
    ledger = Ledger()
    ledger.phase = Phase.BACKWARD
    ledger.note(workspace=7)
    assert ledger.timeline == [(Phase.BACKWARD, 0, 0, 0, 7)]
