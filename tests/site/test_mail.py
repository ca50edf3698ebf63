"""Mail goes through a real SMTP server, aiosmtpd on this machine."""

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import AuthResult, LoginPassword
from django.core import mail
from django.test import Client
from django.utils import timezone

from heldout import conf
from heldout.site import doctor

# On one machine, without a certificate.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


class Inbox(Message):
    def __init__(self):
        super().__init__()
        self.messages = []

    def handle_message(self, message):
        self.messages.append(message)


def knows(server, session, envelope, mechanism, data):
    right = data == LoginPassword(b"site", b"secret")
    return AuthResult(success=right)


@pytest.fixture
def inbox(settings, unused_tcp_port):
    inbox = Inbox()
    server = Controller(
        inbox,
        hostname="127.0.0.1",
        port=unused_tcp_port,
        authenticator=knows,
        auth_required=True,
        auth_require_tls=False,
    )
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_tcp_port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "site", "secret"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.HELDOUT = conf.load({"HELDOUT_EMAIL_HOST": "127.0.0.1"})
    yield inbox
    server.stop()


@pytest.fixture
def unused_tcp_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_forgotten_password_is_set_anew_through_a_mail(inbox, outsider):
    Client().post("/accounts/password/reset/", {"email": outsider.email})
    (message,) = inbox.messages
    assert message["To"] == outsider.email
    assert "/accounts/password/reset/key/" in message.get_payload()


def test_a_name_with_a_line_break_adds_no_header(inbox):
    with pytest.raises(ValueError, match="newlines"):
        mail.send_mail("a\nBcc: all@example.org", "text", None, ["a@example.org"])
    assert inbox.messages == []


def test_the_doctor_signs_in_at_the_mail_server(inbox, settings):
    assert doctor.examine(now=timezone.now())["mail"] == []
    settings.EMAIL_HOST_PASSWORD = "wrong"
    (finding,) = doctor.examine(now=timezone.now())["mail"]
    assert "does not take mail" in finding.message
