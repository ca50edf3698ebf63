"""Fetches files of a list: from allowed hosts only, one at a time per host, with pauses, resumably.

What was fetched is noted line by line in `fetched.jsonl` beside the files, so that a run that was broken
off goes on where it stopped. A host's `robots.txt` is read once and kept to.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import httpx
import msgspec
import polars as pl

from heldout import __version__
from heldout.datasets.annotations.schema import SOURCE
from heldout.datasets.identifiers import ID_LENGTH
from heldout.datasets.images import SUFFIXES, MediaFault, inspect_image
from heldout.datasets.sources.listing import Wanted
from heldout.datasets.table import ID, MEDIA
from heldout.decoding import decode
from heldout.errors import BadInput, Problem

LOG = "fetched.jsonl"
AGENT = f"heldout/{__version__} (dataset import)"
_ROBOT = "heldout"
_AGAIN = {408, 425, 429, 500, 502, 503, 504}  # Answers that may be better next time.
_MOST_REDIRECTS = 5
_LARGEST_ROBOTS = 500_000


class Fetched(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one address.

    Attributes:
        url: The address.
        file: The name of the file, which is the hash of its content; empty where there is none.
        sha256: The hash.
        bytes: The size.
        fault: Why there is no file; empty where there is one.
        final: Whether trying again is pointless.
        known: What the list said of it.
    """

    url: str
    file: str = ""
    sha256: str = ""
    bytes: int = 0
    fault: str = ""
    final: bool = True
    known: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Politeness:
    """How to behave towards other people's machines.

    Attributes:
        hosts: Those that may be asked; `example.org` allows its subdomains too.
        delay: Seconds between two requests to one host, at least.
        attempts: How often an address is tried in a run.
        timeout: Seconds without an answer after which a request is given up.
        largest: Bytes of one file.
        longest_wait: Seconds; a host that asks for more is left alone in this run.
        robots: Whether to keep to the hosts' `robots.txt`.
        ports: Whether to allow other ports than the usual ones.
    """

    hosts: tuple[str, ...]
    delay: float = 1.0
    attempts: int = 3
    timeout: float = 30.0
    largest: int = 100_000_000
    longest_wait: float = 120.0
    robots: bool = True
    ports: bool = False

    def allows(self, url: str) -> bool:
        """Whether an address may be asked for."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        usual = parts.port in (None, 80, 443) or self.ports
        known = any(host == one or host.endswith(f".{one}") for one in self.hosts)
        return parts.scheme in ("http", "https") and usual and known


class _Failure(Exception):
    """An address that gives no file: why, and whether it is worth another try."""

    def __init__(self, message: str, *, final: bool = True, wait: float = 0) -> None:
        super().__init__(message)
        self.final = final
        self.wait = wait


@dataclass(slots=True)
class _Host:
    """One machine: when it was last asked, and what it forbids."""

    client: httpx.Client
    rules: Politeness
    pause: Callable[[float], None]
    clock: Callable[[], float]
    last: float = float("-inf")
    delay: float = 0.0
    robots: dict[str, RobotFileParser | None] = field(default_factory=dict)

    def wait(self) -> None:
        """Let the pause since the last request pass."""
        left = self.last + max(self.rules.delay, self.delay) - self.clock()
        if left > 0:
            self.pause(left)
        self.last = self.clock()

    def permits(self, url: str) -> bool:
        """Whether the host's `robots.txt` lets us in; where there is none, it does."""
        if not self.rules.robots:
            return True
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self.robots:
            self.robots[origin] = self._read_robots(origin)
        rules = self.robots[origin]
        if rules is None:
            return True
        asked = rules.crawl_delay(_ROBOT)
        self.delay = float(asked) if asked is not None else 0.0
        if self.delay > self.rules.longest_wait:
            raise _Failure(f"asks for {self.delay:.0f} seconds between requests", final=False)
        return rules.can_fetch(_ROBOT, url)

    def _read_robots(self, origin: str) -> RobotFileParser | None:
        self.wait()
        try:
            answer = self.client.get(f"{origin}/robots.txt")
        except httpx.HTTPError as error:
            raise _Failure(
                f"its robots.txt cannot be read ({_reason(error)})", final=False
            ) from None
        if answer.status_code >= 500:
            raise _Failure(f"its robots.txt answers {answer.status_code}", final=False)
        if answer.status_code != 200:
            return None
        rules = RobotFileParser()
        rules.parse(answer.text[:_LARGEST_ROBOTS].splitlines())
        return rules


