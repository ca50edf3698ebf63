from __future__ import annotations

import base64
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest

from heldout.site.accounts.models import User
from heldout.site.accounts.services import free_handle
from heldout.site.accounts.templatetags.sentences import sentence


class Named(NamedTuple):
    name: str
    domain: str


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.HELDOUT.sign_up == "open")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Sign with the site's name, which allauth takes for its host."""
        host = urlsplit(settings.HELDOUT.base_url).netloc
        site = Named(settings.HELDOUT.site_name, host)
        super().send_mail(template_prefix, email, {"current_site": site} | context)

    def format_email_subject(self, subject: str) -> str:
        return str(super().format_email_subject(sentence(subject)))


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return bool(settings.HELDOUT.sign_up == "open")

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        """The public name tells no more than a sign-up here would."""
        user: User = super().populate_user(request, sociallogin, data)
        wanted = str(data.get("username") or user.email or "person")
        user.handle = free_handle(wanted)
        return user


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Keeps the secrets of second factors encrypted: a copy of the database gives none away."""

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)


def encrypt(text: str) -> str:
    """Keep a secret so that only this site, which has its own key, can read it."""
    return _fernet().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    return _fernet().decrypt(text.encode()).decode()


def _fernet() -> Fernet:
    derive = HKDF(SHA256(), length=32, salt=None, info=b"heldout secrets")
    return Fernet(base64.urlsafe_b64encode(derive.derive(settings.SECRET_KEY.encode())))
