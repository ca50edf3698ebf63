"""`heldout demo`: the whole journey in one command, on real data, twice."""

import json
import subprocess
import urllib.request
from datetime import UTC, datetime
from itertools import takewhile

import polars as pl
import pytest

from heldout.challenge.pages import Facts, datasheet
from heldout.cli.demo_pages import HOMES_PAGES, PAGES
from heldout.datasets.tasks import find_task

pytestmark = pytest.mark.timeout(300)


def run_demo(command, folder, *options):
    ran = subprocess.run(
        [*command, "demo", folder, "--no-serve", *options], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran


def serve_demo(command, folder, port):
    """The board and whether the page of the data answers, from one run that builds and serves."""
    running = subprocess.Popen(
        [*command, "demo", folder, "--json", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        try:
            said = list(
                takewhile(lambda line: not line.startswith("to sign in as"), running.stderr)
            )
            address = f"http://127.0.0.1:{port}/challenges/digits/data/"
            with urllib.request.urlopen(address, timeout=60) as answer:
                page = answer.read().decode()
        finally:
            running.terminate()
        board = json.loads(running.stdout.read())
    assert running.returncode == 0, said
    return board, page


def test_the_demo_ranks_five_fitted_baselines_and_a_second_run_changes_nothing(
    heldout_command, tmp_path, free_port
):
    folder = tmp_path / "demo"
    board, page = serve_demo(heldout_command, folder, free_port)
    assert "train.parquet" in page
    rows = board["leaderboard"]
    assert len(rows) == 5
    assert all(row["entrant"].startswith("baseline-") and row["baseline"] for row in rows)
    assert all(row["low"] < row["value"] < row["high"] for row in rows)
    assert all(row["rank_low"] <= row["rank"] <= row["rank_high"] for row in rows)
    by_entrant = {row["entrant"]: row["value"] for row in rows}
    answers = pl.read_parquet(folder / "digits/answers/test.parquet")["reference"]
    # The majority of the training split is one digit of ten; the others have really learned.
    assert min(by_entrant, key=by_entrant.__getitem__) == "baseline-majority"
    shares = [(answers == digit).mean() for digit in answers.unique()]
    majority = by_entrant.pop("baseline-majority")
    assert any(majority == pytest.approx(share) for share in shares)
    assert min(by_entrant.values()) > 0.9
    assert {row["n"] for row in rows} == {len(answers)}

    second = run_demo(heldout_command, folder)
    assert "is there already" in second.stderr
    assert "site --sign-in organiser@demo.invalid" in second.stderr
    assert "trained" not in second.stderr
    assert [line.split()[2] for line in second.stdout.splitlines()[1:]] == [
        row["entrant"] for row in rows
    ]
    local = subprocess.run(
        [*heldout_command, "leaderboard", "digits", "--site", folder / "site", "--json"],
        capture_output=True,
        text=True,
    )
    assert json.loads(local.stdout) == board


@pytest.mark.parametrize("pages", [PAGES, HOMES_PAGES])
def test_the_demo_answers_every_section_of_the_datasheet_and_leaves_no_page_to_edit(pages):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    task = find_task("image-classification")
    to_answer = datasheet(Facts(id="c", title="C", task=task, opens=now, closes=now)).splitlines()
    answered = pages["datasheet"].splitlines()
    titles = [line for line in to_answer if line.startswith("## ")]
    assert [line for line in answered if line.startswith("## ")] == titles
    assert not [line for line in answered if "?" in line or line.endswith("is yours to answer")]
    assert not [name for name, text in pages.items() if "before you publish" in text]


def test_a_folder_with_other_things_in_it_is_left_alone(run, tmp_path):
    (tmp_path / "thesis.tex").touch()
    ran = run("demo", tmp_path, "--no-serve")
    assert ran.code == 2
    assert "holds something that is no demo" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
