import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from heldout.site.challenges.services import publish
from heldout.site.common import jobs
from heldout.site.common.models import AuditEntry, Job
from heldout.site.common.problems import Refused
from heldout.site.submissions import rejudging, tasks
from heldout.site.submissions.boards import leaderboard
from heldout.site.submissions.models import RetiredItem, Status, Usage
from heldout.site.submissions.rejudging import apply, cancel, changes, progress, start
from heldout.site.submissions.results import submission_detail
from heldout.site.submissions.services import pause, resume, withdraw
from heldout.site.worker import drain
from tests.site.conftest import phase_toml


@pytest.fixture
def rejudged(challenge, organiser):
    """Start a set and have it scored in the dark."""

    def rejudged(**given):
        challenge.refresh_from_db()
        made = start(challenge=challenge, by=organiser, now=timezone.now(), reason="test", **given)
        drain()
        return made

    return rejudged


@pytest.fixture
def corrected(write_challenge, tmp_path):
    """Publish answers that make the first 15 examples' right predictions wrong."""

    def corrected():
        folder = write_challenge(tmp_path / "corrected", phases=phase_toml("dev")).folder
        file = folder / "answers/test.csv"
        turned = {"cat": "dog", "dog": "bird", "bird": "cat"}
        header, *lines = file.read_text().splitlines()
        for number, line in enumerate(lines[:15]):
            name, label = line.split(",")
            lines[number] = f"{name},{turned[label]}"
        file.write_text("\n".join([header, *lines, ""]))
        publish(source=folder, by=None, now=timezone.now())

    return corrected


def board(phase, viewer):
    return {
        row.entrant: (row.rank, row.value) for row in leaderboard(phase=phase, viewer=viewer).rows
    }


def test_a_set_is_scored_in_the_dark_and_then_applied_as_a_whole(
    scored, participant, rival, phase, organiser, corrected, rejudged, predictions
):
    first, second = scored(participant, 30), scored(rival, 25)
    before = board(phase, participant)
    old = first.evaluation
    corrected()
    made = rejudged()
    assert board(phase, participant) == before
    found = {
        one.entrant: one for one in changes(rejudging=made, viewer=organiser, now=timezone.now())
    }
    assert found["participant"].before == pytest.approx(30 / 60)
    assert found["participant"].after == pytest.approx(15 / 60)
    assert found["rival"].difference == pytest.approx(-15 / 60)
    apply(rejudging=made, by=organiser, now=timezone.now())
    drain()
    assert board(phase, participant)["participant"] == (1, pytest.approx(15 / 60))
    for submission in (first, second):
        submission.refresh_from_db()
        assert submission.evaluation.rejudging == made
    history = submission_detail(submission=first, viewer=organiser).history
    assert [one.counts for one in history] == [True, False]
    assert history[1].scores[0].value == old.scores.get(name="accuracy").value
    assert submission_detail(submission=first, viewer=participant).history == ()


def test_retired_items_have_weight_nothing_from_then_on(
    scored, hand_in, participant, rival, phase, organiser, rejudged, made
):
    scored(participant, 30)
    retired = [f"e{number:03}" for number in range(10)]
    made_set = rejudged(retires={"test": retired})
    apply(rejudging=made_set, by=organiser, now=timezone.now())
    drain()
    # Ten of the thirty right answers are gone, and ten of the sixty examples.
    assert board(phase, participant)["participant"][1] == pytest.approx(20 / 50)
    later = scored(rival, 40)
    score = later.evaluation.scores.get(name="accuracy")
    assert (score.value, score.n) == (pytest.approx(30 / 50), 50)
    assert RetiredItem.objects.count() == 10


def test_a_cancelled_set_changes_nothing(
    scored, participant, phase, organiser, corrected, rejudged
):
    submission = scored(participant, 30)
    before = board(phase, participant)
    corrected()
    made = rejudged(retires={"test": ["e000"]})
    cancel(rejudging=made, by=organiser, now=timezone.now())
    drain()
    assert board(phase, participant) == before
    submission.refresh_from_db()
    assert submission.evaluation.rejudging is None
    assert not RetiredItem.objects.exists()
    with pytest.raises(Refused, match="cancelled already"):
        apply(rejudging=made, by=organiser, now=timezone.now())


