import io
import os
import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from heldout.site.challenges.models import Role
from heldout.site.challenges.services import add_organiser
from heldout.site.transfer import services
from heldout.site.worker import drain

PAGE, API = "/challenges/cats/organise/archive/", "/api/v1/challenges/cats/archives"


@pytest.fixture
def co_organiser(challenge, organiser, outsider):
    add_organiser(
        challenge=challenge,
        email=outsider.email,
        role=Role.CO_ORGANISER,
        by=organiser,
        now=timezone.now(),
    )
    return outsider


def test_only_the_organiser_asks_for_and_fetches_archives(
    challenge, organiser, participant, co_organiser, signed_in, api
):
    name = services.ask_for_archive(challenge=challenge, by=organiser, now=timezone.now())
    drain()
    assert Client().get(PAGE).status_code == 302
    for person in (participant, co_organiser):
        assert signed_in(person).get(PAGE).status_code == 403
        assert signed_in(person).post(PAGE).status_code == 403
        assert signed_in(person).get(f"{PAGE}{name}").status_code == 403
        for path in (API, f"{API}/{name}"):
            assert api(person).get(path).status_code == 403
        assert api(person).post(API).status_code == 403


def test_an_archive_is_made_by_the_worker_and_fetched(organiser, challenge, signed_in):
    client = signed_in(organiser)
    assert "is being made" in client.post(PAGE, follow=True).content.decode()
    assert "being made …" in client.get(PAGE).content.decode()
    drain()
    made = services.archives(challenge, now=timezone.now())[0]
    answer = client.get(f"{PAGE}{made.name}")
    content = b"".join(answer.streaming_content)
    assert (
        "KEEP-SECRET/revisions/1/answers/test.csv"
        in zipfile.ZipFile(io.BytesIO(content)).namelist()
    )
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_one_archive_is_made_at_a_time(organiser, challenge, signed_in):
    client = signed_in(organiser)
    client.post(PAGE)
    assert "being made already" in client.post(PAGE, follow=True).content.decode()
    assert len(services.archives(challenge, now=timezone.now())) == 1


def test_the_api_makes_and_gives_archives(organiser, challenge, api):
    client = api(organiser)
    name = client.post(API).json()["name"]
    assert client.get(API).json()[0]["size"] is None
    assert client.get(f"{API}/{name}").status_code == 404
    drain()
    assert client.get(API).json()[0]["size"] > 1000
    answer = client.get(f"{API}/{name}")
    assert answer.status_code == 200
    answer.close()


@pytest.mark.parametrize("name", ["../secret", "..%2f..%2fsecret", "other.zip", "%00"])
def test_no_name_leads_to_another_file(organiser, challenge, signed_in, name):
    assert signed_in(organiser).get(f"{PAGE}{name}").status_code in (400, 404)


def test_an_old_archive_is_gone(organiser, challenge, signed_in):
    name = services.ask_for_archive(challenge=challenge, by=organiser, now=timezone.now())
    drain()
    later = timezone.now() + services.LIFETIME + timedelta(hours=1)
    assert services.find_archive(challenge, name, now=later) is None
    file, long_ago = services.folder() / name, timezone.now() - 2 * services.LIFETIME
    os.utime(file, (long_ago.timestamp(), long_ago.timestamp()))
    services.forget_old_archives(now=timezone.now())
    assert not file.exists()
