"""The tutorial on data word for word: its commands are read from its page and run."""

import hashlib
import json
import random
import re
import shlex
import subprocess
import sys
import zipfile

import pytest

from heldout.cards.croissant_check import check_croissant

pytestmark = pytest.mark.timeout(300)

PAGE = "docs/tutorials/know-your-data.md"
PLACES = {"Nepal": ("Asia", 28.4, 84.1), "Peru": ("The Americas", -9.2, -75.0)}


@pytest.fixture
def commands(root):
    blocks = re.findall(r"```bash\n(.*?)```", (root / PAGE).read_text(), re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


@pytest.fixture
def somewhere(tmp_path):
    """A table as the page describes it."""
    rng = random.Random(3)
    lines = ["id,country,region,lat,lng,income,label"]
    for number in range(90):
        country = rng.choice(list(PLACES))
        region, lat, lng = PLACES[country]
        income, label = f"{rng.lognormvariate(5, 1):.1f}", rng.choice(["stoves", "toothbrushes"])
        lines.append(f"s{number:03},{country},{region},{lat},{lng},{income},{label}")
    (tmp_path / "street.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


# One process runs all commands, as a person's shell would run them one by one: starting takes longest.
DRIVER = """
import contextlib, io, json, sys
from pathlib import Path
from heldout.challenge.datasheet import blanks, read_answers, write_form
from heldout.cli import main

def answer(path):
    text = Path(path).read_text()
    wanted = [problem.place.rpartition(" ")[2] for problem in blanks(text)]
    said = {name: f"Told of {name}." for name in wanted}
    Path(path).write_text(write_form("Streets", read_answers(text) | said))
    return len(wanted), "", ""

def call(*arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(arguments))
        except SystemExit as ended:
            return ended.code or 0, out.getvalue(), err.getvalue()

for line in sys.stdin:
    program, *arguments = json.loads(line)
    ran = answer(*arguments) if program == "ANSWER" else call(*arguments)
    print(json.dumps(ran), flush=True)
"""


@pytest.fixture
def call(somewhere):
    """Run a command; its code, what it printed and what it said."""
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        cwd=somewhere,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def call(*arguments, program="heldout"):
        process.stdin.write(json.dumps([program, *map(str, arguments)]) + "\n")
        process.stdin.flush()
        return tuple(json.loads(process.stdout.readline()))

    with process:
        yield call
        process.stdin.close()


def test_every_command_of_the_page_leads_to_the_released_data_set(commands, call, somewhere):
    profile, add, datasheet, publish, release, serve = (one[1:] for one in commands)
    assert serve[0] == "serve"  # Run by the tutorial of the first challenge.
    assert call(*profile)[0] == 0
    assert "<html" in (somewhere / "profile.html").read_text()
    assert "only its owner sees it" in call(*add)[2]
    code, _, said = call(*publish[:-2])
    assert (code, "is not answered" in said) == (1, True)
    code, _, said = call(*release)
    assert (code, "is not answered" in said) == (2, True)
    assert not (somewhere / "street.zip").exists()
    assert call(*datasheet)[0] == 0
    assert call("datasheet.md", program="ANSWER")[0] == 6
    assert "street is published" in call(*publish)[2]
    assert "none is in it" in call(*release)[2]
    with zipfile.ZipFile(somewhere / "street.zip") as archive:
        archive.extractall(somewhere / "out")
    assert check_croissant(somewhere / "out/croissant.json") == []
    assert "Told of purpose." in (somewhere / "out/datasheet.md").read_text()
    for line in (somewhere / "out/SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((somewhere / "out" / name).read_bytes()).hexdigest() == digest
    refusals(call, somewhere)
    other_commands(call, somewhere)


def refusals(call, somewhere):
    """What is refused on the site that is there."""
    code, _, said = call("catalogue", "release", "my-site", "street", "--to", "street.zip")
    assert (code, "is no new archive" in said) == (2, True)
    code, _, said = call("catalogue", "publish", "my-site", "stret")
    assert (code, 'did you mean "street"?' in said.lower()) == (2, True)
    other = ("--name", "street", "--owner", "other@example.org")
    code, _, said = call("catalogue", "add", "my-site", "street.csv", *other)
    assert (code, "is taken" in said) == (2, True)
    (somewhere / "bad.csv").write_text("id,word\na,x\na,y\nb,z\n")
    own = ("--name", "street", "--owner", "me@example.org")
    assert call("catalogue", "add", "my-site", "bad.csv", *own)[0] == 2


def other_commands(call, somewhere):
    own = ("--name", "street", "--owner", "me@example.org")
    _, out, _ = call("catalogue", "add", "my-site", "bad.csv", *own, "--lenient", "--json")
    told = json.loads(out)
    # It was published, and stays so with its next revision.
    assert (told["visibility"], told["blank"]) == ("public", [])
    assert told["left_out"] > 0
    assert "street: " in call("catalogue", "index", "my-site")[2]
    entry = {"@context": "https://schema.org/", "@type": "Dataset", "name": "Elsewhere"}
    (somewhere / "catalogue.jsonld").write_text(
        json.dumps(entry | {"url": "https://data.example.org/1"})
    )
    _, out, _ = call("catalogue", "harvest", "my-site", "catalogue.jsonld", "--json")
    assert json.loads(out)["entries"] == 1
    assert "catalogue.jsonld" in "".join(call("catalogue", "sources", "my-site")[1].split())
    code, _, said = call("catalogue", "sources", "my-site", "--remove", "nothing")
    assert (code, "was not harvested" in said) == (2, True)
