from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from heldout import conf
from heldout.site import doctor
from heldout.site.common.models import Job, JobState
from heldout.site.doctor import Level, examine


def use(settings, **changes):
    """Change `HELDOUT_*` settings as the environment would."""
    settings.HELDOUT = conf.load(
        {f"HELDOUT_{name.upper()}": value for name, value in changes.items()}
    )


@pytest.fixture(autouse=True)
def guarded(site):
    for name in ("answers", "submissions", "backups", "incoming", "outbox"):
        (site.DATA / name).chmod(0o700)
    for name, mode in doctor.FOLDERS.items():
        (site.DATA / name).mkdir(exist_ok=True)
        (site.DATA / name).chmod(mode)


def found(subject: str) -> list[tuple[Level, str]]:
    findings = examine(now=timezone.now())[subject]
    assert all(one.remedy for one in findings)
    return [(one.level, one.message) for one in findings]


def test_a_sound_site_has_no_errors(settings, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_FREE", 1)
    monkeypatch.setattr(doctor, "UPLOADS_THAT_FIT", 0)
    monkeypatch.setattr(doctor.checks, "run_checks", lambda **_: [])
    by_subject = examine(now=timezone.now())
    if connection.vendor == "sqlite":  # The tests' own database lies in memory.
        by_subject["database"] = []
    errors = [one for each in by_subject.values() for one in each if one.level == Level.ERROR]
    assert errors == []
    assert set(by_subject) >= {"address", "secret", "folders", "answers", "disk", "clock", "mail"}


def test_a_folder_that_others_may_read_is_told_with_the_command_that_closes_it(site):
    (site.DATA / "answers").chmod(0o755)
    (finding,) = examine(now=timezone.now())["folders"]
    assert finding.remedy == f"chmod 700 {site.DATA / 'answers'}"


def test_answers_below_a_served_folder_are_an_error(site):
    site.ANSWERS = site.FILES / "answers"
    ((level, message),) = found("answers")
    assert level == Level.ERROR
    assert "is served" in message


def test_a_short_secret_is_an_error(settings):
    settings.SECRET_KEY = "short"
    assert found("secret")[0][0] == Level.ERROR


def test_plain_http_on_a_public_name_is_an_error(settings):
    use(settings, base_url="http://challenges.example.org")
    assert "not encrypted" in found("address")[0][1]
    use(settings, base_url="https://challenges.example.org", behind_proxy="yes")
    assert found("address") == []


def test_a_site_for_this_machine_alone_is_told_so_once(settings):
    use(settings, base_url="http://127.0.0.1:8000")
    told = [one for each in examine(now=timezone.now()).values() for one in each]
    of_https = [one for one in told if "security" in one.message or "encrypted" in one.message]
    assert [(one.subject, one.level) for one in of_https] == [("address", Level.WARNING)]


def test_what_the_framework_misses_with_https_is_told(settings):
    use(settings, base_url="https://challenges.example.org")
    settings.SESSION_COOKIE_SECURE = False
    assert any("security.W012" in message for _, message in found("framework"))


def test_a_full_disk_is_an_error(monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_FREE", 10**18)
    assert "GB are free" in found("disk")[0][1]


def job(**fields) -> Job:
    now = timezone.now()
    return Job.objects.create(
        **{"kind": "evaluate", "key": "k", "run_at": now, "created_at": now} | fields
    )


def test_a_row_from_the_future_tells_of_a_wrong_clock():
    job(created_at=timezone.now() + timedelta(hours=1))
    assert "in the future" in found("clock")[0][1]


def test_a_job_of_a_silent_worker_and_work_that_nobody_does_are_errors():
    now = timezone.now()
    job(state=JobState.RUNNING, owner="gone", lease_until=now - timedelta(hours=1))
    job(key="other", run_at=now - timedelta(hours=1))
    stuck, waiting = found("work")
    assert "1 jobs belong to workers that fell silent" in stuck[1]
    assert "1 jobs wait" in waiting[1]


def test_a_job_that_was_given_up_is_told_with_its_reason():
    job(state=JobState.DEAD, error="the scorer divides by zero")
    ((level, message),) = found("set aside")
    assert level == Level.WARNING
    assert "divides by zero" in message


def test_a_mail_server_that_does_not_answer_is_an_error(settings):
    use(settings, email_host="127.0.0.1", email_port="1")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert "does not take mail" in found("mail")[0][1]


def test_a_database_that_fails_is_told_and_ends_nothing(monkeypatch):
    def fails():
        raise DatabaseError("no such table")

    monkeypatch.setattr(doctor, "pending_migrations", fails)
    assert "no such table" in found("database")[0][1]


def test_roles_by_address_are_warned_of_where_no_address_is_confirmed(settings):
    use(settings)
    ((level, message),) = found("roles")
    assert level == Level.WARNING
    assert "whoever signed up" in message
    for confirmed in ("optional", "mandatory"):
        use(settings, email_verification=confirmed)
        assert found("roles") == []
    use(settings, sign_up="closed")
    assert found("roles") == []
