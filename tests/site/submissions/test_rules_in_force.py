"""Freezes, shares, choices and guards, seen in every way a leaderboard leaves the site."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from heldout.site.challenges.access import entrant_of
from heldout.site.challenges.models import Entrant, Phase
from heldout.site.challenges.news import announce
from heldout.site.challenges.services import publish, refresh_board
from heldout.site.challenges.signals import entrants_merging
from heldout.site.common.models import Job
from heldout.site.common.problems import Refused
from heldout.site.submissions.boards import as_csv, as_json, leaderboard
from heldout.site.submissions.models import Told
from heldout.site.submissions.results import listed_scores, submission_detail
from heldout.site.submissions.services import choose
from heldout.site.worker import drain
from tests.site.conftest import phase_toml

HOUR = timedelta(hours=1)


@pytest.fixture
def rule(write_challenge, tmp_path, challenge):
    """Publish the challenge anew with further keys of the phase `dev`; returns the phase."""

    def rule(*keys: str, n: int = 60, **changes) -> Phase:
        toml = phase_toml("dev", **changes) + "".join(f"{key}\n" for key in keys)
        folder = write_challenge(
            tmp_path / f"rules-{len(list(tmp_path.iterdir()))}", phases=toml, n=n
        )
        publish(source=folder.folder, by=None, now=timezone.now())
        return challenge.phases.select_related("challenge__current").get(key="dev")

    return rule


def end(phase: Phase) -> None:
    """Let a phase close a moment ago."""
    now = timezone.now()
    Phase.objects.filter(pk=phase.pk).update(closes=now - timedelta(seconds=1), freezes=None)
    phase.refresh_from_db()
    refresh_board(phase, now=now)
    drain()


def seen(phase, viewer):
    return leaderboard(phase=phase, viewer=viewer).rows


# --- freeze


@pytest.fixture
def frozen(rule):
    phase = rule()
    Phase.objects.filter(pk=phase.pk).update(freezes=timezone.now() - HOUR)
    phase.refresh_from_db()
    return phase


def test_a_frozen_leaderboard_stands_still_for_all_but_organisers(
    frozen, scored, participant, rival, organiser
):
    now = timezone.now()
    scored(participant, 20, phase=frozen, now=now - 2 * HOUR)
    scored(participant, 50, phase=frozen, now=now - HOUR / 2)
    scored(rival, 60, phase=frozen, now=now - HOUR / 2)
    for viewer in (participant, rival):
        (row,) = seen(frozen, viewer)
        assert (row.entrant, row.submissions) == ("participant", 1)
        assert row.value == pytest.approx(20 / 60)
    assert [row.entrant for row in seen(frozen, organiser)] == ["rival", "participant"]


def test_a_freeze_holds_in_page_json_and_csv(frozen, scored, participant, rival, signed_in, api):
    now = timezone.now()
    scored(participant, 20, phase=frozen, now=now - 2 * HOUR)
    scored(rival, 59, phase=frozen, now=now - HOUR / 2)
    for address in board_addresses():
        for client in (Client(), signed_in(participant), api(participant)):
            body = client.get(address).content.decode()
            assert "participant" in body, address
            assert ">rival<" not in body
            assert '"rival"' not in body
            assert "0.9833" not in body, address
    assert (
        "stands still" in Client().get("/challenges/cats/leaderboard/?phase=dev").content.decode()
    )


def test_an_organiser_is_told_that_participants_see_less(
    frozen, scored, participant, rival, organiser, signed_in
):
    address = "/challenges/cats/leaderboard/?phase=dev"
    scored(participant, 20, phase=frozen, now=timezone.now() - 2 * HOUR)
    scored(rival, 59, phase=frozen, now=timezone.now() - HOUR / 2)
    page = signed_in(organiser).get(address).content.decode()
    assert "For participants the leaderboard stands still" in page
    assert "rival" in page.split("<tbody")[1]
    assert "For participants" not in signed_in(participant).get(address).content.decode()


def test_a_freeze_holds_in_feeds_and_mails(
    frozen, scored, participant, rival, organiser, signed_in, mailoutbox
):
    now = timezone.now()
    scored(participant, 20, phase=frozen, now=now - 2 * HOUR)
    scored(rival, 59, phase=frozen, now=now - HOUR / 2)
    given = {"title": "The last hours", "text": "Keep going.", "mail": True}
    announce(challenge=frozen.challenge, by=organiser, now=now, **given)
    drain()
    told = [one.subject + str(one.message()) for one in mailoutbox if participant.email in one.to]
    for address in ("/news.atom", "/challenges/cats/news.atom"):
        told += [client.get(address).content.decode() for client in (Client(), signed_in(rival))]
    assert len(told) == 5
    for text in told:
        assert "Keep going." in text
        assert "rival" not in text
    for text in (*told, *(str(one.message()) for one in mailoutbox)):
        assert not re.search(r"0\.98|98\.3|0\.33|33\.3", text)


def test_makers_still_see_their_own_scores_in_a_freeze(frozen, scored, rival):
    late = scored(rival, 60, phase=frozen)
    assert submission_detail(submission=late, viewer=rival).scores[0].value == 1


def test_a_freeze_ends_with_the_phase(frozen, scored, rival, participant):
    scored(rival, 60, phase=frozen)
    assert seen(frozen, participant) == ()
    end(frozen)
    assert [row.entrant for row in seen(frozen, participant)] == ["rival"]


def test_the_leaderboard_turns_by_itself_when_a_freeze_begins_and_ends(rule, scored, participant):
    phase = rule()
    freezes = timezone.now() + HOUR
    Phase.objects.filter(pk=phase.pk).update(freezes=freezes)
    scored(participant, phase=Phase.objects.get(pk=phase.pk))
    (turn,) = Job.objects.filter(kind="turn", state="ready")
    assert turn.run_at == freezes


# --- public and private share


@pytest.fixture
def shared(rule):
    return rule("public_share = 0.5")


def test_only_the_public_share_is_scored_while_the_phase_runs(
    shared, scored, participant, organiser
):
    submission = scored(participant, 40, phase=shared)
    (row,) = seen(shared, participant)
    assert row.n == 30
    assert (row.public, row.private, row.gap) == (None, None, None)
    view = submission_detail(submission=submission, viewer=participant)
    assert view.private == ()
    assert {score.n for score in view.scores} == {30}
    assert sum(group["n"] for group in view.subgroups if group["name"] == "accuracy") == 30
    (complete,) = seen(shared, organiser)
    assert (complete.public + complete.private) / 2 == pytest.approx(40 / 60)


def test_the_private_share_decides_at_the_end_and_the_gap_is_told(
    shared, scored, participant, rival
):
    for user, right in ((participant, 20), (rival, 40)):
        scored(user, right, phase=shared)
    before = seen(shared, participant)
    end(shared)
    after = seen(shared, participant)
    for old, new in zip(
        sorted(before, key=lambda row: row.entrant),
        sorted(after, key=lambda row: row.entrant),
        strict=True,
    ):
        assert new.value == new.private
        assert new.public == old.value
        assert new.gap == pytest.approx(new.private - new.public)
        assert new.gap_low < new.gap < new.gap_high
    assert leaderboard(phase=shared, viewer=participant).final
    assert after[0].value >= after[1].value


def test_the_best_in_public_is_what_the_private_share_scores(shared, scored, participant):
    found = [scored(participant, right, phase=shared) for right in (20, 40)]
    best = max(found, key=lambda one: one.evaluation.scores.get(name="accuracy").value)
    end(shared)
    (row,) = seen(shared, participant)
    private = best.evaluation.private["scores"][0]["value"]
    assert row.value == pytest.approx(private)


def test_a_split_that_another_phase_still_guards_keeps_its_private_share(
    rule, scored, participant, challenge
):
    keys = "public_share = 0.5\n"
    other = phase_toml("later", closes="2098-01-01T00:00:00") + keys
    phase = rule(keys, other)
    scored(participant, 40, phase=phase)
    end(phase)
    assert not leaderboard(phase=phase, viewer=participant).final
    assert seen(phase, participant)[0].n == 30


# --- chosen submissions


def test_the_chosen_ones_count_and_the_best_of_all_while_none_is(rule, scored, participant, rival):
    phase = rule('final = "chosen:1"')
    low, high = (scored(participant, right, phase=phase) for right in (20, 40))
    assert seen(phase, rival)[0].value == pytest.approx(40 / 60)
    choose(submission=low, by=participant, chosen=True, now=timezone.now())
    drain()
    assert seen(phase, rival)[0].value == pytest.approx(20 / 60)
    with pytest.raises(Refused, match="one is chosen already"):
        choose(submission=high, by=participant, chosen=True, now=timezone.now())
    choose(submission=low, by=participant, chosen=False, now=timezone.now())
    choose(submission=high, by=participant, chosen=True, now=timezone.now())


def test_nobody_else_chooses_and_nothing_is_chosen_elsewhere(
    rule, scored, participant, rival, organiser
):
    phase = rule('final = "chosen:2"')
    submission = scored(participant, phase=phase)
    for user in (rival, organiser):
        with pytest.raises(PermissionDenied):
            choose(submission=submission, by=user, chosen=True, now=timezone.now())
    end(phase)
    submission.phase.refresh_from_db()
    with pytest.raises(Refused, match="is not open"):
        choose(submission=submission, by=participant, chosen=True, now=timezone.now())


def test_a_phase_without_choice_has_no_chosen_ones(scored, participant):
    with pytest.raises(Refused, match="nothing is chosen"):
        choose(submission=scored(participant), by=participant, chosen=True, now=timezone.now())


def test_a_participant_chooses_on_the_page_and_by_program(
    rule, scored, participant, signed_in, api
):
    phase = rule('final = "chosen:2"')
    submission = scored(participant, phase=phase)
    client = signed_in(participant)
    assert "Choose" in client.get("/challenges/cats/submissions/").content.decode()
    client.post(f"/submissions/{submission.pk}/choose/", {"chosen": "1"})
    submission.refresh_from_db()
    assert submission.chosen
    asked = api(participant).post(
        f"/api/v1/submissions/{submission.pk}/choose",
        {"chosen": False},
        content_type="application/json",
    )
    assert asked.json()["chosen"] is False


# --- guards


def told(phase, viewer):
    return [row.value for row in seen(phase, viewer)]


def test_a_ladder_moves_by_its_step_alone(rule, scored, participant, rival):
    phase = rule('guard = "ladder:step=0.1"')
    values = []
    for right in (31, 34, 40, 20, 59):
        scored(participant, right, phase=phase)
        values += told(phase, rival)
    # 31/60 is told as 0.5, 34/60 is no step more, 40/60 is 0.7 to the step, 59/60 is 1.
    assert values == pytest.approx([0.5, 0.5, 0.7, 0.7, 1.0])


@pytest.mark.parametrize(("guard", "then"), [("ladder:step=0.1", 0.9), ("ladder", 54 / 60)])
def test_a_team_that_has_merged_stays_on_the_higher_of_its_ladders(
    guard, then, rule, scored, participant, rival
):
    phase = rule(f'guard = "{guard}"')
    for who, right in ((participant, 54), (rival, 31)):
        scored(who, right, phase=phase)
    merge(phase, participant, rival)
    later = scored(participant, 42, phase=phase)
    assert later.told.value == pytest.approx(then)


def merge(phase, one, other) -> None:
    into, gone = (entrant_of(phase.challenge, who) for who in (one, other))
    entrants_merging.send(Entrant, into=into, gone=gone, now=timezone.now())


def others_right(made, first: int, last: int) -> bytes:
    """Predictions that are right from one example to another and wrong elsewhere."""
    wrong = {"cat": "dog", "dog": "bird", "bird": "cat"}
    rows = [
        f"{name},{label if first <= number < last else wrong[label]}"
        for number, (name, label) in enumerate(made.answers.items())
    ]
    return "\n".join(["example_id,prediction", *rows, ""]).encode()


def climb(phase, scored, participant, made) -> list[float]:
    """What is told after 30 right answers, after 31 others of which 20 are the same, after 50."""
    values = []
    for first, last in ((0, 30), (10, 41), (0, 50)):
        scored(participant, content=others_right(made, first, last), phase=phase)
        values += told(phase, participant)
    return values


def test_the_free_ladder_tells_of_significant_improvements_alone(rule, scored, participant, made):
    # The standard error of the second step is sqrt(21 / 60 / 60) = 0.076; the step is 1/60.
    found = climb(rule('guard = "ladder"'), scored, participant, made)
    assert found == pytest.approx([30 / 60, 30 / 60, 50 / 60])


def test_the_free_ladder_of_a_number_that_is_no_mean_steps_by_resamples(
    scored, participant, challenge, made, write_challenge, tmp_path
):
    toml = phase_toml("dev") + 'guard = "ladder"\n'
    folder = write_challenge(tmp_path / "balanced", phases=toml).folder
    file = folder / "challenge.toml"
    swapped = file.read_text().replace('id = "accuracy"\nprimary = true', 'id = "accuracy"')
    swapped = swapped.replace(
        'id = "balanced-accuracy"', 'id = "balanced-accuracy"\nprimary = true'
    )
    file.write_text(swapped)
    publish(source=folder, by=None, now=timezone.now())
    phase = challenge.phases.select_related("challenge__current").get(key="dev")
    found = climb(phase, scored, participant, made)
    assert found[0] == found[1] == pytest.approx(0.5, abs=0.02)
    assert found[2] == pytest.approx(50 / 60, abs=0.02)


def test_coarse_scores_are_rounded_and_rank_as_such(rule, scored, participant, rival):
    phase = rule('guard = "coarse:step=0.25"')
    scored(participant, 44, phase=phase)
    scored(rival, 46, phase=phase)
    rows = seen(phase, participant)
    assert [row.value for row in rows] == [0.75, 0.75]
    assert [row.rank for row in rows] == [1, 1]


def test_thresholdout_tells_the_public_score_while_the_private_one_agrees(
    rule, scored, participant, hand_in
):
    phase = rule("public_share = 0.5", 'guard = "thresholdout:threshold=2,noise=0.001,budget=3"')
    submission = scored(participant, 40, phase=phase)
    public = submission.evaluation.scores.get(name="accuracy").value
    assert told(phase, participant) == pytest.approx([public])
    assert Told.objects.get().left == 3


def test_thresholdout_spends_its_budget_on_gaps_and_then_tells_nothing(rule, scored, participant):
    phase = rule(
        "public_share = 0.5", 'guard = "thresholdout:threshold=0.000001,noise=0.000001,budget=1"'
    )
    # An odd number of right answers never falls evenly on both parts, so there is a gap to tell.
    for right in (21, 41):
        scored(participant, right, phase=phase)
    assert list(Told.objects.order_by("id").values_list("left", flat=True)) == [0, 0]
    first, second = Told.objects.order_by("id")
    private = first.submission.evaluation.private["scores"][0]["value"]
    assert first.value == pytest.approx(private, abs=0.001)
    assert second.value is None


def test_a_team_that_has_merged_has_the_smaller_budget_left(rule, scored, participant, rival):
    phase = rule(
        "public_share = 0.5", 'guard = "thresholdout:threshold=0.000001,noise=0.000001,budget=2"'
    )
    for who, right in ((participant, 21), (participant, 41), (rival, 23)):
        scored(who, right, phase=phase)
    assert list(Told.objects.order_by("id").values_list("left", flat=True)) == [1, 0, 1]
    merge(phase, participant, rival)
    told = scored(participant, 43, phase=phase).told
    assert (told.left, told.value) == (0, None)


def test_delayed_scores_are_told_at_the_next_midnight(rule, scored, participant, rival):
    phase = rule('guard = "delayed"')
    now = timezone.now()
    old = scored(participant, 20, phase=phase, now=now - 25 * HOUR)
    new = scored(participant, 50, phase=phase, now=now)
    assert told(phase, rival) == pytest.approx([20 / 60])
    assert submission_detail(submission=old, viewer=participant).scores
    hidden = submission_detail(submission=new, viewer=participant)
    assert (hidden.scores, hidden.subgroups, hidden.per_class) == ((), (), ())
    local = hidden.told_from.astimezone(phase.challenge.zone)
    assert (local.hour, local.minute) == (0, 0)
    assert timedelta() < hidden.told_from - now <= 25 * HOUR
    tomorrow = submission_detail(submission=new, viewer=participant, now=now + 25 * HOUR)
    assert tomorrow.scores


def test_a_guard_ends_with_its_phase(rule, scored, participant):
    phase = rule('guard = "coarse:step=0.5"')
    scored(participant, 40, phase=phase)
    assert told(phase, participant) == [0.5]
    end(phase)
    assert told(phase, participant) == pytest.approx([40 / 60])


def test_a_guard_that_comes_later_tells_of_what_was_scored_before(rule, scored, participant):
    phase = rule()
    scored(participant, 40, phase=phase)
    phase = rule('guard = "coarse:step=0.5"')
    drain()
    assert told(phase, participant) == [0.5]


def board_addresses() -> list[str]:
    api = "/api/v1/challenges/cats/phases/dev/leaderboard"
    return ["/challenges/cats/leaderboard/?phase=dev", api, f"{api}.csv"]


def test_beside_a_guarded_score_nothing_of_the_result_leaves(
    rule, scored, participant, rival, organiser, signed_in, api
):
    """37 of 60 right is 0.6167; intervals, groups, classes, other metrics and ties would show it."""
    phase = rule('guard = "ladder:step=0.25"')
    mine = scored(participant, 37, phase=phase)
    scored(rival, 38, phase=phase)
    real = set()
    for score in mine.evaluation.scores.all():
        real |= {score.value, score.low, score.high}
    for group in [*mine.evaluation.report["subgroups"], *mine.evaluation.report["per_class"]]:
        real |= {group["value"], group["low"], group["high"]}
    forms = {form for value in real if value is not None for form in written(value)} - {"50.0"}
    own = [f"/submissions/{mine.pk}/", f"/api/v1/submissions/{mine.pk}"]
    own += ["/challenges/cats/submissions/", "/api/v1/challenges/cats/submissions"]
    for client in (Client(), signed_in(participant), api(participant), signed_in(rival)):
        for address in [*board_addresses(), *own]:
            body = client.get(address).content.decode()
            # The seconds of a time are no score.
            found = {f for f in forms if re.search(rf"(?<![\d.])(?<!\d:){re.escape(f)}", body)}
            assert not found, (address, found)
    view = submission_detail(submission=mine, viewer=participant)
    assert [score.value for score in view.scores] == [0.5]
    assert (view.subgroups, view.per_class, view.private) == ((), (), ())
    assert view.scores[0].low is None
    (row, _) = seen(phase, participant)
    assert (row.low, row.rank_low, row.rank_high, row.level_with_first) == (None,) * 4
    assert [score.name for score in row.scores] == ["accuracy"]
    listed = listed_scores(
        [mine], challenge=phase.challenge, viewer=participant, of=("accuracy", "accuracy")
    )
    assert listed[mine.pk].value == 0.5
    assert submission_detail(submission=mine, viewer=organiser).subgroups


def written(value: float) -> set[str]:
    """How pages and programs write a number; whole tenths say too little to find anything."""
    forms = {f"{value:.4f}", f"{100 * value:.1f}", f"{value:.6f}"}
    return {form for form in forms if not re.fullmatch(r"0\.\d0+|1\.0+|\d0\.0|100\.0|0\.0+", form)}


def test_the_budget_of_test_evaluations_stands_with_each_entry(
    rule, scored, participant, signed_in
):
    phase = rule(limits="in_total = 7")
    for right in (20, 30):
        scored(participant, right, phase=phase)
    view = leaderboard(phase=phase, viewer=participant)
    (row,) = as_json(view)["leaderboard"]
    assert (row["submissions"], row["budget"]) == (2, 7)
    header, line = as_csv(view).splitlines()
    assert line.split(",")[header.split(",").index("budget")] == "7"
    page = Client().get("/challenges/cats/leaderboard/?phase=dev").content.decode()
    assert "of 7" in page
