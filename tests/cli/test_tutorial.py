"""The tutorial word for word: its commands are read from its page and run; then people take part."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import polars as pl
import pytest
from PIL import Image

pytestmark = pytest.mark.timeout(300)

PAGE = "docs/tutorials/first-challenge.md"
TOKEN_FOR = """
import sys
from pathlib import Path
from heldout.site.setup import configure
configure(Path(sys.argv[1]))
from django.utils import timezone
from heldout.site.accounts.services import create_token, person
print(create_token(user=person(email=sys.argv[2]), name="test", now=timezone.now())[1])
"""


@pytest.fixture
def commands(root):
    blocks = re.findall(r"```bash\n(.*?)```", (root / PAGE).read_text(), re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


@pytest.fixture
def somewhere(tmp_path):
    """Images of the digits 0 and 1 (scikit-learn's) in class folders, as the page asks for."""
    from sklearn.datasets import load_digits

    digits = load_digits(n_class=2)
    for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = tmp_path / "images" / ("zero", "one")[label] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype("uint8")).save(path)
    return tmp_path


@pytest.fixture
def call(heldout_command, somewhere):
    environment = {**os.environ, "XDG_CONFIG_HOME": str(somewhere / "config")}

    def call(*arguments, code=0):
        ran = subprocess.run(
            [*heldout_command, *arguments],
            cwd=somewhere,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == code, ran.stderr
        return ran

    return call


@contextmanager
def serving(command, cwd, port):
    log = cwd / "serve.log"
    with log.open("w") as stream:
        process = subprocess.Popen([*command, "--port", str(port)], cwd=cwd, stderr=stream)
    try:
        until = time.monotonic() + 60
        while "/accounts/link/" not in log.read_text():  # The last line it says.
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield log.read_text
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_at_most_five_commands_lead_to_a_live_challenge(
    commands, call, heldout_command, somewhere, free_port
):
    assert len(commands) <= 5
    assert all(program == "heldout" for program, *_ in commands)
    *before, (_, *serve) = commands
    for _, *arguments in before:
        call(*arguments)
    url = f"http://127.0.0.1:{free_port}"
    with serving([*heldout_command, *serve], somewhere, free_port) as log:
        page = httpx.get(f"{url}/challenges/my-challenge/", timeout=60)
        assert page.status_code == 200
        assert "My first challenge" in page.text
        link = re.search(r"http://\S+/accounts/link/\S+", log())[0]
        assert httpx.get(link, timeout=60).status_code == 200
        take_part(call, url, somewhere)
        publish_again(call, url, somewhere)


def token_for(email, site):
    arguments = [sys.executable, "-c", TOKEN_FOR, site, email]
    made = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return made.stdout.strip()


def take_part(call, url, somewhere):
    """Sign in, be refused, submit, be scored, and see oneself on the leaderboard."""
    token = token_for("somebody@example.org", somewhere / "my-site")
    assert "not known" in call("login", url, "--token", "wrong", code=2).stderr
    signed_out = call("submissions", "my-challenge", "--url", url, code=2)
    assert "you are not signed in" in signed_out.stderr
    call("login", url, "--token", token)
    credentials = somewhere / "config/heldout/credentials.json"
    assert credentials.stat().st_mode & 0o077 == 0
    answers = pl.read_parquet(somewhere / "my-challenge/answers/test.parquet")
    right = answers.select("example_id", prediction="reference")
    right.write_csv(somewhere / "right.csv")
    right[1:].write_csv(somewhere / "short.csv")
    ask = ("submit", "my-challenge", "--phase", "test")
    assert "--accept-terms" in call(*ask, "right.csv", code=2).stderr
    refused = call(*ask, "short.csv", "--accept-terms", "--wait", "--json", code=2)
    assert json.loads(refused.stdout)["status"] == "refused"
    assert "no prediction for" in refused.stderr
    scored = json.loads(call(*ask, "right.csv", "--wait", "--json").stdout)
    assert scored["status"] == "scored"
    assert scored["scores"][0]["value"] == 1
    listed = json.loads(call("submissions", "my-challenge", "--json").stdout)["submissions"]
    assert [one["status"] for one in listed] == ["scored", "refused"]
    until = time.monotonic() + 30
    while True:
        board = json.loads(call("leaderboard", "my-challenge", "--json").stdout)
        if board["leaderboard"] or time.monotonic() > until:
            break
    (row,) = board["leaderboard"]
    assert (row["entrant"], row["rank"], row["value"]) == ("somebody", 1, 1)


def publish_again(call, url, somewhere):
    """Only who organises the challenge may publish it, over the API too."""
    call("publish", "my-challenge", "--to", url, code=2)
    token = token_for("me@example.org", somewhere / "my-site")
    call("login", url, "--token", token)
    again = call("publish", "my-challenge", "--to", url, "--json")
    # The folder is as it was, so there is no new revision.
    published = {"id": "my-challenge", "revision": 1, "changed": False}
    assert json.loads(again.stdout) == published
    said = call("publish", "my-challenge", "--to", str(somewhere / "my-site")).stderr
    assert "nothing has changed: my-challenge stays at revision 1" in said
    assert "--sign-in me@example.org" in said


def test_the_answers_are_not_sent_over_an_open_connection(run, images, tmp_path):
    run("new", tmp_path / "pets", "--from", images)
    ran = run("publish", tmp_path / "pets", "--to", "http://site.example")
    assert ran.code == 2
    assert "would carry the answers in the open" in ran.err


@pytest.mark.parametrize("command", [("publish", "CHALLENGE", "--to"), ("worker",), ("serve",)])
def test_a_folder_that_is_no_site_is_refused(run, images, tmp_path, command):
    run("new", tmp_path / "pets", "--from", images)
    arguments = [tmp_path / "pets" if part == "CHALLENGE" else part for part in command]
    ran = run(*arguments, tmp_path / "images")
    assert ran.code == 2
    assert "is not a site's data folder" in ran.err
    assert "is a challenge" in run(*arguments, tmp_path / "pets").err


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_the_folder_around_a_site_names_the_site(run, tmp_path, command):
    """As `heldout demo DEMO` leaves it: the site lies in DEMO/site."""
    (tmp_path / "demo/site").mkdir(parents=True)
    (tmp_path / "demo/site/secret").touch()
    ran = run(command, tmp_path / "demo")
    assert ran.code == 2
    assert f"name {tmp_path / 'demo/site'}" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [("submissions", "digits"), ("leaderboard", "digits"), ("submit", "digits", "refs.csv")],
)
def test_a_command_without_a_site_says_how_to_name_one(run, files, monkeypatch, arguments):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(files))
    monkeypatch.delenv("HELDOUT_URL", raising=False)
    monkeypatch.chdir(files)
    ran = run(*arguments)
    assert ran.code == 2
    assert "heldout login URL" in ran.err
