"""The documents of a revision, and the bundle that is searched before anybody gets it."""

import hashlib
import io
import json
import shutil
import zipfile

import polars as pl
import pytest
from django.utils import timezone

from heldout.cards.croissant_check import check_croissant
from heldout.challenge.datasheet import questions, write_form
from heldout.datasets.atomic import write_bytes
from heldout.site.catalog import counting, documents, releasing
from heldout.site.catalog.models import Release
from heldout.site.challenges.services import publish
from heldout.site.common.models import Job
from heldout.site.worker import drain

PAGE = "/data/pictures/documents/"


@pytest.fixture
def counted(dataset):
    counting.count_now(dataset.current)
    return dataset


@pytest.fixture
def released(dataset, complete, owner, signed_in):
    """A data set whose bundle was asked for on its page and made."""
    complete(dataset)
    counting.count_now(dataset.current)
    response = signed_in(owner).post(f"{PAGE}release/")
    assert response.status_code == 302
    drain()
    return Release.objects.get()


@pytest.fixture
def unpacked(client, fetch, tmp_path):
    """Download a bundle and unpack it."""

    def unpack(release):
        _, content = fetch(client, f"{PAGE}release/{release.pk}/")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(tmp_path / "bundle")
        return tmp_path / "bundle"

    return unpack


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("datasheet.md", "text/markdown; charset=utf-8"),
        ("README.md", "text/markdown; charset=utf-8"),
        ("croissant.json", "application/ld+json"),
        ("facts.json", "application/json"),
        ("SHA256SUMS", "text/plain; charset=utf-8"),
    ],
)
def test_every_document_is_served_as_what_it_is(counted, client, name, kind):
    response = client.get(f"{PAGE}{counted.current.pk}/{name}")
    assert (response.status_code, response["Content-Type"]) == (200, kind)
    assert f'filename="{name}"' in response["Content-Disposition"]
    assert response.content


def test_a_document_there_is_none_and_one_of_another_data_set_are_not_found(
    counted, add_dataset, client
):
    other = add_dataset("other", built=False)
    assert client.get(f"{PAGE}{counted.current.pk}/secrets.json").status_code == 404
    assert client.get(f"{PAGE}{other.current.pk}/README.md").status_code == 404


def test_documents_that_are_not_counted_yet_come_later(dataset, client):
    address = f"{PAGE}{dataset.current.pk}/README.md"
    response = client.get(address)
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    drain()
    assert client.get(address).status_code == 200


def test_what_is_said_of_the_data_today_stands_in_the_documents(counted, client):
    counted.title, counted.about = "Renamed", {"creator": "The Makers"}
    counted.save()
    croissant = json.loads(client.get(f"{PAGE}{counted.current.pk}/croissant.json").content)
    assert croissant["name"] == "Renamed"
    assert croissant["creator"] == [{"@type": "sc:Organization", "name": "The Makers"}]
    assert croissant["url"] == "http://testserver/data/pictures/"


def test_the_owners_address_is_in_no_document(counted, owner, client):
    for name in documents.NAMES:
        content = client.get(f"{PAGE}{counted.current.pk}/{name}").content.decode()
        assert owner.email not in content


def test_the_documents_of_private_data_are_nobody_elses(add_dataset, outsider, signed_in):
    dataset = add_dataset(visibility="private", built=False)
    client = signed_in(outsider)
    assert client.get(PAGE).status_code == 404
    assert client.get(f"{PAGE}{dataset.current.pk}/README.md").status_code == 404


def test_facts_that_cannot_be_counted_say_why_to_the_owner_alone(
    add_dataset, owner, signed_in, client, tmp_path
):
    (tmp_path / "bad").mkdir()
    pl.DataFrame({"example_id": ["a"]}).write_parquet(tmp_path / "bad/train.parquet")
    dataset = add_dataset(folder=tmp_path / "bad", built=False)
    write_bytes(counting.data_folder(dataset.current) / "train.parquet", b"broken")
    Job.objects.filter(kind="index").delete()
    client.get(PAGE)
    Job.objects.filter(kind="facts").update(max_attempts=1)
    drain()
    address = "/data/pictures/datasheet/"
    assert "could not be counted" in signed_in(owner).get(address).content.decode()
    assert "could not be counted" not in client.get(address).content.decode()


def test_a_bundle_is_made_searched_and_offered(released, client, unpacked):
    assert (released.state, released.problems) == ("done", [])
    page = client.get(PAGE).content.decode()
    assert f"{PAGE}release/{released.pk}/" in page
    assert released.sha256 in page
    folder = unpacked(released)
    assert check_croissant(folder / "croissant.json") == []
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