def test_chosen_submissions_alone_are_scored_anew(
    scored, participant, rival, organiser, corrected, rejudged
):
    mine, other = scored(participant, 30), scored(rival, 30)
    corrected()
    made = rejudged(submissions=[mine.pk])
    apply(rejudging=made, by=organiser, now=timezone.now())
    for submission in (mine, other):
        submission.refresh_from_db()
    assert mine.evaluation.rejudging == made
    assert other.evaluation.rejudging is None


def test_what_was_scored_meanwhile_is_added_before_a_set_is_applied(
    scored, participant, rival, organiser, rejudged
):
    scored(participant)
    made = rejudged()
    newer = scored(rival)
    with pytest.raises(Refused, match="1 newer submission is being scored"):
        apply(rejudging=made, by=organiser, now=timezone.now())
    drain()
    apply(rejudging=made, by=organiser, now=timezone.now())
    newer.refresh_from_db()
    assert newer.evaluation.rejudging == made


def test_what_still_waits_when_a_set_is_applied_is_scored_by_its_rules(
    scored, hand_in, participant, rival, phase, organiser, corrected, rejudged
):
    scored(participant, 30)
    pause(phase=phase, by=organiser, now=timezone.now())
    hand_in(rival, 30)
    corrected()
    made = rejudged()
    apply(rejudging=made, by=organiser, now=timezone.now())
    resume(phase=phase, by=organiser, now=timezone.now())
    drain()
    ranked = board(phase, participant)
    assert ranked["participant"] == ranked["rival"] == (1, pytest.approx(15 / 60))


def test_a_set_waits_for_what_an_earlier_revision_is_just_scoring(
    scored, hand_in, participant, rival, organiser, corrected, rejudged
):
    scored(participant, 30)
    late = hand_in(rival, 30)
    began = jobs.claim(owner="slow", now=timezone.now())
    assert began.payload["submission"] == late.pk
    corrected()
    made = rejudged()
    with pytest.raises(Refused, match="1 is just being scored by an earlier revision"):
        apply(rejudging=made, by=organiser, now=timezone.now())
    jobs.expire(now=timezone.now(), owner="slow")
    apply(rejudging=made, by=organiser, now=timezone.now())
    Job.objects.filter(state="ready").update(run_at=timezone.now())
    drain()
    late.refresh_from_db()
    assert late.evaluation.revision == made.revision


def test_a_second_set_waits_for_the_end_of_the_first(scored, participant, challenge, organiser):
    scored(participant)
    given = {"challenge": challenge, "by": organiser, "now": timezone.now()}
    first = start(reason="first", **given)
    with pytest.raises(Refused, match="another set is open; apply or cancel it first"):
        start(reason="second", **given)
    cancel(rejudging=first, by=organiser, now=timezone.now())
    assert start(reason="second", **given).state == "open"


def test_what_is_just_being_scored_when_items_are_retired_is_scored_without_them(
    scored, hand_in, participant, rival, organiser, rejudged, monkeypatch
):
    scored(participant, 30)
    made = rejudged(retires={"test": [f"e{number:03}" for number in range(10)]})
    late, score_file = hand_in(rival, 40), tasks.score_file
    with monkeypatch.context() as patch:

        def retire_meanwhile(*args, **kwargs):
            patch.undo()
            apply(rejudging=made, by=organiser, now=timezone.now())
            return score_file(*args, **kwargs)

        patch.setattr(tasks, "score_file", retire_meanwhile)
        drain()
    Job.objects.filter(state="ready").update(run_at=timezone.now())
    drain()
    late.refresh_from_db()
    assert late.evaluation.scores.get(name="accuracy").n == 50


def test_of_two_sets_started_at_once_one_is_refused(
    scored, participant, challenge, organiser, monkeypatch
):
    scored(participant)
    given = {"challenge": challenge, "by": organiser, "now": timezone.now(), "reason": "test"}

    with monkeypatch.context() as patch:

        def another_meanwhile(*_):
            patch.undo()
            start(**given)

        patch.setattr(rejudging, "_check_retired", another_meanwhile)
        with pytest.raises(Refused, match="another set is open"):
            start(**given)


def test_a_set_is_not_applied_before_all_of_it_is_scored(scored, participant, challenge, organiser):
    scored(participant)
    made = start(challenge=challenge, by=organiser, now=timezone.now(), reason="test")
    assert progress(made).waiting == 1
    with pytest.raises(Refused, match="1 are not scored yet"):
        apply(rejudging=made, by=organiser, now=timezone.now())


