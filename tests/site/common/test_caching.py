from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client
from django.utils import timezone

from heldout.site.common import caching
from heldout.site.common.caching import SiteCache
from heldout.site.common.models import Remembered

LIMIT = "allauth:rl:account:login:ip:203.0.113.9"


@pytest.fixture
def two():
    """The caches of two processes: neither sees the other's memory."""
    made = [SiteCache(name, {}) for name in ("one process", "another process")]
    yield made
    for one in made:
        LocMemCache.clear(one)


def test_what_limits_tries_is_shared_and_what_is_rendered_is_not(two):
    one, other = two
    for key, seen in ((LIMIT, [1.5, 0.5]), ("board", None)):
        one.set(key, [1.5, 0.5])
        assert one.get(key) == [1.5, 0.5]
        assert other.get(key) == seen
    assert other.get("allauth:unknown", []) == []


def test_a_lock_is_held_by_one_process(two):
    one, other = two
    assert one.add(f"{LIMIT}:lock", True, timeout=10)
    assert not other.add(f"{LIMIT}:lock", True, timeout=10)
    assert one.delete(f"{LIMIT}:lock")
    assert not one.delete(f"{LIMIT}:lock")
    assert other.add(f"{LIMIT}:lock", True, timeout=10)


def test_what_has_expired_is_gone_and_its_row_too(two, monkeypatch):
    one, other = two
    one.set(LIMIT, 1, timeout=60)
    one.set("allauth:for ever", 1, timeout=None)
    later = timezone.now() + timedelta(seconds=61)
    monkeypatch.setattr(caching.timezone, "now", lambda: later)
    assert other.get(LIMIT) is None
    assert other.add(LIMIT, 2, timeout=60)
    assert one.get(LIMIT) == 2
    assert other.get("allauth:for ever") == 1
    assert Remembered.objects.count() == 2


def test_no_address_of_a_person_is_kept(two):
    two[0].set(LIMIT, [1.0])
    (row,) = Remembered.objects.all()
    assert "203.0.113.9" not in f"{row.key} {row.value} {row}"


def test_the_limit_of_wrong_passwords_holds_whichever_process_answers(participant):
    """Before each try the memory of the process is emptied, as if another one answered."""
    wrong = {"login": participant.email, "password": "wrong"}
    said = []
    for _ in range(7):
        LocMemCache.clear(cache)
        said.append(Client().post("/accounts/login/", wrong).content.decode())
    assert "Too many failed login attempts" not in said[4]
    assert "Too many failed login attempts" in said[5]
    assert "Too many failed login attempts" in said[6]
