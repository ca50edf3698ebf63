import io
import shutil
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from heldout.site.challenges.models import Visibility
from heldout.site.challenges.services import entrant_of, has_accepted_terms

PUBLIC_PAGES = ("overview", "data", "rules")
ORGANISER_PAGES = ("organise", "people", "new-revision")


def page(name, *args):
    return reverse(f"challenges:{name}", args=["cats", *args])


@pytest.fixture
def zipped(made, tmp_path):
    """The challenge folder as an upload, with a line of its `challenge.toml` changed."""

    def pack(old="", new=""):
        folder = shutil.copytree(made.folder, tmp_path / "packed/cats")
        file = folder / "challenge.toml"
        file.write_text(file.read_text().replace(old, new))
        archive = Path(shutil.make_archive(str(tmp_path / "cats"), "zip", tmp_path / "packed"))
        upload = io.BytesIO(archive.read_bytes())
        upload.name = "cats.zip"
        return upload

    return pack


def test_an_empty_site_says_so_and_invites_only_who_may_create(client, signed_in, organiser):
    assert "Once an organiser publishes one" in client.get("/").content.decode()
    assert "Create a challenge" in signed_in(organiser).get("/").content.decode()


@pytest.mark.parametrize("name", PUBLIC_PAGES)
def test_a_public_challenge_is_read_without_an_account(client, challenge, name):
    answer = client.get(page(name))
    assert answer.status_code == 200
    assert "Cats and others" in answer.content.decode()


@pytest.mark.parametrize("name", PUBLIC_PAGES)
def test_a_private_challenge_is_not_there_for_others(
    client, signed_in, challenge, participant, organiser, name
):
    challenge.visibility = Visibility.PRIVATE
    challenge.save()
    assert client.get(page(name)).status_code == 404
    assert signed_in(participant).get(page(name)).status_code == 404
    assert signed_in(organiser).get(page(name)).status_code == 200
    assert "Cats and others" not in client.get("/").content.decode()


def test_the_overview_shows_the_readme_below_the_title(client, challenge):
    html = client.get(page("overview")).content.decode()
    assert "Tell them <em>apart</em>." in html
    assert html.count("<h1>") == 1


def test_the_data_page_explains_the_columns_and_shows_no_held_out_answer(client, challenge):
    context = client.get(page("data")).context
    assert context["preview_split"] == "train"
    meanings = {column.name: column.meaning for column in context["columns"]}
    assert meanings["light"] == "Scores are broken down by it."
    assert "no such column" in meanings["reference"]
    assert [file["name"] for file in context["files"]] == [
        "train.parquet",
        "test.parquet",
        "cats.zip",
    ]


@pytest.mark.parametrize(
    "path", ["../../../db.sqlite3", "/etc/passwd", "no-such.png", "a%00.png", "a" * 3000]
)
def test_media_is_served_from_the_public_data_only(client, challenge, path):
    revision = challenge.revision.data_id
    answer = client.get(f"/challenges/cats/data/media/{revision}/{path}")
    assert answer.status_code in (400, 404)


def test_what_is_no_picture_is_downloaded_and_never_shown(client, challenge):
    answer = client.get(page("media", challenge.revision.data_id, "train.parquet"))
    answer.close()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_accepting_the_rules_enters_the_challenge(client, signed_in, challenge, outsider):
    client = signed_in(outsider)
    digest = challenge.revision.terms_digest
    answer = client.post(page("rules"), {"digest": digest, "accept": "on"})
    assert answer.headers["Location"] == "/challenges/cats/submit/"
    assert has_accepted_terms(challenge, outsider)
    assert entrant_of(challenge, outsider).name == "outsider"


def test_rules_are_accepted_by_ticking_only(signed_in, challenge, outsider):
    answer = signed_in(outsider).post(page("rules"), {"digest": challenge.revision.terms_digest})
    assert answer.status_code == 422
    assert "Tick the box" in answer.content.decode()
    assert not has_accepted_terms(challenge, outsider)


def test_rules_that_changed_meanwhile_are_not_accepted(signed_in, challenge, outsider):
    answer = signed_in(outsider).post(
        page("rules"), {"digest": "0" * 64, "accept": "on"}, follow=True
    )
    assert "have changed meanwhile" in answer.content.decode()
    assert not has_accepted_terms(challenge, outsider)


def test_the_way_back_after_accepting_stays_on_the_site(signed_in, challenge, outsider):
    given = {"digest": challenge.revision.terms_digest, "accept": "on"}
    answer = signed_in(outsider).post(f"{page('rules')}?next=//evil.example/", given)
    assert answer.headers["Location"] == "/challenges/cats/submit/"


@pytest.mark.parametrize("name", ORGANISER_PAGES)
def test_the_organisers_pages_refuse_everybody_else(
    signed_in, challenge, outsider, participant, annotator, organiser, name
):
    for person in (outsider, participant, annotator):
        assert signed_in(person).get(page(name)).status_code == 403
    assert Client().get(page(name)).headers["Location"].startswith("/accounts/login/")
    assert signed_in(organiser).get(page(name)).status_code == 200


