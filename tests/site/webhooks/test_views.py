"""The pages and the API of webhooks: the same verbs, the same refusals."""

import pytest
from django.test import Client
from django.utils import timezone

from heldout.site.common.models import AuditEntry
from heldout.site.webhooks import services
from heldout.site.webhooks.models import Delivery, DeliveryState, Endpoint
from heldout.site.worker import drain

PAGE, API = "/account/webhooks/", "/api/v1/webhooks"


def text(response) -> str:
    return response.content.decode()


def send(client, verb, address, **body):
    return getattr(client, verb)(address, body, content_type="application/json")


@pytest.fixture
def endpoint(add, participant):
    return add(participant)


def test_others_and_visitors_reach_no_webhook(endpoint, signed_in, api, rival):
    delivery = services.ping(endpoint=endpoint, now=timezone.now())
    page, own = f"{PAGE}{endpoint.pk}/", f"{API}/{endpoint.pk}"
    again = f"deliveries/{delivery.pk}/again"
    asked = [("get", ""), ("post", "ping/"), ("post", "switch/"), ("post", "remove/")]
    for verb, part in [*asked, ("post", f"{again}/")]:
        assert getattr(signed_in(rival), verb)(page + part).status_code == 404
        assert getattr(Client(), verb)(page + part).status_code == 302
    for verb, part in [
        ("get", ""),
        ("delete", ""),
        ("get", "/deliveries"),
        ("post", "/ping"),
        ("post", f"/{again}"),
    ]:
        assert getattr(api(rival), verb)(own + part).status_code == 404
        assert getattr(Client(), verb)(own + part).status_code == 401
    assert send(api(rival), "patch", own, on=False).status_code == 404
    assert endpoint.url not in text(signed_in(rival).get(PAGE))
    assert api(rival).get(API).json() == []
    assert Endpoint.objects.get().off_at is None


def test_the_secret_is_shown_once(receiver, signed_in, participant):
    browser = signed_in(participant)
    added = browser.post(PAGE, {"url": receiver.url, "challenge": ""})
    assert added.status_code == 200
    assert "whsec_" in text(added)
    endpoint = Endpoint.objects.get()
    for address in (PAGE, f"{PAGE}{endpoint.pk}/"):
        assert receiver.url.replace("&", "&amp;") in text(browser.get(address))
        assert "whsec_" not in text(browser.get(address))
    assert AuditEntry.objects.filter(action="webhook added", actor=participant).exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://localhost/hook", "not on the public internet"),
        ("http://192.168.1.1/", "not an https address"),
        ("x" * 501, "500"),
        ("", "required"),
    ],
)
def test_a_forbidden_address_is_refused_in_words(url, words, signed_in, participant, receiver):
    response = signed_in(participant).post(PAGE, {"url": url})
    assert response.status_code == 422
    assert words in text(response)
    assert not Endpoint.objects.exists()


def test_only_those_who_see_all_submissions_choose_a_challenge(
    receiver, signed_in, api, participant, organiser, challenge
):
    given = {"url": receiver.url, "challenge": challenge.pk}
    assert signed_in(participant).post(PAGE, given).status_code == 422
    given["challenge"] = challenge.slug
    assert send(api(participant), "post", API, **given).status_code == 403
    made = send(api(organiser), "post", API, **given)
    assert made.status_code == 201
    assert made.json()["challenge"] == "cats"
    page = signed_in(organiser).get(f"{PAGE}?challenge=cats")
    assert f'<option value="{challenge.pk}" selected>' in text(page)


def test_a_page_tries_lists_sends_again_switches_and_removes(
    endpoint, receiver, signed_in, participant, scored
):
    browser, own = signed_in(participant), f"{PAGE}{endpoint.pk}/"
    page = text(browser.get(own))
    assert "Nothing has been sent yet" in page
    assert f'<a href="{PAGE}">Webhooks</a>' in page
    assert '<a href="/account/">Your account</a>' in page
    browser.post(f"{own}ping/")
    assert "Waiting" in text(browser.get(own))
    assert "on its way already" in text(browser.post(f"{own}ping/", follow=True))
    submission = scored(participant)
    page = text(browser.get(own))
    assert "Delivered" in page
    assert f"/submissions/{submission.pk}/" in page
    ping = Delivery.objects.get(event="ping")
    browser.post(f"{own}deliveries/{ping.pk}/again/")
    drain()
    assert len(receiver.messages) == 3
    browser.post(f"{own}switch/", {"on": "0"})
    assert "Switched off" in text(browser.get(own))
    browser.post(f"{own}switch/", {"on": "1"})
    assert Endpoint.objects.get().off_at is None
    assert browser.get(f"{own}remove/").status_code == 200
    browser.post(f"{own}remove/")
    assert not Endpoint.objects.exists()
    actions = set(AuditEntry.objects.filter(actor=participant).values_list("action", flat=True))
    assert {"webhook switched off", "webhook switched on", "webhook removed"} <= actions


def test_a_page_tells_of_failing_and_of_what_the_site_switched_off(
    endpoint, signed_in, participant
):
    browser, own = signed_in(participant), f"{PAGE}{endpoint.pk}/"
    now = timezone.now()
    Endpoint.objects.update(failing_since=now)
    assert "Nothing has been accepted since" in text(browser.get(own))
    Delivery.objects.create(
        endpoint=endpoint, event="ping", body={"data": {}}, state=DeliveryState.FAILED,
        created_at=now, finished_at=now, answer="503",
    )  # fmt: skip
    Endpoint.objects.update(off_at=now, off_because="nothing was accepted for 3 days")
    page = text(browser.get(own))
    assert "nothing was accepted for 3 days" in page
    assert "503" in page
    assert "Send again" not in page.split("</thead>")[1]


def test_programs_do_the_same(receiver, api, participant):
    client = api(participant)
    made = send(client, "post", API, url=receiver.url)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    own = f"{API}/{made.json()['id']}"
    assert client.get(own).json() == {
        key: value for key, value in made.json().items() if key != "secret"
    }
    assert client.post(f"{own}/ping").status_code == 202
    assert client.post(f"{own}/ping").status_code == 409
    drain()
    (delivery,) = client.get(f"{own}/deliveries").json()
    assert (delivery["state"], delivery["answer"], delivery["tries"]) == ("delivered", "200", 1)
    assert delivery["body"]["type"] == "ping"
    again = f"{own}/deliveries/{delivery['id']}/again"
    assert client.post(again).json()["state"] == "waiting"
    assert client.post(f"{own}/deliveries/none/again").status_code == 404
    assert send(client, "patch", own, on=False).json()["on"] is False
    assert client.post(again).status_code == 409
    assert [one["on"] for one in client.get(API).json()] == [False]
    assert client.delete(own).status_code == 204
    assert client.get(own).status_code == 404
    assert client.get(f"{API}/{10**30}").status_code == 422
