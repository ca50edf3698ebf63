"""A passkey, kept by Chromium's own virtual authenticator."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_added_and_signs_in_alone(page, site):
    # Browsers know passkeys on localhost, not on a bare address.
    base = site.address.replace("127.0.0.1", "localhost")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.goto(f"{base}/accounts/login/?next=/accounts/2fa/webauthn/add/")
    page.get_by_label("Email").fill("keeper@example.org")
    page.get_by_label("Password").fill("long-enough-1")
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    # A key is added by who has just shown that they are themselves.
    page.get_by_label("Password").fill("long-enough-1")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("main").get_by_role("button", name="Add").click()
    expect(page.get_by_text("Security key added.")).to_be_visible()
    page.goto(f"{base}/accounts/2fa/webauthn/")
    expect(page.get_by_role("row", name="Laptop Passkey")).to_contain_text("Never")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{base}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("link", name="keeper")).to_be_visible()
