"""A challenge leaves a site in one archive and comes to another with everything that happened."""

import json
import shutil
import zipfile

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from heldout.challenge.check import check
from heldout.errors import BadInput
from heldout.site.accounts.models import User
from heldout.site.catalog import leaks
from heldout.site.catalog.models import DataSet, DatasheetAnswer
from heldout.site.challenges import news
from heldout.site.challenges.access import entrant_of
from heldout.site.challenges.disqualifying import disqualifications_of, disqualify
from heldout.site.challenges.models import Challenge
from heldout.site.challenges.services import publish
from heldout.site.common.models import AuditEntry, Gate, Job
from heldout.site.common.problems import Refused
from heldout.site.submissions import rejudging
from heldout.site.submissions.dead_letters import scoring_of
from heldout.site.submissions.models import Evaluation, Status, Submission, Usage
from heldout.site.submissions.services import EVALUATE, enqueue, pause, resume
from heldout.site.transfer import rows
from heldout.site.transfer.exporting import export
from heldout.site.transfer.importing import import_archive
from heldout.site.worker import drain

BOARD = "/api/v1/challenges/cats/phases/dev/leaderboard"


@pytest.fixture
def revised(challenge, made, organiser, tmp_path):
    """The challenge in its second revision."""
    folder = shutil.copytree(made.folder, tmp_path / "revised")
    (folder / "README.md").write_text("# Cats\n\nAnother page.\n")
    publish(source=folder, by=organiser, now=timezone.now())
    challenge.refresh_from_db()
    return challenge


@pytest.fixture
def lively(challenge, participant, rival, scored, hand_in, request):
    """A challenge with two revisions, scores of the first and one submission still waiting."""
    scored(participant, 40, note="=best")
    scored(rival, 30)
    revised = request.getfixturevalue("revised")
    drain()
    hand_in(participant, 50)
    return revised


def archived(challenge, path):
    export(challenge, path, by=None, now=timezone.now(), addresses=True)
    return path


@pytest.fixture
def archive(lively, tmp_path):
    return archived(lively, tmp_path / "cats.zip")


@pytest.fixture
def quiet(revised, organiser, tmp_path):
    """The archive of a challenge nobody has entered."""
    news.announce(
        challenge=revised, title="Hi", text="You", mail=False, by=organiser, now=timezone.now()
    )
    return archived(revised, tmp_path / "cats.zip")


@pytest.fixture
def quiet_but_judged(revised, organiser, tmp_path):
    """An archive with a verdict on a pair and an answer of the datasheet, and that pair."""
    pair, now = leaks.Names("test", "x1", "train", "y1"), timezone.now()
    data = revised.dataset
    leaks.judge(dataset=data, pairs=[pair], is_leak=True, by=organiser, now=now)
    DatasheetAnswer.objects.create(
        dataset=data, question="purpose", number=1, text="To tell cats from dogs.", at=now
    )
    return archived(revised, tmp_path / "cats.zip"), pair


@pytest.fixture
def elsewhere(settings):
    """Make this the site of somebody else: no challenge, no files, other keys."""

    def forget():
        Challenge.objects.update(current=None)
        Submission.objects.update(evaluation=None)
        for model in [*rows.LEFT_OUT, *reversed(rows.tables())]:
            found = model._default_manager.all()
            found.delete() if model in dict(rows.BELOW) else found._raw_delete(found.db)
        Job.objects.all().delete()
        for folder in (settings.FILES, settings.ANSWERS, settings.SUBMISSIONS):
            shutil.rmtree(folder)
            folder.mkdir()

    return forget


def shown() -> dict:
    """What a visitor sees of the results."""
    board = Client().get(BOARD).json()
    return [(row["rank"], row["entrant"], row["value"], row["low"]) for row in board["leaderboard"]]


def counts(challenge) -> dict[str, int]:
    return {rows.name(model): rows.rows_of(challenge, model).count() for model in rows.tables()}


def test_an_open_rejudging_set_goes_on_where_it_was(
    challenge, participant, organiser, scored, tmp_path, elsewhere
):
    scored(participant, 40)
    rejudging.start(challenge=challenge, by=organiser, now=timezone.now(), reason="mended")
    archive = archived(challenge, tmp_path / "cats.zip")
    elsewhere()
    (made,) = import_archive(archive, now=timezone.now()).rejudgings.all()
    drain()
    assert rejudging.progress(made) == rejudging.Progress(0, 1, 0, 0)
    assert rejudging.apply(rejudging=made, by=organiser, now=timezone.now()).state == "applied"


