"""Two factors, mails, limits and sessions, as a person goes through them."""

import base64
import hmac
import os
import re
import struct
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.utils import timezone

from heldout.site.accounts.models import Scope, User
from heldout.site.accounts.services import create_token
from tests.site.conftest import PASSWORD

LOGIN = "/accounts/login/"


def totp(secret: str, at: float | None = None) -> str:
    """The code of RFC 6238, written down apart from the package that checks it."""
    step = int((time.time() if at is None else at) // 30)
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 10**6:06}"


def sign_in(email: str, password: str = PASSWORD, client: Client | None = None) -> Client:
    client = client or Client()
    client.post(LOGIN, {"login": email, "password": password})
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


@pytest.fixture
def guarded(outsider) -> tuple[User, str]:
    """A person who has turned on an authenticator app, and its secret."""
    outsider.emailaddress_set.update(verified=True)
    client = sign_in(outsider.email)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/")
    assert page.status_code == 200, page.headers
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    answer = client.post("/accounts/2fa/totp/activate/", {"code": totp(secret)})
    assert answer.status_code == 302
    return outsider, secret


def test_the_codes_are_those_of_rfc_6238():
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert [totp(secret, at) for at in (59, 1111111109)] == ["287082", "081804"]


def test_with_a_second_factor_the_password_alone_signs_nobody_in(guarded):
    user, secret = guarded
    client = sign_in(user.email)
    assert not is_signed_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert not is_signed_in(client)
    # The code that turned it on has been used, so the next one signs in.
    client.post("/accounts/2fa/authenticate/", {"code": totp(secret, time.time() + 30)})
    app = Authenticator.objects.get(type="totp", user=user)
    assert secret not in str(app.data)


def test_a_recovery_code_signs_in_once(guarded):
    user, _ = guarded
    codes = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()
    assert len(codes) == 10
    client = sign_in(user.email)
    client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert is_signed_in(client)
    again = sign_in(user.email)
    again.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert not is_signed_in(again)


def test_guessing_a_password_is_stopped(outsider):
    client = Client()
    answers = [client.post(LOGIN, {"login": outsider.email, "password": "x"}) for _ in range(12)]
    assert "Too many failed" in answers[-1].content.decode() or answers[-1].status_code == 429
    assert not is_signed_in(sign_in(outsider.email, client=client))


def test_a_new_account_can_be_made_to_confirm_its_address(site, client):
    site.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    given = {"email": "new@example.org", "username": "newcomer", "password1": PASSWORD}
    client.post("/accounts/signup/", given)
    assert not is_signed_in(client)
    (letter,) = mail.outbox
    assert letter.subject == "[Heldout] Please confirm your email address"
    assert "Hello from Heldout!" in letter.body
    link = re.search(r"(/accounts/confirm-email/\S+)", letter.body)[1]
    client.post(link)
    assert is_signed_in(sign_in("new@example.org"))


def test_a_forgotten_password_is_replaced_by_mail_once(outsider, client):
    client.post("/accounts/password/reset/", {"email": outsider.email})
    link = re.search(r"(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    form = client.get(link, follow=True)
    changed = {"password1": "another staple battery", "password2": "another staple battery"}
    client.post(form.redirect_chain[-1][0], changed)
    assert is_signed_in(sign_in(outsider.email, "another staple battery"))
    assert not is_signed_in(sign_in(outsider.email, PASSWORD))
    assert "already been used" in Client().get(link, follow=True).content.decode()


def test_other_sessions_are_listed_and_ended(outsider):
    here, there = sign_in(outsider.email), sign_in(outsider.email)
    for client in (here, there):
        assert is_signed_in(client)
    page = here.get("/accounts/sessions/").content.decode()
    assert page.count("127.0.0.1") == 2
    assert page.count("This one") == 1
    assert 'href="/account/"' in page.partition("<main")[2]
    here.post("/accounts/sessions/")
    assert is_signed_in(here)
    assert not is_signed_in(there)


@pytest.mark.parametrize(
    ("scope", "reads", "submits", "edits"),
    [(Scope.READ, 200, 403, 403), (Scope.SUBMIT, 200, 422, 403), (Scope.ORGANISE, 200, 422, 200)],
)
def test_a_token_does_no_more_than_its_scope(scope, reads, submits, edits, organiser, challenge):
    _, secret = create_token(user=organiser, name="x", scope=scope, now=timezone.now())
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    phase = "/api/v1/challenges/cats/phases/dev"
    edit = client.patch(phase, {"per_day": 3}, content_type="application/json")
    assert client.get("/api/v1/account").status_code == reads
    assert client.post(f"{phase}/submissions").status_code == submits
    assert edit.status_code == edits
    if edits == 403:
        assert f"scope is {scope.value}" in edit.json()["problems"][0]["message"]


def test_a_token_stops_working_when_its_time_is_over(outsider):
    now = timezone.now()
    for age, status in ((1, 200), (3, 401)):
        _, secret = create_token(
            user=outsider, name="x", now=now - timedelta(days=age), lifetime=timedelta(days=2)
        )
        client = Client(headers={"Authorization": f"Bearer {secret}"})
        assert client.get("/api/v1/account").status_code == status


def test_the_page_makes_a_token_of_the_chosen_scope(outsider, signed_in):
    client = signed_in(outsider)
    client.post("/account/", {"form": "token", "name": "ci", "scope": "read", "days": "30"})
    token = outsider.api_tokens.get()
    assert token.scope == Scope.READ
    assert token.expires_at - token.created_at == timedelta(days=30)


def test_pages_of_accounts_carry_a_strict_policy(outsider):
    client = sign_in(outsider.email)
    for address in (
        LOGIN,
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/sessions/",
        "/accounts/email/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/3rdparty/",
    ):
        answer = client.get(address, follow=True)
        assert answer.status_code == 200, address
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        html = answer.content.decode()
        inline = re.findall(r"<script(?![^>]*(?:src=|application/json|nonce=))[^>]*>", html)
        assert inline == [], address
        assert not re.search(r"<[^>]+\son\w+=", html), address


def test_a_service_to_sign_in_with_is_switched_on_by_a_setting(tmp_path):
    """In a process of its own: what is installed is decided when the site starts."""
    program = """
import django; django.setup()
from django.conf import settings
from django.urls import reverse
print(reverse("github_login"), *settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"])
"""
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "heldout.site.settings",
        "HELDOUT_DATA": str(tmp_path),
        "HELDOUT_OAUTH": "github:an-id:a-secret",
    }
    told = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["/accounts/github/login/", "'self'", "https://github.com"]
