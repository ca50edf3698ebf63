"""From the upload of a 10,000-row file to its row on the leaderboard of `heldout serve`."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.site_running import Running, running

EXAMPLES = 10_000
UPLOADS = 25
BOARD = "/api/v1/challenges/bench/phases/test/leaderboard"
SUBMIT = "/api/v1/challenges/bench/phases/test/submissions"


def upload(site: Running, token: str, version: int) -> tuple[str, float]:
    """Hand in a file; returns its id and the seconds until the leaderboard counts it in."""
    while version and site.client.get(BOARD).json()["pending"]:
        time.sleep(0.05)
    content = site.predictions(0.7)
    began = time.perf_counter()
    response = site.client.post(
        SUBMIT,
        files={"file": ("predictions.csv", content)},
        headers={"Authorization": f"Bearer {token}"},
    )
    response.raise_for_status()
    while site.client.get(BOARD).json()["version"] <= version:
        time.sleep(0.005)
    return response.json()["id"], time.perf_counter() - began


def scoring_seconds(submission: str) -> float:
    from heldout.site.submissions.models import Evaluation

    return Evaluation.objects.get(submission=submission).seconds


def main() -> None:
    with running(examples=EXAMPLES) as (site, token):
        upload(site, token, 0)  # The first one warms the worker up.
        totals, outside = [], []
        for version in range(1, UPLOADS + 1):
            submission, seconds = upload(site, token, version)
            totals.append(seconds * 1000)
            outside.append((seconds - scoring_seconds(submission)) * 1000)
    for name, values in (("upload to leaderboard row", totals), ("outside scoring", outside)):
        p50, p95 = np.percentile(values, [50, 95])
        print(f"{name:28} p50 {p50:6.0f} ms   p95 {p95:6.0f} ms   ({UPLOADS} uploads)")
    share = np.median(outside) / np.median(totals)
    print(f"share outside scoring        {share:.2f}   (aim: at most 300 ms at p50)")


if __name__ == "__main__":
    main()