@pytest.mark.filterwarnings("ignore")  # Of its own dependencies.
def test_the_bundle_is_read_by_mlcroissant_with_its_boxes(released, unpacked):
    """Compared with an independent reader of Croissant: mlcroissant."""
    mlcroissant = pytest.importorskip("mlcroissant")
    folder = unpacked(released)
    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    first = next(iter(dataset.records("annotations")))
    assert (first["annotations/x0"], first["annotations/x1"]) == (10.0, 60.5)
    assert len(list(dataset.records("train"))) == 40


def test_a_bundle_is_not_made_while_a_required_answer_is_blank(counted, owner, signed_in):
    response = signed_in(owner).post(f"{PAGE}release/")
    assert response.status_code == 422
    assert "/data/pictures/datasheet/motivation/#purpose" in response.content.decode()
    assert not Release.objects.exists()


def test_only_who_looks_after_the_data_asks_for_a_bundle(counted, complete, outsider, signed_in):
    complete(counted)
    assert signed_in(outsider).post(f"{PAGE}release/").status_code == 404
    assert "Make the bundle" not in signed_in(outsider).get(PAGE).content.decode()


def test_asking_twice_makes_one_bundle(counted, complete, owner):
    complete(counted)
    asked = {"revision": counted.current, "url": "", "by": owner, "now": timezone.now()}
    assert releasing.request_release(**asked) == releasing.request_release(**asked)
    assert Job.objects.filter(kind="release").count() == 1


def test_a_bundle_without_a_licence_is_refused_and_says_so(add_dataset, complete, owner, signed_in):
    dataset = add_dataset(license="")
    complete(dataset)
    counting.count_now(dataset.current)
    client = signed_in(owner)
    client.post(f"{PAGE}release/")
    drain()
    assert Release.objects.get().state == "refused"
    assert "has no license" in client.get(PAGE).content.decode()


def test_no_file_of_a_bundle_holds_a_hidden_column_or_split(
    add_dataset, complete, owner, signed_in, unpacked
):
    layout = {"columns": {"country": 3}, "splits": {"test": 2}, "annotations": {"train": 3}}
    dataset = add_dataset(layout=layout)
    complete(dataset)
    counting.count_now(dataset.current)
    signed_in(owner).post(f"{PAGE}release/")
    drain()
    release = Release.objects.get()
    assert (release.state, release.problems) == ("done", [])
    assert release.sought > 20
    folder = unpacked(release)
    assert sorted(one.name for one in (folder / "data").glob("*.parquet")) == [
        "annotations.parquet",
        "train.parquet",
    ]
    assert "country" not in pl.read_parquet(folder / "data/train.parquet").columns
    assert len(pl.read_parquet(folder / "data/annotations.parquet")) == 0
    everything = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert b"Kenya" not in everything


def test_an_answer_that_slipped_into_the_overview_refuses_the_bundle(
    write_challenge, tmp_path, organiser, signed_in
):
    made = write_challenge(
        tmp_path / "cats", about='datasheet = "datasheet.md"\nlicense = "CC0-1.0"'
    )
    required = {one.id: "As said." for one in questions() if one.required}
    (made.folder / "datasheet.md").write_text(write_form("Cats", required))
    dataset = publish(source=made.folder, by=None, now=timezone.now()).dataset
    counting.count_now(dataset.current)
    client = signed_in(organiser)
    client.post("/data/cats/documents/release/")
    drain()
    clean = Release.objects.get()
    assert (clean.state, clean.problems) == ("done", [])
    assert clean.sought >= 60
    name, answer = next(iter(made.answers.items()))
    (made.folder / "README.md").write_text(f"# Cats\n\nFor instance {name} is a {answer}.\n")
    dataset = publish(source=made.folder, by=None, now=timezone.now()).dataset
    counting.count_now(dataset.current)
    client.post("/data/cats/documents/release/")
    drain()
    refused = Release.objects.first()
    assert refused.state == "refused"
    page = client.get("/data/cats/documents/").content.decode()
    assert "Names 1 held-out examples together with their answers" in page
    assert name not in page


def test_a_bundle_goes_when_more_is_hidden(released, owner, signed_in, client):
    revision = released.revision
    revision.layout = {**revision.layout, "columns": {"income": 3}}
    revision.save()
    assert client.get(f"{PAGE}release/{released.pk}/").status_code == 404
    assert "It is not offered any more" in signed_in(owner).get(PAGE).content.decode()


def test_a_bundle_whose_folder_was_thrown_away_is_not_offered(released, client, site):
    shutil.rmtree(site.DOCUMENTS)
    assert client.get(f"{PAGE}release/{released.pk}/").status_code == 404
