from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from heldout.site.accounts.models import ApiToken
from heldout.site.accounts.services import create_token
from heldout.site.challenges.models import Member, Phase
from heldout.site.common.models import AuditEntry
from heldout.site.common.prepared import Given, Prepared, insert


def compare(found, wanted):
    """All fields of two models, as the database gave them."""
    names = [field.attname for field in wanted._meta.concrete_fields]
    assert [getattr(found, name) for name in names] == [getattr(wanted, name) for name in names]


def test_models_are_those_of_the_same_query_composed_each_time(phase):
    prepared = Prepared(
        lambda: Phase.objects.select_related("challenge__current").filter(
            challenge__slug=Given("slug"), key=Given("key")
        )
    )
    for key in ("dev", "past", "future"):
        found = prepared.first(slug=phase.challenge.slug, key=key)
        wanted = Phase.objects.select_related("challenge__current").get(key=key)
        compare(found, wanted)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            compare(found.challenge, wanted.challenge)
            compare(found.challenge.current, wanted.challenge.current)
        assert not queries
    assert prepared.first(slug="no-such", key="dev") is None


def test_a_model_that_is_not_there_is_none(challenge):
    prepared = Prepared(
        lambda: AuditEntry.objects.select_related("actor").filter(action=Given("action"))
    )
    entries = prepared.all(action="published")
    assert entries
    assert all(entry.actor is None for entry in entries)


def test_it_is_composed_once(phase):
    composed = []

    def compose():
        composed.append("once")
        return Phase.objects.filter(key=Given("key"))

    prepared = Prepared(compose)
    assert [prepared.first(key=key).key for key in ("dev", "past")] == ["dev", "past"]
    assert composed == ["once"]


def test_columns_are_values_of_one_and_tuples_of_several(phase):
    keys = Prepared(lambda: Phase.objects.order_by("key").values_list("key", flat=True))
    pairs = Prepared(lambda: Phase.objects.order_by("key").values_list("key", "opens"))
    assert keys.all() == list(Phase.objects.order_by("key").values_list("key", flat=True))
    assert pairs.all() == list(Phase.objects.order_by("key").values_list("key", "opens"))


def test_several_values_stand_in_a_list(phase):
    some = Prepared(
        lambda: Phase.objects.filter(key__in=[Given("one"), Given("other")]).order_by("key")
    )
    assert [found.key for found in some.all(one="past", other="dev")] == ["dev", "past"]


def test_moments_are_compared_as_moments(participant):
    now = timezone.now()
    create_token(user=participant, name="a", now=now, lifetime=timedelta(hours=1))
    valid = Prepared(lambda: ApiToken.objects.exclude(expires_at__lte=Given("now")))
    assert valid.first(now=now + timedelta(minutes=59))
    assert not valid.first(now=now + timedelta(minutes=61))
    # A timezone away from UTC means the same moment.
    assert valid.first(
        now=(now + timedelta(minutes=59)).astimezone(timezone.get_fixed_timezone(600))
    )


def test_values_are_never_read_as_sql(participant, phase):
    members = Prepared(lambda: Phase.objects.filter(key=Given("key")))
    assert members.all(key="dev' OR 1=1 --") == []
    assert Member.objects.exists()


def test_a_value_that_is_not_given_is_an_error(phase):
    with pytest.raises(KeyError, match="key"):
        Prepared(lambda: Phase.objects.filter(key=Given("key"))).all()


def test_a_row_is_added_as_by_saving(participant):
    fields = {
        "at": timezone.now(),
        "actor": participant,
        "action": "tested",
        "subject": "test:1",
        "details": {"numbers": [1, 2.5, None], "text": "é' --"},
        "digest": "d" * 64,
    }
    last = AuditEntry.objects.order_by("-id").first()
    entry = AuditEntry(previous=last.digest, **fields)
    insert(entry)
    found = AuditEntry.objects.get(pk=entry.pk)
    assert entry.pk > last.pk
    assert found.details == fields["details"]
    compare(found, entry)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(AuditEntry(previous=last.digest, **fields))
