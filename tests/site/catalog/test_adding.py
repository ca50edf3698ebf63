"""A person brings their own data: read, stored and browsable, or refused with every reason."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from heldout.datasets.index.query import Query
from heldout.datasets.index.views import Role
from heldout.errors import BadInput
from heldout.site.catalog import importing, intake
from heldout.site.catalog.importing import find_own, import_data
from heldout.site.catalog.indexes import open_index
from heldout.site.catalog.models import DataRevision, DataSet, Intake
from heldout.site.catalog.visibility import set_rules
from heldout.site.challenges.services import publish
from heldout.site.common.models import Job
from heldout.site.worker import drain

TABLE = b"id,word,size\na,apple,3\nb,bear,5\n"


def form(content=TABLE, name="words.csv", **changes):
    given = {"title": "Words", "slug": "words", "license": "CC0-1.0"}
    return given | {"file": SimpleUploadedFile(name, content)} | changes


@pytest.fixture
def bring(organiser, signed_in):
    """Upload a file on the page and have a worker read it; what the page then says."""

    def bring(*given, **changes):
        client = signed_in(organiser)
        response = client.post("/data/add/", form(*given, **changes))
        assert response.status_code == 302, response.content.decode()
        drain()
        return " ".join(client.get(response.url).content.decode().split())

    return bring


def kept(settings):
    """What lies among the incoming files."""
    return [one.name for one in (settings.DATA / "incoming").rglob("*") if one.is_file()]


def test_a_table_becomes_a_data_set_that_can_be_browsed(bring, organiser, signed_in, settings):
    assert "2 examples were taken in" in bring()
    assert "of 2 examples" in signed_in(organiser).get("/data/words/").content.decode()
    dataset = DataSet.objects.get()
    assert (dataset.owner, dataset.license, dataset.visibility) == (
        organiser,
        "CC0-1.0",
        "private",
    )
    assert kept(settings) == []


def test_a_zip_of_images_becomes_a_grid(bring, organiser, signed_in, pictures):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(6):
            path = pictures / f"media/{number:064x}.png"
            archive.write(path, f"photos/{('cat', 'dog')[number % 2]}/{number}.png")
    bring(packed.getvalue(), "photos.zip", slug="photos")
    client = signed_in(organiser)
    text = client.get("/data/photos/").content.decode()
    assert text.count('loading="lazy"') == 6
    assert "of 3 examples" in client.get("/data/photos/?f.labels=cat").content.decode()


def test_the_request_only_keeps_the_file_and_the_worker_reads_it(organiser, signed_in, settings):
    client = signed_in(organiser)
    address = client.post("/data/add/", form()).url
    assert DataSet.objects.get().current is None
    assert len(kept(settings)) == 1
    assert client.get("/data/words/").status_code == 404
    page = client.get(address).content.decode()
    assert "A worker reads it next" in page
    assert 'hx-trigger="every 2s"' in page
    assert "words.csv" in client.get("/data/").content.decode()
    drain()
    done = client.get(address).content.decode()
    assert "hx-trigger" not in done
    assert "Answer the datasheet" in done
    assert "words.csv" not in client.get("/data/").content.decode()


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"id,word\na,apple\na,bear\n", "words.csv", "a"),
        (b"\x00\x01", "words.bin", "Looks like no format"),
        (b"PK\x03\x04broken", "words.zip", "not a sound ZIP"),
        (b"id,word\na,b", "words", "Its name has no ending"),
    ],
)
def test_what_is_at_fault_is_told_and_nothing_is_taken_in(bring, content, name, words):
    page = bring(content, name)
    assert "Nothing was taken in" in page
    assert words in page
    assert "incoming" not in page
    assert DataSet.objects.get().current is None
    assert not DataRevision.objects.exists()


def test_an_empty_file_is_refused_at_once(organiser, signed_in):
    assert signed_in(organiser).post("/data/add/", form(b"")).status_code == 422
    assert not DataSet.objects.exists()


FAULTY = b"id,word\na,apple\na,bear\nb,cat\n"


def test_a_refused_file_is_read_again_without_what_is_at_fault(bring, organiser, signed_in):
    bring(FAULTY)
    client, pk = signed_in(organiser), Intake.objects.get().pk
    client.post(f"/data/uploads/{pk}/retry/", {"lenient": "1"})
    drain()
    page = client.get(f"/data/uploads/{pk}/").content.decode()
    assert "These were mended or left out" in page
    assert (
        Intake.objects.get().examples == DataRevision.objects.get().files.get(split="all").examples
    )
    # What is done is not done again.
    client.post(f"/data/uploads/{pk}/retry/", {"lenient": "1"})
    assert not Job.objects.filter(kind="intake", state="ready").exists()


def test_an_upload_that_is_taken_away_leaves_nothing(bring, organiser, signed_in, settings):
    bring(FAULTY)
    client, pk = signed_in(organiser), Intake.objects.get().pk
    assert client.post(f"/data/uploads/{pk}/remove/").url == "/data/"
    assert not DataSet.objects.exists()
    assert kept(settings) == []
    assert client.post("/data/add/", form()).status_code == 302


def test_a_waiting_upload_can_be_taken_away_and_one_being_read_cannot(
    organiser, signed_in, settings
):
    client = signed_in(organiser)
    client.post("/data/add/", form())
    Intake.objects.update(state="working")
    pk = Intake.objects.get().pk
    client.post(f"/data/uploads/{pk}/remove/")
    assert DataSet.objects.exists()
    Intake.objects.update(state="waiting")
    client.post(f"/data/uploads/{pk}/remove/")
    assert not DataSet.objects.exists()
    assert drain() == 0


def test_an_upload_is_its_senders_alone(bring, outsider, signed_in, client):
    bring(FAULTY)
    address = f"/data/uploads/{Intake.objects.get().pk}/"
    assert client.get(address).status_code == 302
    other = signed_in(outsider)
    assert other.get(address).status_code == 404
    assert other.post(f"{address}remove/").status_code == 404
    assert "words.csv" not in other.get("/data/").content.decode()


def test_a_new_revision_keeps_what_is_hidden_hidden(bring, organiser, signed_in):
    bring()
    dataset = DataSet.objects.get()
    rules = {("columns", "size"): Role.ORGANISER}
    set_rules(revision=dataset.current, rules=rules, by=organiser, now=timezone.now())
    client = signed_in(organiser)
    given = {"file": SimpleUploadedFile("w.csv", TABLE + b"c,cow,7\n"), "notes": "One more."}
    assert client.post("/data/words/revise/", given).status_code == 302
    drain()
    dataset.refresh_from_db()
    assert dataset.revisions.count() == 2
    assert (dataset.current.notes, dataset.current.layout["columns"]) == ("One more.", {"size": 3})
    index = open_index(dataset.current, Role.PUBLIC)
    assert index.summary.rows == 3
    assert "size" not in index.columns


def test_what_is_refused_leaves_the_revision_before_as_it_is(bring, organiser, signed_in):
    bring()
    client = signed_in(organiser)
    client.post("/data/words/revise/", {"file": SimpleUploadedFile("w.csv", FAULTY)})
    drain()
    assert "of 2 examples" in client.get("/data/words/").content.decode()
    assert DataRevision.objects.count() == 1
    client.post(f"/data/uploads/{Intake.objects.first().pk}/remove/")
    assert DataSet.objects.exists()


def test_a_file_that_is_gone_is_refused_in_words(bring, organiser, signed_in, settings):
    client = signed_in(organiser)
    address = client.post("/data/add/", form()).url
    for path in (settings.DATA / "incoming/uploads").iterdir():
        path.unlink()
    drain()
    assert "Upload it again" in client.get(address).content.decode()


def test_a_person_has_a_bounded_number_of_files_waiting(
    organiser, signed_in, settings, monkeypatch
):
    monkeypatch.setattr(intake, "MOST_OPEN", 1)
    client = signed_in(organiser)
    client.post("/data/add/", form())
    assert client.post("/data/add/", form(slug="more")).status_code == 422
    assert len(kept(settings)) == 1


def test_refused_uploads_go_after_a_month(bring, settings):
    bring(FAULTY)
    assert intake.sweep(now=timezone.now()) == 0
    assert intake.sweep(now=timezone.now() + timedelta(days=31)) == 1
    assert not DataSet.objects.exists()
    assert kept(settings) == []


def test_a_worker_that_breaks_tells_that_it_was_no_fault_of_the_file(
    organiser, signed_in, monkeypatch
):
    def broken(*given, **more):
        raise OSError("the disk is full")

    monkeypatch.setattr(importing, "store", broken)
    client = signed_in(organiser)
    address = client.post("/data/add/", form()).url
    Job.objects.filter(kind="intake").update(max_attempts=1)
    drain()
    page = client.get(address).content.decode()
    assert "for a fault of ours" in page
    assert "disk" not in page
    monkeypatch.undo()
    client.post(f"{address}retry/")
    drain()
    assert DataSet.objects.get().current is not None


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
