import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from heldout.site.api import api as site_api
from heldout.site.challenges.models import Challenge, Phase
from heldout.site.submissions.models import Submission
from heldout.site.worker import drain

BASE = "/api/v1"
BOARD = f"{BASE}/challenges/cats/phases/dev/leaderboard"
SUBMIT = f"{BASE}/challenges/cats/phases/dev/submissions"


def upload(content: bytes, name="predictions.csv", **fields):
    return {"file": SimpleUploadedFile(name, content), **fields}


def messages(response) -> str:
    return " ".join(
        f"{problem['message']} {problem['remedy']}" for problem in response.json()["problems"]
    )


def test_an_unknown_token_is_refused_even_where_none_is_needed(challenge):
    client = Client(headers={"Authorization": "Bearer hld_wrong"})
    for path in ("/account", "/challenges", "/challenges/cats"):
        response = client.get(BASE + path)
        assert response.status_code == 401
        assert "Bearer" in messages(response)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/account"),
        ("post", "/challenges"),
        ("patch", "/challenges/cats/phases/dev"),
        ("post", "/challenges/cats/terms"),
        ("post", "/challenges/cats/phases/dev/submissions"),
        ("get", "/challenges/cats/submissions"),
        ("get", "/submissions/x"),
        ("get", "/submissions/x/file"),
        ("post", "/submissions/x/withdraw"),
        ("post", "/submissions/x/rescore"),
    ],
)
def test_what_needs_a_person_is_refused_without_one(method, path, challenge):
    response = getattr(Client(), method)(BASE + path)
    assert response.status_code == 401
    assert response.json()["problems"]


def test_a_session_needs_the_csrf_token_to_change_anything(challenge, outsider):
    client = Client(enforce_csrf_checks=True)
    client.force_login(outsider, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"{BASE}/account").status_code == 200
    digest = {"terms_digest": challenge.revision.terms_digest}
    response = client.post(f"{BASE}/challenges/cats/terms", digest, content_type="application/json")
    assert response.status_code == 403


@pytest.mark.parametrize("role", ["participant", "annotator", "outsider"])
def test_who_does_not_organise_cannot_edit_a_phase(role, api, phase, request):
    client = api(request.getfixturevalue(role))
    response = client.patch(
        f"{BASE}/challenges/cats/phases/dev", {"per_day": 1}, content_type="application/json"
    )
    assert response.status_code == 403
    phase.refresh_from_db()
    assert phase.per_day == 20


def test_a_private_challenge_is_not_there_for_others(api, challenge, outsider, organiser):
    Challenge.objects.update(visibility="private")
    paths = ["", "/phases", "/data", "/data/train.parquet", "/phases/dev/leaderboard"]
    for client in (Client(), api(outsider)):
        assert client.get(f"{BASE}/challenges").json() == []
        for path in paths:
            assert client.get(f"{BASE}/challenges/cats{path}").status_code == 404
    for path in paths:
        response = api(organiser).get(f"{BASE}/challenges/cats{path}")
        assert response.status_code == 200
        # Read to its end: closing it early would close PostgreSQL's connection with it.
        assert b"".join(response)


def test_anothers_submission_is_not_there(api, hand_in, participant, rival, outsider):
    submission = hand_in(participant)
    for user in (rival, outsider):
        for part in ("", "/file"):
            response = api(user).get(f"{BASE}/submissions/{submission.pk}{part}")
            assert response.status_code == 404
        response = api(user).post(f"{BASE}/submissions/{submission.pk}/withdraw")
        assert response.status_code == 404


def test_an_outsider_cannot_list_everybodys_submissions(api, challenge, outsider, organiser):
    path = f"{BASE}/challenges/cats/submissions?everybody=true"
    assert api(outsider).get(path).status_code == 403
    assert api(organiser).get(path).status_code == 200


def test_an_outsider_cannot_publish(api, outsider):
    response = api(outsider).post(f"{BASE}/challenges", upload(b"PK", "cats.zip"))
    assert response.status_code in {403, 422}
    assert not Challenge.objects.exists()


def test_a_leaderboard_that_is_not_for_everybody_is_refused(api, challenge, outsider):
    response = api(outsider).get(f"{BASE}/challenges/cats/phases/insiders/leaderboard.csv")
    assert response.status_code == 403


def test_the_whole_way_from_the_terms_to_the_leaderboard(api, challenge, outsider, predictions):
    client = api(outsider)
    seen = client.get(f"{BASE}/challenges/cats").json()
    assert (seen["terms_accepted"], seen["entrant"]) == (False, None)
    refused = client.post(SUBMIT, upload(predictions(50)))
    assert refused.status_code == 409
    assert "terms are not accepted" in messages(refused)
    assert client.get(f"{BASE}/challenges/cats").json()["entrant"] is None
    digest = {"terms_digest": seen["terms_digest"]}
    client.post(f"{BASE}/challenges/cats/terms", digest, content_type="application/json")
    response = client.post(SUBMIT, upload(predictions(50), note="first"))
    assert response.status_code == 201
    assert response.json()["status"] == "queued"
    drain()
    detail = client.get(f"{BASE}/submissions/{response.json()['id']}").json()
    assert (detail["status"], detail["note"]) == ("scored", "first")
    assert detail["scores"][0]["value"] == pytest.approx(50 / 60)
    (row,) = Client().get(BOARD).json()["leaderboard"]
    assert (row["entrant"], row["rank"]) == ("outsider", 1)
    assert row["low"] < row["value"] < row["high"]
    (listed,) = client.get(f"{BASE}/challenges/cats/submissions").json()
    assert listed["id"] == detail["id"]


