"""What many read alike is made once, whoever asks first."""

import os
import threading
import time

import pytest
from django.core.cache import cache

from heldout.site.common import rendered as module
from heldout.site.common.rendered import forget_all, lately, rendered


def another_process():
    """What another web process has in memory: nothing."""
    cache.clear()


def never():
    raise AssertionError("this was made before")


def files(settings):
    return sorted(file.name for file in settings.RENDERED.rglob("*") if file.is_file())


def test_what_one_process_made_is_not_made_by_another(settings):
    assert rendered("board 1", lambda: b"rows", series="board") == b"rows"
    assert rendered("board 1", never, series="board") == b"rows"
    another_process()
    assert rendered("board 1", never, series="board") == b"rows"
    assert rendered("board 2", lambda: b"others", series="board") == b"others"


def test_who_comes_meanwhile_waits_for_it():
    begun, made = threading.Event(), []

    def slowly():
        begun.set()
        # Long enough for the second to come by, who would make it too if nobody held it back.
        time.sleep(0.05)
        made.append(1)
        return b"rows"

    first = threading.Thread(target=rendered, args=("board", slowly), kwargs={"series": "board"})
    first.start()
    begun.wait()
    another_process()
    assert rendered("board", slowly, series="board") == b"rows"
    first.join()
    assert made == [1]


def test_a_fault_while_it_is_made_leaves_nothing_behind(settings):
    with pytest.raises(ZeroDivisionError):
        rendered("board", lambda: b"%d" % (1 // 0), series="board")
    assert files(settings) == ["lock"]
    assert rendered("board", lambda: b"rows", series="board") == b"rows"


def test_only_the_owner_may_read_it(settings):
    rendered("board", lambda: b"rows", series="board")
    made = [file for file in settings.RENDERED.rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o777 for file in made} == {0o600}


def test_what_is_old_goes_when_something_new_comes(settings, monkeypatch):
    rendered("board 1", lambda: b"rows", series="board")
    old = module._digest("board 1")
    past = time.time() - module.KEEP_SECONDS - 1
    os.utime(settings.RENDERED / old[0] / old, (past, past))
    # Enough others that one shares its folder.
    for number in range(200):
        rendered(f"other {number}", lambda: b"rows", series="board")
    assert old not in files(settings)
    assert len(files(settings)) > 200


def test_where_nothing_can_be_written_each_process_makes_its_own(settings, tmp_path):
    settings.RENDERED = tmp_path / "file/below"
    (tmp_path / "file").write_text("no folder")
    assert rendered("board", lambda: b"rows", series="s") == b"rows"
    assert rendered("board", never, series="s") == b"rows"
    another_process()
    assert lately("board", lambda: b"again", series="s") == b"again"


def test_nobody_waits_for_ever_for_one_who_comes_to_no_end(settings, monkeypatch):
    rendered("board", lambda: b"rows", series="s")
    (kept,) = settings.RENDERED.glob(f"*/{module._digest('board')}")
    kept.unlink()
    another_process()
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with module._alone(kept.parent):
        assert rendered("board", lambda: b"rows again", series="s") == b"rows again"


def test_what_is_older_than_ten_minutes_is_made_anew(settings):
    rendered("board", lambda: b"rows", series="s")
    (kept,) = settings.RENDERED.glob(f"*/{module._digest('board')}")
    past = time.time() - module.KEEP_SECONDS - 1
    os.utime(kept, (past, past))
    another_process()
    assert rendered("board", lambda: b"new rows", series="s") == b"new rows"


def test_another_version_of_the_software_makes_it_anew(monkeypatch):
    rendered("board", lambda: b"rows", series="board")
    monkeypatch.setattr(module, "__version__", "99")
    assert rendered("board", lambda: b"new rows", series="board") == b"new rows"


def test_a_site_that_starts_begins_anew(settings):
    rendered("board", lambda: b"rows", series="board")
    forget_all()
    another_process()
    assert files(settings) == []
    assert rendered("board", lambda: b"new rows", series="board") == b"new rows"


@pytest.fixture
def meanwhile(monkeypatch):
    """What is to be done in the background; a test does it when it likes."""
    waiting = []
    monkeypatch.setattr(module, "LATELY_SECONDS", 60.0)
    monkeypatch.setattr(module, "_being_made", set())
    monkeypatch.setattr(module, "in_background", waiting.append)
    return waiting


def test_while_things_change_readers_get_what_was_made_lately(meanwhile):
    assert lately("board 1", lambda: b"old", series="board") == b"old"
    assert lately("board 2", lambda: b"new", series="board") == b"old"
    meanwhile.pop()()
    assert lately("board 2", never, series="board") == b"new"
    another_process()
    assert lately("board 3", never, series="board") == b"new"


def test_only_one_thread_makes_the_next(meanwhile):
    rendered("board 1", lambda: b"old", series="board")
    for _ in range(3):
        assert lately("board 2", lambda: b"new", series="board") == b"old"
    assert len(meanwhile) == 1
    meanwhile.pop()()
    assert lately("board 3", lambda: b"newer", series="board") == b"new"
    assert len(meanwhile) == 1


def test_what_is_older_is_not_shown(meanwhile, monkeypatch):
    rendered("board 1", lambda: b"old", series="board")
    monkeypatch.setattr(module, "LATELY_SECONDS", 0.0)
    assert lately("board 2", lambda: b"new", series="board") == b"new"
    assert meanwhile == []


def test_what_is_older_but_was_right_a_moment_ago_is_shown(meanwhile, settings):
    lately("board 1", lambda: b"old", series="board")
    for file in settings.RENDERED.rglob("*"):
        os.utime(file, (time.time() - 300,) * 2)
    assert lately("board 1", never, series="board") == b"old"
    assert lately("board 2", lambda: b"new", series="board") == b"old"
    meanwhile.pop()()
    assert lately("board 2", never, series="board") == b"new"


def test_who_ends_late_does_not_bring_an_older_one_back(meanwhile):
    lately("board 6", lambda: b"newer", series="board")
    here = cache.get(module._last_of("board"))
    another_process()
    rendered("board 5", lambda: b"older", series="board")
    cache.set(module._last_of("board"), here)
    assert lately("board 6", never, series="board") == b"newer"
    another_process()
    assert lately("board 7", lambda: b"newest", series="board") == b"newer"


def test_one_series_says_nothing_of_another(meanwhile):
    rendered("board 1", lambda: b"of organisers", series="organisers")
    assert lately("board 2", lambda: b"of everybody", series="everybody") == b"of everybody"


def test_a_fault_in_the_background_is_logged_and_tried_again(meanwhile, caplog):
    rendered("board 1", lambda: b"old", series="board")
    lately("board 2", lambda: b"%d" % (1 // 0), series="board")
    meanwhile.pop()()
    assert "could not be made" in caplog.text
    assert lately("board 2", lambda: b"new", series="board") == b"old"
    meanwhile.pop()()
    assert lately("board 2", never, series="board") == b"new"
