"""Scores without leaked test items, beside the ranks that count all."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from heldout.site.catalog import leaks
from heldout.site.catalog.leaks import Names
from heldout.site.submissions import stats
from heldout.site.submissions.boards import as_csv, as_json, leaderboard
from heldout.site.submissions.parts import example_ids
from heldout.site.worker import drain

ANYBODY = AnonymousUser()


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
