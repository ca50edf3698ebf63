"""The deadline rush in its shortened form; `make rush` runs it whole, on both databases."""

import os
import subprocess
import sys

import pytest


@pytest.mark.timeout(240)
def test_nothing_is_lost_doubled_or_over_a_limit_while_processes_are_killed(root, fresh_database):
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HELDOUT_", "DJANGO_"))}
    environ = inherited | ({"HELDOUT_DATABASE_URL": fresh_database} if fresh_database else {})
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.rush", "--short"],
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
        timeout=220,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for judged in ("lost", "scored twice", "over quota", "web processes killed", "drained after"):
        assert judged in ended.stdout
    assert "Every limit held." in ended.stdout
    assert "MISSED" not in ended.stdout
