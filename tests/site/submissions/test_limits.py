import dataclasses
import os
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from heldout.site.challenges.models import Member, Rank
from heldout.site.challenges.services import edit_phase, entrant_of
from heldout.site.common.problems import Refused
from heldout.site.submissions import storage
from heldout.site.submissions.limits import allowances, count_as_one, mailbox
from heldout.site.submissions.models import Usage
from heldout.site.submissions.tidying import delete_refused_files

# The challenge's timezone is Europe/Berlin: at 23:30 UTC in winter it is half past midnight there.
EVENING = datetime(2027, 1, 10, 22, 30, tzinfo=UTC)


@pytest.fixture
def limit(phase, organiser):
    """Set the limits of the phase; what is not given is no limit."""

    def limit(**limits):
        none = {"per_day": None, "per_week": None, "in_total": None}
        edit_phase(phase=phase, by=organiser, now=EVENING, **(none | limits))

    return limit


def test_a_limit_in_total_never_resets(limit, hand_in, participant):
    limit(in_total=2)
    for day in range(2):
        hand_in(participant, now=EVENING + timedelta(days=day))
    with pytest.raises(Refused, match="all 2 submissions in total are used"):
        hand_in(participant, now=EVENING + timedelta(days=300))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"in_total": 1}, "the one submission in total is used"),
        ({"per_day": 1}, "1 submission a day is allowed and used"),
        ({"per_day": 2}, "2 submissions a day are allowed and used"),
    ],
)
def test_a_used_up_limit_is_told_in_words(limit, hand_in, participant, limits, words):
    limit(**limits)
    for _ in range(max(limits.values())):
        hand_in(participant, now=EVENING)
    with pytest.raises(Refused, match=words):
        hand_in(participant, now=EVENING)


def test_a_day_ends_at_midnight_in_the_challenges_timezone(limit, hand_in, participant):
    limit(per_day=1)
    hand_in(participant, now=EVENING)
    with pytest.raises(Refused, match=r"possible from 2027-01-11 00:00 \(Europe/Berlin\)"):
        hand_in(participant, now=EVENING + timedelta(minutes=29))
    hand_in(participant, now=EVENING + timedelta(minutes=31))


@pytest.mark.parametrize(
    ("last", "first"),
    [
        # The day of 23 hours, of which the last is over at 22:00 UTC, and that of 25 hours.
        (datetime(2027, 3, 28, 21, 59, tzinfo=UTC), datetime(2027, 3, 27, 23, 0, tzinfo=UTC)),
        (datetime(2027, 10, 31, 22, 59, tzinfo=UTC), datetime(2027, 10, 30, 22, 0, tzinfo=UTC)),
    ],
    ids=["spring", "autumn"],
)
def test_a_day_on_which_clocks_change_has_one_limit(
    limit, hand_in, participant, phase, first, last
):
    limit(per_day=2, per_week=3)
    minute = timedelta(minutes=1)
    hand_in(participant, now=first - minute)
    for now in (first, last):
        hand_in(participant, now=now)
    phase.refresh_from_db()
    entrant = entrant_of(phase.challenge, participant)
    day, week = allowances(phase=phase, entrant=entrant, user=participant, now=last)
    assert (day.left, week.left) == (0, 0)
    # Both fall on a Sunday.
    assert day.resets == week.resets == last + minute
    hand_in(participant, now=last + minute)


def test_a_week_begins_on_monday(limit, hand_in, participant):
    limit(per_week=1)
    sunday = EVENING
    assert sunday.weekday() == 6
    hand_in(participant, now=sunday)
    with pytest.raises(Refused, match="2027-01-11 00:00"):
        hand_in(participant, now=sunday)
    hand_in(participant, now=sunday + timedelta(hours=2))


def test_every_limit_that_is_used_up_is_named(limit, hand_in, participant):
    limit(per_day=1, in_total=1)
    hand_in(participant, now=EVENING)
    with pytest.raises(Refused) as refusal:
        hand_in(participant, now=EVENING)
    assert len(refusal.value.problems) == 2


