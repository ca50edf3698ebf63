from datetime import timedelta

import pytest
from django.db import Error, connection, transaction
from django.utils import timezone

from heldout.cli import main
from heldout.site.common import audit
from heldout.site.common.models import AuditEntry


@pytest.fixture
def entry(outsider):
    return audit.record("looked", by=outsider, on=outsider, now=timezone.now(), at="the cat")


@pytest.fixture
def log(outsider):
    """Five entries."""
    return [
        audit.record("looked", by=outsider, on="cat:1", now=timezone.now(), number=number)
        for number in range(5)
    ]


def tamper(statement, *values):
    """What somebody does who has the database file: without its triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER audit_no_update")
            cursor.execute("DROP TRIGGER audit_no_delete")
        else:
            cursor.execute("DROP FUNCTION audit_append_only() CASCADE")
        cursor.execute(statement, values)


def test_an_entry_is_never_changed(entry):
    entry.action = "touched"
    with pytest.raises(TypeError):
        entry.save()


def test_an_entry_is_never_deleted(entry):
    with pytest.raises(TypeError):
        entry.delete()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE common_auditentry SET action = 'touched'",
        "DELETE FROM common_auditentry",
    ],
)
def test_the_database_itself_refuses_changes(entry, statement):
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(action="touched")
    assert AuditEntry.objects.get().action == "looked"


def test_the_chain_cannot_fork(log):
    again = AuditEntry(
        at=timezone.now(), action="x", subject="y", previous=log[2].previous, digest="0" * 64
    )
    with pytest.raises(Error), transaction.atomic():
        again.save()


def test_an_untouched_log_is_whole(log):
    verdict = audit.verify()
    assert (verdict.entries, verdict.head, verdict.faults) == (5, log[-1].digest, ())


def test_a_changed_entry_is_found_and_named(log):
    tamper("UPDATE common_auditentry SET action = 'fed' WHERE id = %s", log[2].pk)
    (fault,) = audit.verify().faults
    assert (fault.entry, fault.message) == (log[2].pk, "its content was changed")
    assert "fed cat:1" in str(fault)


@pytest.mark.parametrize(
    ("column", "value"), [("subject", "dog:1"), ("details", '{"number": 9}'), ("actor_id", None)]
)
def test_every_part_of_an_entry_is_covered(log, column, value):
    tamper(f"UPDATE common_auditentry SET {column} = %s WHERE id = %s", value, log[1].pk)
    assert [fault.entry for fault in audit.verify().faults] == [log[1].pk]


def test_the_time_of_an_entry_is_covered(log):
    later = log[3].at + timedelta(seconds=1)
    tamper("UPDATE common_auditentry SET at = %s WHERE id = %s", later, log[3].pk)
    assert [fault.entry for fault in audit.verify().faults] == [log[3].pk]


def test_a_removed_entry_is_noticed_by_the_next(log):
    tamper("DELETE FROM common_auditentry WHERE id = %s", log[1].pk)
    (fault,) = audit.verify().faults
    assert (fault.entry, fault.message) == (
        log[2].pk,
        "an entry before it was removed, added or replaced",
    )


def test_a_log_that_was_cut_lacks_the_digest_one_has_kept(log):
    assert not audit.verify(head=log[4].digest).faults
    tamper("DELETE FROM common_auditentry WHERE id = %s", log[4].pk)
    assert not audit.verify().faults
    (fault,) = audit.verify(head=log[4].digest).faults
    assert "the log was cut" in str(fault)


def test_a_change_that_is_chained_anew_changes_every_digest_after(log):
    tamper("UPDATE common_auditentry SET action = 'fed' WHERE id = %s", log[2].pk)
    entries = list(AuditEntry.objects.order_by("id"))
    for one in entries:
        AuditEntry.objects.filter(pk=one.pk).update(previous=f"old-{one.pk}")
    audit.chain(entries)
    assert not audit.verify().faults
    assert audit.verify(head=log[4].digest).faults


def test_details_come_back_from_every_database_as_they_were_hashed(outsider):
    details = {"large": 1e22, "small": 1e-7, "text": "ümläut \u2028", "none": None, "list": [1.0]}
    audit.record("looked", by=None, on="cat:1", now=timezone.now(), **details)
    assert not audit.verify().faults


def test_the_entries_of_a_thing_come_newest_first(entry, outsider, annotator):
    audit.record("fed", by=annotator, on=outsider, now=timezone.now())
    audit.record("fed", by=None, on="elsewhere", now=timezone.now())
    assert [one.action for one in audit.entries(outsider)] == ["fed", "looked"]
    assert AuditEntry.objects.count() == 3


def test_the_command_names_a_tampered_entry(log, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("heldout.cli.local.configure_site", lambda folder: None)
    with pytest.raises(SystemExit) as left:
        main(["audit", "verify", str(tmp_path), "--head", log[3].digest])
    assert left.value.code == 0
    assert (
        f"5 entries, none of them changed; the last is {log[4].digest}" in capsys.readouterr().err
    )
    tamper("UPDATE common_auditentry SET action = 'fed' WHERE id = %s", log[2].pk)
    with pytest.raises(SystemExit) as left:
        main(["audit", "verify", str(tmp_path)])
    assert left.value.code == 1
    assert f"entry {log[2].pk} (" in capsys.readouterr().err


def test_staff_ask_a_running_site(log, api, outsider):
    assert api(outsider).get("/api/v1/audit/verify").status_code == 403
    outsider.is_staff = True
    outsider.save()
    found = api(outsider).get("/api/v1/audit/verify").json()
    last = AuditEntry.objects.order_by("-id").first()
    assert (found["head"], found["faults"]) == (last.digest, [])


def test_organisers_read_what_was_done_in_their_challenge(challenge, organiser, participant, api):
    found = api(organiser).get("/api/v1/challenges/cats/audit").json()
    assert {"published", "joined"} <= {one["action"] for one in found}
    assert api(participant).get("/api/v1/challenges/cats/audit").status_code == 403
