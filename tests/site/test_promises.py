"""The promises that no other test states, and that the page of promises names real tests."""

import importlib.util
import re

import pytest
from django.db.models import F
from django.test import Client

from heldout.site import settings as real
from heldout.site.challenges.models import Phase
from heldout.site.common import rendered

BOARD = "/api/v1/challenges/cats/phases/dev/leaderboard"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_answers_and_uploads_lie_below_no_served_folder():
    served = [real.FILES, real.STATIC_ROOT, *real.STATICFILES_DIRS]
    for secret in (real.ANSWERS, real.SUBMISSIONS, real.BACKUPS, real.DATA / "secret"):
        for folder in served:
            assert not secret.is_relative_to(folder)
            assert not folder.is_relative_to(secret)


@pytest.mark.parametrize("address", [BOARD, f"{BOARD}.csv", "/challenges/cats/leaderboard/"])
def test_a_cached_leaderboard_is_never_an_old_one(address, scored, participant, rival):
    scored(participant, 20)
    first = Client().get(address, {"phase": "dev"})
    assert "participant" in first.content.decode()
    scored(rival, 60)
    second = Client().get(address, {"phase": "dev"})
    assert "rival" in second.content.decode()
    assert first.headers["ETag"] != second.headers["ETag"]


@pytest.mark.parametrize("address", [BOARD, f"{BOARD}.csv", "/challenges/cats/leaderboard/"])
def test_while_results_come_in_it_may_be_of_a_moment_ago_and_afterwards_not(
    address, scored, participant, rival, monkeypatch
):
    monkeypatch.setattr(rendered, "LATELY_SECONDS", 60.0)
    monkeypatch.setattr(rendered, "_being_made", set())
    monkeypatch.setattr(rendered, "in_background", lambda work: None)

    def shown() -> tuple[bool, bool]:
        answer = Client().get(address, {"phase": "dev"})
        return "rival" in answer.content.decode(), "ETag" in answer.headers

    scored(participant, 20)
    assert shown() == (False, True)
    scored(rival, 60)
    Phase.objects.update(board_version=F("board_version") + 1)
    assert shown() == (False, False)
    Phase.objects.update(board_version=F("board_version") - 1)
    assert shown() == (True, True)


@pytest.fixture(scope="session")
def builds(root):
    """The list of `tools/broken_builds.py`."""
    spec = importlib.util.spec_from_file_location("broken_builds", root / "tools/broken_builds.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def has_test(root, file: str, name: str) -> bool:
    return f"def {name}(" in (root / file).read_text()


def test_every_broken_build_still_breaks_something(builds, root):
    for build in builds.BUILDS:
        source = (root / build.file).read_text()
        assert builds.broken(build, source) != source
        assert has_test(root, *build.test.split("::"))


def test_the_page_of_promises_names_every_broken_build(builds, root):
    page = (root / "docs/explanation/promises.md").read_text()
    for build in builds.BUILDS:
        assert f"| `{build.name}` |" in page
        assert f"`{build.test}`" in page


def test_every_test_that_the_page_of_promises_names_is_there(root):
    named = TEST.findall((root / "docs/explanation/promises.md").read_text())
    assert len(named) > 30
    assert [one for one in named if not has_test(root, *one)] == []