def test_what_was_paused_stays_paused_until_an_organiser_resumes_it(
    challenge, phase, participant, organiser, hand_in, tmp_path, elsewhere
):
    when = timezone.now()
    pause(phase=phase, by=organiser, now=when, reason="the scorer is out of order")
    hand_in(participant, 40)
    archive = archived(challenge, tmp_path / "cats.zip")
    elsewhere()
    Gate.objects.all().delete()
    again = import_archive(archive, now=timezone.now())
    drain()
    (paused,) = [one for one in scoring_of(challenge=again, viewer=organiser) if one.paused]
    assert (paused.phase.key, paused.waiting, paused.since) == ("dev", 1, when)
    assert paused.paused == "the scorer is out of order"
    assert resume(phase=paused.phase, by=organiser, now=timezone.now())
    drain()
    assert shown() == [(1, "participant", 40 / 60, shown()[0][3])]


def test_who_was_disqualified_is_not_ranked_on_the_next_site_either(
    phase, participant, rival, organiser, scored, tmp_path, elsewhere
):
    for user in (participant, rival):
        scored(user, 40)
    given = {"phase": phase, "by": organiser, "now": timezone.now(), "reason": "two accounts"}
    disqualify(entrant=entrant_of(phase.challenge, rival), **given)
    drain()
    archive = archived(phase.challenge, tmp_path / "cats.zip")
    elsewhere()
    again = import_archive(archive, now=timezone.now())
    drain()
    (one,) = disqualifications_of(again, organiser)
    assert (one.entrant.name, one.reason, one.phase.challenge) == ("rival", "two accounts", again)
    assert [entrant for _, entrant, *_ in shown()] == ["participant"]


@pytest.mark.timeout(180)
def test_everything_comes_back(lively, archive, elsewhere, made):
    before, board = counts(lively), shown()
    scores = sorted(Evaluation.objects.values_list("submission", "scores__name", "scores__value"))
    elsewhere()
    again = import_archive(archive, now=timezone.now())
    assert counts(again) == before
    assert (
        sorted(Evaluation.objects.values_list("submission", "scores__name", "scores__value"))
        == scores
    )
    assert again.pk != lively.pk
    assert again.revision.number == 2
    waiting = Submission.objects.get(status=Status.QUEUED)
    Job.objects.filter(kind=EVALUATE, state="ready").update(state="cancelled")
    drain()
    assert shown() == board
    enqueue(waiting, now=timezone.now())
    drain()
    waiting.refresh_from_db()
    assert waiting.evaluation.revision == again.revision
    assert shown()[0][2] == 50 / 60


def test_what_people_said_of_leaks_and_in_the_datasheet_comes_along(
    quiet_but_judged, elsewhere, organiser
):
    archive, pair = quiet_but_judged
    elsewhere()
    data = import_archive(archive, now=timezone.now()).dataset
    assert leaks.verdicts_of(data) == {pair.key: True}
    assert leaks.confirmed(data, "test") == {pair.first}
    assert data.leak_verdicts.get().by == organiser
    assert data.answers.get(question="purpose").text == "To tell cats from dogs."
    judged = AuditEntry.objects.get(action="leak judged", subject=f"dataset:{data.pk}")
    assert judged.details["brought_along"]


def test_limits_go_on_counting_for_the_same_people(lively, archive, elsewhere, participant):
    def total(holder):
        return Usage.objects.get(holder=holder, period="total").used

    before = total(f"user:{participant.pk}")
    elsewhere()
    again = import_archive(archive, now=timezone.now())
    assert total(f"user:{participant.pk}") == before
    assert total(f"entrant:{entrant_of(again, participant).pk}") == before


def test_people_without_an_account_here_get_one_nobody_can_sign_in_to(
    lively, archive, elsewhere, rival
):
    elsewhere()
    User.objects.filter(pk=rival.pk).update(email="other@example.org", handle="Rival")
    import_archive(archive, now=timezone.now())
    new = User.objects.get(email="rival@example.org")
    assert new.handle == "rival-2"
    assert not new.has_usable_password()
    assert new.memberships.get().entrant.name == "rival"


