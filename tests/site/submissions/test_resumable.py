"""The tus protocol as its text has it, over the site's own rules of intake."""

import base64
import hashlib
import io
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from heldout.site.accounts.models import Scope
from heldout.site.accounts.services import create_token
from heldout.site.submissions import resumable
from heldout.site.submissions.models import Submission
from heldout.site.worker import drain

CREATE = "/api/v1/challenges/cats/phases/dev/uploads"
TUS = {"Tus-Resumable": "1.0.0"}


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def create(client: Client, length: int, name: str = "p.csv", **more: str):
    about = {"Upload-Length": str(length), "Upload-Metadata": f"filename {b64(name.encode())}"}
    return client.post(CREATE, headers={**TUS, **about, **more})


def send(client: Client, address: str, body: bytes, offset: int | str, **more: str):
    headers = {**TUS, "Upload-Offset": str(offset), **more}
    kind = "application/offset+octet-stream"
    return client.generic("PATCH", address, body, headers=headers, CONTENT_TYPE=kind)


def arrived(client: Client, address: str) -> int:
    return int(client.head(address, headers=TUS)["Upload-Offset"])


@pytest.fixture
def content(predictions) -> bytes:
    return predictions(45)


@pytest.fixture
def client(api, participant) -> Client:
    return api(participant)


def test_what_the_server_knows_is_told_to_everybody():
    answer = Client().options("/api/v1/uploads")
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    extensions = set(answer["Tus-Extension"].split(","))
    assert extensions == {"creation", "checksum", "expiration", "termination"}


def test_an_upload_in_pieces_is_one_submission_like_any_other(client, content):
    address = create(client, len(content))["Location"]
    assert arrived(client, address) == 0
    assert send(client, address, content[:100], 0)["Upload-Offset"] == "100"
    assert Submission.objects.count() == 0
    last = send(client, address, content[100:], 100)
    assert last.status_code == 204
    submission = Submission.objects.get(pk=last["Heldout-Submission"])
    assert submission.sha256 == hashlib.sha256(content).hexdigest()
    assert (submission.filename, submission.size) == ("p.csv", len(content))
    drain()
    submission.refresh_from_db()
    assert submission.status == "scored"
    assert arrived(client, address) == len(content)


def test_the_last_piece_sent_again_is_the_same_submission(client, content):
    address = create(client, len(content))["Location"]
    first = send(client, address, content, 0)["Heldout-Submission"]
    assert client.head(address, headers=TUS)["Heldout-Submission"] == first
    assert send(client, address, content, 0).status_code == 409
    assert Submission.objects.count() == 1


def test_a_site_that_stopped_before_it_handed_in_does_so_when_asked_again(
    client, content, monkeypatch
):
    address = create(client, len(content))["Location"]
    with monkeypatch.context() as broken:
        broken.setattr(resumable.services, "submit_as_oneself", lambda **given: 1 / 0)
        assert send(client, address, content, 0).status_code == 500
    assert "Heldout-Submission" in send(client, address, b"", len(content))


def test_who_only_asks_how_much_has_arrived_has_handed_in_when_it_is_all(
    client, participant, upload, content
):
    """Clients of others send nothing more when they hear that all has arrived."""
    resumable.append(upload, io.BytesIO(content), offset=0)
    address = f"/api/v1/uploads/{upload.id}"
    answers = [client.head(address, headers=TUS) for _ in range(2)]
    assert {answer["Upload-Offset"] for answer in answers} == {str(len(content))}
    made = Submission.objects.get()
    assert {answer["Heldout-Submission"] for answer in answers} == {made.pk}
    assert made.sha256 == hashlib.sha256(content).hexdigest()


def test_a_token_that_may_only_read_hands_nothing_in(participant, upload, content):
    resumable.append(upload, io.BytesIO(content), offset=0)
    _, secret = create_token(user=participant, name="eyes", scope=Scope.READ, now=timezone.now())
    reader = Client(headers={"Authorization": f"Bearer {secret}"})
    answer = reader.head(f"/api/v1/uploads/{upload.id}", headers=TUS)
    assert (answer.status_code, answer["Upload-Offset"]) == (200, str(len(content)))
    assert not Submission.objects.exists()


