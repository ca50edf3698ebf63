import pytest
from django.utils import timezone

from heldout.site.common import audit
from heldout.site.common.models import AuditEntry


@pytest.fixture
def entry(outsider):
    return audit.record("looked", by=outsider, on=outsider, now=timezone.now(), at="the cat")


def test_an_entry_is_never_changed(entry):
    entry.action = "touched"
    with pytest.raises(TypeError):
        entry.save()


def test_an_entry_is_never_deleted(entry):
    with pytest.raises(TypeError):
        entry.delete()


def test_the_entries_of_a_thing_come_newest_first(entry, outsider, annotator):
    audit.record("fed", by=annotator, on=outsider, now=timezone.now())
    audit.record("fed", by=None, on="elsewhere", now=timezone.now())
    assert [one.action for one in audit.entries(outsider)] == ["fed", "looked"]
    assert AuditEntry.objects.count() == 3
