import os
import re
import subprocess
import sys
from pathlib import Path

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


STEP_BACK = """
import os
from pathlib import Path
from heldout.site.worker import step_back

step_back(7)
print(os.nice(0), Path("/proc/self/autogroup").read_text())
"""


@pytest.mark.skipif(
    not os.access("/proc/self/autogroup", os.W_OK), reason="this system has no such sessions"
)
@pytest.mark.parametrize("own_session", [True, False])
def test_a_worker_steps_back_and_a_session_of_its_own_with_it(own_session):
    before = niceness_of_session(Path("/proc/self/autogroup").read_text())
    said = subprocess.run(
        [sys.executable, "-c", STEP_BACK],
        check=True,
        capture_output=True,
        text=True,
        start_new_session=own_session,
    ).stdout
    assert int(said.split()[0]) == min(19, os.nice(0) + 7)
    assert niceness_of_session(said) == (7 if own_session else before)


def niceness_of_session(said: str) -> int | None:
    """None: this process is not among those that are shared out by session."""
    found = re.search(r"nice (-?\d+)", said)
    return int(found[1]) if found else None
