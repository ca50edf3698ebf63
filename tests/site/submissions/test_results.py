import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from heldout.site.challenges.models import Reveal
from heldout.site.submissions.results import (
    all_submissions,
    listed_scores,
    submission_detail,
    submissions_of,
)


def test_only_its_makers_and_the_organisers_see_a_submission(
    scored, participant, rival, annotator, outsider, organiser
):
    submission = scored(participant)
    for viewer in (rival, annotator, outsider, AnonymousUser()):
        with pytest.raises(PermissionDenied):
            submission_detail(submission=submission, viewer=viewer)
    for viewer in (participant, organiser):
        assert submission_detail(submission=submission, viewer=viewer).scores


def test_only_organisers_list_everybodys_submissions(challenge, participant, outsider, organiser):
    for viewer in (participant, outsider, AnonymousUser()):
        with pytest.raises(PermissionDenied):
            all_submissions(challenge=challenge, viewer=viewer)
    assert not all_submissions(challenge=challenge, viewer=organiser).exists()


def test_nobody_finds_anothers_submissions_among_their_own(
    hand_in, challenge, participant, rival, outsider
):
    mine = hand_in(participant)
    assert list(submissions_of(challenge=challenge, viewer=participant)) == [mine]
    for viewer in (rival, outsider, AnonymousUser()):
        assert not submissions_of(challenge=challenge, viewer=viewer).exists()


def test_a_phase_that_reveals_nothing_shows_that_it_was_scored_and_no_more(
    scored, challenge, participant
):
    submission = scored(participant, phase=challenge.phases.get(key="silent"))
    view = submission_detail(submission=submission, viewer=participant)
    assert view.status == "scored"
    assert (view.scores, view.subgroups, view.per_class) == ((), (), ())
    assert set(view.hides) == set(Reveal)
    number = {"challenge": challenge, "of": ("accuracy", "accuracy")}
    assert listed_scores([submission], viewer=participant, **number) == {}


def test_a_phase_that_reveals_scores_hides_intervals_and_subgroups(scored, challenge, participant):
    submission = scored(participant, phase=challenge.phases.get(key="plain"))
    view = submission_detail(submission=submission, viewer=participant)
    assert [score.low for score in view.scores] == [None, None]
    assert (view.subgroups, view.per_class) == ((), ())


def test_a_phase_that_reveals_everything_shows_subgroups_and_classes(scored, participant):
    view = submission_detail(submission=scored(participant), viewer=participant)
    assert {row["subgroup"]["light"] for row in view.subgroups} == {"day", "night"}
    assert {row["subgroup"]["class"] for row in view.per_class} == {"cat", "dog", "bird"}
    assert view.hides == ()


def test_the_organiser_sees_everything_of_every_phase(scored, challenge, participant, organiser):
    submission = scored(participant, phase=challenge.phases.get(key="silent"))
    view = submission_detail(submission=submission, viewer=organiser)
    assert view.scores[0].low is not None
    assert view.subgroups


def test_a_refused_submission_shows_its_problems_and_no_scores(scored, participant):
    view = submission_detail(submission=scored(participant, content=b"x"), viewer=participant)
    assert view.problems
    assert not view.scores
