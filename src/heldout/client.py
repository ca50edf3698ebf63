"""A client of a site's API, for participants and organisers: `Client(url, token)`.

Reading is repeated when the site is away for a moment, and so is submitting: every submission carries
a key by which the site knows a repeated one.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from heldout import __version__
from heldout.datasets.atomic import replacing
from heldout.decoding import decode
from heldout.errors import BadInput, HeldoutError, Problem, Problems, did_you_mean

T = TypeVar("T")
# Told how many bytes have been sent or have arrived.
Progress = Callable[[int], None]


def _silent(done: int) -> None:
    """Tell nobody."""


RETRIES = 5
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# Whom a site sends away for longer is told so.
LONGEST_WAIT = 120.0
AWAY = frozenset({423, 429, 460, 502, 503, 504})
# Files above this size are sent in pieces, and go on where they broke off.
PIECE = 8 << 20
TUS = {"Tus-Resumable": "1.0.0"}
FINAL = frozenset({"scored", "refused", "failed", "withdrawn"})
_CHUNK = 1 << 20


class SiteError(HeldoutError):
    """The site cannot be reached, or answered with something that is not its API."""


class Refused(BadInput):
    """The site refused: bad input, no permission, a limit, a closed phase.

    Attributes:
        status: The HTTP status.
        wait: For how many seconds the site asks to be left alone.
    """

    def __init__(self, problems: list[Problem], *, status: int, wait: float = 0.0) -> None:
        super().__init__(problems)
        self.status, self.wait = status, wait


class Limits(msgspec.Struct, frozen=True):
    """How many submissions an entrant may make; None is no limit."""

    per_day: int | None = None
    per_week: int | None = None
    in_total: int | None = None


class Phase(msgspec.Struct, frozen=True):
    """A time in which one split is scored; `status` is `upcoming`, `open` or `closed`."""

    id: str
    split: str
    status: str
    opens: datetime
    closes: datetime
    submissions: Limits
    leaderboard: str
    reveal: list[str]


class Summary(msgspec.Struct, frozen=True):
    """A challenge in a list."""

    id: str
    title: str
    task: str
    summary: str = ""


class Challenge(msgspec.Struct, frozen=True):
    """A challenge with its phases and its terms."""

    id: str
    title: str
    task: str
    revision: int
    phases: list[Phase]
    summary: str = ""
    classes: list[str] = []
    terms: str = ""
    terms_digest: str = ""
    terms_accepted: bool = True
    entrant: str | None = None


class File(msgspec.Struct, frozen=True):
    """A file of a challenge's public data."""

    name: str
    size: int
    sha256: str
    split: str = ""
    examples: int | None = None


class Score(msgspec.Struct, frozen=True):
    """A number of a submission, as far as the phase reveals it."""

    metric: str
    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    reason: str = ""


class Submission(msgspec.Struct, frozen=True):
    """A submission; `status` ends as `scored`, `refused`, `failed` or `withdrawn`."""

    id: str
    challenge: str
    phase: str
    status: str
    created_at: datetime
    filename: str
    entrant: str = ""
    note: str = ""
    scores: list[Score] = []
    problems: list[Problem] = []

    @property
    def is_final(self) -> bool:
        """Whether the status changes no more by itself."""
        return self.status in FINAL


class Row(msgspec.Struct, frozen=True):
    """A line of a leaderboard; what the phase does not reveal is None."""

    rank: int | None
    entrant: str
    metric: str
    name: str
    value: float | None
    rank_low: int | None = None
    rank_high: int | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    level_with_first: bool | None = None
    baseline: bool = False
    submissions: int | None = None
    submitted_at: str | None = None
    scores: list[dict[str, Any]] = []


class Board(msgspec.Struct, frozen=True):
    """A phase's leaderboard.

    Attributes:
        pending: Newer results are being counted in.
        hidden: The phase reveals no scores, so there are no rows.
    """

    leaderboard: list[Row]
    version: int = 0
    pending: bool = False
    hidden: bool = False
    higher_is_better: bool = True


class Published(msgspec.Struct, frozen=True):
    """A challenge that is on the site now."""

    id: str
    revision: int
    changed: bool = True


class Operation(msgspec.Struct, frozen=True):
    """One thing the site's API does, as its own description has it.

    Attributes:
        places: What stands in the address.
        query: What may stand behind it.
        body: The fields of what is sent.
        form: Whether the body is a form, which may hold a file.
    """

    name: str
    verb: str
    path: str
    places: frozenset[str]
    query: frozenset[str]
    body: frozenset[str]
    form: bool

    def address(self, given: dict[str, Any]) -> str:
        """Return the path below the API's root."""
        address = self.path.removeprefix("/api/v1/")
        for name in self.places:
            address = address.replace(f"{{{name}}}", quote(str(given[name]), safe=""))
        return address


