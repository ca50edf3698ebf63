"""Break the software on purpose, in a copy, and see that a test notices.

python tools/broken_builds.py          every build: its test passes as it is, and fails when broken
python tools/broken_builds.py fencing  one of them
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
SITE = "src/heldout/site"


class Build(NamedTuple):
    """One text of one file that is replaced, and the test that fails then."""

    name: str
    file: str
    text: str
    instead: str
    test: str


BUILDS = (
    Build(
        "fencing",
        f"{SITE}/common/jobs.py",
        "held(job).filter(lease_until__gte=now)",
        "Job.objects.filter(pk=job.pk)",
        "tests/site/common/test_jobs.py::"
        "test_a_late_result_is_refused_and_nothing_of_it_is_written",
    ),
    Build(
        "check-then-save",
        f"{SITE}/submissions/limits.py",
        '    rows = ", ".join(["(%s, %s, %s, 1)"] * len(counts))\n',
        "    keys = [{'phase': phase, 'holder': one, 'period': at} for at, one in counts]\n"
        "    found = [Usage.objects.get_or_create(**key)[0] for key in keys]\n"
        "    if full := {row.period for row in found if row.used >= most.get(row.period, 99)}:\n"
        "        return full\n"
        "    for row in found:\n"
        "        row.used += 1\n"
        "        row.save()\n"
        "    return set()\n"
        '    rows = ", ".join(["(%s, %s, %s, 1)"] * len(counts))\n',
        "tests/site/submissions/test_limits.py::test_two_at_once_cannot_both_take_the_last_place",
    ),
    Build(
        "deferred",
        f"{SITE}/databases.py",
        '"transaction_mode": "IMMEDIATE"',
        '"transaction_mode": "DEFERRED"',
        "tests/site/test_setup.py::test_every_connection_of_sqlite_is_durable",
    ),
    Build(
        "answers-served",
        f"{SITE}/settings.py",
        'ANSWERS = DATA / "answers"',
        'ANSWERS = FILES / "answers"',
        "tests/site/test_promises.py::test_answers_and_uploads_lie_below_no_served_folder",
    ),
    Build(
        "board-without-version",
        f"{SITE}/submissions/api.py",
        'name = f"{series}-{state.etag}"',
        "name = series",
        "tests/site/test_promises.py::test_a_cached_leaderboard_is_never_an_old_one",
    ),
)


def broken(build: Build, source: str) -> str:
    """The file's text with the fault in it."""
    if source.count(build.text) != 1:
        sys.exit(f"{build.name}: {build.file} no longer has the text that it replaces")
    return source.replace(build.text, build.instead)


def run(tests: list[str], source: Path) -> tuple[int, str]:
    """Run tests with this source tree; 0: all pass, 1: some fail."""
    options = ["-q", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=short"]
    command = [sys.executable, "-m", "pytest", *options, "--timeout=600", *tests]
    environ = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"pytest could not run\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.returncode, done.stdout


def is_noticed(build: Build, source: Path) -> bool:
    """Break the copy for one run of its test, which must fail, and not for want of a setup."""
    file = source.parent / build.file
    whole = file.read_text("utf-8")
    file.write_text(broken(build, whole), "utf-8")
    try:
        code, said = run([build.test], source)
    finally:
        file.write_text(whole, "utf-8")
    noticed = code == 1 and f"FAILED {build.test}" in said
    print(f"{'noticed' if noticed else 'MISSED ':8} {build.name:22} {build.test}", flush=True)
    return noticed


def main(names: list[str]) -> int:
    chosen = [build for build in BUILDS if not names or build.name in names]
    if not chosen:
        sys.exit(f"the builds are {', '.join(build.name for build in BUILDS)}")
    with tempfile.TemporaryDirectory(prefix="heldout-broken-") as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        code, said = run([build.test for build in chosen], source)
        if code:
            sys.exit(f"the tests must pass before anything is broken\n{said[-4000:]}")
        print(f"{'passing':8} all {len(chosen)} as they are", flush=True)
        missed = [build for build in chosen if not is_noticed(build, source)]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
