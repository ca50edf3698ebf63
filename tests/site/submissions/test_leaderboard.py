import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.utils import timezone

from heldout.site.challenges import boards
from heldout.site.challenges.models import Phase
from heldout.site.challenges.services import edit_phase, publish, refresh_board
from heldout.site.common.models import Job
from heldout.site.submissions.boards import as_csv, as_json, leaderboard
from heldout.site.submissions.models import Board, Submission
from heldout.site.submissions.services import withdraw
from heldout.site.worker import drain

ANYBODY = AnonymousUser()


def names(phase, viewer=ANYBODY):
    return [row.entrant for row in leaderboard(phase=phase, viewer=viewer).rows]


def test_a_leaderboard_for_organisers_is_shown_to_nobody_else(
    challenge, participant, outsider, organiser
):
    phase = challenge.phases.get(key="insiders")
    for viewer in (ANYBODY, outsider, participant):
        with pytest.raises(PermissionDenied):
            leaderboard(phase=phase, viewer=viewer)
    assert leaderboard(phase=phase, viewer=organiser).rows == ()


def test_a_leaderboard_for_participants_is_shown_to_them(phase, participant, outsider, organiser):
    edit_phase(phase=phase, by=organiser, now=timezone.now(), leaderboard="participants")
    for viewer in (ANYBODY, outsider):
        with pytest.raises(PermissionDenied):
            leaderboard(phase=phase, viewer=viewer)
    assert leaderboard(phase=phase, viewer=participant).rows == ()


def test_a_phase_that_reveals_no_scores_shows_no_order_either(
    scored, challenge, participant, organiser
):
    phase = challenge.phases.get(key="silent")
    scored(participant, phase=phase)
    seen = leaderboard(phase=phase, viewer=participant)
    assert (seen.hidden, seen.rows) == (True, ())
    assert len(leaderboard(phase=phase, viewer=organiser).rows) == 1


def test_a_phase_without_intervals_shows_nothing_made_of_them(scored, challenge, participant):
    phase = challenge.phases.get(key="plain")
    scored(participant, phase=phase)
    (row,) = leaderboard(phase=phase, viewer=participant).rows
    hidden = (row.low, row.high, row.rank_low, row.rank_high, row.level_with_first)
    assert hidden == (None,) * 5
    assert all(score.low is None and score.high is None for score in row.scores)
    assert row.value == pytest.approx(0.5)


def test_the_organiser_sees_what_the_phase_hides(scored, challenge, participant, organiser):
    phase = challenge.phases.get(key="plain")
    scored(participant, phase=phase)
    (row,) = leaderboard(phase=phase, viewer=organiser).rows
    assert row.low < row.value < row.high


def test_the_better_stands_above_and_the_level_is_marked(
    scored, phase, participant, rival, enter_as
):
    scored(participant, 20)
    scored(rival, 60)
    scored(enter_as("close"), 59)
    rows = leaderboard(phase=phase, viewer=ANYBODY).rows
    assert [row.entrant for row in rows] == ["rival", "close", "participant"]
    assert [row.rank for row in rows] == [1, 2, 3]
    assert [row.level_with_first for row in rows] == [True, True, False]


def test_equal_scores_share_a_rank_and_the_earlier_stands_first(scored, phase, participant, rival):
    now = timezone.now()
    scored(participant, 30, now=now)
    scored(rival, 30, now=now - timedelta(minutes=1))
    rows = leaderboard(phase=phase, viewer=ANYBODY).rows
    assert [(row.rank, row.entrant) for row in rows] == [(1, "rival"), (1, "participant")]


def test_the_best_submission_of_an_entrant_stands(scored, phase, participant):
    for right in (10, 50, 20):
        scored(participant, right)
    (row,) = leaderboard(phase=phase, viewer=ANYBODY).rows
    assert row.value == pytest.approx(50 / 60)
    assert row.submissions == 3


def test_the_latest_submission_stands_where_the_phase_says_so(
    scored, phase, participant, organiser
):
    edit_phase(phase=phase, by=organiser, now=timezone.now(), final="latest")
    for right in (10, 50, 20):
        scored(participant, right)
    (row,) = leaderboard(phase=phase, viewer=ANYBODY).rows
    assert row.value == pytest.approx(20 / 60)


def test_a_withdrawn_submission_leaves_the_leaderboard(scored, phase, participant):
    submission = scored(participant)
    assert names(phase) == ["participant"]
    withdraw(submission=submission, by=participant, now=timezone.now())
    drain()
    assert names(phase) == []


def test_a_refused_submission_does_not_touch_the_leaderboard(scored, phase, participant):
    before = leaderboard(phase=phase, viewer=ANYBODY).etag
    scored(participant, content=b"nonsense")
    phase.refresh_from_db()
    assert leaderboard(phase=phase, viewer=ANYBODY).etag == before


def test_the_etag_changes_with_a_score_and_with_what_is_revealed(
    scored, phase, participant, organiser
):
    etags = [leaderboard(phase=phase, viewer=ANYBODY).etag]
    scored(participant)
    etags.append(leaderboard(phase=phase, viewer=ANYBODY).etag)
    edit_phase(phase=phase, by=organiser, now=timezone.now(), reveal=["score"])
    etags.append(leaderboard(phase=phase, viewer=ANYBODY).etag)
    assert len(set(etags)) == 3


