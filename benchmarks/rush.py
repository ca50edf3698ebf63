"""The last minute before a deadline, with a saboteur: nothing may be lost, doubled or over a limit.

Teams upload while web and worker processes of `heldout serve` are killed by SIGKILL. `make rush`
runs it whole, on SQLite and on PostgreSQL; a test runs it in a shortened form.
"""

from __future__ import annotations

import argparse
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.site_running import CLASSES, write_challenge

BOARD = "/api/v1/challenges/bench/phases/test/leaderboard"
PAGE = "/challenges/bench/leaderboard/"
SUBMIT = "/api/v1/challenges/bench/phases/test/submissions"
# What the system's list of processes calls them.
NAMES = {"web": {"heldout-web"}, "worker": {"heldout-worker", "heldout-slow"}}
RETRY_SECONDS = 0.2
PROBE_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every team tries once more than its limit allows, so `submissions` are to be taken in."""

    teams: int = 200
    per_team: int = 10
    seconds: float = 60.0
    web_kills: int = 10
    worker_kills: int = 50
    workers: int = 2
    web_processes: int = 3
    examples: int = 200
    attempts: int = 6
    uploaders: int = 16
    patience: float = 180.0
    # Of 100 looks at the leaderboard 99 are faster, in milliseconds; uploads end this much later.
    board_p99: float = 250.0
    late: float = 6.0

    @property
    def submissions(self) -> int:
        return self.teams * self.per_team


SCALED = ("teams", "web_kills", "worker_kills")
# What is lost or doubled shows here too; how fast it is depends on what else the machine does.
SHORT = Plan(
    teams=10,
    per_team=3,
    seconds=4.0,
    web_kills=1,
    worker_kills=3,
    workers=1,
    web_processes=1,
    patience=60.0,
    board_p99=30_000.0,
    late=60.0,
)


def share_of(plan: Plan, share: float) -> Plan:
    """The same with fewer teams and fewer kills, for a machine that has other things to do."""
    fewer = {name: round(getattr(plan, name) * share) for name in SCALED}
    return replace(plan, **fewer)


@dataclass
class Seen:
    """What the outside saw."""

    # team -> the files that were acknowledged, by the submission's id
    taken: dict[int, dict[str, float]] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    retries: int = 0
    twice: int = 0
    upload_seconds: list[float] = field(default_factory=list)
    board_seconds: list[float] = field(default_factory=list)
    board_gaps: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    uploading: float = 0.0
    finishing: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Check:
    what: str
    found: str
    limit: str
    holds: bool


@dataclass(frozen=True)
class Scene:
    """A filled site: the token of each team, and the right answers."""

    folder: Path
    tokens: list[str]
    labels: list[str]
    port: int

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def rush(plan: Plan, scratch: Path, *, seed: int = 1) -> tuple[Seen, list[Check]]:
    """Fill a site in `scratch`, run the rush, and check the site afterwards.

    The process must not have used another site; `HELDOUT_DATABASE_URL` names the database.
    """
    rng = np.random.default_rng(seed)
    os.environ["HELDOUT_WEB_PROCESSES"] = str(plan.web_processes)
    # Nearly a kill a second may well strike the same evaluation three times.
    os.environ["HELDOUT_ATTEMPTS"] = str(plan.attempts)
    limits = f"in_total = {plan.per_team}"
    labels = write_challenge(
        scratch / "bench", examples=plan.examples, rng=rng, limits=limits, lean=True
    )
    tokens = _fill(scratch / "site", scratch / "bench", plan.teams)
    scene, seen = Scene(scratch / "site", tokens, labels, _free_port()), Seen()
    with _serving(scene, plan) as served:
        _storm(plan, scene, seen, served, rng)
        began = time.monotonic()
        _wait_until(_all_final, plan.patience)
        seen.finishing = time.monotonic() - began
        _wait_until(lambda: not _get(scene, BOARD)["pending"], 60)
        board = _get(scene, BOARD)["leaderboard"]
    return seen, [*_checks_outside(plan, seen, board), *_checks_inside(plan, seen)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _fill(folder: Path, challenge_folder: Path, teams: int) -> list[str]:
    from heldout.site.setup import prepare

    prepare(folder)
    from django.db import connections
    from django.utils import timezone

    from heldout.site.accounts.services import create_token, create_user
    from heldout.site.challenges.services import accept_terms, join, publish

    now, tokens = timezone.now(), []
    challenge = publish(source=challenge_folder, by=None, now=now)
    digest = challenge.revision.terms_digest
    for number in range(teams):
        user = create_user(email=f"t{number}@example.org", handle=f"team-{number}")
        join(challenge=challenge, user=user, now=now)
        accept_terms(challenge=challenge, user=user, terms_digest=digest, now=now)
        tokens.append(create_token(user=user, name="rush", now=now)[1])
    connections.close_all()
    return tokens


@contextmanager
def _serving(scene: Scene, plan: Plan) -> Iterator[psutil.Process]:
    command = [sys.executable, "-m", "heldout", "serve", str(scene.folder)]
    command += ["--port", str(scene.port), "--workers", str(plan.workers)]
    with (scene.folder / "rush.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_until(lambda: _answers(scene), 60)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _answers(scene: Scene) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{scene.base}/healthz", timeout=5).status_code == 200
    return False


def _get(scene: Scene, address: str) -> Any:
    return httpx.get(f"{scene.base}{address}", timeout=30).raise_for_status().json()


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait, but not for ever: what has not come by then is told by the checks."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)


def _storm(
    plan: Plan, scene: Scene, seen: Seen, served: psutil.Process, rng: np.random.Generator
) -> None:
    """Upload, kill and look at the leaderboard, all at once."""
    over = threading.Event()
    others = [
        threading.Thread(target=_saboteur, args=(plan, seen, served, over)),
        threading.Thread(target=_reader, args=(scene, seen, over)),
    ]
    for thread in others:
        thread.start()
    began = time.monotonic()
    try:
        _upload_all(plan, scene, seen, rng, began)
        seen.uploading = time.monotonic() - began
        others[0].join()
    finally:
        over.set()
        for thread in others:
            thread.join()


def _upload_all(
    plan: Plan, scene: Scene, seen: Seen, rng: np.random.Generator, began: float
) -> None:
    """Start the uploads at even distances, whatever became of those before."""
    turns = rng.permutation(np.repeat(np.arange(plan.teams), plan.per_team + 1))
    clients: queue.SimpleQueue[httpx.Client] = queue.SimpleQueue()
    for _ in range(plan.uploaders):
        clients.put(httpx.Client(base_url=scene.base, timeout=30))
    with ThreadPoolExecutor(plan.uploaders) as threads:
        for number, team in enumerate(turns.tolist()):
            ahead = began + plan.seconds * number / len(turns) - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            accuracy, content = _predictions(scene.labels, rng)
            threads.submit(_upload, scene, seen, clients, team, number, accuracy, content)
    while not clients.empty():
        clients.get().close()


def _predictions(labels: list[str], rng: np.random.Generator) -> tuple[float, str]:
    """A file and how often it is right, counted here, not by the site."""
    right = rng.random(len(labels)) < rng.uniform(0.3, 0.9)
    guesses = np.where(right, labels, rng.choice(CLASSES, len(labels)))
    rows = (f"e{number},{guess}" for number, guess in enumerate(guesses))
    return float(np.mean(guesses == np.asarray(labels))), "\n".join(
        ["example_id,prediction", *rows, ""]
    )


def _upload(
    scene: Scene,
    seen: Seen,
    clients: queue.SimpleQueue[httpx.Client],
    team: int,
    number: int,
    accuracy: float,
    content: str,
) -> None:
    """Hand in until there is a definite answer, as the client of participants does."""
    client = clients.get()
    headers = {
        "Authorization": f"Bearer {scene.tokens[team]}",
        "Idempotency-Key": f"rush-{number}",
    }
    began, tries = time.monotonic(), 0
    while True:
        tries += 1
        with suppress(httpx.TransportError):
            files = {"file": ("predictions.csv", content)}
            answer = client.post(SUBMIT, files=files, headers=headers)
            if answer.status_code < 500:
                break
        time.sleep(RETRY_SECONDS)
    clients.put(client)
    with seen.lock:
        seen.answers[answer.status_code] += 1
        seen.retries += tries - 1
        seen.upload_seconds.append(time.monotonic() - began)
        if answer.status_code == 201:
            of_team = seen.taken.setdefault(team, {})
            seen.twice += answer.json()["id"] in of_team
            of_team[answer.json()["id"]] = accuracy


def _reader(scene: Scene, seen: Seen, over: threading.Event) -> None:
    """Look at the leaderboard; a connection that was cut is made again within the same wait."""
    client = httpx.Client(base_url=scene.base, timeout=30)
    address = 0
    while not over.wait(PROBE_SECONDS):
        began, address = time.monotonic(), 1 - address
        while not over.is_set():
            with suppress(httpx.TransportError):
                client.get((BOARD, PAGE)[address]).raise_for_status()
                break
            seen.board_gaps += 1
            time.sleep(0.01)
        seen.board_seconds.append(time.monotonic() - began)
    client.close()


def _saboteur(plan: Plan, seen: Seen, served: psutil.Process, over: threading.Event) -> None:
    strikes = sorted(
        [(plan.seconds * (one + 0.5) / plan.web_kills, "web") for one in range(plan.web_kills)]
        + [
            (plan.seconds * (one + 0.5) / plan.worker_kills, "worker")
            for one in range(plan.worker_kills)
        ]
    )
    began = time.monotonic()
    for at, kind in strikes:
        if over.wait(max(0.0, began + at - time.monotonic())):
            return
        while not _strike(served, kind):
            if over.wait(0.02):
                return
        seen.killed[kind] += 1


def _strike(served: psutil.Process, kind: str) -> bool:
    """Kill the process of this kind that has lived longest, if one lives."""
    with suppress(psutil.Error):  # One that ends while it is looked at: look again.
        living = [one for one in served.children(recursive=True) if _lives(one, kind)]
        if living:
            min(living, key=lambda one: one.create_time()).kill()
            return True
    return False


def _lives(process: psutil.Process, kind: str) -> bool:
    return process.name() in NAMES[kind] and process.status() != psutil.STATUS_ZOMBIE


def _all_final() -> bool:
    from heldout.site.submissions.models import Status, Submission

    return not Submission.objects.filter(status__in=Status.unfinished()).exists()


def _checks_outside(plan: Plan, seen: Seen, board: list[dict[str, Any]]) -> Iterator[Check]:
    taken = sum(map(len, seen.taken.values()))
    yield Check("uploaded", f"{taken:,}", f"{plan.submissions:,}", taken == plan.submissions)
    yield Check(
        "wall time of the uploads",
        f"{seen.uploading:.1f} s",
        f"{plan.seconds + plan.late:.0f} s",
        seen.uploading <= plan.seconds + plan.late,
    )
    p50, p99 = np.percentile(seen.upload_seconds, [50, 99]) * 1000
    yield Check("an upload, p50 and p99", f"{p50:.0f} and {p99:.0f} ms", "", True)
    yield Check("tries that were cut off and made again", f"{seen.retries}", "", True)
    most, refused = max(map(len, seen.taken.values()), default=0), seen.answers[409]
    yield Check(
        "over quota",
        f"{sum(max(0, len(files) - plan.per_team) for files in seen.taken.values())}",
        f"0; {plan.teams} refused",
        most == plan.per_team and refused == plan.teams,
    )
    best = sorted((max(files.values()) for files in seen.taken.values()), reverse=True)
    shown = [row["value"] for row in board]
    counted = sum(row["submissions"] for row in board)
    yield Check(
        "on the leaderboard, right to the last digit",
        f"{counted:,} of {len(board)} teams",
        f"{plan.submissions:,} of {plan.teams}",
        counted == plan.submissions and len(best) == len(shown) and np.allclose(best, shown),
    )
    p50, p99 = np.percentile(seen.board_seconds, [50, 99]) * 1000
    yield Check("leaderboard meanwhile, p50", f"{p50:.0f} ms", "", True)
    yield Check(
        f"leaderboard meanwhile, p99 of {len(seen.board_seconds)}",
        f"{p99:.0f} ms",
        f"{plan.board_p99:,.0f} ms",
        p99 < plan.board_p99,
    )
    yield Check(
        "drained after the last upload in",
        f"{seen.finishing:.1f} s",
        f"{plan.patience:.0f} s",
        seen.finishing < plan.patience,
    )
    for kind, wanted in (("web", plan.web_kills), ("worker", plan.worker_kills)):
        struck = seen.killed[kind]
        yield Check(f"{kind} processes killed", f"{struck}", f"{wanted}", struck == wanted)


def _checks_inside(plan: Plan, seen: Seen) -> Iterator[Check]:
    from django.db.models import Count

    from heldout.site.common.models import Job, JobState
    from heldout.site.submissions import storage
    from heldout.site.submissions.models import Evaluation, Status, Submission, Usage

    acknowledged = {one for files in seen.taken.values() for one in files}
    stored = set(Submission.objects.values_list("pk", flat=True))
    scored = set(Submission.objects.filter(status=Status.SCORED).values_list("pk", flat=True))
    lost = len(acknowledged - scored)
    yield Check("lost", f"{lost}", "0", not lost and acknowledged == stored == scored)
    double = Evaluation.objects.values("submission").annotate(n=Count("pk")).filter(n__gt=1)
    done = Job.objects.filter(kind="evaluate", state=JobState.DONE)
    again = done.values("key").annotate(n=Count("pk")).filter(n__gt=1)
    twice = len(double) + len(again) + seen.twice
    yield Check("scored twice", f"{twice}", "0", not twice and done.count() == len(stored))
    used = set(Usage.objects.filter(period="total").values_list("used", flat=True))
    counts = ", ".join(map(str, sorted(used)))
    wanted = f"{plan.per_team}"
    yield Check("counted against each limit", counts, wanted, counts == wanted)
    for sha256 in Submission.objects.values_list("sha256", flat=True):
        storage.verified(sha256)
    cut = Job.objects.filter(kind="evaluate", state=JobState.EXPIRED).count()
    yield Check("evaluations cut short and done again", f"{cut}", "", True)
    dead = Job.objects.filter(state=JobState.DEAD).count()
    yield Check("given up", f"{dead}", "0", not dead)


def show(title: str, checks: list[Check]) -> None:
    """One row for each thing that was counted; what has no limit is told and not judged."""
    table = Table(title=title, title_justify="left")
    for heading, side in (("", "left"), ("found", "right"), ("limit", "right"), ("", "left")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for check in checks:
        verdict = "" if check.holds and not check.limit else "held" if check.holds else "MISSED"
        style = "bold red" if verdict == "MISSED" else ""
        table.add_row(check.what, check.found, check.limit, verdict, style=style)
    Console(width=100).print(table)
    missed = [check.what for check in checks if not check.holds]
    print(f"MISSED: {', '.join(missed)}" if missed else "Every limit held.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="the form that the tests run")
    parser.add_argument(
        "--share", type=float, default=1.0, help="run this share of it, in the same time"
    )
    given = parser.parse_args()
    plan = SHORT if given.short else share_of(Plan(), given.share)
    os.environ.pop("HELDOUT_DATA", None)
    with tempfile.TemporaryDirectory(prefix="heldout-rush-") as scratch:
        began = time.monotonic()
        _seen, checks = rush(plan, Path(scratch))
        minutes = (time.monotonic() - began) / 60
        database = "PostgreSQL" if os.environ.get("HELDOUT_DATABASE_URL") else "SQLite"
        title = f"{plan.submissions:,} submissions of {plan.teams} teams in {plan.seconds:.0f} s"
        show(f"{title} on {database}: {minutes:.1f} minutes", checks)
        failed = [check for check in checks if not check.holds]
        if failed:
            print((Path(scratch) / "site/rush.log").read_text()[-4000:], file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
