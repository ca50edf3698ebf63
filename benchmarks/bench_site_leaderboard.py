"""Requests per second of a leaderboard with 500 entries, with and without a matching ETag."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from benchmarks.site_running import running

ENTRANTS = 500
SECONDS = 5.0
THREADS = 4
ADDRESSES = {
    "page": "/challenges/bench/leaderboard/",
    "JSON": "/api/v1/challenges/bench/phases/test/leaderboard",
}


def rate(base: httpx.URL, address: str, etag: str | None) -> float:
    """Requests per second of a few clients that ask one after the other."""
    headers = {"If-None-Match": etag} if etag else {}
    expected = 304 if etag else 200

    def ask(_: int) -> int:
        done, end = 0, time.perf_counter() + SECONDS
        with httpx.Client(base_url=base, headers=headers, timeout=60) as client:
            while time.perf_counter() < end:
                assert client.get(address).status_code == expected
                done += 1
        return done

    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(ask, range(THREADS))) / SECONDS


def main() -> None:
    with running(examples=200, entrants=ENTRANTS) as (site, _):
        for name, address in ADDRESSES.items():
            first = site.client.get(address)
            first.raise_for_status()
            full = rate(site.client.base_url, address, None)
            matching = rate(site.client.base_url, address, first.headers["etag"])
            print(
                f"{name}: {full:6.0f} requests/s whole ({len(first.content) / 1000:.0f} kB), "
                f"{matching:6.0f} with a matching ETag: {matching / full:.1f} times"
            )


if __name__ == "__main__":
    main()