def test_a_refusal_counts_nothing(limit, hand_in, participant):
    limit(per_day=1)
    hand_in(participant, now=EVENING)
    with pytest.raises(Refused):
        hand_in(participant, now=EVENING)
    assert set(Usage.objects.values_list("used", flat=True)) == {1}


def test_lowering_a_limit_below_what_was_used_closes_intake(limit, hand_in, participant):
    limit(in_total=5)
    for _ in range(3):
        hand_in(participant)
    limit(in_total=2)
    with pytest.raises(Refused):
        hand_in(participant)


def test_a_limit_set_later_counts_what_was_handed_in_before(limit, hand_in, participant):
    limit()
    hand_in(participant, now=EVENING)
    limit(per_day=1)
    with pytest.raises(Refused):
        hand_in(participant, now=EVENING)


def test_the_limits_of_one_are_not_those_of_another(limit, hand_in, participant, rival):
    limit(per_day=1)
    hand_in(participant)
    hand_in(rival)


def test_members_of_one_team_share_its_limit(limit, hand_in, participant, outsider, phase):
    limit(per_day=1)
    team = entrant_of(phase.challenge, participant)
    Member.objects.create(
        challenge=phase.challenge,
        entrant=team,
        user=outsider,
        rank=Rank.MEMBER,
        joined_at=timezone.now(),
    )
    outsider.accepted_terms.create(
        challenge=phase.challenge,
        terms_digest=phase.challenge.revision.terms_digest,
        accepted_at=timezone.now(),
    )
    hand_in(participant, now=EVENING)
    with pytest.raises(Refused):
        hand_in(outsider, now=EVENING)


def test_a_person_takes_their_own_count_along_when_they_change_teams(
    limit, hand_in, participant, rival, phase
):
    limit(per_day=1)
    hand_in(participant, now=EVENING)
    other = entrant_of(phase.challenge, rival)
    Member.objects.filter(user=participant).update(entrant=other, rank=Rank.MEMBER)
    with pytest.raises(Refused):
        hand_in(participant, now=EVENING)


def test_a_file_that_could_not_be_read_is_not_counted(limit, scored, participant):
    limit(per_day=1)
    refused = scored(participant, content=b"nonsense\n")
    assert refused.status == "refused"
    assert scored(participant).status == "scored"


def test_what_is_left_is_told_with_when_it_resets(limit, hand_in, participant, phase):
    limit(per_day=3, in_total=10)
    hand_in(participant, now=EVENING)
    phase.refresh_from_db()
    entrant = entrant_of(phase.challenge, participant)
    day, total = allowances(phase=phase, entrant=entrant, user=participant, now=EVENING)
    assert (day.left, day.resets) == (2, datetime(2027, 1, 10, 23, 0, tzinfo=UTC))
    assert (total.left, total.resets) == (9, None)


def test_who_has_used_up_a_limit_leaves_no_file_behind(
    limit, hand_in, participant, predictions, settings
):
    limit(per_day=1)
    hand_in(participant, now=EVENING)
    before = sorted(settings.SUBMISSIONS.rglob("*"))
    with pytest.raises(Refused):
        hand_in(participant, content=predictions(7), now=EVENING)
    assert sorted(settings.SUBMISSIONS.rglob("*")) == before


def test_accounts_whose_mail_arrives_in_one_place_are_one_person(limit, hand_in, enter_as):
    limit(per_week=1)
    hand_in(enter_as("somebody+one"), now=EVENING)
    with pytest.raises(Refused):
        hand_in(enter_as("somebody+two"), now=EVENING)
    hand_in(enter_as("somebody-else"), now=EVENING)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a.b+c@gmail.com", "ab@googlemail.com", True),
        ("A@example.org", "a+x@Example.org", True),
        ("a.b@example.org", "ab@example.org", False),
        ("a@example.org", "a@example.com", False),
    ],
)
def test_a_mailbox_has_one_name(one, other, same):
    assert (mailbox(one) == mailbox(other)) is same


def test_accounts_that_organisers_count_as_one_share_what_they_have_used(
    limit, hand_in, participant, rival, phase
):
    limit(in_total=3)
    for user in (participant, rival):
        hand_in(user)
    count_as_one(challenge=phase.challenge, users=[participant, rival], person="a")
    hand_in(participant)
    for user in (participant, rival):
        with pytest.raises(Refused, match="all 3 submissions in total are used"):
            hand_in(user)