def test_only_who_may_organise_publishes(signed_in, outsider, zipped):
    answer = signed_in(outsider).post("/new/", {"archive": zipped()})
    assert answer.status_code == 403
    assert signed_in(outsider).get("/challenges/cats/").status_code == 404


def test_a_zip_becomes_a_challenge(signed_in, organiser, zipped):
    answer = signed_in(organiser).post("/new/", {"archive": zipped()}, follow=True)
    assert "Cats and others is published." in answer.content.decode()


def test_a_faulty_zip_lists_its_problems_and_publishes_nothing(signed_in, organiser, zipped):
    client = signed_in(organiser)
    answer = client.post("/new/", {"archive": zipped('task = "tabular', 'task = "tabula')})
    assert answer.status_code == 422
    assert "Nothing was published" in answer.content.decode()
    assert answer.context["problems"]
    assert client.get("/challenges/cats/").status_code == 404


def test_a_form_without_a_file_asks_for_one(signed_in, organiser):
    answer = signed_in(organiser).post("/new/")
    assert answer.status_code == 422
    assert "Choose a ZIP file first." in answer.content.decode()


def test_folders_on_the_server_are_offered_only_where_a_setting_names_them(
    site, signed_in, organiser, made, monkeypatch
):
    client = signed_in(organiser)
    assert client.post("/new/", {"folder": "cats"}).status_code == 422
    settings = type(site.HELDOUT)
    values = {name: getattr(site.HELDOUT, name) for name in settings.__slots__}
    site.HELDOUT = settings(**values | {"publish_from": str(made.folder.parent)})
    assert client.post("/new/", {"folder": "../../etc"}).status_code == 422
    answer = client.post("/new/", {"folder": "cats"}, follow=True)
    assert "Cats and others is published." in answer.content.decode()


def phase_form(**changes):
    return {
        "opens": "2020-01-01T10:00",
        "closes": "2099-07-01T10:00",
        "per_day": "5",
        "final": "latest",
        "leaderboard": "participants",
        "reveal": ["score"],
    } | changes


def test_a_phase_is_edited_on_the_clock_of_the_challenge(signed_in, organiser, challenge):
    answer = signed_in(organiser).post(page("edit-phase", "dev"), phase_form())
    assert answer.status_code == 302
    phase = challenge.phases.get(key="dev")
    assert phase.closes.isoformat() == "2099-07-01T08:00:00+00:00"
    assert (phase.per_day, phase.in_total, phase.final) == (5, None, "latest")
    assert (phase.leaderboard, phase.reveal) == ("participants", ["score"])


def test_a_phase_form_shows_the_times_it_would_save(signed_in, organiser, challenge):
    client = signed_in(organiser)
    client.post(page("edit-phase", "dev"), phase_form())
    html = client.get(page("edit-phase", "dev")).content.decode()
    assert 'value="2099-07-01T10:00"' in html


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"closes": "2019-01-01T10:00"}, "would close before it opens"),
        ({"reveal": ["interval"]}, "shows details without the score"),
        ({"per_day": "0"}, "greater than or equal to 1"),
        ({"opens": "soon"}, "Enter a valid date/time."),
    ],
)
def test_a_phase_that_makes_no_sense_is_refused_beside_its_field(
    signed_in, organiser, challenge, changes, words
):
    before = challenge.phases.get(key="dev").closes
    answer = signed_in(organiser).post(page("edit-phase", "dev"), phase_form(**changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert challenge.phases.get(key="dev").closes == before


def test_invitations_list_every_address_that_is_none(signed_in, organiser, challenge):
    given = {"form": "invite", "emails": "one@example.org, two, three\nfour@example.org"}
    answer = signed_in(organiser).post(page("people"), given)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "two: is not an e-mail address" in html
    assert "three: is not an e-mail address" in html
    assert not challenge.invitations.exists()


def test_people_are_invited_and_made_organisers(signed_in, organiser, challenge):
    client = signed_in(organiser)
    client.post(page("people"), {"form": "invite", "emails": "one@example.org"})
    client.post(
        page("people"), {"form": "organiser", "email": "two@example.org", "role": "reviewer"}
    )
    assert challenge.invitations.get().email == "one@example.org"
    assert challenge.organisers.filter(user__email="two@example.org", role="reviewer").exists()


def test_the_form_of_a_phase_says_what_choosing_does(signed_in, organiser, challenge):
    html = signed_in(organiser).get(page("edit-phase", "dev")).content.decode()
    assert "The best of 2 submissions the entrant chooses" in html
    assert "Who marks none is ranked by their best" in html
    signed_in(organiser).post(page("edit-phase", "dev"), phase_form(final="chosen:2"))
    assert challenge.phases.get(key="dev").final == "chosen:2"


def test_the_title_and_the_freeze_of_a_phase_are_edited(signed_in, organiser, challenge):
    given = phase_form(title="Warm-up", freezes="2099-06-01T10:00")
    signed_in(organiser).post(page("edit-phase", "dev"), given)
    phase = challenge.phases.get(key="dev")
    assert (phase.title, phase.freezes.isoformat()) == ("Warm-up", "2099-06-01T08:00:00+00:00")
