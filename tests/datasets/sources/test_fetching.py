"""Against a server on this machine; pauses are counted, never slept."""

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from heldout.datasets.sources import Fetched, Politeness, Wanted, fetch, read_list
from heldout.errors import BadInput


def png(shade: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (4, 4), shade).save(stream, format="PNG")
    return stream.getvalue()


class Site:
    """What the server says, and what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.asked: list[str] = []
        self.base = ""

    def put(self, path: str, content: bytes, status: int = 200, **headers: str) -> str:
        """Answer so; several answers for one path come one after the other, the last one stays."""
        answer = (
            status,
            {name.replace("_", "-"): value for name, value in headers.items()},
            content,
        )
        self.pages.setdefault(path, []).append(answer)
        return self.base + path


@pytest.fixture
def site() -> Iterator[Site]:
    known = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            answers = known.pages.get(self.path, [(404, {}, b"")])
            status, headers, content = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield known
    server.shutdown()
    thread.join()
    server.server_close()


class Time:
    """A clock that pauses move."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


LOCAL = Politeness(hosts=("127.0.0.1",), ports=True)
Run = Callable[..., list[Fetched]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(
        *urls: str | Wanted, rules: Politeness = LOCAL, time: Time | None = None
    ) -> list[Fetched]:
        wanted = [Wanted(url) if isinstance(url, str) else url for url in urls]
        known = time or Time()
        return fetch(
            wanted, tmp_path / "got", rules=rules, pause=known.pause, clock=lambda: known.now
        )

    return run


def test_a_file_is_named_by_its_hash(site: Site, run: Run, tmp_path: Path) -> None:
    content = png(7)
    url = site.put("/a.jpg", content)
    digest = hashlib.sha256(content).hexdigest()
    (one,) = run(Wanted(url, digest, {"licence": "CC0", "author": "Ada"}))
    assert (one.file, one.sha256, one.fault) == (f"{digest}.png", digest, "")
    assert one.known == {"licence": "CC0", "author": "Ada"}
    assert (tmp_path / "got" / one.file).read_bytes() == content


def test_a_run_broken_off_goes_on_where_it_stopped(site: Site, run: Run, tmp_path: Path) -> None:
    urls = [site.put(f"/{number}.png", png(number)) for number in range(3)]
    run(*urls[:2])
    with (tmp_path / "got" / "fetched.jsonl").open("ab") as stream:
        stream.write(b'{"url": "cut sho')
    site.asked.clear()
    assert [bool(one.file) for one in run(*urls)] == [True] * 3
    assert site.asked == ["/robots.txt", "/2.png"]
    assert not list((tmp_path / "got").glob(".part.*"))


def test_requests_to_one_host_keep_their_distance(site: Site, run: Run) -> None:
    urls = [site.put(f"/{number}.png", png(number)) for number in range(3)]
    time = Time()
    run(*urls, rules=Politeness(hosts=("127.0.0.1",), ports=True, delay=2), time=time)
    assert time.pauses == [2, 2, 2]  # After robots.txt and between the files.


def test_robots_are_kept_to(site: Site, run: Run) -> None:
    site.put("/robots.txt", b"User-agent: *\nDisallow: /private\nCrawl-delay: 5\n")
    hidden, shown = site.put("/private/a.png", png(1)), site.put("/b.png", png(2))
    time = Time()
    first, second = run(hidden, shown, time=time)
    assert (first.fault, first.final) == ("its robots.txt forbids it", True)
    assert second.file
    assert "/private/a.png" not in site.asked
    assert time.pauses == [5]


def test_a_host_that_is_not_allowed_is_never_asked(site: Site, run: Run) -> None:
    with pytest.raises(BadInput, match=r"evil\.example: is not among the allowed hosts"):
        run(site.put("/a.png", png(1)), "https://evil.example/a.png")
    assert site.asked == []


def test_a_redirect_leads_nowhere_else(site: Site, run: Run) -> None:
    url = site.put("/a.png", b"", status=302, Location="https://evil.example/a.png")
    (one,) = run(url)
    assert one.fault == "leads to evil.example, which is not allowed"


def test_a_redirect_on_the_host_is_followed(site: Site, run: Run) -> None:
    site.put("/b.png", png(1))
    (one,) = run(site.put("/a.png", b"", status=301, Location="/b.png"))
    assert one.file


def test_a_busy_host_is_asked_again_when_it_says(site: Site, run: Run) -> None:
    url = site.put("/a.png", b"", status=503, Retry_After="7")
    site.put("/a.png", png(1))
    time = Time()
    (one,) = run(url, time=time)
    assert one.file
    assert 7 in time.pauses


@pytest.mark.parametrize(
    ("status", "content", "fault", "final"),
    [
        (404, b"", "answers 404", True),
        (500, b"", "answers 500", False),
        (200, b"<html>", "is not an image of a known format", True),
        (200, bytes(2000), "is larger than 1,000 bytes", True),
    ],
)
def test_why_a_file_is_missing_is_noted(
    site: Site, run: Run, tmp_path: Path, status: int, content: bytes, fault: str, final: bool
) -> None:
    url = site.put("/a.png", content, status=status)
    rules = Politeness(hosts=("127.0.0.1",), ports=True, largest=1000)
    (one,) = run(url, rules=rules)
    assert (one.fault, one.final, one.file) == (fault, final, "")
    assert sorted(path.name for path in (tmp_path / "got").iterdir()) == ["fetched.jsonl"]
    site.asked.clear()
    run(url, rules=rules)
    assert (site.asked == []) == final


def test_a_wrong_checksum_is_no_file(site: Site, run: Run) -> None:
    (one,) = run(Wanted(site.put("/a.png", png(1)), "0" * 64))
    assert one.fault == "has another content than the list's sha256 says"


def test_a_list_names_every_row_at_fault(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "url,sha256,licence\nhttps://a.org/1.png,,CC0\nfile:///etc/passwd,,\nhttps://b.org,xyz,\n"
    )
    with pytest.raises(BadInput) as refusal:
        read_list(path)
    assert [str(one) for one in refusal.value.problems] == [
        "list.csv row 2: 'file:///etc/passwd' is no http address",
        "list.csv row 3: its sha256 is not 64 hexadecimal digits",
    ]


def test_a_list_of_captions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cc12m.tsv"
    path.write_text('https://a.org/1.png\ta "cat"\nhttps://b.org/2.png\ta dog\n')
    assert read_list(path) == [
        Wanted("https://a.org/1.png", known={"caption": 'a "cat"'}),
        Wanted("https://b.org/2.png", known={"caption": "a dog"}),
    ]
