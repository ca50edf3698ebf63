"""What every test may ask for; each room's own fixtures stand in its own conftest."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

# Begun first: nobody waits at the end for the one process that got a minute's work last, and the
# sites they share are set up by one process, not by each. Within, the order is drawn as elsewhere.
LONG = (
    "tests/browser/",
    "tests/cli/test_demo.py",
    "tests/cli/test_tutorial.py",
    "tests/site/test_canary.py",
    "tests/site/test_rush.py",
    "tests/site/test_schema.py",
    "tests/site/test_serve.py",
    "tests/site/test_setup.py",
)

# One behaviour on every machine: the same examples each time, and no limit a busy machine breaks.
settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def cases() -> Path:
    """Real data with published numbers, which a stranger's clone does not have."""
    folder = (ROOT / os.environ.get("HELDOUT_CASES", "../shared/cases")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no cases with published numbers at {folder} (set HELDOUT_CASES)")
    return folder


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A Chromium or Chrome. Its absence is a failure: browser tests are never left out."""
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    found = filter(None, map(shutil.which, [os.environ.get("HELDOUT_CHROMIUM", ""), *names]))
    path = next(found, None)
    if path is None:
        pytest.fail("no Chromium or Chrome: install one, or name it in HELDOUT_CHROMIUM")
    return path
