"""A site in a temporary folder, the four roles, and a published challenge.

With `HELDOUT_DATABASE_URL` set, as `tools/with_postgresql.py` does, the tests run on PostgreSQL.
"""

import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import _lru_cache_wrapper, cache
from pathlib import Path

import polars as pl
import pytest
import vl_convert
from django.core.cache import cache as site_cache
from django.test import Client
from django.utils import timezone

from heldout.challenge.check import CheckReport, check
from heldout.site.accounts.models import User
from heldout.site.accounts.services import create_token, create_user
from heldout.site.challenges import boards, publishing
from heldout.site.challenges.models import Challenge, Phase
from heldout.site.challenges.services import accept_terms, join, publish
from heldout.site.common import rendered
from heldout.site.common.models import Job
from heldout.site.setup import FOLDERS
from heldout.site.submissions import alerts, tasks
from heldout.site.submissions.models import Submission
from heldout.site.submissions.services import submit
from heldout.site.worker import drain

CLASSES = ("cat", "dog", "bird")
DRAW = vl_convert.vegalite_to_svg
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def site(db, settings, tmp_path, monkeypatch):
    """Every test has its own data folder and may use the database."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.DATA = tmp_path / "data"
    for name in FOLDERS:
        (settings.DATA / name).mkdir(parents=True)
        setattr(settings, name.upper(), settings.DATA / name)
    settings.STATIC_ROOT = settings.STATIC
    settings.WHITENOISE_USE_FINDERS = False
    site_cache.clear()
    _forget()
    monkeypatch.setattr(alerts, "_kept", alerts._Kept(alerts.KEPT_BYTES))
    # On a busy machine too, a leaderboard is computed at once.
    monkeypatch.setattr(tasks, "QUICK", math.inf)
    monkeypatch.setattr(boards, "PAUSE", timedelta())
    # Nor is an older one shown while results come in.
    monkeypatch.setattr(rendered, "LATELY_SECONDS", 0.0)
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda chart: _drawn(json.dumps(chart)))
    # Who hands in waits for the disk in test_faults; no test pulls the plug.
    monkeypatch.setattr(os, "fsync", lambda file: None)
    settings.STATIC_ROOT = settings.DATA / "static"
    return settings


@cache
def _drawn(chart: str) -> str:
    """The engine draws the same chart the same way: a process need not ask it again."""
    return DRAW(json.loads(chart))


def _forget() -> None:
    """Empty what the process keeps: rows are numbered anew, so it may be another test's."""
    for name, module in list(sys.modules.items()):
        if name.startswith("heldout.site."):
            for value in vars(module).values():
                if isinstance(value, _lru_cache_wrapper):
                    value.cache_clear()


@dataclass(frozen=True)
class MadeChallenge:
    """A challenge folder, and the right answers."""

    folder: Path
    answers: dict[str, str]


PHASE = """
[[phases]]
id = "{id}"
split = "test"
opens = {opens}
closes = {closes}
leaderboard = "{leaderboard}"
reveal = {reveal}
submissions = {{ {limits} }}
"""
EVERYTHING = '["score", "interval", "subgroups", "per-class", "confusion", "curves"]'


def phase_toml(id: str, **changes: str) -> str:
    usual = {
        "opens": "2020-01-01T00:00:00",
        "closes": "2099-01-01T00:00:00",
        "leaderboard": "public",
        "reveal": EVERYTHING,
        "limits": "per_day = 20, in_total = 100",
    }
    return PHASE.format(id=id, **{**usual, **changes})


PHASES = (
    phase_toml("dev")
    + phase_toml("plain", reveal='["score"]')
    + phase_toml("silent", reveal="[]")
    + phase_toml("insiders", leaderboard="organisers")
    + phase_toml("past", closes="2021-01-01T00:00:00")
    + phase_toml("future", opens="2098-01-01T00:00:00")
)


@pytest.fixture(scope="session")
def write_challenge() -> Callable[..., MadeChallenge]:
    """Write a challenge folder: 60 examples of three classes, half of them taken by day."""

    def write(folder: Path, *, slug="cats", phases=PHASES, about="", canary="", n=60):
        ids = [f"e{number:03}" for number in range(n)]
        labels = [CLASSES[number * 7 % 3] for number in range(n)]
        light = ["day" if number % 2 else "night" for number in range(n)]
        (folder / "data").mkdir(parents=True)
        (folder / "answers").mkdir()
        examples = pl.DataFrame({"example_id": ids, "light": light, "size": range(n)})
        examples.write_parquet(folder / "data/test.parquet")
        train = examples.with_columns(
            pl.Series("reference", labels), example_id="t" + pl.col("example_id")
        )
        train.write_parquet(folder / "data/train.parquet")
        answers = pl.DataFrame({"example_id": ids, "reference": labels})
        if canary:
            answers = answers.with_columns(pl.lit(canary).alias("source"))
        answers.write_csv(folder / "answers/test.csv")
        (folder / "README.md").write_text("# Cats\n\nTell them *apart*.\n")
        (folder / "terms.md").write_text("# Rules\n\nBe kind.\n")
        (folder / "challenge.toml").write_text(
            f"""
[challenge]
id = "{slug}"
title = "Cats and others"
summary = "Cat, dog or bird?"
task = "tabular-classification"
classes = ["cat", "dog", "bird"]
organisers = ["organiser@example.org"]
timezone = "Europe/Berlin"
seed = 7
{about}
[data]
subgroups = ["light"]
smallest_group = 5
[[metrics]]
id = "accuracy"
primary = true
[[metrics]]
id = "balanced-accuracy"
{phases}"""
        )
        return MadeChallenge(folder, dict(zip(ids, labels, strict=True)))

    return write


