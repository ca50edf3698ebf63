"""A person brings their own data: read, stored and browsable, or refused with every reason."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from heldout.datasets.index.query import Query
from heldout.datasets.index.views import Role
from heldout.errors import BadInput
from heldout.site.catalog.importing import find_own, import_data
from heldout.site.catalog.indexes import open_index
from heldout.site.catalog.models import DataSet
from heldout.site.challenges.services import publish
from heldout.site.worker import drain

TABLE = b"id,word,size\na,apple,3\nb,bear,5\n"


def form(content=TABLE, name="words.csv", **changes):
    given = {"title": "Words", "slug": "words", "visibility": "private", "license": "CC0-1.0"}
    return given | {"file": SimpleUploadedFile(name, content)} | changes


def test_a_table_becomes_a_data_set_that_can_be_browsed(organiser, signed_in):
    client = signed_in(organiser)
    response = client.post("/data/add/", form())
    assert response.url == "/data/words/"
    drain()
    assert "of 2 examples" in client.get("/data/words/").content.decode()
    dataset = DataSet.objects.get()
    assert (dataset.owner, dataset.license) == (organiser, "CC0-1.0")


def test_a_zip_of_images_becomes_a_grid(organiser, signed_in, pictures):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(6):
            path = pictures / f"media/{number:064x}.png"
            archive.write(path, f"photos/{('cat', 'dog')[number % 2]}/{number}.png")
    client = signed_in(organiser)
    client.post("/data/add/", form(packed.getvalue(), "photos.zip", slug="photos"))
    drain()
    text = client.get("/data/photos/").content.decode()
    assert text.count('loading="lazy"') == 6
    assert "of 3 examples" in client.get("/data/photos/?f.labels=cat").content.decode()


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"id,word\na,apple\na,bear\n", "words.csv", "a"),
        (b"\x00\x01", "words.bin", "Looks like no format"),
        (b"PK\x03\x04broken", "words.zip", "not a sound ZIP"),
        (b"", "words.csv", ""),
    ],
)
def test_what_is_at_fault_is_told_and_nothing_is_kept(organiser, signed_in, content, name, words):
    response = signed_in(organiser).post("/data/add/", form(content, name))
    assert response.status_code == 422
    assert words in response.content.decode()
    assert "incoming" not in response.content.decode()
    assert not DataSet.objects.exists()


@pytest.mark.parametrize("slug", ["add", "Big Words", "a--b", "", "cats"])
def test_a_name_that_is_taken_or_none_is_refused(organiser, signed_in, challenge, slug):
    response = signed_in(organiser).post("/data/add/", form(slug=slug))
    assert response.status_code == 422


def test_only_those_who_may_organise_add_data(outsider, signed_in, client):
    assert signed_in(outsider).post("/data/add/", form()).status_code == 403
    assert client.get("/data/add/").status_code == 302


def test_what_is_said_of_a_data_set_can_be_changed_by_its_owner_alone(
    dataset, owner, outsider, signed_in
):
    said = {"title": "Other pictures", "visibility": "private", "creator": "Us", "keywords": "a, b"}
    assert signed_in(outsider).post("/data/pictures/edit/", said).status_code == 404
    assert signed_in(owner).post("/data/pictures/edit/", said).status_code == 302
    dataset.refresh_from_db()
    assert (dataset.title, dataset.visibility) == ("Other pictures", "private")
    assert dataset.about["keywords"] == ["a", "b"]


def test_a_challenge_cannot_take_the_name_of_a_data_set(add_dataset, made):
    add_dataset("cats", built=False)
    with pytest.raises(BadInput, match="data set of its own"):
        publish(source=made.folder, by=None, now=timezone.now())


def test_somebody_elses_data_set_gets_no_revision(dataset, outsider):
    with pytest.raises(BadInput, match="taken"):
        find_own(slug="pictures", owner=outsider)


@pytest.fixture
def real(cases, organiser):
    """Import a real data set and return the index of its visitors."""

    def read(path, **more):
        dataset = DataSet(slug="real", title="Real", owner=organiser)
        source = cases / "datasets" / path
        import_data(dataset=dataset, source=source, by=None, now=timezone.now(), **more)
        drain()
        return open_index(dataset.current, Role.PUBLIC)

    return read


def test_dollar_street_is_browsed_by_country_and_income(real):
    index = real("dollarstreet_meta/metadata.csv")
    assert index.summary.rows == 13_565
    assert index.columns["country"].distinct == 54
    assert index.columns["income"].log
    assert index.places == ("lat", "lng")
    assert dict(index.facet(Query(), "region"))["Africa"] == 2_492
