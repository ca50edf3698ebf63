"""The site as `heldout serve` runs it, with its worker, and a real Chromium in front of it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

HERE = Path(__file__).parent
PASSWORD = "long-enough-1"
# The browser talks to nobody but the site.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=20_000)


@dataclass(frozen=True)
class Site:
    address: str
    folder: Path

    def url(self, path: str) -> str:
        return self.address + path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            httpx.get(f"{address}/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the site did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served data folder with a challenge, four entrants' files and their scores."""
    folder = tmp_path_factory.mktemp("site")
    data, log = folder / "data", folder / "serve.log"
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "HELDOUT_DATA"},
        "HELDOUT_PUBLISH_FROM": str(folder / "publish"),
        "PYTHONPATH": str(HERE),
    }
    seed = [sys.executable, str(HERE / "seed.py"), str(data)]
    subprocess.run(seed, env=environment, check=True)
    serve = (
        "import sys; from pathlib import Path; from heldout.site.serve import serve;"
        "serve(Path(sys.argv[1]), port=int(sys.argv[2]))"
    )
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", serve, str(data), str(port)],
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_it_answers(process, address, log)
        yield Site(address, data)
    finally:
        process.terminate()
        process.wait(timeout=40)
    # What ends by itself is started again, and hardly a page shows it.
    assert "starting it again" not in log.read_text()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    # While Playwright runs, so does its event loop, beside which Django asks no database.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor nobody knows. What a page complains about in the console fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    context.on(
        "console",
        lambda said: complaints.append(said.text) if _is_complaint(said.type, said.text) else None,
    )
    yield context
    context.close()
    assert complaints == []


def _is_complaint(kind: str, text: str) -> bool:
    # Tests ask for refusals; that the browser notes their status is no fault of a page.
    return kind in {"error", "warning"} and "the server responded with a status of 4" not in text


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


class People:
    """Signs people in, once each; later contexts get their cookies."""

    def __init__(self, site: Site) -> None:
        self.site, self.cookies = site, {}

    def enter(self, context: BrowserContext, handle: str) -> Page:
        """A page of the context, signed in as this person."""
        if handle not in self.cookies:
            self.cookies[handle] = self._sign_in(context.browser, handle)
        context.add_cookies(self.cookies[handle])
        return context.new_page()

    def _sign_in(self, browser: Browser, handle: str):
        context = browser.new_context()
        page = context.new_page()
        page.goto(self.site.url("/accounts/login/"))
        page.get_by_label("Email").fill(f"{handle}@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("link", name=handle)).to_be_visible()
        cookies = context.cookies()
        context.close()
        return cookies


@pytest.fixture(scope="session")
def people(site: Site) -> People:
    return People(site)


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    """A file that can be scored, of real predictions."""
    sys.path.insert(0, str(HERE))
    try:
        import digits
    finally:
        sys.path.remove(str(HERE))
    file = tmp_path / "predictions.csv"
    file.write_text(digits.predictions("nearest"))
    return file