def test_a_file_the_corrected_challenge_refuses_is_refused_with_its_problems(
    scored, participant, organiser, phase, rejudged, write_challenge, tmp_path
):
    submission = scored(participant)
    folder = write_challenge(tmp_path / "more", phases=phase_toml("dev"), n=61).folder
    publish(source=folder, by=None, now=timezone.now())
    made = rejudged()
    assert progress(made).refused == 1
    submission.refresh_from_db()
    assert submission.status == Status.SCORED
    apply(rejudging=made, by=organiser, now=timezone.now())
    submission.refresh_from_db()
    assert submission.status == Status.REFUSED
    assert "e060" in str(submission.problems)
    assert Usage.objects.get(holder=f"user:{participant.pk}", period="total").used == 0


def test_a_withdrawn_submission_stays_withdrawn(scored, participant, organiser, rejudged):
    submission = scored(participant)
    made = rejudged()
    withdraw(submission=submission, by=participant, now=timezone.now())
    apply(rejudging=made, by=organiser, now=timezone.now())
    submission.refresh_from_db()
    assert submission.status == Status.WITHDRAWN


def test_only_organisers_rejudge(
    scored, challenge, participant, rival, outsider, organiser, rejudged
):
    scored(participant)
    made = rejudged()
    now = timezone.now()
    for user in (participant, rival, outsider):
        with pytest.raises(PermissionDenied):
            start(challenge=challenge, by=user, now=now, reason="mine")
        with pytest.raises(PermissionDenied):
            changes(rejudging=made, viewer=user, now=now)
        for verb in (apply, cancel):
            with pytest.raises(PermissionDenied):
                verb(rejudging=made, by=user, now=now)


def test_everything_wrong_with_a_set_is_said_at_once(scored, participant, challenge, organiser):
    mine = scored(participant)
    with pytest.raises(Refused) as refusal:
        start(
            challenge=challenge,
            by=organiser,
            now=timezone.now(),
            reason=" ",
            submissions=["nobody", mine.pk],
            retires={"test": ["e999"], "val": ["e000"]},
        )
    text = "\n".join(map(str, refusal.value.problems))
    for part in ("reason", "nobody is no scored", "every submission", "e999", '"val"'):
        assert part in text


def test_an_organiser_does_it_on_the_page(
    scored, participant, organiser, signed_in, phase, challenge
):
    scored(participant, 30)
    client = signed_in(organiser)
    page = "/challenges/cats/organise/rejudging/"
    given = {"reason": "two faulty pictures", "split": "test", "retires": "e000\ne001\n"}
    address = client.post(page, given)["Location"]
    assert "Being scored in the dark" in client.get(page).content.decode()
    drain()
    assert "Scored, not applied yet" in client.get(page).content.decode()
    text = client.get(address).content.decode()
    assert "two faulty pictures" in text
    assert "48.3" in text
    assert "What would change" in text
    assert "Dev phase</td>" in text or "Test phase</td>" in text
    applied = client.post(f"{address}apply/", follow=True).content.decode()
    assert "its results count now" in applied
    assert "What changed" in applied
    assert AuditEntry.objects.filter(action="rejudging applied").exists()
    assert signed_in(participant).get(address).status_code == 403
    refused = client.post(page, {"reason": "again", "split": "test", "retires": "x"})
    assert refused.status_code == 422
    assert '<span class="place">Test items that shall count no more</span>' in (
        refused.content.decode()
    )


def test_a_program_does_the_same(scored, participant, organiser, api):
    scored(participant, 30)
    client = api(organiser)
    address = "/api/v1/challenges/cats/rejudgings"
    made = client.post(address, {"reason": "mended metric"}, content_type="application/json")
    assert made.status_code == 201
    drain()
    one = f"{address}/{made.json()['id']}"
    found = client.get(one).json()
    assert (found["scored"], found["changes"][0]["difference"]) == (1, 0)
    assert client.post(f"{one}/apply").json()["state"] == "applied"
    assert client.post(f"{one}/cancel").status_code == 409
    assert [each["state"] for each in client.get(address).json()] == ["applied"]
    assert api(participant).get(address).status_code == 403
