"""Retries, giving up, switching off: what becomes of a message."""

import socket
import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from heldout.site.common import jobs
from heldout.site.common.models import AuditEntry, Job, JobState
from heldout.site.common.problems import Refused
from heldout.site.webhooks import posting, services
from heldout.site.webhooks.models import Delivery, DeliveryState, Endpoint
from heldout.site.webhooks.tasks import KEPT, PATIENCE, PAUSES, forget_old_deliveries
from heldout.site.worker import drain, work
from tests.site.webhooks.conftest import NOT_LISTENING


@pytest.fixture
def pinged(add, participant):
    """A test message that waits, to the receiver or to another address."""

    def ping(url="") -> Delivery:
        return services.ping(endpoint=add(participant, url=url), now=timezone.now())

    return ping


def again(delivery: Delivery) -> Delivery:
    delivery.refresh_from_db()
    return delivery


def try_all(until: int = len(PAUSES) + 1) -> list[timedelta]:
    """Do every try of a message as its time comes; the pauses between them."""
    now, pauses = timezone.now(), []
    for _ in range(until):
        job = jobs.claim(owner="test", now=now)
        work(job, "test")
        following = Job.objects.filter(state=JobState.READY, kind="webhook").first()
        if following is None:
            break
        pauses.append(following.run_at - timezone.now())
        now = following.run_at
    return pauses


def test_a_message_that_was_taken_says_so(pinged):
    delivery = pinged()
    drain()
    assert again(delivery).state == DeliveryState.DELIVERED
    assert (delivery.answer, delivery.tries) == ("200", 1)
    assert delivery.finished_at >= delivery.tried_at


def test_a_message_is_tried_for_a_day_with_growing_pauses_and_then_given_up(pinged, receiver):
    receiver.status = 503
    delivery = pinged()
    pauses = try_all()
    assert [round(one.total_seconds() / 5) for one in pauses] == [
        round(one.total_seconds() / 5) for one in PAUSES
    ]
    assert list(PAUSES) == sorted(PAUSES)
    assert timedelta(days=1) < sum(PAUSES, timedelta()) < timedelta(days=2)
    assert len(receiver.messages) == len(PAUSES) + 1
    assert again(delivery).state == DeliveryState.FAILED
    assert (delivery.answer, delivery.tries) == ("503", len(PAUSES) + 1)
    # Tries are the same message, each signed with its own time.
    assert len({one.headers["webhook-id"] for one in receiver.messages}) == 1


def test_a_receiver_that_comes_back_gets_the_message(pinged, receiver):
    receiver.status = 500
    delivery = pinged()
    try_all(until=1)
    assert delivery.endpoint.__class__.objects.get().failing_since is not None
    receiver.status = 204
    Job.objects.filter(state=JobState.READY).update(run_at=timezone.now())
    drain()
    assert again(delivery).state == DeliveryState.DELIVERED
    assert (delivery.answer, delivery.tries) == ("204", 2)
    assert Endpoint.objects.get().failing_since is None


def test_a_redirect_is_not_followed(pinged, receiver):
    receiver.status, receiver.headers = 307, {"Location": receiver.url}
    delivery = pinged()
    try_all(until=1)
    assert again(delivery).answer == "307"
    assert len(receiver.messages) == 1


def test_nobody_listening_is_told_in_words(pinged):
    delivery = pinged(NOT_LISTENING)
    try_all(until=1)
    assert again(delivery).state == DeliveryState.WAITING
    assert "connection" in delivery.answer.lower()


def test_an_answer_of_one_byte_at_a_time_is_given_up(pinged, receiver, monkeypatch, site):
    monkeypatch.setattr(posting, "SECONDS", 0.2)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            line, _ = server.accept()
            with line, suppress(OSError):
                for _ in range(200):
                    if over.wait(0.02):
                        return
                    line.sendall(b"H")

        thread = threading.Thread(target=drip)
        thread.start()
        host = f"127.0.0.1:{server.getsockname()[1]}"
        object.__setattr__(site.HELDOUT, "webhook_hosts", (host,))
        delivery = pinged(f"http://{host}/")
        try_all(until=1)
        over.set()
        thread.join()
    assert "no answer within" in again(delivery).answer or "protocol" in delivery.answer.lower()


def test_an_address_is_looked_up_anew_for_each_try(pinged, receiver, site):
    """A name that led to a public machine when it was added may lead elsewhere now."""
    delivery = pinged()
    object.__setattr__(site.HELDOUT, "webhook_hosts", ())
    try_all(until=1)
    assert again(delivery).answer == "the address is not an https address"
    assert receiver.messages == []


