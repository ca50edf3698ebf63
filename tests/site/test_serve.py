"""The site as its users run it: processes, signals, a port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

# Each starts Python anew, which takes long on a machine that has other things to do.
pytestmark = pytest.mark.timeout(240)

SCRIPT = """
import sys
from pathlib import Path
from heldout.errors import HeldoutError
from heldout.site.serve import serve
if __name__ == "__main__":
    try:
        serve(Path(sys.argv[1]), port=int(sys.argv[2]), announce=lambda at: print(at, flush=True))
    except HeldoutError as error:
        sys.exit(str(error))
"""
PUBLISH = """
import sys
from pathlib import Path
from heldout.site.setup import prepare
prepare(Path(sys.argv[1]))
from django.utils import timezone
from heldout.site.accounts.services import create_token, create_user
from heldout.site.challenges.services import accept_terms, publish
now = timezone.now()
challenge = publish(source=Path(sys.argv[2]), by=None, now=now)
user = create_user(email="p@example.org", handle="p")
accept_terms(
    challenge=challenge, user=user, terms_digest=challenge.revision.terms_digest, now=now
)
print(create_token(user=user, name="test", now=now)[1])
"""


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.port = folder, free_port()
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HELDOUT_", "DJANGO_"))}
        self.environ = clean | ({"HELDOUT_DATABASE_URL": database} if database else {})
        self.environ["HELDOUT_WEB_PROCESSES"] = "1"
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

    def run(self, script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *map(str, arguments)]
        return subprocess.run(
            command, env=self.environ, capture_output=True, text=True, timeout=200
        )

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-c", SCRIPT, str(self.folder), str(self.port)]
        process = subprocess.Popen(
            command, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == str(self.client.base_url).rstrip("/")
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=40)

    def publish(self, folder: Path) -> str:
        """Publish a challenge; returns the token of somebody who accepted its terms."""
        done = self.run(PUBLISH, self.folder, folder)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def submit(self, token: str, content: bytes) -> str:
        response = self.client.post(
            "/api/v1/challenges/cats/phases/dev/submissions",
            files={"file": ("predictions.csv", content)},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def status(self, token: str, submission: str) -> str:
        response = self.client.get(
            f"/api/v1/submissions/{submission}", headers={"Authorization": f"Bearer {token}"}
        )
        return str(response.json()["status"])


def child(process: subprocess.Popen[str], title: str) -> psutil.Process | None:
    """The process of the site that the system lists under this name."""
    for found in psutil.Process(process.pid).children():
        with suppress(psutil.Error):
            if found.name() == title:
                return found
    return None


@pytest.fixture
def served(tmp_path, fresh_database) -> Iterator[Site]:
    site = Site(tmp_path / "served", fresh_database)
    yield site
    site.client.close()


def test_a_submission_is_scored_and_stands_on_the_leaderboard(served, made, predictions):
    token = served.publish(made.folder)
    with served.serving() as process:
        submission = served.submit(token, predictions(45))
        wait_for(lambda: served.status(token, submission) == "scored")
        board = "/api/v1/challenges/cats/phases/dev/leaderboard"
        wait_for(lambda: served.client.get(board).json()["leaderboard"])
        assert served.client.get(board).json()["leaderboard"][0]["value"] == pytest.approx(0.75)
        page = served.client.get("/")
        assert page.status_code == 200
        assert served.client.get("/healthz").text == "ok\n"
        second = served.run(SCRIPT, served.folder, free_port())
        assert second.returncode == 1
        assert "is being served already" in second.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=40) == 0
    with pytest.raises(httpx.ConnectError):
        served.client.get("/healthz")


def test_a_limit_holds_when_everybody_uploads_at_once(served, made, predictions):
    token = served.publish(made.folder)
    with served.serving(), ThreadPoolExecutor(12) as threads:

        def upload(number: int) -> int:
            return served.client.post(
                "/api/v1/challenges/cats/phases/dev/submissions",
                files={"file": ("predictions.csv", predictions(number))},
                headers={"Authorization": f"Bearer {token}"},
            ).status_code

        codes = Counter(threads.map(upload, range(30)))
    # The phase allows 20 a day.
    assert codes == {201: 20, 409: 10}


def test_a_killed_worker_and_a_killed_web_server_come_back(served, made, predictions):
    token = served.publish(made.folder)
    with served.serving() as process:
        for title in ("heldout-worker", "heldout-web"):
            killed = child(process, title)
            assert killed is not None
            killed.kill()
            wait_for(lambda old=killed, name=title: child(process, name) not in (None, old))

        def answers() -> bool:
            try:
                return served.client.get("/healthz").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answers)
        submission = served.submit(token, predictions(45))
        wait_for(lambda: served.status(token, submission) == "scored")


def test_a_port_that_is_taken_is_told_in_words(served):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = served.run(SCRIPT, served.folder, taken.getsockname()[1])
    assert ended.returncode == 1
    assert "choose another with --port" in ended.stderr
    assert "Traceback" not in ended.stderr