def test_the_log_is_brought_along_with_its_own_times(lively, archive, elsewhere):
    submission = Submission.objects.order_by("created_at").first()
    entry = AuditEntry.objects.get(action="submitted", subject=f"submission:{submission.pk}")
    elsewhere()
    again = import_archive(archive, now=timezone.now())
    first, second = AuditEntry.objects.filter(
        action="submitted", subject=f"submission:{submission.pk}"
    ).order_by("id")
    assert (second.at, second.actor, first.pk) == (entry.at, entry.actor, entry.pk)
    assert second.details["brought_along"]
    published = AuditEntry.objects.filter(action="published", subject=f"challenge:{again.pk}")
    assert published.count() == 2


def test_the_public_folder_of_the_archive_is_a_challenge_once_the_answers_are_put_in(
    quiet, tmp_path
):
    with zipfile.ZipFile(quiet) as opened:
        opened.extractall(tmp_path / "out")
    folder = tmp_path / "out/challenge"
    assert not (folder / "answers").exists()
    shutil.copytree(tmp_path / "out/KEEP-SECRET/revisions/2/answers", folder / "answers")
    assert check(folder).problems == ()


def test_answers_lie_in_the_folder_of_that_name_and_nowhere_else(
    write_challenge, organiser, tmp_path
):
    made = write_challenge(tmp_path / "secret/cats", canary="canary55aa")
    challenge = publish(source=made.folder, by=None, now=timezone.now())
    export(challenge, tmp_path / "x.zip", by=None, now=timezone.now(), addresses=True)
    with zipfile.ZipFile(tmp_path / "x.zip") as opened:
        found = [name for name in opened.namelist() if b"canary55aa" in opened.read(name)]
    assert found == ["KEEP-SECRET/revisions/1/answers/test.csv"]
    assert (tmp_path / "x.zip").stat().st_mode & 0o777 == 0o600


def test_without_addresses_no_address_is_in_it_and_names_are_no_formulas(lively, tmp_path):
    lively.entrants.filter(name="rival").update(name="=1+1")
    export(lively, tmp_path / "x.zip", by=None, now=timezone.now(), addresses=False)
    with zipfile.ZipFile(tmp_path / "x.zip") as opened:
        for name in opened.namelist():
            if name.endswith((".jsonl", ".csv", ".json", ".txt")):
                text = opened.read(name)
                assert b"participant@" not in text
                assert b"mailbox:" not in text
        assert b",'=1+1," in opened.read("scores.csv")


def rewrite(archive, target, change) -> None:
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda name, text: text + b" " if "answers/" in name else text, "not what was exported"),
        (lambda name, text: None if name == "audit.jsonl" else text, "is missing"),
        (lambda name, text: None if name == "export.json" else text, "no manifest"),
        (
            lambda name, text: (
                text.replace(b'"format": 1', b'"format": 9') if name == "export.json" else text
            ),
            "cannot read",
        ),
    ],
)
def test_a_damaged_archive_changes_nothing(quiet, elsewhere, tmp_path, change, words, settings):
    elsewhere()
    rewrite(quiet, tmp_path / "bad.zip", change)
    with pytest.raises(BadInput, match=words):
        import_archive(tmp_path / "bad.zip", now=timezone.now())
    assert not Challenge.objects.exists()
    assert not list(settings.FILES.iterdir())
    assert not list((settings.DATA / "incoming").iterdir())


def test_a_challenge_that_is_here_is_not_written_over(quiet, revised):
    with pytest.raises(Refused, match='has "cats" already'):
        import_archive(quiet, now=timezone.now())
    assert revised.revisions.count() == 2


def test_every_model_that_hangs_on_a_challenge_or_its_data_is_exported_or_named_as_left_out():
    from django.apps import apps

    every = apps.get_models(include_auto_created=True)
    ours = [one for one in every if one.__module__.startswith("heldout.")]
    hanging = {one for one in ours if rows.way(one) or rows.way(one, DataSet)}
    hanging -= {DataSet.participants.through}
    assert hanging - set(rows.tables()) == rows.LEFT_OUT


def test_no_migration_is_missing():
    call_command("makemigrations", "challenges", check=True, dry_run=True, verbosity=0)


def test_the_manifest_names_every_file_with_its_hash(quiet):
    with zipfile.ZipFile(quiet) as opened:
        manifest = json.loads(opened.read("export.json"))
        assert set(manifest["files"]) == set(opened.namelist()) - {"export.json"}
        assert opened.testzip() is None