def test_a_version_that_is_counted_again_after_a_restore_has_another_etag(
    scored, phase, participant
):
    """The backup is from before the score, and the next change counts the same version."""
    scored(participant)
    seen = leaderboard(phase=phase, viewer=ANYBODY)
    Submission.objects.update(status="withdrawn")
    Job.objects.filter(kind__in=["board", "ranges"]).delete()
    Phase.objects.filter(pk=phase.pk).update(board_version=F("board_version") - 1)
    Board.objects.filter(phase=phase).delete()
    refresh_board(phase, now=timezone.now())
    drain()
    again = leaderboard(phase=phase, viewer=ANYBODY)
    assert (again.version, again.rows) == (seen.version, ())
    assert again.etag != seen.etag


def test_organisers_and_others_never_share_an_etag(scored, challenge, participant, organiser):
    phase = challenge.phases.get(key="plain")
    scored(participant, phase=phase)
    seen = {leaderboard(phase=phase, viewer=who).etag for who in (organiser, participant)}
    assert len(seen) == 2


def test_a_leaderboard_tells_that_newer_results_are_on_their_way(
    scored, phase, participant, organiser
):
    scored(participant)
    edit_phase(phase=phase, by=organiser, now=timezone.now(), final="latest")
    assert leaderboard(phase=phase, viewer=ANYBODY).pending
    drain()
    phase.refresh_from_db()
    assert not leaderboard(phase=phase, viewer=ANYBODY).pending


def test_many_results_at_once_compute_the_leaderboard_once(hand_in, phase, participant, rival):
    for user in (participant, rival):
        hand_in(user)
    Job.objects.filter(kind="evaluate").update(priority=99)
    drain()
    assert names(phase) == ["participant", "rival"]
    assert set(Job.objects.filter(kind="board").values_list("state", flat=True)) == {"done"}
    assert leaderboard(phase=phase, viewer=ANYBODY).version == 2


def test_csv_and_json_say_what_the_page_says(scored, phase, participant):
    scored(participant)
    view = leaderboard(phase=phase, viewer=ANYBODY)
    (line,) = csv.DictReader(io.StringIO(as_csv(view)))
    (row,) = as_json(view)["leaderboard"]
    assert (line["entrant"], float(line["value"])) == (row["entrant"], row["value"])
    assert {"rank", "rank_low", "rank_high", "metric", "value", "low", "high", "n"} <= row.keys()
    assert "entrant_id" not in row


def test_a_name_that_a_spreadsheet_would_compute_is_quoted(scored, phase, enter_as, challenge):
    user = enter_as("sneaky")
    challenge.entrants.filter(members__user=user).update(name='=HYPERLINK("http://x")')
    scored(user)
    (line,) = csv.DictReader(io.StringIO(as_csv(leaderboard(phase=phase, viewer=ANYBODY))))
    assert line["entrant"].startswith("'=")


def test_a_new_revision_ranks_by_its_own_rule(
    scored, phase, participant, organiser, write_challenge, tmp_path
):
    scored(participant, 50)
    scored(participant, 20)
    folder = write_challenge(tmp_path / "stricter").folder
    toml = folder / "challenge.toml"
    toml.write_text(
        toml.read_text().replace("submissions = {", 'final = "latest"\nsubmissions = {')
    )
    publish(source=folder, by=organiser, now=timezone.now())
    drain()
    (row,) = leaderboard(phase=phase, viewer=ANYBODY).rows
    assert row.value == pytest.approx(20 / 60)


def test_results_of_a_rush_are_counted_in_together(phase, scored, participant, monkeypatch):
    """While a leaderboard waits to be computed, what comes meanwhile asks for no second one."""
    monkeypatch.setattr(boards, "PAUSE", timedelta(seconds=2))
    scored(participant)
    computed = leaderboard(phase=phase, viewer=ANYBODY).computed_at
    for _ in range(3):
        refresh_board(phase, now=computed)
    (waiting,) = Job.objects.filter(kind="board", state="ready")
    assert waiting.run_at > computed
    assert waiting.run_at - computed <= boards.LONGEST_PAUSE
    Job.objects.filter(pk=waiting.pk).update(run_at=computed)
    drain()
    seen = leaderboard(phase=phase, viewer=ANYBODY)
    assert not seen.pending
    assert seen.computed_at > computed


def test_only_an_address_that_the_site_gives_is_kept_on_the_disk(
    scored, phase, participant, client, settings
):
    scored(participant)
    page = f"/challenges/{phase.challenge.slug}/leaderboard/"

    def kept() -> set[str]:
        return {file.name for file in settings.RENDERED.rglob("*") if file.is_file()}

    for address in (page, f"{page}?phase={phase.key}"):
        before = kept()
        assert client.get(address).status_code == 200
        assert kept() > before
    before = kept()
    for odd in ("?&", "?&&", f"?phase={phase.key}&", f"?phase=x&phase={phase.key}"):
        assert client.get(page + odd).status_code == 200
    assert kept() == before
