import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from heldout.site.accounts.adapter import SocialAdapter
from heldout.site.accounts.models import ApiToken, User
from heldout.site.accounts.services import create_sign_in_link, create_token
from heldout.site.accounts.templatetags.sentences import sentence

PASSWORD = "a-long-enough-secret"


def test_an_account_page_is_for_its_owner(client, signed_in, outsider):
    assert client.get("/account/").headers["Location"].startswith("/accounts/login/")
    assert "outsider@example.org" in signed_in(outsider).get("/account/").content.decode()


def test_a_token_is_shown_once(signed_in, outsider):
    client = signed_in(outsider)
    made = client.post(
        "/account/", {"form": "token", "name": "laptop", "scope": "submit", "days": "0"}
    )
    secret = made.context["secret"]
    assert secret in made.content.decode()
    assert "no-store" in made.headers["Cache-Control"]
    assert secret not in client.get("/account/").content.decode()


def test_a_token_is_revoked_after_a_question_by_its_owner_only(signed_in, outsider, annotator):
    token, _ = create_token(user=outsider, name="laptop", now=timezone.now())
    address = f"/account/tokens/{token.pk}/revoke/"
    assert signed_in(annotator).post(address).status_code == 404
    assert "Revoke" in signed_in(outsider).get(address).content.decode()
    assert ApiToken.objects.get().revoked_at is None
    signed_in(outsider).post(address)
    assert ApiToken.objects.get().revoked_at is not None


def test_a_profile_is_saved(signed_in, outsider):
    given = {"form": "profile", "handle": "insider", "name": "In Sider"}
    assert signed_in(outsider).post("/account/", given).status_code == 302
    outsider.refresh_from_db()
    assert (outsider.handle, outsider.name) == ("insider", "In Sider")


@pytest.mark.parametrize("handle", ["Annotator", "a", "with space", ""])
def test_a_public_name_that_cannot_be_is_refused_and_nothing_is_saved(
    signed_in, outsider, annotator, handle
):
    answer = signed_in(outsider).post("/account/", {"form": "profile", "handle": handle})
    assert answer.status_code == 422
    outsider.refresh_from_db()
    assert outsider.handle == "outsider"


def test_a_sign_in_link_works_once_and_only_when_the_button_is_pressed(client, outsider):
    address = f"/accounts/link/{create_sign_in_link(user=outsider, now=timezone.now())}/"
    for _ in range(2):
        assert "Sign in as outsider?" in client.get(address).content.decode()
    assert client.get("/account/").status_code == 302
    client.post(address)
    assert client.get("/account/").status_code == 200
    assert client.post(address).status_code == 404


def test_an_old_sign_in_link_signs_nobody_in(client, outsider):
    long_ago = timezone.now() - timedelta(days=2)
    address = f"/accounts/link/{create_sign_in_link(user=outsider, now=long_ago)}/"
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404
    assert client.get("/account/").status_code == 302


def test_a_person_signs_up_with_an_address_a_name_and_a_password(client):
    given = {"email": "new@example.org", "username": "new", "password1": PASSWORD}
    answer = client.post("/accounts/signup/", given)
    assert answer.status_code == 302
    assert User.objects.get().handle == "new"


def test_a_sign_up_that_fails_says_why_beside_each_field(client, outsider):
    given = {"email": "outsider@example.org", "username": "Outsider", "password1": "short"}
    html = client.post("/accounts/signup/", given).content.decode()
    assert html.count('class="error"') >= 2
    assert User.objects.count() == 1


def test_a_forgotten_password_is_reset_by_mail(client, outsider, mailoutbox):
    client.post("/accounts/password/reset/", {"email": "outsider@example.org"})
    address = next(line for line in mailoutbox[0].body.split() if "/password/reset/key" in line)
    page = client.get("/" + address.split("/", 3)[3], follow=True)
    assert page.status_code == 200
    where = page.redirect_chain[-1][0]
    client.post(where, {"password1": PASSWORD, "password2": PASSWORD})
    outsider.refresh_from_db()
    assert outsider.check_password(PASSWORD)


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/email/",
        "/accounts/2fa/",
        "/accounts/2fa/webauthn/",
        "/accounts/password/change/",
        "/accounts/sessions/",
        "/accounts/logout/",
    ],
)
def test_the_pages_of_an_account_are_written_like_all_others(signed_in, participant, path):
    html = signed_in(participant).get(path).content.decode()
    said = re.findall(r"<(?:h1|h2|title|button|label)[^>]*>([^<]+)<", html)
    words = [word for text in said for word in text.replace("\u00b7 Heldout", "").split()[1:]]
    assert words
    assert [word for word in words if word[:1].isupper() and not word.isupper()] == []


def test_names_keep_their_capitals_and_markup_stays_as_it_is():
    assert sentence(" Sign In Via Google ") == "Sign in via Google"
    assert sentence("Activate Two-Factor TOTP") == "Activate two-factor TOTP"
    assert sentence("Two-Factor Authentication") == "Two-factor authentication"
    assert sentence("Two-Factor Codes") == "Two-factor codes"
    assert sentence("Add Email <b>Me</b>") == "Add Email <b>Me</b>"
    assert sentence("") == ""


def test_with_one_address_nobody_is_asked_which_is_the_primary_one(signed_in, outsider):
    client = signed_in(outsider)
    html = client.get("/accounts/email/").content.decode()
    assert "outsider@example.org" in html
    assert "action_primary" not in html
    assert "action_remove" not in html
    EmailAddress.objects.create(user=outsider, email="second@example.org", verified=True)
    html = client.get("/accounts/email/").content.decode()
    assert "Make primary" in html
    assert "action_remove" in html


def test_the_sign_in_page_offers_a_passkey_and_the_services(client, monkeypatch):
    class Service:
        id, name, uses_apps = "example", "Example University", False

        def get_login_url(self, request, **query):
            return f"/accounts/example/login/?process={query['process']}"

    monkeypatch.setattr(SocialAdapter, "list_providers", lambda adapter, request: [Service()])
    html = client.get("/accounts/login/").content.decode()
    assert 'form="mfa_login"' in html
    assert "Go on with Example University" in html
    assert 'action="/accounts/example/login/?process=login"' in html
    assert "Go on with Example University" in client.get("/accounts/signup/").content.decode()
