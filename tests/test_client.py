"""The API client against a site that is away, slow, or says no."""

import base64
import hashlib
from datetime import UTC, datetime

import httpx
import pytest

from heldout import client as client_module
from heldout.client import Client, File, Refused, SiteError, Submission, check_url
from heldout.errors import BadInput

SUBMISSION = {
    "id": "s1",
    "challenge": "digits",
    "phase": "test",
    "status": "queued",
    "created_at": "2026-11-22T10:00:00Z",
    "filename": "p.csv",
    "a key of a later version": [1],
}


class Site:
    """Answers requests from a list, and remembers them and the pauses between."""

    def __init__(self, *answers):
        self.answers, self.requests, self.pauses = list(answers), [], []

    def __call__(self, request):
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, token="hld_secret", **options):
        transport = httpx.MockTransport(self)
        url = "https://site.example/"
        return Client(url, token, transport=transport, sleep=self.pauses.append, **options)


@pytest.fixture
def predictions(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("example_id,prediction\na,1\n")
    return path


def away(status=503):
    return httpx.Response(status, text="<h1>Bad gateway</h1>")


def refusal(status, message="no"):
    problems = [{"place": "phase", "message": message, "remedy": "wait"}]
    return httpx.Response(status, json={"problems": problems})


def test_the_token_goes_with_every_request():
    site = Site(httpx.Response(200, json=[]))
    assert site.client().challenges() == []
    assert site.requests[0].headers["Authorization"] == "Bearer hld_secret"
    assert str(site.requests[0].url) == "https://site.example/api/v1/challenges"


def test_reading_is_repeated_with_growing_pauses_while_the_site_is_away():
    site = Site(away(), httpx.ConnectError("refused"), away(429), httpx.Response(200, json=[]))
    assert site.client().challenges() == []
    assert site.pauses == [0.5, 1.0, 2.0]


def test_a_site_that_asks_for_a_pause_gets_it_unless_it_is_too_long():
    busy = httpx.Response(503, headers={"Retry-After": "7"}, json={"problems": []})
    site = Site(busy, httpx.Response(200, json=[]))
    assert site.client().challenges() == []
    assert site.pauses == [7.0]
    tomorrow = Site(httpx.Response(429, headers={"Retry-After": "86400"}, text="later"))
    with pytest.raises(Refused) as caught:
        tomorrow.client().challenges()
    assert (caught.value.wait, tomorrow.pauses) == (86400.0, [])


def test_a_site_that_stays_away_is_an_error_that_names_it():
    site = Site(*[httpx.ConnectError("refused")] * 3)
    with pytest.raises(SiteError, match=r"https://site\.example cannot be reached"):
        site.client(retries=2).challenges()


def test_a_submission_is_repeated_with_the_same_key_and_the_whole_file(predictions):
    site = Site(httpx.ReadError("cut"), away(502), httpx.Response(201, json=SUBMISSION))
    submission = site.client().submit("digits", phase="test", file=predictions, note="hello")
    assert submission.status == "queued"
    keys = {request.headers["Idempotency-Key"] for request in site.requests}
    assert len(keys) == 1
    assert all(predictions.read_bytes() in request.content for request in site.requests)
    assert all(b"hello" in request.content for request in site.requests)


def test_two_submissions_have_different_keys(predictions):
    site = Site(*[httpx.Response(201, json=SUBMISSION) for _ in range(2)])
    client = site.client()
    for _ in range(2):
        client.submit("digits", phase="test", file=predictions)
    assert len({request.headers["Idempotency-Key"] for request in site.requests}) == 2


def test_publishing_is_never_repeated(predictions):
    site = Site(httpx.ReadError("cut"), httpx.Response(201, json={"id": "d", "revision": 1}))
    with pytest.raises(SiteError):
        site.client().publish(predictions)
    assert len(site.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refusal_carries_the_sites_problems_and_is_not_repeated(status, predictions):
    site = Site(refusal(status, "the phase is closed"))
    with pytest.raises(Refused, match="phase: the phase is closed; wait") as caught:
        site.client().submit("digits", phase="test", file=predictions)
    assert caught.value.status == status
    assert isinstance(caught.value, BadInput)
    assert len(site.requests) == 1


@pytest.mark.parametrize("body", ["<html>hello</html>", '{"other": 1}', "[1]", ""])
def test_something_that_is_no_heldout_site_is_said_to_be_none(body):
    site = Site(httpx.Response(200, text=body))
    with pytest.raises(SiteError, match="does not answer like a Heldout site"):
        site.client().challenge("digits")


def test_an_error_page_is_told_by_its_status():
    with pytest.raises(Refused, match="answered 500 Internal Server Error"):
        Site(away(500)).client().challenges()


def test_names_cannot_lead_to_another_address():
    site = Site(refusal(404))
    with pytest.raises(Refused):
        site.client().submission("../account")
    assert site.requests[0].url.raw_path == b"/api/v1/submissions/..%2Faccount"


def test_watching_tells_each_change_once_and_ends_with_the_last(predictions):
    statuses = ["queued", "running", "running", "scored"]
    site = Site(*[httpx.Response(200, json={**SUBMISSION, "status": one}) for one in statuses])
    client = site.client()
    first = client.submission("s1")
    assert [one.status for one in client.watch(first)] == ["queued", "running", "scored"]
    assert site.pauses == [1.0, 1.0, 1.0]


def test_waiting_ends_with_the_last_status_or_with_patience():
    statuses = ["running", "scored"]
    site = Site(*[httpx.Response(200, json={**SUBMISSION, "status": one}) for one in statuses])
    queued = Submission("s1", "digits", "test", "queued", datetime(2026, 11, 22, tzinfo=UTC), "p")
    assert site.client().wait(queued).status == "scored"
    slow = Site(*[httpx.Response(200, json={**SUBMISSION, "status": "running"})] * 3)
    assert slow.client().wait(queued, seconds=2.5).status == "running"
    assert slow.pauses == [1.0, 1.0, 0.5]


def test_what_one_decides_of_a_submission_is_sent_and_may_be_repeated():
    site = Site(*[httpx.Response(200, json=SUBMISSION)] * 2, away(), away(502))
    client = site.client(retries=1)
    assert client.choose("s1", chosen=False).id == client.withdraw("s1").id == "s1"
    assert [one.url.path.rpartition("/")[2] for one in site.requests] == ["choose", "withdraw"]
    assert site.requests[0].content == b'{"chosen":false}'
    with pytest.raises(Refused):
        client.withdraw("s1")


def test_a_download_arrives_whole_or_not_at_all(tmp_path):
    content = b"x" * 3_000_000
    file = File("train.parquet", len(content), hashlib.sha256(content).hexdigest())
    cut = httpx.Response(200, content=content[:1000])
    site = Site(cut, away(), httpx.Response(200, content=content))
    path = site.client().download("digits", file, tmp_path)
    assert path.read_bytes() == content
    assert path.parent == tmp_path
    site = Site(*[httpx.Response(200, content=b"other") for _ in range(2)])
    with pytest.raises(SiteError, match="did not arrive whole"):
        site.client(retries=1).download("digits", File("val.parquet", 5, "0" * 64), tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == ["train.parquet"]


def test_a_download_cannot_leave_its_folder(tmp_path):
    file = File("../../evil", 1, hashlib.sha256(b"x").hexdigest())
    site = Site(httpx.Response(200, content=b"x"))
    assert site.client().download("digits", file, tmp_path) == tmp_path / "evil"


def test_what_a_phase_does_not_reveal_is_none_in_the_rows():
    row = {"rank": 1, "entrant": "a", "metric": "accuracy", "name": "accuracy", "value": 0.5}
    site = Site(httpx.Response(200, json={"leaderboard": [row]}))
    (found,) = site.client(token=None).leaderboard("digits", "test")
    assert (found.value, found.low, found.rank_low) == (0.5, None, None)
    assert "Authorization" not in site.requests[0].headers


@pytest.mark.parametrize(
    "url", ["", "site.example", "ftp://site.example", "https://", "http://[::1"]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(BadInput, match="is not the address of a site"):
        check_url(url)


class TusSite:
    """A site that keeps what arrives, and breaks off where it is told to."""

    def __init__(self, failures=()):
        self.arrived, self.failures, self.patches, self.checked = b"", list(failures), 0, 0

    def __call__(self, request):
        body = request.read()
        if request.method == "POST":
            assert request.headers["Upload-Length"] == str(self.length)
            # The network refuses a header that ends in a space; this transport would not.
            about = request.headers["Upload-Metadata"]
            assert about == about.strip() == f"filename {base64.b64encode(b'p.csv').decode()}"
            return httpx.Response(
                201, headers={"Location": "https://site.example/api/v1/uploads/u"}
            )
        if request.method == "GET":
            return httpx.Response(200, json=SUBMISSION)
        if request.method == "PATCH":
            self.patches += 1
            if self.failures and (failure := self.failures.pop(0)) is not None:
                if isinstance(failure, int):
                    return httpx.Response(failure)
                self.arrived += body[: len(body) // 2]
                raise failure
            assert request.headers["Upload-Offset"] == str(len(self.arrived))
            digest = base64.b64decode(request.headers["Upload-Checksum"].split()[1])
            assert digest == hashlib.sha256(body).digest()
            self.arrived += body
        headers = {"Upload-Offset": str(len(self.arrived))}
        if len(self.arrived) == self.length:
            headers["Heldout-Submission"] = "s1"
        return httpx.Response(204 if request.method == "PATCH" else 200, headers=headers)


def test_a_large_file_goes_on_where_it_broke_off(tmp_path, monkeypatch):
    monkeypatch.setattr(client_module, "PIECE", 1000)
    content = bytes(range(256)) * 20
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    site = TusSite([None, httpx.ReadError("cut"), 503, 460])
    site.length = len(content)
    told, pauses = [], []
    transport = httpx.MockTransport(site)
    client = Client("https://site.example", "t", transport=transport, sleep=pauses.append)
    submission = client.submit("digits", phase="test", file=path, progress=told.append)
    assert submission.id == "s1"
    assert site.arrived == content
    assert told == sorted(told)
    assert told[-1] == len(content)
    assert len(pauses) == 3


def test_what_arrived_whole_too_late_is_refused_in_the_sites_words(tmp_path, monkeypatch):
    """An answer to HEAD has no words of its own."""
    monkeypatch.setattr(client_module, "PIECE", 1000)
    path = tmp_path / "p.csv"
    path.write_bytes(b"x" * 1500)
    closed = {"problems": [{"place": "phase", "message": "the phase dev is closed"}]}
    sent = []

    def site(request):
        if request.method == "POST":
            address = "https://site.example/api/v1/uploads/u"
            return httpx.Response(201, headers={"Location": address})
        if request.method == "HEAD":
            return httpx.Response(409)
        sent.append((request.headers["Upload-Offset"], request.read()))
        return httpx.Response(409, json=closed)

    client = Client("https://site.example", "t", transport=httpx.MockTransport(site))
    with pytest.raises(Refused, match="the phase dev is closed"):
        client.submit("digits", phase="test", file=path)
    assert sent == [("1500", b"")]


def test_a_download_tells_how_far_it_is(tmp_path):
    content = b"x" * 3_000_000
    file = File("t.parquet", len(content), hashlib.sha256(content).hexdigest())
    told = []
    site = Site(httpx.Response(200, content=content))
    site.client().download("digits", file, tmp_path, progress=told.append)
    assert told[-1] == len(content)
