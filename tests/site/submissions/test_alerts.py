import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from heldout.site.challenges.services import edit_phase
from heldout.site.common.problems import Refused
from heldout.site.submissions import standings, storage
from heldout.site.submissions.alerts import BURST, _Kept, alerts_of, count_as_one, settle
from heldout.site.submissions.models import Alert, Submission
from heldout.site.worker import drain


def altered(content: bytes, *rows: int) -> bytes:
    """The same predictions, except for these rows."""
    table = list(csv.reader(io.StringIO(content.decode())))
    for row in rows:
        table[row + 1][1] = {"cat": "dog", "dog": "bird", "bird": "cat"}[table[row + 1][1]]
    return "\n".join(",".join(row) for row in [*table, []]).encode()


def test_one_file_from_two_entrants_raises_one_alert(
    scored, participant, rival, challenge, organiser
):
    scored(participant, 30)
    scored(rival, 30)
    scored(rival, 30)
    (alert,) = alerts_of(challenge=challenge, viewer=organiser)
    assert alert.kind == "same-file"
    assert {one.name for one in alert.entrants.all()} == {"participant", "rival"}
    (sent,) = mail.outbox
    assert sent.to == ["organiser@example.org"]
    assert "sent the same file" in sent.body


def test_a_file_that_everybody_sends_is_one_alert(
    scored, enter_as, challenge, organiser, signed_in
):
    """In a course it may be the example that was handed out: no alert and mail for each pair."""
    for number in range(4):
        scored(enter_as(f"student-{number}"), 30)
        if number == 2:
            settle(alert=Alert.objects.get(), by=organiser, now=timezone.now())
    alert = Alert.objects.get()
    assert alert.words == "student-1 and student-0 sent the same file"
    assert alert.entrants.count() == 4
    assert alert.settled_at is None, "one came after it was settled"
    assert len(mail.outbox) == 1
    page = signed_in(organiser).get("/challenges/cats/organise/alerts/").content.decode()
    assert "4 entrants: " in page
    assert "student-3" in page


def test_who_is_like_one_of_a_group_joins_its_alert(scored, enter_as, predictions):
    accounts = [enter_as(f"lab-{number}") for number in range(3)]
    for number, account in enumerate(accounts):
        scored(account, content=altered(predictions(30), *range(59, 59 - number, -1)))
    alert = Alert.objects.get()
    assert alert.words.startswith("lab-1 and lab-0 predict the same")
    assert {one.name for one in alert.entrants.all()} == {"lab-0", "lab-1", "lab-2"}


def test_nearly_the_same_predictions_raise_an_alert(scored, participant, rival, predictions):
    scored(participant, 30)
    # One more right answer: 29 of the 30 examples that either got wrong are predicted alike.
    scored(rival, content=altered(predictions(30), 59))
    assert Alert.objects.get().words == (
        "rival and participant predict the same for 97 % of the examples that either got wrong (30)"
    )


def test_predictions_that_err_differently_raise_none(scored, participant, rival, predictions):
    scored(participant, 30)
    scored(rival, content=altered(predictions(30), *range(30, 45)))
    assert not Alert.objects.exists()


def test_two_who_are_right_are_not_alike(scored, participant, rival, predictions):
    """Both make a handful of errors: of so few nothing follows."""
    scored(participant, 58)
    scored(rival, 57)
    assert not Alert.objects.exists()


def test_ones_own_submissions_and_baselines_are_not_compared(scored, participant, rival, challenge):
    scored(participant, 30)
    scored(participant, 30)
    challenge.entrants.filter(name="participant").update(baseline=True)
    scored(rival, 30)
    assert not Alert.objects.exists()


def test_a_burst_raises_one_alert(hand_in, participant, rival):
    now = datetime(2030, 5, 1, 12, tzinfo=UTC)
    for number in range(BURST + 1):
        hand_in(participant, number, now=now + timedelta(seconds=number))
        hand_in(rival, number, now=now + timedelta(minutes=5 * number))
    (alert,) = Alert.objects.all()
    assert alert.words == f"participant sent {BURST} files within 10 minutes"


