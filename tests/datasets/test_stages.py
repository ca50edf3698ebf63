"""Long work tells how far it has come to whoever listens."""

from heldout.datasets.media import check_media, in_threads
from heldout.datasets.stages import listening, told


def test_a_listener_hears_of_every_item_and_of_the_whole():
    heard = []
    with listening(lambda *news: heard.append(news)):
        assert in_threads(str, [1, 2, 3], stage="counting") == ["1", "2", "3"]
    assert heard == [("counting", done, 3) for done in range(4)]


def test_without_a_listener_the_work_is_the_same():
    assert list(told("counting", [1, 2], total=2)) == [1, 2]


def test_afterwards_nobody_listens(tmp_path):
    heard = []
    with listening(lambda *news: heard.append(news)):
        check_media(tmp_path, ["a.png"], decode=True)
    check_media(tmp_path, ["a.png", "b.png"], decode=True)
    assert heard[-1] == ("looking at the images", 1, 1)
