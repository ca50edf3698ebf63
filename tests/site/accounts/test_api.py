"""What programs may do with the account of whose token they have."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from heldout.site.accounts.models import Scope
from heldout.site.accounts.services import create_token
from heldout.site.common.models import AuditEntry

API = "/api/v1/account"


def edit(client, **changes):
    return client.patch(API, changes, content_type="application/json")


def test_the_profile_is_edited_in_part(api, outsider):
    outsider.name = "Known Before"
    outsider.save()
    response = edit(api(outsider), handle="newcomer")
    assert response.status_code == 200
    assert (response.json()["handle"], response.json()["name"]) == ("newcomer", "Known Before")
    outsider.refresh_from_db()
    assert outsider.handle == "newcomer"
    assert AuditEntry.objects.filter(action="profile edited", actor=outsider).exists()


@pytest.mark.parametrize(
    ("handle", "words"), [("a b", "letters, digits"), ("ANNOTATOR", "taken"), ("", "required")]
)
def test_a_name_that_cannot_be_is_refused_with_its_place(handle, words, api, outsider, annotator):
    response = edit(api(outsider), handle=handle)
    assert response.status_code == 422
    assert any(words in problem["message"] for problem in response.json()["problems"])
    outsider.refresh_from_db()
    assert outsider.handle == "outsider"


def test_tokens_are_listed_without_their_secrets_and_revoked(api, outsider, annotator):
    client, now = api(outsider), timezone.now()
    other, secret = create_token(
        user=outsider, name="laptop", scope=Scope.READ, lifetime=timedelta(days=7), now=now
    )
    listed = client.get(f"{API}/tokens").json()
    assert {(one["name"], one["scope"]) for one in listed} == {
        ("laptop", "read"),
        ("test", "organise"),
    }
    assert secret not in str(listed)
    assert api(annotator).delete(f"{API}/tokens/{other.pk}").status_code == 404
    assert client.delete(f"{API}/tokens/{other.pk}").status_code == 204
    assert client.delete(f"{API}/tokens/{other.pk}").status_code == 404
    stale = Client(headers={"Authorization": f"Bearer {secret}"})
    assert stale.get(API).status_code == 401


def test_a_token_that_only_reads_edits_and_revokes_nothing(outsider):
    token, secret = create_token(user=outsider, name="reader", scope=Scope.READ, now=timezone.now())
    reader = Client(headers={"Authorization": f"Bearer {secret}"})
    assert edit(reader, handle="other").status_code == 403
    assert reader.delete(f"{API}/tokens/{token.pk}").status_code == 403


def test_no_token_makes_another(api, outsider):
    assert api(outsider).post(f"{API}/tokens", {"name": "more"}).status_code == 405
