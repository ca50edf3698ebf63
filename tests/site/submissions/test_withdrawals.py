"""Who withdraws a submission takes it out of the ranking, and neither its evaluation nor its traces."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.utils import timezone

from heldout.site.challenges.models import Role
from heldout.site.common.models import Job
from heldout.site.submissions import standings
from heldout.site.submissions.boards import leaderboard
from heldout.site.submissions.models import Alert, Usage
from heldout.site.submissions.numbers import Results
from heldout.site.submissions.services import withdraw
from heldout.site.worker import drain, work_once


@pytest.fixture
def take_back():
    def take_back(submission):
        withdraw(submission=submission, by=submission.by, now=timezone.now())
        drain()

    return take_back


def rows(phase):
    return leaderboard(phase=phase, viewer=AnonymousUser()).rows


def test_the_budget_counts_what_was_evaluated_and_withdrawn(scored, phase, participant, take_back):
    for right in (30, 31, 32, 50):
        take_back(scored(participant, right))
    assert rows(phase) == (), "nothing is left that may rank"
    scored(participant, 45)
    (row,) = rows(phase)
    used = Usage.objects.get(phase=phase, holder__startswith="entrant:", period="total").used
    assert (row.submissions, row.budget) == (5, 100)
    assert row.submissions == used
    assert row.value == pytest.approx(45 / 60)


def test_a_withdrawal_alone_makes_the_leaderboard_anew(
    scored, phase, participant, rival, take_back
):
    best = scored(participant, 50)
    scored(participant, 40)
    scored(rival, 45)
    take_back(best)
    assert [(row.entrant, row.submissions) for row in rows(phase)] == [
        ("rival", 1),
        ("participant", 2),
    ]


def test_what_was_withdrawn_before_its_evaluation_uses_none(scored, hand_in, phase, participant):
    waiting = hand_in(participant, 20)
    withdraw(submission=waiting, by=participant, now=timezone.now())
    scored(participant, 45)
    assert [row.submissions for row in rows(phase)] == [1]


def test_what_was_withdrawn_after_the_freeze_of_the_board_is_not_told(
    scored, phase, participant, take_back
):
    before = scored(participant, 20)
    frozen = timezone.now()
    take_back(before)
    take_back(scored(participant, 30))
    results = standings.results_of(phase)
    assert results.withdrawn() == {before.entrant_id: 2}
    assert results.withdrawn(before=frozen) == {before.entrant_id: 1}


def test_a_withdrawal_while_the_leaderboard_is_made_stops_nothing(
    scored, phase, participant, rival, monkeypatch
):
    scored(participant, 30)
    leaves = scored(rival, 40)
    read = Results.outcomes

    def overtaken(self, **given):
        found = read(self, **given)
        withdraw(submission=leaves, by=rival, now=timezone.now())
        return found

    monkeypatch.setattr(Results, "outcomes", overtaken)
    standing = standings.compute(standings.results_of(phase), ranges=False, now=timezone.now())
    assert [row["entrant"] for row in standing.rows] == ["participant"]
    monkeypatch.undo()
    drain()
    assert [row.entrant for row in rows(phase)] == ["participant"]


def test_accounts_of_one_group_that_withdraw_what_they_have_read_are_noticed(
    hand_in, enter_as, phase, participant, take_back
):
    """The group of 2015, more careful: each reads its score and is gone before anybody compares."""
    for number in range(8):
        submission = hand_in(enter_as(f"lab-{number}"), 30)
        while work_once("quick", slow=False):
            pass
        submission.refresh_from_db()
        assert submission.status == "scored"
        take_back(submission)
    alert = Alert.objects.get(kind="same-file")
    assert alert.entrants.count() == 8
    assert rows(phase) == ()
    assert not Job.objects.filter(state="dead").exists()


@pytest.mark.parametrize(
    ("role", "told"), [(Role.CO_ORGANISER, True), (Role.REVIEWER, True), (Role.ANNOTATOR, False)]
)
def test_alerts_are_mailed_to_those_who_may_see_submissions(
    role, told, scored, challenge, outsider, participant, rival
):
    challenge.organisers.create(user=outsider, role=role)
    scored(participant, 30)
    scored(rival, 30)
    to = {address for sent in mail.outbox for address in sent.to}
    assert to == {"organiser@example.org"} | ({outsider.email} if told else set())