def test_a_retried_upload_with_the_same_key_is_the_same_submission(api, participant, predictions):
    client = api(participant)
    ids = {
        client.post(SUBMIT, upload(predictions(9)), headers={"Idempotency-Key": "k"}).json()["id"]
        for _ in range(2)
    }
    assert len(ids) == Submission.objects.count() == 1


def test_a_key_that_is_too_long_is_refused_and_not_cut_to_that_of_another(
    api, participant, predictions
):
    client = api(participant)
    for end in "ab":
        key = {"Idempotency-Key": "k" * 100 + end}
        answer = client.post(SUBMIT, upload(predictions(9)), headers=key)
        assert (answer.status_code, Submission.objects.count()) == (422, 0)
        assert answer.json()["problems"][0]["message"]
        assert (
            client.post(f"{SUBMIT.removesuffix('submissions')}uploads", headers=key).status_code
            == 422
        )


def test_a_used_up_limit_says_when_to_come_again(api, participant, predictions, phase):
    type(phase).objects.update(per_day=1)
    client = api(participant)
    assert client.post(SUBMIT, upload(predictions(9))).status_code == 201
    refused = client.post(SUBMIT, upload(predictions(9)))
    assert refused.status_code == 409
    assert "the next is possible from" in messages(refused)


def test_a_leaderboard_known_already_is_not_sent_again(scored, participant):
    scored(participant)
    for path in (BOARD, f"{BOARD}.csv"):
        first = Client().get(path)
        again = Client().get(path, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        scored(participant, 59)
        assert Client().get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_csv_has_a_line_per_entrant(scored, participant, rival):
    scored(participant)
    scored(rival, 50)
    text = Client().get(f"{BOARD}.csv").content.decode()
    assert [line["entrant"] for line in csv.DictReader(io.StringIO(text))] == [
        "rival",
        "participant",
    ]


def test_a_download_is_named_and_known_by_its_hash(challenge):
    files = Client().get(f"{BASE}/challenges/cats/data").json()
    assert {file["name"] for file in files} == {"test.parquet", "train.parquet", "cats.zip"}
    response = Client().get(f"{BASE}/challenges/cats/data/cats.zip")
    assert response["Content-Disposition"] == 'attachment; filename="cats.zip"'
    assert response["ETag"].strip('"') == next(
        file["sha256"] for file in files if file["name"] == "cats.zip"
    )
    assert len(b"".join(response.streaming_content)) == int(response["Content-Length"])
    again = Client().get(
        f"{BASE}/challenges/cats/data/cats.zip", headers={"If-None-Match": response["ETag"]}
    )
    assert again.status_code == 304


def test_one_gets_back_the_file_one_handed_in(api, hand_in, participant, predictions):
    submission = hand_in(participant, 12)
    response = api(participant).get(f"{BASE}/submissions/{submission.pk}/file")
    assert b"".join(response.streaming_content) == predictions(12)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"per_day": "many"}', "per_day"),
        ('{"closes": "yesterday"}', "closes"),
        ('{"reveal": ["interval"]}', "reveal"),
        ("{", "body"),
    ],
)
def test_a_bad_edit_is_answered_with_its_place(body, place, api, challenge, organiser):
    response = api(organiser).patch(
        f"{BASE}/challenges/cats/phases/dev", body, content_type="application/json"
    )
    assert response.status_code in {400, 422}
    if place != "body":
        assert place in {problem["place"].split(".")[-1] for problem in response.json()["problems"]}


def test_an_upload_without_a_file_says_so(api, participant):
    response = api(participant).post(SUBMIT, {"note": "x"})
    assert response.status_code == 422
    assert response.json()["problems"][0]["place"] == "file"


def test_every_route_says_what_it_does():
    for path, operations in site_api.get_openapi_schema()["paths"].items():
        for verb, operation in operations.items():
            assert operation.get("description"), f"{verb} {path}"


@pytest.mark.parametrize(
    "changes",
    [
        {"opens": None},
        {"closes": None},
        {"opens": "2026-01-01T00:00:00"},
        {"opens": "0001-01-01T00:00:00Z"},
        {"closes": "9999-12-31T23:59:59Z"},
        {"per_day": 10**12},
        {"reveal": None},
        {"final": None},
        {"final": "whatever"},
        {"leaderboard": None},
        {"no_such_key": 1},
    ],
)
def test_a_phase_takes_no_value_that_it_cannot_have(changes, api, phase, organiser):
    url = f"{BASE}/challenges/cats/phases/dev"
    response = api(organiser).patch(url, changes, content_type="application/json")
    assert response.status_code == 422
    assert messages(response)
    (key,) = changes
    kept = Phase.objects.get(pk=phase.pk)
    assert getattr(kept, key, None) == getattr(phase, key, None)


def test_a_fault_of_the_site_is_told_as_json_without_its_details(api, challenge, monkeypatch):
    def broken(**given):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("heldout.site.submissions.boards.state", broken)
    response = Client().get(BOARD)
    assert response.status_code == 500
    assert "went wrong" in messages(response)
    assert b"secret detail" not in response.content


def test_files_stand_in_the_order_in_which_they_are_used(challenge):
    files = Client().get(f"{BASE}/challenges/cats/data").json()
    assert [file["split"] for file in files] == ["train", "test", ""]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"url": "a", "url": "b"}', "url"),
        ('{"url": NaN}', "NaN"),
        ('{"url": 1e999}', "1e999"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_body_that_is_no_json_is_refused_with_what_is_wrong_in_it(api, outsider, body, words):
    answer = api(outsider).post("/api/v1/webhooks", body, content_type="application/json")
    assert answer.status_code == 400
    (problem,) = answer.json()["problems"]
    assert words in problem["message"]
