import pytest

from heldout.datasets.tasks import TASKS, find_task
from heldout.errors import BadInput


def test_every_task_can_be_found_by_its_id() -> None:
    for task_id, task in TASKS.items():
        assert find_task(task_id) is task


def test_an_unknown_task_is_met_with_the_nearest() -> None:
    with pytest.raises(BadInput, match='did you mean "image-classification"'):
        find_task("image-clasification")
    with pytest.raises(BadInput, match="known tasks: image-classification"):
        find_task("?")
