import json
import random
import socket
import sys

import pytest
from PIL import Image

from heldout.cli import main

CLASSES = ("cat", "dog", "zebra")


class Ran:
    """What a command left behind."""

    def __init__(self, code, captured):
        self.code, self.out, self.err = code, captured.out, captured.err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(capsys):
    """Run a command in this process."""

    def run(*arguments):
        capsys.readouterr()
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            return Ran(ended.code or 0, capsys.readouterr())
        raise AssertionError("a command ends by exiting")

    return run


@pytest.fixture
def files(tmp_path):
    """References of 120 animals, and two files of predictions of which `good` is better."""
    rng = random.Random(5)
    lines = {"refs": [], "good": [], "bad": []}
    for number in range(120):
        label, ink = rng.choice(CLASSES), rng.choice(["light", "dark"])
        lines["refs"].append(f"e{number},{label},{ink}")
        for name, skill in (("good", 0.9), ("bad", 0.5)):
            guess = label if rng.random() < skill else rng.choice(CLASSES)
            lines[name].append(f"e{number},{guess}")
    headers = {"refs": "example_id,reference,ink"}
    for name, rows in lines.items():
        header = headers.get(name, "example_id,prediction")
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")
    return tmp_path


@pytest.fixture
def images(tmp_path):
    """Sixty different small images in two class folders."""
    for number in range(60):
        path = tmp_path / "images" / ("cat" if number % 2 else "dog") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), number * 4).save(path)
    return tmp_path / "images"


@pytest.fixture(scope="session")
def heldout_command():
    """The command line in a process of its own."""
    return [sys.executable, "-m", "heldout"]


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
