from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from heldout.site.challenges.models import Phase
from heldout.site.submissions import pages
from heldout.site.submissions.boards import leaderboard
from heldout.site.submissions.leads import lead_view
from heldout.site.submissions.models import Submission
from heldout.site.worker import drain

START = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def lead(phase, hand_in, participant, rival):
    """Who led with how many right answers under a rule, after four submissions on four days."""

    def lead(final: str, *chosen: int) -> list[tuple[str, int]]:
        Phase.objects.filter(pk=phase.pk).update(final=final)
        given = [(rival, 20), (participant, 50), (rival, 40), (participant, 30)]
        for day, (user, right) in enumerate(given):
            hand_in(user, right, now=START + timedelta(days=day))
        every = [one.pk for one in Submission.objects.order_by("created_at")]
        Submission.objects.filter(pk__in=[every[place] for place in chosen]).update(chosen=True)
        drain()
        board = leaderboard(
            phase=Phase.objects.select_related("challenge__current").get(pk=phase.pk),
            viewer=AnonymousUser(),
        )
        (shown, *_) = pages.available(board, phase.challenge.task)
        view = lead_view(board, shown)
        assert view is not None
        last, first = view.steps[-1].scored, board.rows[0]
        assert (last.entrant, last.value) == (first.entrant, first.value)
        return [(one.scored.entrant, round(60 * (one.scored.value or 0))) for one in view.steps]

    return lead


def test_where_the_latest_counts_who_hands_in_worse_gives_the_lead_up(lead):
    assert lead("latest") == [("rival", 20), ("participant", 50), ("rival", 40)]


def test_what_was_not_chosen_by_who_chose_never_led(lead):
    assert lead("chosen:1", 3) == [("rival", 20), ("rival", 40)]


def test_where_nothing_is_chosen_the_best_counts(lead):
    assert lead("chosen:2") == [("rival", 20), ("participant", 50)]


def test_where_the_best_counts_a_choice_is_of_no_account(lead):
    assert lead("best", 3) == [("rival", 20), ("participant", 50)]
