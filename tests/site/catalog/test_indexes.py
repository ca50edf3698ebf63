"""The indexes of a site: built when data are published, one per role, and nothing held out in the wrong one."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from django.utils import timezone

from heldout.datasets.index.query import Query
from heldout.datasets.index.views import Role
from heldout.site.catalog.grants import role_of, visible
from heldout.site.catalog.indexes import open_index, remove_unused
from heldout.site.catalog.models import RevisionIndex
from heldout.site.catalog.services import index_key, request_index
from heldout.site.catalog.thumbnails import make_all
from heldout.site.challenges.services import publish
from heldout.site.common.models import Job
from heldout.site.worker import drain


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.fixture
def planted(write_challenge, tmp_path, organiser, settings):
    """A challenge whose held-out answers hold a word that stands nowhere else."""
    made = write_challenge(tmp_path / "cats", canary="xylophonist")
    challenge = publish(source=made.folder, by=None, now=timezone.now())
    # A split leaves its manifest beside the answers.
    (settings.ANSWERS / challenge.dataset.current.hidden / "manifest.json").write_text("{}")
    drain()
    return challenge


def test_no_file_of_the_public_index_holds_a_held_out_answer(planted, settings):
    public, own = (
        settings.INDEXES / RevisionIndex.objects.get(role=role).folder
        for role in (Role.PUBLIC, Role.ORGANISER)
    )
    assert b"xylophonist" not in contents(public)
    assert b"xylophonist" in contents(own)


def test_the_answers_of_a_split_are_counted_for_organisers_only(planted, made):
    revision = planted.dataset.current
    held_out = Query.of(chosen={"split": ["test"]})
    public, own = (open_index(revision, role) for role in (Role.PUBLIC, Role.ORGANISER))
    assert public.facet(held_out, "reference") == [("", 60)]
    assert {one.value for one in own.facet(held_out, "reference")} == set(made.answers.values())


def test_participants_read_the_public_index_where_nothing_is_theirs_alone(planted):
    revision = planted.dataset.current
    assert open_index(revision, Role.PARTICIPANT) is open_index(revision, Role.PUBLIC)


def test_the_roles_of_a_challenge_are_the_roles_of_its_data(
    challenge, organiser, participant, outsider
):
    dataset = challenge.dataset
    assert role_of(organiser, dataset) == Role.ORGANISER
    assert role_of(participant, dataset) == Role.PARTICIPANT
    assert role_of(outsider, dataset) == Role.PUBLIC


def test_the_data_of_a_private_challenge_are_nobodys_but_its_organisers(
    write_challenge, tmp_path, organiser, outsider
):
    made = write_challenge(tmp_path / "cats", about='visibility = "private"')
    dataset = publish(source=made.folder, by=None, now=timezone.now()).dataset
    assert role_of(outsider, dataset) is None
    assert not visible(outsider).exists()
    assert visible(organiser).get() == dataset


def test_a_new_revision_is_indexed_and_the_old_index_goes(
    planted, write_challenge, tmp_path, settings
):
    old = set(RevisionIndex.objects.values_list("folder", flat=True))
    made = write_challenge(tmp_path / "more", n=70)
    publish(source=made.folder, by=None, now=timezone.now())
    drain()
    new = set(RevisionIndex.objects.values_list("folder", flat=True))
    assert not old & new
    assert not any((settings.INDEXES / folder).exists() for folder in old)
    assert {one.rows for one in RevisionIndex.objects.all()} == {140}


def test_publishing_the_same_again_with_other_answers_builds_the_organisers_index_anew(
    planted, write_challenge, tmp_path
):
    made = write_challenge(tmp_path / "more", canary="quetzal")
    publish(source=made.folder, by=None, now=timezone.now())
    drain()
    own = open_index(planted.dataset.revisions.get(), Role.ORGANISER)
    assert own.count(Query.of("quetzal")) == 60
    assert own.count(Query.of("xylophonist")) == 0


def test_an_index_that_is_gone_is_built_again_though_its_work_was_done(planted, settings):
    revision = planted.dataset.current
    shutil.rmtree(settings.INDEXES)
    settings.INDEXES.mkdir()
    request_index(revision=revision, now=timezone.now())
    drain()
    assert {one.rows for one in RevisionIndex.objects.all()} == {120}
    assert all((settings.INDEXES / one.folder).is_dir() for one in RevisionIndex.objects.all())
    assert open_index(revision, Role.ORGANISER).count(Query.of("xylophonist")) == 60


def test_an_index_that_is_there_is_not_built_again(planted):
    before = list(RevisionIndex.objects.values_list("folder", flat=True))
    request_index(revision=planted.dataset.current, now=timezone.now())
    drain()
    assert list(RevisionIndex.objects.values_list("folder", flat=True)) == before


def test_columns_of_organisers_and_participants_are_in_their_indexes_only(add_dataset):
    layout = {"columns": {"country": 3, "income": 2}, "splits": {"test": 3}}
    revision = add_dataset(layout=layout).current
    names = {role: set(open_index(revision, role).columns) for role in Role}
    assert {"country", "income"} & names[Role.PUBLIC] == set()
    assert {"country", "income"} & names[Role.PARTICIPANT] == {"income"}
    assert {"country", "income"} & names[Role.ORGANISER] == {"country", "income"}
    assert [open_index(revision, role).summary.rows for role in Role] == [40, 40, 60]


def test_there_is_no_index_before_the_worker_has_built_it(add_dataset):
    assert open_index(add_dataset(built=False).current, Role.ORGANISER) is None


def test_data_that_cannot_be_indexed_are_set_aside_at_once(add_dataset, tmp_path):
    (tmp_path / "bad").mkdir()
    pl.DataFrame({"name": ["a"]}).write_parquet(tmp_path / "bad/train.parquet")
    dataset = add_dataset(folder=tmp_path / "bad", layout={"id": "nobody"})
    assert open_index(dataset.current, Role.PUBLIC) is None
    job = Job.objects.get(kind="index")
    assert (job.state, job.attempt) == ("dead", 1)
    assert "nobody" in job.error


def test_folders_no_row_names_are_removed(dataset, settings):
    (settings.INDEXES / "left-over").mkdir()
    assert remove_unused() == 1
    assert open_index(dataset.current, Role.PUBLIC).summary.rows == 60


def test_a_folder_that_is_being_built_stays(add_dataset, settings):
    dataset = add_dataset(built=False)
    being_built = settings.INDEXES / f"{index_key(dataset.current)}-1234abcd"
    being_built.mkdir()
    assert remove_unused() == 0


def test_a_worker_makes_the_thumbnails_before_anybody_looks(dataset, site):
    assert len(list(site.THUMBNAILS.rglob("*.webp"))) == 10
    assert make_all(dataset.current) == 10


def test_a_picture_that_cannot_be_read_leaves_the_others_their_thumbnails(
    add_dataset, pictures, tmp_path, site
):
    folder = shutil.copytree(pictures, tmp_path / "some")
    (folder / f"media/{3:064x}.png").write_bytes(b"broken")
    add_dataset(folder=folder)
    assert len(list(site.THUMBNAILS.rglob("*.webp"))) == 9
    assert Job.objects.get(kind="thumbnails").state == "done"