def test_bytes_that_are_still_being_checked_are_not_handed_in(client, participant):
    """A wrong checksum throws them away afterwards."""
    large = b"x" * 100_000  # More than is kept from the disk until it is flushed.
    address, seen = create(client, len(large))["Location"], []
    upload = resumable.find(address.rpartition("/")[2], by=participant, now=timezone.now())

    class LookedAtInTheEnd(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            chunk = super().read(size)
            if not chunk:
                seen.append(client.head(address, headers=TUS))
            return chunk

    wrong = "sha256 " + b64(b"x" * 32)
    with pytest.raises(resumable.ChecksumMismatch):
        resumable.append(upload, LookedAtInTheEnd(large), offset=0, checksum=wrong)
    assert [answer["Upload-Offset"] for answer in seen] == [str(len(large))]
    assert "Heldout-Submission" not in seen[0]
    assert not Submission.objects.exists()


def test_what_is_whole_too_late_is_not_told_to_have_arrived(client, upload, content, phase):
    resumable.append(upload, io.BytesIO(content), offset=0)
    type(phase).objects.filter(pk=phase.pk).update(closes=datetime(2021, 1, 1, tzinfo=UTC))
    assert client.head(f"/api/v1/uploads/{upload.id}", headers=TUS).status_code == 409


def test_bytes_that_do_not_follow_are_refused(client, content):
    address = create(client, len(content))["Location"]
    for offset in (1, len(content)):
        assert send(client, address, content[:5], offset).status_code == 409
    assert arrived(client, address) == 0


def test_bytes_with_another_checksum_are_thrown_away(client, content):
    address = create(client, len(content))["Location"]
    wrong = send(
        client, address, content[:50], 0, **{"Upload-Checksum": "sha256 " + b64(b"x" * 32)}
    )
    assert wrong.status_code == 460
    assert arrived(client, address) == 0
    right = "sha1 " + b64(hashlib.sha1(content[:50]).digest())
    assert send(client, address, content[:50], 0, **{"Upload-Checksum": right}).status_code == 204
    assert arrived(client, address) == 50


def test_a_broken_connection_leaves_what_has_arrived(participant, phase, content):
    now = timezone.now()
    upload = resumable.create(
        phase=phase, by=participant, length=len(content), filename="p.csv", note="", key="", now=now
    )

    class Broken(io.BytesIO):
        def read(self, size=-1):
            if not (part := super().read(min(size, 64))):
                raise OSError("the connection broke off")
            return part

    with pytest.raises(OSError, match="broke off"):
        resumable.append(upload, Broken(content[:128]), offset=0)
    assert upload.offset == 128
    assert resumable.append(upload, io.BytesIO(content[128:]), offset=128) == len(content)


def test_a_file_counts_from_when_its_last_byte_came(client, phase, content, monkeypatch):
    address = create(client, len(content))["Location"]
    append = resumable.append

    def held_back(*given, **more):
        """The phase closes between the first byte and the last."""
        length = append(*given, **more)
        type(phase).objects.filter(pk=phase.pk).update(closes=timezone.now())
        return length

    monkeypatch.setattr(resumable, "append", held_back)
    late = send(client, address, content, 0)
    assert late.status_code == 409
    assert "closed" in late.content.decode()
    assert not Submission.objects.exists()


def test_more_than_was_announced_is_refused(client, content):
    address = create(client, 10)["Location"]
    assert send(client, address, content, 0).status_code == 409
    assert arrived(client, address) == 0


def test_an_upload_is_its_owners_alone_and_ends_when_told_to(client, api, rival, content):
    address = create(client, len(content))["Location"]
    for answer in (
        api(rival).head(address, headers=TUS),
        send(api(rival), address, content, 0),
        api(rival).delete(address, headers=TUS),
    ):
        assert answer.status_code == 404
    assert client.delete(address, headers=TUS).status_code == 204
    assert client.head(address, headers=TUS).status_code == 404


@pytest.mark.parametrize("ask", ["head", "patch"])
def test_an_upload_whose_bytes_are_gone_is_gone(client, content, settings, ask):
    address = create(client, len(content))["Location"]
    (part,) = (settings.SUBMISSIONS / "resumable").glob("*.part")
    part.unlink()
    answer = (
        client.head(address, headers=TUS) if ask == "head" else send(client, address, content, 0)
    )
    assert answer.status_code == 410
    assert ask == "head" or "begin a new one" in answer.content.decode()
    shutil.rmtree(part.parent)
    assert client.head(address, headers=TUS).status_code == 404


@pytest.fixture
def upload(participant, phase, content):
    given = {"phase": phase, "by": participant, "filename": "p.csv", "note": "", "key": ""}
    return resumable.create(length=len(content), now=timezone.now(), **given)


def test_an_upload_that_is_ended_while_it_is_looked_at_is_gone(
    upload, participant, client, monkeypatch
):
    """The note is there when it is looked for, and is not when it is read, or the bytes are not."""
    read = resumable._read

    def end_and_read(path):
        resumable.end(upload)
        return read(path)

    monkeypatch.setattr(resumable, "_read", end_and_read)
    address = f"/api/v1/uploads/{upload.id}"
    assert client.head(address, headers=TUS).status_code == 410


def test_an_upload_that_is_finished_while_it_is_looked_at_has_arrived(
    upload, participant, client, content, monkeypatch
):
    """Another request hands it in after the note was read and before its bytes are counted."""
    resumable.append(upload, io.BytesIO(content), offset=0)
    find, others = resumable.find, []

    def find_then_finish(name, **given):
        found = find(name, **given)
        if not others:
            others.append(resumable.finish(found, by=participant, now=timezone.now()).pk)
        return found

    monkeypatch.setattr(resumable, "find", find_then_finish)
    address = f"/api/v1/uploads/{upload.id}"
    answer = client.head(address, headers=TUS)
    assert (answer.status_code, answer["Upload-Offset"]) == (200, str(len(content)))
    assert answer["Heldout-Submission"] == others[0]


def test_who_hands_in_what_another_request_has_handed_in_gets_the_same_submission(
    upload, participant, content
):
    resumable.append(upload, io.BytesIO(content), offset=0)
    first = resumable.finish(upload, by=participant, now=timezone.now())
    assert resumable.finish(upload, by=participant, now=timezone.now()) == first
    with pytest.raises(resumable.OffsetMismatch):
        resumable.append(upload, io.BytesIO(content), offset=0)


def test_what_is_not_finished_in_a_day_is_deleted(participant, phase, settings):
    now = timezone.now()
    given = {
        "phase": phase,
        "by": participant,
        "length": 9,
        "filename": "p.csv",
        "note": "",
        "key": "",
    }
    old = resumable.create(now=now - timedelta(hours=25), **given)
    resumable.create(now=now, **given)
    assert not old.bytes_path.exists()
    assert len(list((settings.SUBMISSIONS / "resumable").glob("*.part"))) == 1


def test_the_rules_of_intake_hold_before_a_byte_arrives(client, participant, phase, settings):
    huge = create(client, settings.HELDOUT.upload_limit + 1)
    assert huge.status_code == 409
    assert "larger than" in huge.json()["problems"][0]["message"]
    assert "it is empty" in create(client, 0).json()["problems"][0]["message"]
    assert "no known kind" in create(client, 9, "p.exe").json()["problems"][0]["message"]
    type(phase).objects.filter(pk=phase.pk).update(closes=datetime(2021, 1, 1, tzinfo=UTC))
    assert "is closed" in create(client, 9).json()["problems"][0]["message"]


def test_nobody_opens_uploads_without_end(client):
    statuses = [create(client, 9).status_code for _ in range(resumable.MOST_OPEN + 1)]
    assert statuses == [201] * resumable.MOST_OPEN + [409]


@pytest.mark.parametrize("length", ["", "-1", "1e3", "9" * 40, "\u0663", "0x10"])
def test_a_length_that_is_none_is_refused(length, client):
    assert create(client, length).status_code in {400, 409}


def test_hostile_headers_are_refused_in_words(client, content):
    address = create(client, len(content))["Location"]
    assert client.head(address).status_code == 412
    assert create(client, 5, **{"Upload-Metadata": "filename ***"}).status_code == 400
    assert create(client, 5, **{"Upload-Metadata": "," * 5000}).status_code == 409
    for offset in ("-1", "9" * 40, "", "NaN"):
        assert send(client, address, b"x", offset).status_code in {400, 409}
    for checksum in ("md5 AAAA", "sha256 ***", "sha256"):
        answer = send(client, address, b"x", 0, **{"Upload-Checksum": checksum})
        assert answer.status_code in {409, 460}
        assert answer.json()["problems"][0]["message"]
    wrong = client.generic(
        "PATCH", address, b"x", "text/plain", headers={**TUS, "Upload-Offset": "0"}
    )
    assert wrong.status_code == 415
    for name in ("../../secret", "%2e%2e%2fsecret", "0" * 32, "\0"):
        assert client.head(f"/api/v1/uploads/{name}", headers=TUS).status_code in {400, 404}