def test_only_organisers_see_and_answer_alerts(scored, participant, rival, challenge, signed_in):
    scored(participant, 30)
    scored(rival, 30)
    alert, now = Alert.objects.get(), timezone.now()
    for user in (participant, rival):
        with pytest.raises(PermissionDenied):
            alerts_of(challenge=challenge, viewer=user)
        for verb in (settle, count_as_one):
            with pytest.raises(PermissionDenied):
                verb(alert=alert, by=user, now=now)
        assert signed_in(user).get("/challenges/cats/organise/alerts/").status_code == 403


def test_an_organiser_answers_on_the_page_and_by_program(
    scored, participant, rival, organiser, signed_in, api
):
    scored(participant, 30)
    scored(rival, 30)
    address = "/challenges/cats/organise/alerts/"
    client, alert = signed_in(organiser), Alert.objects.get()
    page = client.get(address).content.decode()
    assert "sent the same file" in page
    assert "Dev phase</td>" in page or "Test phase</td>" in page
    client.post(f"{address}{alert.pk}/", {"answer": "seen"})
    (found,) = api(organiser).get("/api/v1/challenges/cats/alerts").json()
    assert found["settled_at"]
    answer = f"/api/v1/challenges/cats/alerts/{alert.pk}/count-as-one"
    assert api(organiser).post(answer).status_code == 200
    assert api(participant).post(answer).status_code == 403


def test_thirty_accounts_of_one_group_are_noticed_and_held_to_one_limit(
    enter_as, hand_in, phase, organiser, predictions
):
    """What happened in 2015: 30 accounts, about 200 submissions, a limit of two a week."""
    monday = timezone.now() - timedelta(days=timezone.now().weekday() + 14)
    edit_phase(phase=phase, by=organiser, now=monday, per_day=None, in_total=None, per_week=2)
    accounts = [enter_as(f"lab-{number}") for number in range(30)]

    def send_all(week: int) -> int:
        """Everybody tries thrice and a bit: about 200 files over two weeks."""
        taken = 0
        for number, account in enumerate(accounts):
            for attempt in range(3 + number % 2):
                try:
                    content = altered(predictions(30), 59 - (number + attempt) % 3)
                    hand_in(account, content=content, now=monday + timedelta(weeks=week))
                    taken += 1
                except Refused:
                    pass
        return taken

    # Nothing tells yet that they belong together: the limit holds for each account.
    assert send_all(0) == 60
    drain()
    # They share three files, two each.
    shared = Alert.objects.filter(kind="same-file")
    assert [alert.entrants.count() for alert in shared] == [20, 20, 20]
    for alert in shared:
        count_as_one(alert=alert, by=organiser, now=timezone.now())
    # In the next week the whole group has two.
    assert send_all(1) == 2


def test_files_that_were_compared_before_are_not_read_again(
    scored, participant, rival, predictions, monkeypatch
):
    read = []
    before = storage.verified
    monkeypatch.setattr(
        storage, "verified", lambda sha256: [read.append(sha256), before(sha256)][1]
    )
    scored(participant, 31)
    for right in (12, 13, 14):
        scored(rival, right)
    # Once to score it, and once to compare it: the first one, however many come after it.
    assert read.count(Submission.objects.earliest("created_at").sha256) == 2


def test_what_comparing_keeps_in_memory_is_bounded(scored, participant, rival, phase):
    for who, right in ((participant, 30), (participant, 31), (rival, 20)):
        scored(who, right)
    results = standings.results_of(phase)
    kept = _Kept(most=1)
    for one in results.scored():
        kept.of(one, results)
    assert len(kept._rows) == 1
    assert kept._size == next(iter(kept._rows.values())).size > 0