def test_linking_a_further_account_adds_what_it_has_used(limit, hand_in, enter_as, phase):
    limit(in_total=3)
    one, two, three = (enter_as(f"account-{number}") for number in range(3))
    for user in (one, two, three):
        hand_in(user)
    count_as_one(challenge=phase.challenge, users=[one, two], person="a")
    count_as_one(challenge=phase.challenge, users=[three], person="a")
    with pytest.raises(Refused):
        hand_in(one)


def few(settings, **changes):
    settings.HELDOUT = dataclasses.replace(settings.HELDOUT, **changes)


def test_nobody_sends_bad_files_without_end(hand_in, scored, participant, rival, settings):
    few(settings, refused_per_day=2)
    now = timezone.now()
    for _ in range(2):
        assert scored(participant, content=b"nonsense\n", now=now).status == "refused"
    with pytest.raises(Refused, match=r"2 of your files of today were refused.*00:00 \(Europe"):
        hand_in(participant, now=now)
    hand_in(rival, now=now)
    hand_in(participant, now=now + timedelta(days=1))


def test_files_that_wait_cannot_all_turn_out_bad(hand_in, participant, settings):
    few(settings, refused_per_day=2)
    for _ in range(2):
        hand_in(participant, content=b"nonsense\n", now=EVENING)
    with pytest.raises(Refused, match="wait to be read"):
        hand_in(participant, content=b"nonsense\n", now=EVENING)


def test_good_files_use_nothing_of_the_quota_of_bad_ones(scored, participant, settings):
    few(settings, refused_per_day=1)
    for _ in range(3):
        assert scored(participant).status == "scored"


def test_only_old_refused_files_are_deleted(scored, participant, rival, settings, predictions):
    now = timezone.now()
    bad = scored(participant, content=b"nonsense\n")
    good = scored(rival)
    assert delete_refused_files(now=now + timedelta(days=29)) == 0
    later = now + timedelta(days=31)
    os.utime(storage.path(bad.sha256), (0, 0))
    assert delete_refused_files(now=later) == 1
    assert not storage.path(bad.sha256).exists()
    assert storage.path(good.sha256).exists()
    bad.refresh_from_db()
    assert bad.file_deleted_at == later
    assert bad.problems


def test_a_refused_file_that_was_handed_in_again_is_kept(hand_in, scored, participant, rival):
    now = timezone.now()
    bad = scored(participant, content=b"nonsense\n")
    hand_in(rival, content=b"nonsense\n")
    assert delete_refused_files(now=now + timedelta(days=31)) == 0
    assert storage.path(bad.sha256).exists()


def test_a_file_that_arrives_while_its_old_copy_is_deleted_is_kept(scored, participant):
    bad = scored(participant, content=b"nonsense\n")
    moment = storage.path(bad.sha256).stat().st_mtime
    assert not storage.delete(bad.sha256, before=moment)
    assert storage.path(bad.sha256).exists()
    assert storage.delete(bad.sha256, before=moment + 1)


def test_what_a_broken_upload_left_is_deleted_after_a_day(settings):
    incoming = settings.SUBMISSIONS / "incoming"
    incoming.mkdir()
    for name in ("old", "fresh"):
        (incoming / name).write_bytes(b"half a")
    os.utime(incoming / "old", (0, 0))
    assert storage.delete_unfinished(before=timezone.now().timestamp() - 1000) == 1
    assert [path.name for path in incoming.iterdir()] == ["fresh"]


def test_two_at_once_cannot_both_take_the_last_place(limit, hand_in, participant, phase):
    """Another process counts one at the very moment before this one does."""
    limit(in_total=1)
    hand_in(participant)
    Usage.objects.filter(period="total").update(used=0)
    mine = Usage.objects.filter(phase=phase, period="total")
    others = []

    def rival(execute, sql, params, many, context):
        writes = sql.startswith(("INSERT", "UPDATE")) and "usage" in sql
        if writes and "total" in str(params) and not others:
            others.append("counted")
            mine.update(used=1)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(rival), pytest.raises(Refused):
        hand_in(participant)
    assert others == ["counted"]