class Client:
    """Speaks to one site.

    Args:
        url: The site's address, without a path.
        token: An API token from the account page; reading public things needs none.
        transport: Replaces the network, for tests.
        sleep: Replaces waiting, for tests.
        retries: How often a request is repeated while the site is away.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        retries: int = RETRIES,
    ) -> None:
        self.url = check_url(url)
        self._sleep, self._retries = sleep, retries
        headers = {"User-Agent": f"heldout/{__version__}", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(
            base_url=f"{self.url}/api/v1/",
            headers=headers,
            timeout=httpx.Timeout(60.0, connect=10.0),
            transport=transport,
        )
        self._known: dict[str, Operation] = {}

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def account(self) -> str:
        """Return the public name of the token's owner."""
        answer = self._get("account", dict[str, Any])
        return str(answer["handle"])

    def challenges(self) -> list[Summary]:
        """Return the challenges the caller may see, the newest first."""
        return self._get("challenges", list[Summary])

    def challenge(self, challenge: str) -> Challenge:
        """Return one challenge with its phases and terms."""
        return self._get(_path("challenges", challenge), Challenge)

    def accept_terms(self, challenge: Challenge) -> None:
        """Accept a challenge's terms as they are in `challenge.terms`."""
        path = f"{_path('challenges', challenge.id)}/terms"
        answer = {"terms_digest": challenge.terms_digest}
        self._repeat(lambda: self._request("POST", path, json=answer))

    def files(self, challenge: str) -> list[File]:
        """Return the files of a challenge's public data."""
        return self._get(f"{_path('challenges', challenge)}/data", list[File])

    def download(
        self, challenge: str, file: File, folder: Path, *, progress: Progress = _silent
    ) -> Path:
        """Download a file; it appears whole and with the right hash, or not at all."""
        target = folder / Path(file.name).name
        path = f"{_path('challenges', challenge)}/data/{quote(file.name, safe='')}"
        with replacing(target) as temporary:
            self._repeat(lambda: self._fetch(path, temporary, file.sha256, progress))
        return target

    def submit(
        self,
        challenge: str,
        *,
        phase: str,
        file: Path,
        note: str = "",
        key: str | None = None,
        progress: Progress = _silent,
    ) -> Submission:
        """Hand in a predictions file; a large one in pieces, which go on where they broke off.

        Args:
            challenge: Its id.
            phase: Its id.
            file: The predictions.
            note: What others should know of the method.
            key: Makes a repeated call the same submission; drawn at random if left out.
            progress: Told how many bytes have arrived at the site.
        """
        base = f"{_path('challenges', challenge)}/phases/{quote(phase, safe='')}"
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        if file.stat().st_size > PIECE:
            return self._submit_in_pieces(base, file, note, headers, progress)
        path = f"{base}/submissions"
        answer = self._upload(path, file, headers, note=note)
        progress(file.stat().st_size)
        return _read(answer, Submission)

    def _submit_in_pieces(
        self, base: str, file: Path, note: str, headers: dict[str, str], progress: Progress
    ) -> Submission:
        size = file.stat().st_size
        # A word without a value would end the header in a space, which no server takes.
        named = {"filename": file.name, "note": note}
        about = ",".join(f"{word} {_base64(value)}" for word, value in named.items() if value)
        headers |= {**TUS, "Upload-Length": str(size), "Upload-Metadata": about}
        # What was begun and not used is forgotten by the site after a day.
        begun = self._repeat(
            lambda: self._request("POST", f"{base}/uploads", content=b"", headers=headers)
        )
        address = begun.headers["Location"]
        with file.open("rb") as stream:
            while True:
                answer = self._repeat(lambda: self._send_piece(address, stream, size))
                progress(int(answer.headers["Upload-Offset"]))
                if submission := answer.headers.get("Heldout-Submission"):
                    return self.submission(submission)

    def _send_piece(self, address: str, stream: BinaryIO, size: int) -> httpx.Response:
        """Send the bytes the site has not got yet, asking it first where they begin."""
        state = self._http.head(address, headers=TUS)
        if "Heldout-Submission" in state.headers:
            return state
        # All has arrived, but too late: a refusal of no more bytes has words, unlike this one.
        whole = state.status_code == HTTPStatus.CONFLICT
        if not (state.is_success or whole):
            raise _refusal(state)
        offset = size if whole else int(state.headers["Upload-Offset"])
        stream.seek(offset)
        piece = stream.read(min(PIECE, size - offset))
        headers = {
            **TUS,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {b64encode(hashlib.sha256(piece).digest()).decode()}",
        }
        return self._request("PATCH", address, content=piece, headers=headers)

    def submission(self, submission: str) -> Submission:
        """Return one of the caller's submissions as it is now."""
        return self._get(_path("submissions", submission), Submission)

    def submissions(self, challenge: str) -> list[Submission]:
        """Return the caller's submissions to a challenge, the newest first."""
        return self._get(f"{_path('challenges', challenge)}/submissions", list[Submission])

    def watch(self, submission: Submission, *, pause: float = 1.0) -> Iterator[Submission]:
        """Yield the submission whenever its status has changed, until the status is final."""
        yield submission
        while not submission.is_final:
            self._sleep(pause)
            latest = self.submission(submission.id)
            if latest.status != submission.status:
                yield latest
            submission = latest

    def wait(self, submission: Submission, *, seconds: float = math.inf) -> Submission:
        """Return the submission once its status is final, or as it is after so many seconds."""
        watched, waited = submission, 0.0
        while not watched.is_final and waited < seconds:
            self._sleep(pause := min(1.0, seconds - waited))
            watched, waited = self.submission(submission.id), waited + pause
        return watched

    def withdraw(self, submission: str) -> Submission:
        """Take a submission back; before its scoring began it does not count against the limits."""
        path = f"{_path('submissions', submission)}/withdraw"
        return _read(self._repeat(lambda: self._request("POST", path)), Submission)

    def choose(self, submission: str, *, chosen: bool = True) -> Submission:
        """Say whether a submission counts at the end, where the phase lets entrants choose."""
        path, choice = f"{_path('submissions', submission)}/choose", {"chosen": chosen}
        return _read(self._repeat(lambda: self._request("POST", path, json=choice)), Submission)

    def leaderboard(self, challenge: str, phase: str) -> list[Row]:
        """Return the lines of a phase's leaderboard."""
        return self.board(challenge, phase).leaderboard

    def board(self, challenge: str, phase: str) -> Board:
        """Return a phase's leaderboard, and whether it is hidden or still being counted."""
        path = f"{_path('challenges', challenge)}/phases/{quote(phase, safe='')}/leaderboard"
        return self._get(path, Board)

    def publish(self, archive: Path) -> Published:
        """Publish a ZIP of a challenge folder; an id the caller organises gets a new revision."""
        return _read(self._upload("challenges", archive), Published)

    def operations(self) -> dict[str, Operation]:
        """Return everything the site's API does, by name; asked for once."""
        if not self._known:
            described = self._get("openapi.json", dict[str, Any])
            found = [
                _operation(described, verb, path, one)
                for path, verbs in described["paths"].items()
                for verb, one in verbs.items()
            ]
            self._known = {one.name: one for one in found}
        return self._known

    def call(self, name: str, /, *, to: Path | None = None, **given: Any) -> Any:
        """Do anything the API does, as in `call("announce", slug="digits", title="Hello", text="…")`.

        Args:
            name: The operation's name in the site's description.
            to: Where a file that is the answer goes; it appears whole or not at all.
            given: What stands in the address, the query and the body; a path is sent as a file.

        Returns:
            The answer as plain values; None where there is none, or it went to a file.

        Raises:
            BadInput: There is no such operation, or it has no such values.
            Refused: The site refused. What is not safe to repeat is asked for once.
        """
        operation = _check(name, self.operations(), given)
        once = 0 if operation.verb == "POST" else self._retries
        if to is None:
            answer = self._repeat(lambda: self._ask(operation, given), retries=once)
            return _read(answer, object) if answer.content else None
        with replacing(to) as temporary:
            self._repeat(lambda: self._fetch(operation.address(given), temporary))
        return None

    def _ask(self, operation: Operation, given: dict[str, Any]) -> httpx.Response:
        body = {name: given[name] for name in given.keys() & operation.body}
        query = {name: given[name] for name in given.keys() & operation.query}
        with ExitStack() as opened:
            files = {
                name: (value.name, opened.enter_context(value.open("rb")))
                for name, value in body.items()
                if isinstance(value, Path)
            }
            rest = {name: value for name, value in body.items() if name not in files}
            how: dict[str, Any] = {"data": rest, "files": files} if operation.form else {}
            if operation.body and not operation.form:
                how = {"json": rest}
            address = operation.address(given)
            return self._request(operation.verb, address, params=query or None, **how)

    def _get(self, path: str, kind: type[T]) -> T:
        return _read(self._repeat(lambda: self._request("GET", path)), kind)

    def _upload(
        self, path: str, file: Path, headers: dict[str, str] | None = None, **data: str
    ) -> httpx.Response:
        def send() -> httpx.Response:
            with file.open("rb") as stream:
                files = {"file": (file.name, stream, "application/octet-stream")}
                return self._request("POST", path, files=files, data=data, headers=headers)

        # Without a key the site could not tell a repeated upload from a second one.
        return self._repeat(send, retries=self._retries if headers else 0)

    def _fetch(
        self, path: str, target: Path, sha256: str = "", progress: Progress = _silent
    ) -> httpx.Response:
        digest = hashlib.sha256()
        with self._http.stream("GET", path) as answer, target.open("wb") as stream:
            if not answer.is_success:
                answer.read()
                raise _refusal(answer)
            for chunk in answer.iter_bytes(_CHUNK):
                digest.update(chunk)
                stream.write(chunk)
                progress(stream.tell())
        if sha256 and digest.hexdigest() != sha256:
            raise httpx.RemoteProtocolError("the file did not arrive whole")
        return answer

    def _request(self, verb: str, path: str, **kwargs: Any) -> httpx.Response:
        answer = self._http.request(verb, path, **kwargs)
        if not answer.is_success:
            raise _refusal(answer)
        return answer

    def _repeat(
        self, send: Callable[[], httpx.Response], *, retries: int | None = None
    ) -> httpx.Response:
        for pause in (*_pauses(self._retries if retries is None else retries), None):
            asked = 0.0
            try:
                return send()
            except httpx.HTTPError as error:
                if pause is None:
                    raise SiteError(f"{self.url} cannot be reached: {error}") from error
            except Refused as refusal:
                if pause is None or refusal.status not in AWAY or refusal.wait > LONGEST_WAIT:
                    raise
                asked = refusal.wait
            self._sleep(max(pause, asked))
        raise AssertionError("the last round returns or raises")


