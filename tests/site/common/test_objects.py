"""Files in a bucket of moto's server, an independent S3 on this machine."""

import hashlib
import io
import os
import shutil

import boto3
import httpx
import numpy as np
import pytest
from django.utils import timezone
from moto.server import ThreadedMotoServer

from heldout import conf
from heldout.site import backup as backups
from heldout.site.common import objects
from heldout.site.common.objects import StorageFault
from heldout.site.databases import object_storages
from heldout.site.submissions import services, storage, tidying
from heldout.site.submissions.folders import challenge_folder
from heldout.site.submissions.models import Status, Submission
from heldout.site.transfer.exporting import export
from heldout.site.worker import drain

# boto3 calls what Python 3.12 will no longer have.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
FILES, ANSWERS = "heldout-files", "heldout-answers"


@pytest.fixture(scope="session")
def s3_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server, settings):
    """A client of the storage; the site keeps its files there."""
    httpx.post(f"{s3_server}/moto-api/reset")
    given = {
        "HELDOUT_S3_BUCKET": FILES,
        "HELDOUT_S3_ANSWERS_BUCKET": ANSWERS,
        "HELDOUT_S3_ENDPOINT": s3_server,
        "HELDOUT_S3_REGION": "us-east-1",
        "HELDOUT_S3_ACCESS_KEY": "key",
        "HELDOUT_S3_SECRET_KEY": "secret",
    }
    settings.HELDOUT = conf.load(given)
    settings.STORAGES = {**settings.STORAGES, **object_storages(settings.HELDOUT)}
    objects._client.cache_clear()
    challenge_folder.cache_clear()
    client = boto3.client(
        "s3",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    for name in (FILES, ANSWERS):
        client.create_bucket(Bucket=name)
    yield client
    objects._client.cache_clear()
    challenge_folder.cache_clear()


def contents(client, bucket: str) -> dict[str, bytes]:
    listed = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    keys = [one["Key"] for one in listed]
    return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


@pytest.fixture
def file(bucket, site):
    path = site.SUBMISSIONS / "ab/abc"
    path.parent.mkdir()
    path.write_bytes(b"predictions")
    return path


def test_a_kept_file_comes_back_on_a_machine_that_does_not_have_it(bucket, file):
    objects.keep(file)
    assert contents(bucket, FILES).popitem()[1] == b"predictions"
    file.unlink()
    assert objects.fetch(file).read_bytes() == b"predictions"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_cannot_be_guessed_from_what_it_names(bucket, file, settings):
    objects.keep(file)
    (key,) = contents(bucket, FILES)
    assert "abc" not in key
    assert hashlib.sha256(b"predictions").hexdigest()[:20] not in key
    before = objects._place(file)
    settings.SECRET_KEY = "another"
    assert objects._place(file).key != before.key


def test_keys_are_as_good_as_drawn_by_lot(settings):
    """192 bits under the site's secret: never twice, evenly spread, and others on another site."""
    names = [settings.DATA / "submissions" / f"{number:064x}" for number in range(2000)]
    keys = [objects._place(name).key.removeprefix("submissions/") for name in names]
    assert {len(key) for key in keys} == {48}
    assert len(set(keys)) == len(keys)
    bits = np.array([[int(bit) for bit in f"{int(key, 16):0192b}"] for key in keys])
    # Each bit is set in half of them: within five standard deviations of 2,000 tosses of a coin.
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(len(keys))
    settings.SECRET_KEY = "another site's"
    assert not {objects._place(name).key.removeprefix("submissions/") for name in names} & {*keys}


def test_a_file_that_has_changed_in_the_bucket_is_refused(bucket, file):
    objects.keep(file)
    (key,) = contents(bucket, FILES)
    metadata = bucket.head_object(Bucket=FILES, Key=key)["Metadata"]
    bucket.put_object(Bucket=FILES, Key=key, Body=b"other", Metadata=metadata)
    file.unlink()
    with pytest.raises(StorageFault, match="has changed in the bucket"):
        objects.fetch(file)
    assert not file.exists()
    assert list(file.parent.iterdir()) == []


def test_a_file_that_arrives_otherwise_than_it_was_sent_is_refused(bucket, file, monkeypatch):
    client = objects._client("files")
    head = client.head_object
    monkeypatch.setattr(client, "head_object", lambda **at: {**head(**at), "ContentLength": 3})
    with pytest.raises(StorageFault, match="does not hold"):
        objects.keep(file)


def test_a_folder_is_whole_or_not_there(bucket, site):
    folder = site.FILES / "cats/1"
    (folder / "data/media").mkdir(parents=True)
    (folder / "data/media/1.png").write_bytes(b"image")
    (folder / "cats.zip").write_bytes(b"zip")
    objects.keep_folder(folder)
    assert not list(folder.parent.glob(".*"))
    shutil.rmtree(folder)
    assert (objects.fetch_folder(folder) / "data/media/1.png").read_bytes() == b"image"
    shutil.rmtree(folder)
    image = objects._place(folder / "data/media/1.png")
    bucket.delete_object(Bucket=FILES, Key=image.key)
    with pytest.raises(FileNotFoundError):
        objects.fetch_folder(folder)
    assert not folder.exists()


def test_a_site_on_a_new_disk_scores_what_was_handed_in_before(
    bucket, hand_in, participant, challenge, phase, site
):
    submission = hand_in(participant, 45)
    for folder in (site.SUBMISSIONS, site.ANSWERS, site.FILES):
        shutil.rmtree(folder)
        folder.mkdir()
    challenge_folder.cache_clear()
    drain()
    submission.refresh_from_db()
    assert submission.status == Status.SCORED
    assert submission.evaluation.scores.get(name="accuracy").value == pytest.approx(0.75)
    public, hidden = contents(bucket, FILES), contents(bucket, ANSWERS)
    assert public
    assert hidden
    answers = (site.ANSWERS / challenge.revision.folder / "answers/test.csv").read_bytes()
    assert answers in hidden.values()
    assert answers not in public.values()


def test_a_backup_holds_the_files_of_the_bucket_too(
    bucket, scored, participant, site, tmp_path, monkeypatch
):
    submission = scored(participant, 45)
    for folder in (site.SUBMISSIONS, site.ANSWERS, site.FILES):
        shutil.rmtree(folder)
        folder.mkdir()
    monkeypatch.setattr(backups, "copy_database", lambda to: to.write_text("rows"))
    made = backups.backup(tmp_path / "site.tar", now=timezone.now())
    names = made.manifest.files.keys()
    assert made.damaged == []
    assert f"submissions/{submission.sha256[:2]}/{submission.sha256}" in names
    assert f"answers/stats/{submission.evaluation.stats['accuracy']['file']}" in names
    assert any(name.endswith("answers/test.csv") for name in names)
    assert any(name.endswith("data/test.parquet") for name in names)


def test_an_export_from_a_new_disk_holds_the_files_of_the_bucket_too(
    bucket, scored, hand_in, participant, challenge, site, tmp_path
):
    """All but a refused file, which was deleted on both sides."""
    submission = scored(participant, 45)
    refused = hand_in(participant, content=b"example_id,prediction\n")
    drain()
    Submission.objects.filter(pk=refused.pk).update(file_deleted_at=timezone.now())
    storage.delete(refused.sha256, before=timezone.now().timestamp() + 60)
    for folder in (site.SUBMISSIONS, site.ANSWERS, site.FILES):
        shutil.rmtree(folder)
        folder.mkdir()
    challenge_folder.cache_clear()
    made = export(challenge, tmp_path / "cats.zip", by=None, now=timezone.now(), addresses=True)
    assert f"submissions/{submission.sha256}" in made.files
    assert f"submissions/{refused.sha256}" not in made.files
    for ending in ("answers/test.csv", "data/test.parquet", "data/train.parquet"):
        assert any(name.endswith(ending) for name in made.files), ending


def test_a_submission_whose_file_the_bucket_does_not_take_is_not_acknowledged(
    bucket, hand_in, participant, phase
):
    for key in contents(bucket, FILES):
        bucket.delete_object(Bucket=FILES, Key=key)
    bucket.delete_bucket(Bucket=FILES)
    with pytest.raises(objects.StorageFault, match="does not answer"):
        hand_in(participant, 30)
    assert not Submission.objects.exists()


def test_without_a_bucket_nothing_leaves_the_machine(site, monkeypatch):
    monkeypatch.setattr(objects, "_client", lambda name: pytest.fail("asked the bucket"))
    path = site.SUBMISSIONS / "x"
    path.write_bytes(b"x")
    objects.keep(path)
    objects.keep_folder(site.FILES)
    objects.forget(path)
    assert objects.fetch(path) == path
    assert not objects.in_use()


def test_what_no_submission_names_leaves_the_bucket_too(bucket, hand_in, participant, monkeypatch):
    """At once where handing it in failed, a day later where a crash left it."""
    kept = storage.path(hand_in(participant).sha256)
    before = contents(bucket, FILES)
    with monkeypatch.context() as patch:
        patch.setattr(services, "enqueue", None)
        with pytest.raises(TypeError):
            hand_in(participant, content=b"failed\n")
    assert contents(bucket, FILES) == before
    left = storage.path(storage.store(io.BytesIO(b"left\n"), limit=100).sha256)
    assert contents(bucket, FILES).keys() == before.keys() | {objects._place(left).key}
    for path in (kept, left):
        os.utime(path, (0, 0))
    assert tidying.delete_unfinished(now=timezone.now()) == 1
    assert contents(bucket, FILES) == before


def test_what_comes_again_while_the_bucket_forgets_it_is_kept(bucket, monkeypatch):
    store, forget = storage.store, objects.forget
    sha256 = store(io.BytesIO(b"again\n"), limit=100).sha256

    def forget_late(path):
        store(io.BytesIO(b"again\n"), limit=100)
        forget(path)

    monkeypatch.setattr(objects, "forget", forget_late)
    assert storage.delete(sha256, before=timezone.now().timestamp() + 60)
    assert storage.path(sha256).read_bytes() == b"again\n"
    assert contents(bucket, FILES).keys() == {objects._place(storage.path(sha256)).key}