def fetch(
    wanted: Sequence[Wanted],
    folder: Path,
    *,
    rules: Politeness,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    done: Callable[[Fetched], None] = lambda _: None,
) -> list[Fetched]:
    """Fetch what a list wants and is not there yet.

    Args:
        wanted: The addresses.
        folder: Where the files go, named by their hash, with `fetched.jsonl` beside them.
        rules: How to behave.
        pause: Waits so many seconds.
        clock: Tells seconds.
        done: Is told of each address as soon as it is settled.

    Returns:
        What became of each address, in the order of the list.

    Raises:
        BadInput: A host is not allowed.
    """
    _refuse_strangers(wanted, rules)
    folder.mkdir(parents=True, exist_ok=True)
    settled = {one.url: one for one in read_log(folder) if _stands(one, folder)}
    left = {one.url: one for one in wanted if one.url not in settled}
    queues: dict[str, list[Wanted]] = {}
    for one in left.values():
        queues.setdefault(one.host, []).append(one)
    lock = Lock()

    def keep(result: Fetched) -> None:
        with lock:
            settled[result.url] = result
            with (folder / LOG).open("ab") as stream:
                stream.write(msgspec.json.encode(result) + b"\n")
            done(result)

    headers = {"User-Agent": AGENT}
    with httpx.Client(headers=headers, timeout=rules.timeout, follow_redirects=False) as client:

        def work(queue: list[Wanted]) -> None:
            host = _Host(client, rules, pause, clock)
            for one in queue:
                keep(_fetch_one(one, host, folder))

        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(work, queues.values()))
    return [settled[one.url] for one in wanted]


def table_of(results: Sequence[Fetched]) -> pl.DataFrame:
    """Return what was fetched as a table of examples: each content once, with what the list says."""
    rows: dict[str, dict[str, str]] = {}
    for one in results:
        if one.file:
            own = {ID: one.sha256[:ID_LENGTH], MEDIA: one.file, SOURCE: one.url}
            rows.setdefault(one.file, {**one.known, **own})
    names = dict.fromkeys(name for row in rows.values() for name in (ID, MEDIA, SOURCE, *row))
    columns = {name: [row.get(name) for row in rows.values()] for name in names}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))


def read_log(folder: Path) -> list[Fetched]:
    """Return what became of the addresses so far; a line cut short is left out."""
    path = folder / LOG
    if not path.is_file():
        return []
    return list(_lines(path.read_bytes().splitlines()))


def _lines(lines: Iterable[bytes]) -> Iterator[Fetched]:
    for line in lines:
        try:
            yield decode(line, Fetched)
        except msgspec.MsgspecError:
            continue


def _stands(one: Fetched, folder: Path) -> bool:
    """Whether an earlier result need not be tried again."""
    return (folder / one.file).is_file() if one.file else one.final


def _refuse_strangers(wanted: Sequence[Wanted], rules: Politeness) -> None:
    strange = sorted({one.host for one in wanted if not rules.allows(one.url)})
    problems = [
        Problem(host, "is not among the allowed hosts", f"allow it with --allow {host}")
        for host in strange
    ]
    if problems:
        raise BadInput(problems)


def _fetch_one(one: Wanted, host: _Host, folder: Path) -> Fetched:
    for attempt in range(1, host.rules.attempts + 1):
        try:
            return _download(one, host, folder)
        except _Failure as failure:
            last = attempt == host.rules.attempts
            if failure.final or last or failure.wait > host.rules.longest_wait:
                message, final = str(failure), failure.final
                return Fetched(one.url, fault=message, final=final, known=one.known)
            host.pause(failure.wait or host.rules.delay * 2**attempt)
    raise AssertionError("an address is tried at least once")


def _download(one: Wanted, host: _Host, folder: Path) -> Fetched:
    url = one.url
    for _ in range(_MOST_REDIRECTS):
        if not host.rules.allows(url):
            raise _Failure(f"leads to {urlsplit(url).hostname}, which is not allowed")
        if not host.permits(url):
            raise _Failure("its robots.txt forbids it")
        host.wait()
        try:
            with host.client.stream("GET", url) as answer:
                if answer.is_redirect:
                    url = urljoin(url, answer.headers.get("location", ""))
                    continue
                return _receive(answer, one, host, folder)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Failure(_reason(error), final=False) from None
    raise _Failure("leads from one address to the next")


def _receive(answer: httpx.Response, one: Wanted, host: _Host, folder: Path) -> Fetched:
    status = answer.status_code
    if status != 200:
        wait = answer.headers.get("retry-after", "")
        seconds = float(wait) if wait.isdecimal() else 0.0
        raise _Failure(f"answers {status}", final=status not in _AGAIN, wait=seconds)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".part.", delete=False) as stream:
        part = Path(stream.name)
        try:
            for piece in answer.iter_bytes():
                size += len(piece)
                if size > host.rules.largest:
                    raise _Failure(f"is larger than {host.rules.largest:,} bytes")
                digest.update(piece)
                stream.write(piece)
            stream.flush()
            return _settle(part, one, digest.hexdigest(), size, folder)
        finally:
            part.unlink(missing_ok=True)


def _settle(part: Path, one: Wanted, digest: str, size: int, folder: Path) -> Fetched:
    if one.sha256 and digest != one.sha256:
        raise _Failure("has another content than the list's sha256 says")
    facts = inspect_image(part)
    if isinstance(facts, MediaFault):
        raise _Failure(f"{facts.message}")
    name = f"{digest}{SUFFIXES[facts.format][0]}"
    part.chmod(0o644)
    part.rename(folder / name)
    return Fetched(one.url, name, digest, size, known=one.known)


def _reason(error: Exception) -> str:
    return "takes too long" if isinstance(error, httpx.TimeoutException) else "cannot be reached"
