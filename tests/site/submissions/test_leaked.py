"""Scores without leaked test items, beside the ranks that count all."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from heldout.site.catalog import leaks
from heldout.site.catalog.leaks import Names
from heldout.site.challenges.services import publish
from heldout.site.submissions import stats
from heldout.site.submissions.boards import as_csv, as_json, leaderboard
from heldout.site.submissions.parts import example_ids
from heldout.site.worker import drain
from tests.site.conftest import phase_toml

ANYBODY = AnonymousUser()
PAGE_SAYS = "Without the"


@pytest.fixture
def confirm(organiser):
    """Call some test items of a phase leaked, or take it back."""

    def confirm(phase, count, *, is_leak=True, skip=0):
        ids = sorted(example_ids(phase.challenge.revision.folder, phase.split))
        leaks.judge(
            dataset=phase.challenge.dataset,
            pairs=[
                Names(phase.split, one, "train", f"of {one}") for one in ids[skip : skip + count]
            ],
            is_leak=is_leak,
            by=organiser,
            now=timezone.now(),
        )
        drain()
        return set(ids[skip : skip + count])

    return confirm


def rows_of(phase, viewer=ANYBODY):
    phase.refresh_from_db()
    return leaderboard(phase=phase, viewer=viewer).rows


def test_a_confirmed_item_has_weight_0_beside_the_rank_that_counts_all(
    scored, phase, participant, organiser, confirm
):
    submission = scored(participant, 30)
    (before,) = rows_of(phase, organiser)
    assert (before.without_leaks, before.leaked_items) == (None, 0)
    gone = confirm(phase, 40)
    (after,) = rows_of(phase, organiser)
    assert (after.value, after.n, after.leaked_items) == (before.value, 60, 40)
    assert after.without_leaks == pytest.approx(accuracy_without(submission, gone))


def accuracy_without(submission, gone):
    """Counted from the stored flags, without any metric's arithmetic."""
    found = stats.read(next(iter(submission.evaluation.stats.values())))
    (flags,) = (array for array in found.arrays.values() if array.ndim == 1 and array.max() <= 1)
    kept = [flag for one, flag in zip(found.example_ids, flags, strict=True) if one not in gone]
    return sum(kept) / len(kept)


def test_taking_a_verdict_back_takes_the_number_back(
    scored, phase, participant, organiser, confirm
):
    scored(participant, 30)
    confirm(phase, 10)
    confirm(phase, 10, is_leak=None)
    (row,) = rows_of(phase, organiser)
    assert (row.without_leaks, row.leaked_items) == (None, 0)


def test_a_few_items_are_told_to_organisers_only(scored, phase, participant, organiser, confirm):
    """The difference of both numbers is how an entrant did on those few."""
    scored(participant, 30)
    smallest = phase.challenge.revision.definition["data"]["smallest_group"]
    confirm(phase, smallest - 1)
    assert rows_of(phase, organiser)[0].leaked_items == smallest - 1
    for viewer in (ANYBODY, participant):
        assert rows_of(phase, viewer)[0].without_leaks is None
    confirm(phase, 1, skip=smallest - 1)
    assert rows_of(phase)[0].leaked_items == smallest


def test_a_phase_that_reveals_no_subgroups_tells_others_nothing(
    scored, challenge, participant, organiser, confirm
):
    phase = challenge.phases.get(key="plain")
    scored(participant, phase=phase)
    confirm(phase, 40)
    assert rows_of(phase, participant)[0].leaked_items == 0
    assert rows_of(phase, organiser)[0].leaked_items == 40


@pytest.fixture
def guarded(challenge, write_challenge, tmp_path):
    toml = phase_toml("dev") + 'guard = "ladder:step=0.25"\n'
    publish(
        source=write_challenge(tmp_path / "guarded", phases=toml).folder,
        by=None,
        now=timezone.now(),
    )
    return challenge.phases.select_related("challenge__current").get(key="dev")


def test_a_guarded_phase_tells_others_nothing_on_the_board_and_the_page(
    guarded, scored, participant, rival, organiser, confirm, signed_in
):
    """What is told is one number to a step; a second, exact one would break the guard."""
    submission = scored(participant, 37, phase=guarded)
    gone = confirm(guarded, 40)
    for viewer in (ANYBODY, participant, rival):
        (row,) = rows_of(guarded, viewer)
        assert (row.value, row.without_leaks, row.leaked_items) == (0.5, None, 0)
    assert PAGE_SAYS not in text_of(signed_in(participant), submission)
    (row,) = rows_of(guarded, organiser)
    assert row.without_leaks == pytest.approx(accuracy_without(submission, gone))
    assert PAGE_SAYS in text_of(signed_in(organiser), submission)


def test_the_page_of_a_submission_says_what_the_board_says_of_it(
    scored, phase, participant, organiser, confirm, signed_in
):
    first, best = scored(participant, 20), scored(participant, 50)
    gone = confirm(phase, 40)
    value = accuracy_without(best, gone)
    for reader in (participant, organiser):
        text = text_of(signed_in(reader), best)
        assert f"{PAGE_SAYS} 40 test items" in text
        assert f"Accuracy is {100 * value:.0f}" in text
        assert PAGE_SAYS not in text_of(signed_in(reader), first)


def test_the_page_says_nothing_that_the_board_keeps_to_organisers(
    scored, challenge, phase, participant, organiser, confirm, signed_in
):
    smallest = phase.challenge.revision.definition["data"]["smallest_group"]
    few = scored(participant, 30)
    unseen = scored(participant, 30, phase=challenge.phases.get(key="insiders"))
    bare = scored(participant, 30, phase=challenge.phases.get(key="plain"))
    confirm(phase, smallest - 1)
    assert PAGE_SAYS not in text_of(signed_in(participant), few)
    assert f"{PAGE_SAYS} {smallest - 1} test items" in text_of(signed_in(organiser), few)
    confirm(phase, 1, skip=smallest - 1)
    assert PAGE_SAYS in text_of(signed_in(participant), few)
    for one in (unseen, bare):
        assert PAGE_SAYS not in text_of(signed_in(participant), one)
        assert PAGE_SAYS in text_of(signed_in(organiser), one)


def text_of(client, submission):
    return " ".join(client.get(f"/submissions/{submission.pk}/").content.decode().split())


def test_csv_json_and_page_say_it(client, scored, phase, participant, confirm):
    scored(participant, 30)
    confirm(phase, 40)
    phase.refresh_from_db()
    view = leaderboard(phase=phase, viewer=ANYBODY)
    (row,) = as_json(view)["leaderboard"]
    assert row["leaked_items"] == 40
    assert "leaks_told" not in row
    assert as_csv(view).splitlines()[0].endswith("without_leaks,leaked_items")
    address = f"/challenges/{phase.challenge.slug}/leaderboard/?phase={phase.key}"
    assert b"Without 40 leaked items" in client.get(address).content


def test_a_rejudging_is_filled_in_with_the_confirmed_items(
    signed_in, phase, organiser, participant, scored, confirm
):
    scored(participant, 30)
    gone = confirm(phase, 3)
    page = signed_in(organiser)
    address = f"/challenges/{phase.challenge.slug}/organise/rejudging/"
    assert b"3 items of test confirmed as leaked" in page.get(address).content
    filled = page.get(address, {"leaks": phase.split}).context["form"]
    assert set(filled["retires"].value().split()) == gone
    given = {name: filled[name].value() or "" for name in filled.fields}
    assert page.post(address, given).status_code == 302
    assert set(phase.challenge.rejudgings.get().retires[phase.split]) == gone