def check_url(url: str) -> str:
    """Return a site's address without a slash at its end.

    Raises:
        BadInput: It is not an http or https address.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        remedy = "write it as in https://challenges.example.org"
        raise BadInput([Problem(url, "is not the address of a site", remedy)])
    return url.rstrip("/")


def _operation(described: dict[str, Any], verb: str, path: str, one: dict[str, Any]) -> Operation:
    content = one.get("requestBody", {}).get("content", {})
    kind, body = next(iter(content.items()), ("", {"schema": {}}))
    schema: dict[str, Any] = body["schema"]
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    parameters = one.get("parameters", [])
    return Operation(
        name=one["operationId"],
        verb=verb.upper(),
        path=path,
        places=frozenset(each["name"] for each in parameters if each["in"] == "path"),
        query=frozenset(each["name"] for each in parameters if each["in"] == "query"),
        body=frozenset(schema.get("properties", {})),
        form=kind == "multipart/form-data",
    )


def _check(name: str, known: dict[str, Operation], given: dict[str, Any]) -> Operation:
    """Find an operation that takes what is given."""
    if name not in known:
        remedy = did_you_mean(name, known) or "operations() lists them"
        raise BadInput([Problem(name, "is nothing this site does", remedy)])
    operation = known[name]
    takes = operation.places | operation.query | operation.body
    problems = Problems()
    for one in sorted(given.keys() - takes):
        problems.add(one, f"{name} takes no such value", did_you_mean(one, takes))
    for one in sorted(operation.places - given.keys()):
        problems.add(one, "stands in the address and is missing")
    problems.refuse_if_any()
    return operation


def _pauses(retries: int) -> list[float]:
    return [min(FIRST_PAUSE * 2**i, LONGEST_PAUSE) for i in range(retries)]


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _path(kind: str, name: str) -> str:
    return f"{kind}/{quote(name, safe='')}"


def _read(answer: httpx.Response, kind: type[T]) -> T:
    try:
        return decode(answer.content, kind)
    except msgspec.MsgspecError as error:
        raise SiteError(f"{answer.url} does not answer like a Heldout site: {error}") from None


def _refusal(answer: httpx.Response) -> Refused:
    try:
        listed = decode(answer.content, dict[str, list[Problem]])["problems"]
    except (msgspec.MsgspecError, KeyError):
        listed = [Problem(str(answer.url), f"answered {answer.status_code} {answer.reason_phrase}")]
    asked = answer.headers.get("Retry-After", "")
    wait = float(asked) if asked.isdecimal() else 0.0
    return Refused(listed, status=answer.status_code, wait=wait)
