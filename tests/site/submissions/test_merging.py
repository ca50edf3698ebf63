"""What becomes of a file that arrives while its maker changes teams."""

import io

import pytest
from django.db import connection
from django.utils import timezone

from heldout.site.challenges import teams
from heldout.site.challenges.access import entrant_of
from heldout.site.challenges.models import Challenge, Entrant
from heldout.site.common.models import Job
from heldout.site.common.problems import Refused
from heldout.site.submissions import services, storage
from heldout.site.submissions.models import Submission, Usage
from heldout.site.submissions.services import submit_as_oneself


@pytest.fixture
def while_the_file_arrives(monkeypatch):
    """Do something then; and have the database ask at once what it asks at the end of a transaction."""
    insert, store = services.insert, storage.store

    def inserted(row):
        insert(row)
        connection.check_constraints()

    def patch(do):
        def stored(upload, *, limit):
            monkeypatch.setattr(storage, "store", store)
            do()
            return store(upload, limit=limit)

        monkeypatch.setattr(storage, "store", stored)

    monkeypatch.setattr(services, "insert", inserted)
    return patch


@pytest.fixture
def team(challenge, rival, monkeypatch) -> Entrant:
    monkeypatch.setattr(Challenge, "largest_team", 3)
    return teams.form_team(challenge=challenge, name="The Owls", by=rival, now=timezone.now())


def take_in(team, user):
    now, captain = timezone.now(), team.members.get(rank="captain").user
    offer = teams.offer_person(entrant=team, handle=user.handle, by=captain, now=now)
    teams.accept_offer(offer=offer, by=user, now=now)


def hand_in(phase, by):
    return submit_as_oneself(
        phase=phase, by=by, upload=io.BytesIO(b"x"), filename="a.csv", now=timezone.now()
    )


def test_a_file_that_arrives_during_a_merger_is_the_merged_teams(
    phase, participant, team, while_the_file_arrives
):
    while_the_file_arrives(lambda: take_in(team, participant))
    submission = hand_in(phase, participant)
    submission.refresh_from_db()
    assert submission.entrant == team
    assert Job.objects.get(kind="evaluate").lane.endswith(f"/{team.pk}")
    assert set(Usage.objects.values_list("used", flat=True)) == {1}
    assert Usage.objects.filter(holder=f"entrant:{team.pk}").exists()
    assert storage.path(submission.sha256).exists()


def test_who_left_while_the_file_arrived_is_told_so_and_nothing_is_kept(
    phase, participant, rival, team, while_the_file_arrives, settings
):
    def leave():
        member = team.members.get(user=rival)
        teams.leave_team(member=member, by=rival, now=timezone.now())

    while_the_file_arrives(leave)
    with pytest.raises(Refused, match="you left your team while the file arrived"):
        hand_in(phase, rival)
    assert entrant_of(phase.challenge, rival) is None
    assert not Submission.objects.exists()
    assert not [path for path in settings.SUBMISSIONS.rglob("*") if path.is_file()]
