"""A challenge of the organiser's own columns, from its folder to the leaderboard."""

import io

import polars as pl
import pytest
from django.urls import reverse
from django.utils import timezone

from heldout.site.challenges.services import join, publish
from heldout.site.submissions.boards import leaderboard
from heldout.site.submissions.models import Status
from heldout.site.submissions.services import submit
from heldout.site.worker import drain
from tests.site.conftest import enter, phase_toml

IDS = [f"e{number:03}" for number in range(20)]


@pytest.fixture
def weighing(write_challenge, tmp_path, organiser):
    """Twenty goods of which unit and weight are to be read; `light` makes subgroups."""
    folder = write_challenge(
        tmp_path / "goods", slug="goods", phases=phase_toml("dev"), n=20
    ).folder
    toml = folder / "challenge.toml"
    head, _, phases = toml.read_text().partition("[[metrics]]")
    head = head.replace("tabular-classification", "custom")
    head = head.replace('classes = ["cat", "dog", "bird"]\n', "")
    phases = phases[phases.index("[[phases]]") :]
    toml.write_text(f'{head}[[metrics]]\nid = "exact-match"\nprimary = true\n\n{phases}')
    (folder / "data/train.parquet").unlink()
    units = ["kg" if number * 7 % 3 else "lb" for number in range(20)]
    weights = [number * 11 % 13 / 4 for number in range(20)]
    answers = pl.DataFrame({"example_id": IDS, "unit": units, "weight": weights})
    answers.write_csv(folder / "answers/test.csv")
    return publish(source=folder, by=None, now=timezone.now()), answers


def hand_in(challenge, user, table):
    submission = submit(
        phase=challenge.phases.get(key="dev"),
        entrant=join(challenge=challenge, user=user, now=timezone.now()),
        by=user,
        upload=io.BytesIO(table.write_csv().encode()),
        filename="predictions.csv",
        now=timezone.now(),
    )
    drain()
    submission.refresh_from_db()
    return submission


def test_columns_of_ones_own_are_submitted_scored_and_ranked(weighing, signed_in):
    challenge, answers = weighing
    good, bad = enter(challenge, "good"), enter(challenge, "bad")
    page = signed_in(good).get(reverse("submissions:submit", args=["goods"])).content.decode()
    assert "the columns to predict" in page
    heavier = answers.with_columns(
        pl.when(pl.col("example_id") < "e005").then(99).otherwise(pl.col("weight")).alias("weight")
    )
    assert hand_in(challenge, bad, heavier).status == Status.SCORED
    assert hand_in(challenge, good, answers.reverse()).status == Status.SCORED
    refused = hand_in(
        challenge, bad, answers.drop("unit").with_columns(pl.lit("x").alias("weight"))
    )
    assert refused.status == Status.REFUSED
    said = " ".join(map(str, refused.problems))
    assert 'there is no column "unit"' in said
    assert '"x" in weight is not a finite number' in said
    rows = leaderboard(phase=challenge.phases.get(key="dev"), viewer=good).rows
    assert [(row.entrant, row.value) for row in rows] == [("good", 1.0), ("bad", 0.75)]
    assert rows[1].low < 0.75 < rows[1].high
