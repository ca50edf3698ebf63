import pytest

from heldout.errors import MissingExtra
from heldout.evaluation.vision import warming
from heldout.site.worker import warm_up


@pytest.fixture
def compiled(monkeypatch) -> list[str]:
    """Note each compilation instead of making it."""
    noted: list[str] = []
    monkeypatch.setattr(warming, "compile_kernels", lambda: noted.append("compiled"))
    return noted


@pytest.mark.parametrize("task", ["object-detection", "instance-segmentation", "keypoints"])
def test_a_worker_compiles_what_a_challenge_of_boxes_masks_or_poses_needs(
    challenge, compiled, task
):
    challenge.task = task
    challenge.save()
    assert warm_up()
    assert compiled == ["compiled"]


def test_a_worker_without_such_a_challenge_compiles_nothing(challenge, compiled):
    assert not warm_up()
    assert compiled == []


def test_a_worker_without_the_extra_says_so_and_goes_on(challenge, monkeypatch, caplog):
    def absent() -> None:
        raise MissingExtra(feature="scoring boxes, masks and keypoints", extra="vision")

    challenge.task = "object-detection"
    challenge.save()
    monkeypatch.setattr(warming, "compile_kernels", absent)
    with caplog.at_level("INFO", logger="heldout.site.worker"):
        assert not warm_up()
    assert "nothing compiled ahead" in caplog.text
