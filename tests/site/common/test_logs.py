import json
import logging

import pytest
from django.test import Client

from heldout import conf
from heldout.site.common import logs
from heldout.site.common.logs import JsonLine, Line, about, configuration
from heldout.site.common.models import Job
from heldout.site.worker import work_once


def record(message: str = "it ended", *values: object, **more: object) -> logging.LogRecord:
    return logging.LogRecord(
        "heldout.site", logging.ERROR, "f.py", 1, message, values, None, **more
    )


def test_a_line_says_what_it_is_about():
    with about(request="r1"), about(attempt="evaluate:7#2"):
        line = Line().format(record("%s ended", "it"))
        fields = json.loads(JsonLine().format(record("%s ended", "it")))
    assert line.endswith("ERROR heldout.site: it ended [request=r1 attempt=evaluate:7#2]")
    assert fields["request"] == "r1"
    assert fields["attempt"] == "evaluate:7#2"
    assert (fields["level"], fields["logger"]) == ("error", "heldout.site")
    assert fields["message"] == "it ended"
    assert "[" not in Line().format(record())


def test_a_json_line_is_one_line_with_its_error():
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        found = record()
        found.exc_info = (type(error), error, error.__traceback__)
    text = JsonLine().format(found)
    assert "\n" not in text
    assert json.loads(text)["error"].endswith("ValueError: two\nlines")


def test_every_answer_bears_an_id_which_its_log_lines_bear_too(caplog, monkeypatch):
    caplog.set_level(logging.DEBUG, logger="heldout.site.common.middleware")
    lines = []
    monkeypatch.setattr(
        caplog.handler, "emit", lambda one: lines.append(json.loads(JsonLine().format(one)))
    )
    answer = Client().get("/nowhere")
    assert lines[-1]["request"] == answer["X-Request-ID"]
    assert lines[-1]["message"].startswith("GET /nowhere 404 ")


@pytest.mark.parametrize(
    ("behind_proxy", "given", "kept"),
    [("yes", "abc-123", True), ("no", "abc-123", False), ("yes", "a b\x00", False)],
)
def test_only_a_proxy_may_choose_the_id(settings, behind_proxy, given, kept):
    settings.HELDOUT = conf.load({"HELDOUT_BEHIND_PROXY": behind_proxy})
    answer = Client().get("/nowhere", headers={"x-request-id": given})
    assert (answer["X-Request-ID"] == given) == kept


def test_the_lines_of_a_job_bear_its_attempt(monkeypatch):
    from django.utils import timezone

    from heldout.site.common.handlers import HANDLERS, Handler, nothing

    seen = []

    def work(job, clock):
        seen.append(dict(logs._about.get()))
        raise ValueError("broken")

    monkeypatch.setitem(HANDLERS, "test", Handler(work, nothing))
    now = timezone.now()
    Job.objects.create(kind="test", key="test:1", run_at=now, created_at=now)
    assert work_once("me")
    assert seen == [{"attempt": "test:1#1"}]


def test_what_a_visitor_did_wrong_is_not_told_as_the_sites_fault():
    made = configuration(level="info", form="json")
    assert made["loggers"]["django.request"] == {"level": "ERROR"}
    foreign = made["loggers"]["django.security.DisallowedHost"]
    assert foreign == {"handlers": ["nobody"], "propagate": False}