@pytest.fixture(scope="session")
def made(write_challenge, tmp_path_factory) -> MadeChallenge:
    return write_challenge(tmp_path_factory.mktemp("challenge") / "cats")


@pytest.fixture
def organiser() -> User:
    return create_user(
        email="organiser@example.org", handle="organiser", password=PASSWORD, may_organise=True
    )


@pytest.fixture(scope="session")
def checked(made) -> CheckReport:
    """What publishing the challenge would find each time."""
    return check(made.folder)


@pytest.fixture
def challenge(made, checked, organiser, monkeypatch) -> Challenge:
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "check", lambda folder: checked)
        published = publish(source=made.folder, by=None, now=timezone.now())
    # Only tests of the browser of data wait for its index.
    Job.objects.filter(kind="index").delete()
    return published


@pytest.fixture
def phase(challenge) -> Phase:
    return challenge.phases.select_related("challenge__current").get(key="dev")


@pytest.fixture
def participant(challenge) -> User:
    """Takes part in the challenge and has accepted its terms."""
    return enter(challenge, "participant")


@pytest.fixture
def rival(challenge) -> User:
    """Takes part too, as somebody else."""
    return enter(challenge, "rival")


@pytest.fixture
def annotator() -> User:
    """Has an account and may label, which gives no right in the challenge."""
    return create_user(email="annotator@example.org", handle="annotator", password=PASSWORD)


@pytest.fixture
def outsider() -> User:
    """Has an account and nothing else."""
    return create_user(email="outsider@example.org", handle="outsider", password=PASSWORD)


def enter(challenge: Challenge, handle: str) -> User:
    user = create_user(email=f"{handle}@example.org", handle=handle, password=PASSWORD)
    join(challenge=challenge, user=user, now=timezone.now())
    digest = challenge.revision.terms_digest
    accept_terms(challenge=challenge, user=user, terms_digest=digest, now=timezone.now())
    return user


@pytest.fixture
def enter_as(challenge) -> Callable[[str], User]:
    return lambda handle: enter(challenge, handle)


@pytest.fixture
def predictions(made) -> Callable[[int], bytes]:
    """A predictions file with this many right answers."""

    def write(right: int) -> bytes:
        wrong = {"cat": "dog", "dog": "bird", "bird": "cat"}
        rows = [
            f"{name},{label if number < right else wrong[label]}"
            for number, (name, label) in enumerate(made.answers.items())
        ]
        return "\n".join(["example_id,prediction", *rows, ""]).encode()

    return write


@pytest.fixture
def hand_in(phase, predictions) -> Callable[..., Submission]:
    """Hand in a file, by default one with 30 right answers of 60, and leave it waiting."""

    def hand_in(by: User, right: int = 30, *, content: bytes | None = None, **changes):
        given = {
            "phase": phase,
            "filename": "predictions.csv",
            "now": timezone.now(),
            "upload": io.BytesIO(predictions(right) if content is None else content),
        } | changes
        entrant = join(challenge=phase.challenge, user=by, now=given["now"])
        return submit(entrant=entrant, by=by, **given)

    return hand_in


@pytest.fixture
def scored(hand_in) -> Callable[..., Submission]:
    """Hand in a file and have it scored."""

    def scored(by: User, right: int = 30, **changes) -> Submission:
        submission = hand_in(by, right, **changes)
        drain()
        submission.refresh_from_db()
        return submission

    return scored


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def api() -> Callable[[User | None], Client]:
    """A client of the API with a token of this user."""

    def with_token(user: User | None) -> Client:
        if user is None:
            return Client()
        _, secret = create_token(user=user, name="test", now=timezone.now())
        return Client(headers={"Authorization": f"Bearer {secret}"})

    return with_token


@pytest.fixture
def fresh_database() -> Iterator[str]:
    """The address of an empty database for a site in processes of its own; empty: SQLite."""
    url = os.environ.get("HELDOUT_DATABASE_URL", "")
    if not url:
        yield ""
        return
    import psycopg

    name = f"fresh_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    yield url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
