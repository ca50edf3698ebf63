import io
import shutil
import zipfile
from pathlib import Path

import polars as pl
import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from PIL import Image

from heldout.challenge.check import check
from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.catalog import storage
from heldout.site.catalog.services import media_path, path_of
from heldout.site.challenges.models import Challenge, Role
from heldout.site.challenges.services import edit_phase, publish


def zipped(folder: Path) -> io.BytesIO:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in storage.walk(folder):
            archive.write(path, f"top/{path.relative_to(folder)}")
    content.seek(0)
    return content


@pytest.fixture
def copy(made, tmp_path):
    """A copy of the challenge folder, to be changed."""
    return Path(shutil.copytree(made.folder, tmp_path / "copy"))


def test_an_outsider_cannot_publish(made, outsider):
    with pytest.raises(PermissionDenied):
        publish(source=made.folder, by=outsider, now=timezone.now())
    assert not Challenge.objects.exists()


def test_another_organiser_cannot_take_an_id_nor_learn_whose_it_is(challenge, made):
    other = User.objects.create_user("other@example.org", handle="other", may_organise=True)
    with pytest.raises(BadInput, match='"cats" is taken') as refusal:
        publish(source=made.folder, by=other, now=timezone.now())
    assert "organiser@" not in str(refusal.value)
    assert challenge.revisions.count() == 1


def test_a_faulty_challenge_is_refused_with_every_problem_and_leaves_nothing(copy, settings):
    (copy / "terms.md").unlink()
    text = (copy / "challenge.toml").read_text()
    (copy / "challenge.toml").write_text(text.replace('"accuracy"', '"acuracy"') + "\ncolour = 1\n")
    with pytest.raises(BadInput) as refusal:
        publish(source=copy, by=None, now=timezone.now())
    assert len(refusal.value.problems) >= 2
    assert not list(settings.FILES.iterdir())
    assert not list(settings.ANSWERS.iterdir())
    assert not Challenge.objects.exists()


def test_answers_and_public_data_lie_in_separate_trees(challenge, made, settings):
    revision = challenge.revision
    public = {path.name for path in settings.FILES.rglob("*")}
    assert {"test.parquet", "train.parquet", "cats.zip"} <= public
    assert "test.csv" not in public
    answers = settings.ANSWERS / revision.folder / "answers/test.csv"
    assert answers.read_bytes() == (made.folder / "answers/test.csv").read_bytes()
    assert (settings.ANSWERS / revision.folder).stat().st_mode & 0o777 == 0o700


def test_the_files_for_download_are_listed_with_their_checksums(challenge):
    files = {file.name: file for file in challenge.revision.data.files.all()}
    assert set(files) == {"test.parquet", "train.parquet", "cats.zip"}
    for file in files.values():
        assert storage.sha256(path_of(file)) == file.sha256
        assert path_of(file).stat().st_size == file.size
    assert (files["test.parquet"].examples, files["test.parquet"].split) == (60, "test")


def test_the_archive_holds_the_public_data_and_nothing_else(challenge):
    archive = challenge.revision.data.files.get(name="cats.zip")
    with zipfile.ZipFile(path_of(archive)) as opened:
        assert sorted(opened.namelist()) == ["cats/test.parquet", "cats/train.parquet"]
        assert pl.read_parquet(io.BytesIO(opened.read("cats/test.parquet"))).height == 60


def test_no_path_leads_from_the_media_into_other_files(challenge):
    for name in ("../../../secret", "/etc/passwd", "../cats.zip", ""):
        assert media_path(challenge.revision.data, name) is None
    assert media_path(challenge.revision.data, "test.parquet") is not None


def test_the_organisers_of_the_definition_get_accounts_and_roles(challenge, organiser):
    row = challenge.organisers.get()
    assert (row.user, row.role) == (organiser, Role.ORGANISER)


def test_publishing_from_the_browser_makes_oneself_an_organiser(made):
    user = User.objects.create_user("me@example.org", handle="me", may_organise=True)
    challenge = publish(source=zipped(made.folder), by=user, now=timezone.now())
    assert challenge.organisers.filter(user=user).exists()
    stranger = User.objects.get(email="organiser@example.org")
    assert not stranger.may_organise


def test_a_zip_gives_the_same_challenge_as_the_folder(challenge, made, organiser):
    first = challenge.revision
    again = publish(source=zipped(made.folder), by=organiser, now=timezone.now())
    assert again == challenge
    assert again.revision == first


def test_an_unchanged_folder_makes_no_revision_and_keeps_what_was_edited(
    challenge, made, organiser, settings
):
    phase = challenge.phases.get(key="dev")
    edit_phase(phase=phase, by=organiser, now=timezone.now(), per_day=3)
    folders = list((settings.ANSWERS / "challenges/cats").iterdir())
    publish(source=made.folder, by=None, now=timezone.now())
    assert challenge.revisions.count() == 1
    assert challenge.phases.get(key="dev").per_day == 3
    assert list((settings.ANSWERS / "challenges/cats").iterdir()) == folders


@pytest.mark.parametrize(
    "file", ["README.md", "terms.md", "challenge.toml", "answers/test.csv", "data/notes.txt"]
)
def test_a_change_of_any_file_makes_a_revision(challenge, copy, file):
    path = copy / file
    path.write_text((path.read_text() if path.exists() else "") + "\n")
    again = publish(source=copy, by=None, now=timezone.now())
    assert again.revision.number == 2


def test_publishing_again_changes_phases_and_keeps_those_with_submissions(
    challenge, copy, organiser, hand_in, participant
):
    submission = hand_in(participant)
    text = (copy / "challenge.toml").read_text()
    start = text.index('[[phases]]\nid = "dev"')
    end = text.index("[[phases]]", start + 1)
    (copy / "challenge.toml").write_text(text[:start] + text[end:])
    publish(source=copy, by=organiser, now=timezone.now())
    dev = challenge.phases.get(key="dev")
    assert dev.retired
    assert dev.submissions.get() == submission
    assert dev.status(timezone.now()) == "closed"


def test_nothing_stays_of_an_unpacked_zip(made, organiser, settings):
    publish(source=zipped(made.folder), by=organiser, now=timezone.now())
    assert not list((settings.DATA / "incoming").iterdir())


def test_a_link_in_a_folder_is_not_followed(copy, tmp_path, settings):
    (tmp_path / "private.txt").write_text("PRIVATE")
    (copy / "data/extra.txt").symlink_to(tmp_path / "private.txt")
    try:
        publish(source=copy, by=None, now=timezone.now())
    except BadInput:
        return
    assert not any(path.name == "extra.txt" for path in settings.FILES.rglob("*"))


def test_organisers_read_what_the_check_noted(copy, organiser, signed_in):
    """A test image that is a training image too is no fault, but it must be seen."""
    (copy / "data/media").mkdir()
    Image.new("RGB", (8, 8)).save(copy / "data/media/black.png")
    for split in ("train", "test"):
        path = copy / f"data/{split}.parquet"
        pl.read_parquet(path).with_columns(image=pl.lit("media/black.png")).write_parquet(path)
    text = (copy / "challenge.toml").read_text()
    (copy / "challenge.toml").write_text(text.replace("[data]", '[data]\nmedia = "image"'))
    challenge = publish(source=copy, by=None, now=timezone.now())
    noted = [note.message for note in check(copy).notes]
    assert [note["message"] for note in challenge.revision.notes] == noted
    page = signed_in(organiser).get(f"/challenges/{challenge.slug}/organise/")
    assert "60 examples (100.0%) have an image that train has too" in page.content.decode()
