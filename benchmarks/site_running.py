"""A site in a temporary folder, served as its users serve it, for the benchmarks of the site."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl

CLASSES = [f"class-{number}" for number in range(10)]
DEFINITION = """
[challenge]
id = "bench"
title = "Benchmark"
task = "tabular-classification"
classes = {classes}
organisers = ["organiser@example.org"]
timezone = "UTC"
terms = "terms.md"
[data]
subgroups = {subgroups}
[[metrics]]
id = "accuracy"
primary = true
{metrics}
[[phases]]
id = "test"
split = "test"
opens = 2020-01-01T00:00:00
closes = 2099-01-01T00:00:00
reveal = ["score", "interval", "subgroups"]
submissions = {{ {limits} }}
"""
SERVE = """
import sys
from pathlib import Path
from heldout.site.serve import serve
if __name__ == "__main__":
    serve(Path(sys.argv[1]), port=int(sys.argv[2]), announce=lambda at: print(at, flush=True))
"""


@dataclass(frozen=True)
class Running:
    folder: Path
    client: httpx.Client
    labels: list[str]
    rng: np.random.Generator

    def predictions(self, accuracy: float) -> bytes:
        """A CSV file that is right about this often."""
        right = self.rng.random(len(self.labels)) < accuracy
        guesses = self.rng.choice(CLASSES, len(self.labels))
        rows = (
            f"e{number},{label if hit else guess}"
            for number, (label, hit, guess) in enumerate(
                zip(self.labels, right, guesses, strict=True)
            )
        )
        return "\n".join(["example_id,prediction", *rows, ""]).encode()


def write_challenge(
    folder: Path, *, examples: int, rng: np.random.Generator, limits: str = "", lean: bool = False
) -> list[str]:
    """Write a challenge, with one metric and no subgroups if `lean`; returns the right answers."""
    labels = rng.choice(CLASSES, examples).tolist()
    ids = [f"e{number}" for number in range(examples)]
    (folder / "data").mkdir(parents=True)
    (folder / "answers").mkdir()
    table = pl.DataFrame({"example_id": ids, "light": rng.choice(["day", "night"], examples)})
    table.write_parquet(folder / "data/test.parquet")
    pl.DataFrame({"example_id": ids, "reference": labels}).write_parquet(
        folder / "answers/test.parquet"
    )
    (folder / "README.md").write_text("# Benchmark\n")
    (folder / "terms.md").write_text("# Rules\n")
    (folder / "challenge.toml").write_text(
        DEFINITION.format(
            classes=CLASSES,
            limits=limits,
            subgroups=[] if lean else ["light"],
            metrics="" if lean else '[[metrics]]\nid = "balanced-accuracy"',
        )
    )
    return labels


@contextmanager
def running(*, examples: int, entrants: int = 0, seed: int = 1) -> Iterator[tuple[Running, str]]:
    """Serve a challenge; gives the site and the token of a participant.

    `entrants` others stand on the leaderboard already.
    """
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory(prefix="heldout-bench-") as scratch:
        folder = Path(scratch) / "site"
        labels = write_challenge(Path(scratch) / "bench", examples=examples, rng=rng)
        site = Running(folder, httpx.Client(timeout=60), labels, rng)
        token = _fill(site, Path(scratch) / "bench", entrants)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(folder), str(port)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "HELDOUT_DATA": str(folder)},
        )
        try:
            assert process.stdout is not None
            site.client.base_url = httpx.URL(process.stdout.readline().strip())
            yield site, token
        finally:
            process.terminate()
            process.communicate()
            site.client.close()


def _fill(site: Running, challenge_folder: Path, entrants: int) -> str:
    from heldout.site.setup import prepare

    prepare(site.folder)
    from django.db import connections
    from django.utils import timezone

    from heldout.site.accounts.services import create_token, create_user
    from heldout.site.challenges.services import accept_terms, publish, refresh_board
    from heldout.site.worker import drain

    now = timezone.now()
    challenge = publish(source=challenge_folder, by=None, now=now)
    user = create_user(email="u@example.org", handle="u")
    digest = challenge.revision.terms_digest
    accept_terms(challenge=challenge, user=user, terms_digest=digest, now=now)
    for number in range(entrants):
        _add_scored(challenge, user, number / entrants, site.rng, now)
    if entrants:
        refresh_board(challenge.phases.get(), now=now)
        drain()
    _, secret = create_token(user=user, name="bench", now=now)
    connections.close_all()
    return secret


def _add_scored(
    challenge: Any, user: Any, value: float, rng: np.random.Generator, now: datetime
) -> None:
    """Add an entrant whose submission was scored, without its statistics."""
    from heldout.site.challenges.models import Entrant
    from heldout.site.common.models import Job
    from heldout.site.submissions.models import Evaluation, Score, Submission

    name = f"entrant-{rng.integers(10**9)}"
    entrant = Entrant.objects.create(challenge=challenge, name=name, created_at=now)
    submission = Submission.objects.create(
        phase=challenge.phases.get(),
        entrant=entrant,
        by=user,
        created_at=now,
        filename="predictions.csv",
        size=1,
        sha256="0" * 64,
        status="scored",
    )
    job = Job.objects.create(kind="done", key=name, state="done", run_at=now, created_at=now)
    facts = {"n": 200, "seed": 1, "version": "1"}
    submission.evaluation = Evaluation.objects.create(
        submission=submission,
        revision=challenge.revision,
        job=job,
        seconds=0.0,
        compared=True,
        report={},
        created_at=now,
        **facts,
    )
    submission.save()
    for metric in ("accuracy", "balanced-accuracy"):
        Score.objects.create(
            evaluation=submission.evaluation,
            metric=metric,
            name=metric,
            value=value,
            low=value - 0.03,
            high=value + 0.03,
            **facts,
        )
