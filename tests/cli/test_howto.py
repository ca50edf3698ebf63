"""The commands of the page on scoring offline run as they stand there."""

import re
import shlex

import polars as pl
import pytest


@pytest.fixture
def commands(root):
    page = (root / "docs/how-to/score-offline.md").read_text()
    blocks = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


def test_every_command_of_the_page_works(run, commands, files, images, monkeypatch):
    monkeypatch.chdir(files)
    run("new", "my-challenge", "--from", images)
    answers = pl.read_parquet("my-challenge/answers/test.parquet")
    answers.select("example_id", prediction="reference").write_csv("predictions.csv")
    for copy in ("preds", "ours"):
        (files / f"{copy}.csv").write_text((files / "good.csv").read_text())
    (files / "theirs.csv").write_text((files / "bad.csv").read_text())
    assert len(commands) == 3
    for command in commands:
        ran = run(*command)
        assert (command[0], ran.code, ran.err.count("problem")) == (command[0], 0, 0)
        assert ran.out