def test_a_webhook_that_failed_for_days_is_switched_off_and_its_owner_told(
    pinged, receiver, participant
):
    receiver.status = 500
    delivery = pinged()
    try_all()
    assert Endpoint.objects.get().off_at is None
    long_ago = timezone.now() - PATIENCE - timedelta(hours=1)
    Endpoint.objects.update(failing_since=long_ago)
    services.send_again(delivery=again(delivery), now=timezone.now())
    try_all()
    endpoint = Endpoint.objects.get()
    assert endpoint.off_at is not None
    assert "3 days" in endpoint.off_because
    drain()
    (sent,) = mail.outbox
    assert sent.to == [participant.email]
    assert endpoint.url in sent.body
    assert f"/account/webhooks/{endpoint.pk}/" in sent.body
    assert AuditEntry.objects.filter(action="webhook switched off", actor=None).exists()


def test_a_receiver_that_is_gone_for_good_is_asked_no_more(pinged, receiver):
    receiver.status = 410
    delivery = pinged()
    assert try_all() == []
    assert again(delivery).state == DeliveryState.FAILED
    assert "410" in Endpoint.objects.get().off_because


def test_nothing_is_sent_while_a_webhook_is_off(add, receiver, participant, scored):
    endpoint = add(participant)
    waiting = services.ping(endpoint=endpoint, now=timezone.now())
    services.switch(endpoint=endpoint, on=False, by=participant, now=timezone.now())
    scored(participant)
    assert receiver.messages == []
    assert again(waiting).answer == "the webhook is off"
    with pytest.raises(Refused, match="off"):
        services.ping(endpoint=endpoint, now=timezone.now())
    with pytest.raises(Refused, match="off"):
        services.send_again(delivery=waiting, now=timezone.now())
    services.switch(endpoint=endpoint, on=True, by=participant, now=timezone.now())
    scored(participant)
    assert len(receiver.messages) == 1


def test_a_removed_webhook_is_forgotten_with_what_waits_for_it(pinged, receiver, participant):
    delivery = pinged()
    services.remove_endpoint(endpoint=delivery.endpoint, by=participant, now=timezone.now())
    drain()
    assert receiver.messages == []
    assert not Delivery.objects.exists()
    assert Job.objects.get(kind="webhook").state == JobState.DONE


def test_a_finished_message_is_sent_again_under_its_old_id(pinged, receiver):
    delivery = pinged()
    drain()
    services.send_again(delivery=again(delivery), now=timezone.now())
    with pytest.raises(Refused, match="on its way"):
        services.send_again(delivery=delivery, now=timezone.now())
    drain()
    first, second = receiver.messages
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert again(delivery).tries == 2


def test_one_test_message_at_a_time(add, participant):
    endpoint = add(participant)
    services.ping(endpoint=endpoint, now=timezone.now())
    with pytest.raises(Refused, match="on its way"):
        services.ping(endpoint=endpoint, now=timezone.now())


def test_a_person_has_ten_webhooks_and_one_for_an_address(add, participant, receiver):
    endpoint = add(participant)
    with pytest.raises(Refused, match="has a webhook already"):
        add(participant)
    for number in range(services.MOST - 1):
        add(participant, url=f"http://{receiver.host}/{number}")
    with pytest.raises(Refused, match="remove one"):
        add(participant, url=f"http://{receiver.host}/one-more")
    assert endpoint.url == receiver.url


def test_old_messages_are_forgotten_and_waiting_ones_kept(add, participant):
    endpoint = add(participant)
    old = timezone.now() - KEPT - timedelta(days=1)
    for state in DeliveryState:
        Delivery.objects.create(
            endpoint=endpoint, event="ping", body={}, state=state, created_at=old
        )
    job = jobs.enqueue("webhook-tidy", key="tidy", payload={}, now=timezone.now())
    forget_old_deliveries(jobs.claim(owner="test", now=timezone.now()) or job, timezone.now)
    assert [one.state for one in Delivery.objects.all()] == [DeliveryState.WAITING]


def test_messages_of_one_address_do_not_delay_anothers_first(add, participant, rival):
    busy, quiet = add(participant), add(rival)
    for _ in range(20):
        services.send(endpoint=busy, event="ping", about={}, now=timezone.now())
    services.send(endpoint=quiet, event="ping", about={}, now=timezone.now())
    claimed = [jobs.claim(owner="test", now=timezone.now()) for _ in range(3)]
    assert f"webhook/{quiet.pk}" in {one.lane for one in claimed}
