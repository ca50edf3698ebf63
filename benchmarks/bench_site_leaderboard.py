"""A leaderboard of 500 entries from `heldout serve`: cold, warm, and with a matching ETag.

Cold is the first answer after the leaderboard has changed. `HELDOUT_DATABASE_URL` names the
database; without it, it is SQLite.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np

from benchmarks.site_running import running

ENTRANTS = 500
COLD, WARM = 15, 200
SECONDS = 4.0
THREADS = 4
ADDRESSES = {
    "page": "/challenges/bench/leaderboard/",
    "JSON": "/api/v1/challenges/bench/phases/test/leaderboard",
}


def change() -> None:
    """Count the leaderboard's version up, as a new score does."""
    from django.db.models import F

    from heldout.site.challenges.models import Phase
    from heldout.site.submissions.models import Board

    Board.objects.update(version=F("version") + 1, ranges_version=F("version") + 1)
    Phase.objects.update(board_version=F("board_version") + 1)


def milliseconds(
    client: httpx.Client,
    address: str,
    times: int,
    *,
    etag: str = "",
    before: Callable[[], object] = list,
) -> tuple[float, float]:
    """The median and the 99th percentile of single answers over one connection."""
    headers = {"If-None-Match": etag} if etag else {}
    taken = []
    for _ in range(times):
        before()
        began = time.perf_counter()
        answer = client.get(address, headers=headers)
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == (304 if etag else 200)
    p50, p99 = np.percentile(taken, [50, 99])
    return float(p50), float(p99)


def rate(base: httpx.URL, address: str, etag: str) -> float:
    """Answers per second to a few clients that ask one after the other."""

    def ask(_: int) -> int:
        done, end = 0, time.perf_counter() + SECONDS
        headers = {"If-None-Match": etag} if etag else {}
        with httpx.Client(base_url=base, headers=headers, timeout=60) as client:
            while time.perf_counter() < end:
                client.get(address)
                done += 1
        return done

    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(ask, range(THREADS))) / SECONDS


def main() -> None:
    database = "PostgreSQL" if os.environ.get("HELDOUT_DATABASE_URL") else "SQLite"
    with running(examples=200, entrants=ENTRANTS) as (site, _):
        base = site.client.base_url
        for name, address in ADDRESSES.items():
            first = site.client.get(address).raise_for_status()
            cold = milliseconds(site.client, address, COLD, before=change)
            warm = milliseconds(site.client, address, WARM)
            etag = site.client.get(address).headers["etag"]
            same = milliseconds(site.client, address, WARM, etag=etag)
            print(f"{name} on {database}, {len(first.content) / 1000:.0f} kB")
            for what, (p50, p99) in {"cold": cold, "warm": warm, "304": same}.items():
                print(f"  {what:5} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms")
            whole, matching = rate(base, address, ""), rate(base, address, etag)
            print(f"  {whole:.0f} whole answers/s, {matching:.0f} with a matching ETag")
            print(f"  cold : warm {cold[0] / warm[0]:.1f}")


if __name__ == "__main__":
    main()
