"""A disk that is full or read-only, and a database that is away: told in words, nothing half-written."""

import errno
import os
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection

from heldout.errors import BadInput
from heldout.site.common import faults
from heldout.site.common.middleware import TellFaults
from heldout.site.submissions import storage
from heldout.site.submissions.models import Submission, Usage

SUBMIT = "/api/v1/challenges/cats/phases/dev/submissions"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (OSError(errno.EROFS, "Read-only file system"), "cannot be written"),
        (OperationalError("database or disk is full"), "disk is full"),
        (OperationalError("attempt to write a readonly database"), "cannot be written"),
        (OperationalError("connection refused"), "database does not answer"),
    ],
)
def test_a_fault_of_the_machine_is_told_with_what_to_do(error, said):
    problem = faults.explain(error)
    assert said in problem.message
    assert "nothing was stored" in problem.message
    assert problem.remedy == "try again later"


@pytest.mark.parametrize(
    "error", [ValueError("x"), FileNotFoundError(errno.ENOENT, "no"), BadInput([])]
)
def test_a_fault_of_the_program_is_not_explained_away(error):
    assert faults.explain(error) is None


def upload(api, participant, predictions) -> object:
    file = SimpleUploadedFile("p.csv", predictions(30))
    client = api(participant)
    client.raise_request_exception = False
    return client.post(SUBMIT, {"file": file})


def stored(site) -> list[Path]:
    return [path for path in Path(site.SUBMISSIONS).rglob("*") if path.is_file()]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_an_upload_to_a_disk_that_takes_nothing_leaves_nothing(
    number, api, participant, predictions, phase, site, monkeypatch
):
    def fails(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(storage.os, "fsync", fails)
    answer = upload(api, participant, predictions)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert "nothing was stored" in answer.json()["problems"][0]["message"]
    assert stored(site) == []
    assert not Submission.objects.exists()
    monkeypatch.undo()


def test_a_database_that_is_full_takes_nothing_in_and_counts_nothing(
    api, participant, predictions, phase
):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite can be told to be full")
    client = api(participant)
    assert client.get("/api/v1/challenges").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        try:
            answer = client.post(SUBMIT, {"file": SimpleUploadedFile("p.csv", predictions(30))})
        finally:
            cursor.execute("PRAGMA query_only = OFF")
    assert answer.status_code == 503
    assert "cannot be written" in answer.json()["problems"][0]["message"]
    assert not Submission.objects.exists()
    assert not Usage.objects.exists()


def test_a_page_tells_it_too(rf):
    middleware = TellFaults(lambda request: None)
    answer = middleware.process_exception(rf.get("/"), OperationalError("could not connect"))
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert answer.content == (
        b"The site's database does not answer; nothing was stored. Try again later.\n"
    )
    assert middleware.process_exception(rf.get("/"), ValueError("x")) is None
