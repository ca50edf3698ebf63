"""Django's settings, derived from `heldout.conf` alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from heldout import conf
from heldout.site.common.logs import configuration
from heldout.site.databases import database, object_storages

HELDOUT = conf.load(os.environ)
DATA = HELDOUT.data.absolute()
_url = urlsplit(HELDOUT.base_url)
_https = _url.scheme == "https"


def _secret_key() -> str:
    file = DATA / "secret"
    if HELDOUT.secret_key or not file.is_file():
        return HELDOUT.secret_key or secrets.token_urlsafe(50)
    return file.read_text("utf-8").strip()


DEBUG = HELDOUT.debug
SECRET_KEY = _secret_key()
ALLOWED_HOSTS = [str(_url.hostname), "127.0.0.1", "localhost", "[::1]", *HELDOUT.allowed_hosts]
CSRF_TRUSTED_ORIGINS = [HELDOUT.base_url]

INSTALLED_APPS = [
    "heldout.site.transfer",
    "heldout.site.submissions",
    "heldout.site.webhooks",
    "heldout.site.challenges",
    "heldout.site.catalog",
    "heldout.site.planner",
    "heldout.site.accounts",
    "heldout.site.common",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    *(f"allauth.socialaccount.providers.{name}" for name, *_ in HELDOUT.oauth),
    "csp",
    "django_htmx",
    "ninja",
    "rules",
]
MIDDLEWARE = [
    "heldout.site.common.middleware.health_check",
    "heldout.site.common.middleware.observe",
    "heldout.site.common.tracing.trace",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "heldout.site.common.bodies.well_formed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "heldout.site.common.middleware.private_by_default",
    "heldout.site.common.middleware.TellFaults",
]
ROOT_URLCONF = "heldout.site.urls"
WSGI_APPLICATION = "heldout.site.wsgi.application"
SITE_FOLDER = Path(__file__).parent
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [SITE_FOLDER / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "heldout.site.common.context.site",
            ],
        },
    }
]

DATABASES = {"default": database(HELDOUT.database_url, DATA / "db.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "heldout.site.common.caching.SiteCache",
        "OPTIONS": {"MAX_ENTRIES": 1000},
    }
}

# Where things lie in the data folder. Only `files` and `static` may ever be served.
FILES = DATA / "files"
ANSWERS = DATA / "answers"
SUBMISSIONS = DATA / "submissions"
BACKUPS = DATA / "backups"
INDEXES = DATA / "indexes"
THUMBNAILS = DATA / "thumbnails"
DOCUMENTS = DATA / "documents"
RENDERED = DATA / "rendered"
STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [folder for folder in [SITE_FOLDER / "static"] if folder.is_dir()]
_collected = (STATIC_ROOT / "staticfiles.json").is_file() and not DEBUG
WHITENOISE_USE_FINDERS = not _collected
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _collected
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
if HELDOUT.s3_bucket:
    STORAGES |= object_storages(HELDOUT)
FILE_UPLOAD_HANDLERS = ["heldout.site.common.uploads.LimitedUpload"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "heldout.site.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "heldout.site.accounts.forms.SignUpForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = "handle"
ACCOUNT_USERNAME_VALIDATORS = "heldout.site.accounts.models.HANDLES"
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_USERNAME_MIN_LENGTH = 2
ACCOUNT_EMAIL_VERIFICATION = HELDOUT.email_verification
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{HELDOUT.site_name}] "
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_PREVENT_ENUMERATION = HELDOUT.email_verification == "mandatory"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _url.scheme
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ALLAUTH_TRUSTED_PROXY_COUNT = int(HELDOUT.behind_proxy)
MFA_ADAPTER = "heldout.site.accounts.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = HELDOUT.site_name
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Browsers know passkeys on https, and on localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _https
USERSESSIONS_TRACK_ACTIVITY = True
SOCIALACCOUNT_ADAPTER = "heldout.site.accounts.adapter.SocialAdapter"
SOCIALACCOUNT_PROVIDERS = {
    name: {"APPS": [{"client_id": client_id, "secret": secret}]}
    for name, client_id, secret in HELDOUT.oauth
}
SOCIALACCOUNT_STORE_TOKENS = False
# A form of ours is answered by a way to theirs, which browsers follow only where it is allowed.
OAUTH_ORIGINS = {
    "github": "https://github.com",
    "gitlab": "https://gitlab.com",
    "google": "https://accounts.google.com",
    "microsoft": "https://login.microsoftonline.com",
    "orcid": "https://orcid.org",
}

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if HELDOUT.email_host
    else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = DATA / "outbox"
EMAIL_HOST = HELDOUT.email_host
EMAIL_PORT = HELDOUT.email_port
EMAIL_HOST_USER = HELDOUT.email_user
EMAIL_HOST_PASSWORD = HELDOUT.email_password
EMAIL_USE_TLS = HELDOUT.email_security == "starttls"
EMAIL_USE_SSL = HELDOUT.email_security == "tls"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = HELDOUT.email_from

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *(OAUTH_ORIGINS[name] for name, *_ in HELDOUT.oauth)],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
# The proxy that speaks https redirects to it; other names of the domain are not this site's affair.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HELDOUT.behind_proxy else None
USE_X_FORWARDED_HOST = HELDOUT.behind_proxy
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

LOGGING = configuration(level=HELDOUT.log_level, form=HELDOUT.log_format)
