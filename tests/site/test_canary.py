"""Unique strings stand in what must not be seen; every page is asked for them as everybody.

So is what leaves the site otherwise: mails, feeds, messages to webhooks, and the lines of its log.
"""

import ast
import dataclasses
import logging
import traceback
from types import ModuleType, SimpleNamespace

import polars as pl
import pytest
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import get_resolver, path
from django.urls.resolvers import RegexPattern, URLResolver
from django.utils import timezone

from heldout.site.accounts.adapter import encrypt
from heldout.site.accounts.models import ApiToken, Scope, SignInLink
from heldout.site.accounts.services import create_sign_in_link, create_token, create_user
from heldout.site.challenges.access import entrant_of
from heldout.site.challenges.disqualifying import disqualify
from heldout.site.challenges.models import Challenge, Organiser, Role
from heldout.site.challenges.news import announce
from heldout.site.challenges.services import invite, publish
from heldout.site.challenges.teams import form_team
from heldout.site.common import logs
from heldout.site.webhooks.models import Delivery, DeliveryState, Endpoint
from heldout.site.webhooks.services import ping
from heldout.site.worker import drain
from tests.site.challenges.conftest import TEAMS
from tests.site.conftest import PASSWORD, phase_toml
from tests.site.crawling import Visit, Visitor, addresses, crawl, marked, routes, visit

# One string for each thing that is kept from somebody.
ANSWER, SECRET, DRAFT, TEAM, ADDRESS = (
    f"canary7c1f{name}" for name in ("answer", "secret", "draft", "team", "address")
)
# 53 right answers of 60, in a phase that tells no scores.
SCORE = "0.88333"
# Those who may see it; everything else is a leak.
ALLOWED = {
    ANSWER: set(),
    SECRET: set(),
    DRAFT: {"organiser", "staff"},
    TEAM: {"participant", "organiser", "co-organiser", "reviewer", "staff"},
    ADDRESS: {"participant", "staff"},
    SCORE: {"organiser", "co-organiser", "reviewer", "staff"},
}
# Organisers and reviewers browse a challenge's data with its answers, and look at the errors of a
# submission; nowhere else is an answer shown.
BROWSING = ("data/", "api/v1/data/")
ERRORS = ("/errors/", "/errors")
BROWSERS = {"organiser", "co-organiser", "reviewer", "staff"}
# Reached by nobody in the crawl, each for its reason.
UNREACHED = {
    "api/v1/": "the root of the API has no page",
    "accounts/2fa/webauthn/keys/%(pk)s/edit/": "nobody here has a passkey",
    "accounts/2fa/webauthn/keys/%(pk)s/remove/": "nobody here has a passkey",
    "accounts/2fa/recovery-codes/": "nobody here has two factors",
    "accounts/2fa/recovery-codes/download/": "nobody here has two factors",
}


def leaks(visits: list[Visit]) -> list[str]:
    return [
        f"{secret} in {one}"
        for one in visits
        for secret, allowed in ALLOWED.items()
        if secret in one.found and one.role not in allowed and not _is_browsing(secret, one)
    ]


def _is_browsing(secret: str, one: Visit) -> bool:
    meant = one.route.startswith(BROWSING) or one.route.endswith(ERRORS)
    return secret == ANSWER and meant and one.role in BROWSERS


PHASES = (
    phase_toml("dev")
    + phase_toml("silent", reveal="[]")
    + phase_toml("insiders", leaderboard="organisers")
)


def _numbers(write_challenge, folder):
    """A challenge not published yet, whose held-out answers are numbers."""
    made = write_challenge(folder, slug="numbers", phases=phase_toml("dev", split="test"))
    for name in ("data/train.parquet", "answers/test.csv"):
        read = pl.read_parquet if name.endswith("parquet") else pl.read_csv
        table = read(folder / name).with_columns(reference=pl.int_range(pl.len()) + 0.5)
        table.write_parquet(folder / name) if "train" in name else table.write_csv(folder / name)
    toml = (folder / "challenge.toml").read_text()
    for old, new in (
        ("tabular-classification", "regression"),
        ('classes = ["cat", "dog", "bird"]\n', 'visibility = "private"\n'),
        ('id = "accuracy"', 'id = "mae"'),
        ('[[metrics]]\nid = "balanced-accuracy"\n', ""),
        ("Cats and others", f"Numbers {DRAFT}"),
        ("Cat, dog or bird?", f"Which number? {DRAFT}"),
    ):
        assert old in toml
        toml = toml.replace(old, new)
    (folder / "challenge.toml").write_text(toml)
    for page in ("README.md", "terms.md"):
        (folder / page).write_text(f"# {DRAFT}\n")
    return made


@pytest.fixture
def everywhere(
    site, write_challenge, tmp_path, organiser, challenge, enter_as, scored, signed_in, api
):
    """A site with the canaries in their places: who visits it, and what stands in addresses."""
    made = write_challenge(tmp_path / "canary", about=TEAMS, phases=PHASES, canary=ANSWER)
    publish(source=made.folder, by=None, now=timezone.now())
    publish(
        source=_numbers(write_challenge, tmp_path / "numbers").folder, by=None, now=timezone.now()
    )
    challenge.refresh_from_db()
    participant, rival = enter_as("participant"), enter_as("rival")
    participant.email = f"{ADDRESS}@example.org"
    participant.save()
    participant.emailaddress_set.update(email=participant.email)
    phases = {key: challenge.phases.get(key=key) for key in ("dev", "silent", "insiders")}
    file = "example_id,prediction\ne000," + TEAM
    named = {"note": f"our {TEAM}", "filename": f"{TEAM}.csv"}
    scored(participant, 20, phase=phases["dev"], **named)
    scored(participant, content=file.encode(), phase=phases["dev"], **named)
    scored(participant, 17, phase=phases["insiders"], **named)
    scored(rival, 53, phase=phases["silent"], note="mine")
    disqualify(
        phase=phases["insiders"],
        entrant=entrant_of(challenge, participant),
        reason=f"they copied {TEAM}",
        by=organiser,
        now=timezone.now(),
    )
    drain()
    people = {"participant": participant, "rival": rival, "organiser": organiser}
    for role in (Role.CO_ORGANISER, Role.REVIEWER, Role.ANNOTATOR):
        handle = role.value[:2]
        user = create_user(email=f"{handle}@example.org", handle=handle, password=PASSWORD)
        Organiser.objects.create(challenge=challenge, user=user, role=role)
        people[role.value] = user
    people["staff"] = create_user(email="staff@example.org", handle="staff", password=PASSWORD)
    type(organiser).objects.filter(handle="staff").update(is_staff=True, is_superuser=True)
    people["staff"].refresh_from_db()
    link = _plant_secrets(site, participant)
    _add_webhooks(participant, organiser)
    participant.refresh_from_db()
    clients = {"anonymous": [Client()]} | {role: [signed_in(one)] for role, one in people.items()}
    clients["rival"].append(api(rival))
    visitors = {role: [Visitor.like(one) for one in found] for role, found in clients.items()}
    files = [file.name for file in challenge.revision.data.files.all()]
    return SimpleNamespace(
        people=people,
        visitors=visitors,
        given={
            "slug": ["cats", "numbers"],
            "phase": ["dev", "silent", "insiders"],
            "key": ["dev", "insiders"],
            "everybody": ["true"],
            "name": [*files, "../answers/test.csv"],
            "secret": [link],
        },
    )


def _add_webhooks(*owners) -> None:
    """Their secrets, kept encrypted, are shown to nobody; their addresses to their owners alone."""
    now = timezone.now()
    for owner in owners:
        url = f"https://{TEAM}.example/{owner.handle}"
        endpoint = Endpoint.objects.create(
            owner=owner, url=url, secret=encrypt(SECRET), created_at=now
        )
        Delivery.objects.create(
            endpoint=endpoint, event="ping", body={"data": {}}, created_at=now, finished_at=now,
            state=DeliveryState.DELIVERED,
        )  # fmt: skip


def _plant_secrets(site, user) -> str:
    """Put the canary where keys, hashes and passwords of others are kept."""
    now = timezone.now()
    site.SECRET_KEY = SECRET
    site.HELDOUT = dataclasses.replace(
        site.HELDOUT, secret_key=SECRET, email_password=SECRET, database_url=""
    )
    type(user).objects.filter(pk=user.pk).update(password=f"md5${SECRET}$0")
    link = create_sign_in_link(user=user, now=now)
    SignInLink.objects.create(user=user, digest=SECRET, created_at=now, expires_at=now)
    ApiToken.objects.create(user=user, name="a", prefix="hld_a", digest=SECRET, created_at=now)
    Session.objects.create(session_key=SECRET[:40], session_data="", expire_date=now)
    return link


def test_the_canary_is_in_the_answers(everywhere, settings):
    files = [path for path in settings.ANSWERS.rglob("*") if path.is_file()]
    assert any(ANSWER.encode() in path.read_bytes() for path in files)


class Listener(logging.Handler):
    """Reads what is logged as the programs of an operator do."""

    def __init__(self, marks):
        super().__init__(logging.DEBUG)
        self.setFormatter(logs.JsonLine())
        self.marks, self.lines, self.found = marks, 0, []

    def emit(self, record):
        line = self.format(record)
        self.lines += 1
        self.found += [line] if marked(line.encode(), self.marks) else []


@pytest.fixture
def listener(everywhere):
    """Links that sign somebody in are kept out of the log like everything else."""
    listener, root, ours = (
        Listener([*ALLOWED, *everywhere.given["secret"]]),
        *map(logging.getLogger, ("", "heldout")),
    )
    level = ours.level
    for logger in (root, ours):
        logger.addHandler(listener)
    # Thousands of lines: nobody else needs to hear them.
    ours.propagate = False
    ours.setLevel(logging.DEBUG)
    yield listener
    ours.setLevel(level)
    ours.propagate = True
    ours.removeHandler(listener)
    root.removeHandler(listener)


@pytest.mark.timeout(900)
def test_what_is_kept_from_somebody_is_shown_to_nobody_else(everywhere, listener):
    visits = list(crawl(everywhere.visitors, get_resolver(), given=everywhere.given, marks=ALLOWED))
    assert leaks(visits) == []
    assert [str(one) for one in visits if one.status >= 500] == []
    # A route whose parameters nothing fills would be a route nobody looked at.
    reached = {one.route for one in visits if one.status != 404}
    assert {one.route for one in visits} - reached - UNREACHED.keys() == set()
    shown = {(secret, one.role) for one in visits for secret in one.found}
    assert shown >= {(TEAM, "participant"), (TEAM, "co-organiser"), (DRAFT, "organiser")}
    assert {(SCORE, "organiser"), (SCORE, "reviewer"), (TEAM, "reviewer")} <= shown
    assert {mark for mark, role in shown if role == "annotator"} == set()
    assert listener.found == []
    assert listener.lines > len(visits) / 2


def test_no_file_of_the_data_folder_is_served_by_its_path(everywhere, settings):
    files = [one for one in settings.DATA.rglob("*") if one.is_file()]
    assert len(files) > 10
    tops = ("", "static/", "static/../", "static/%2e%2e/", "files/../", "static/..%2f", "//")
    paths = [file.relative_to(settings.DATA).as_posix() for file in files]
    visits = [
        visit(client, role, "GET", f"/{top}{name}", marks=ALLOWED)
        for role in ("anonymous", "rival")
        for client in everywhere.visitors[role][:1]
        for name in paths
        for top in tops
    ]
    assert leaks(visits) == []
    assert {one.status for one in visits} <= {301, 400, 404}


def test_error_pages_tell_nothing(everywhere, settings, monkeypatch):
    def broken(*given, **more):
        local = ANSWER
        raise RuntimeError(local)

    # Who is imported while these are broken would keep them for good.
    assert get_resolver().url_patterns
    monkeypatch.setattr("heldout.site.challenges.views.frame", broken)
    monkeypatch.setattr("heldout.site.submissions.results.submission_detail", broken)
    addresses = ("/challenges/cats/", "/no/such/page/", "/api/v1/nothing", "/accounts/no/")
    visits = [
        visit(client, role, "GET", address, marks=ALLOWED)
        for role, (client, *_) in everywhere.visitors.items()
        for address in addresses
    ]
    stranger = Visitor(headers={"host": SECRET})
    visits.append(visit(stranger, "anonymous", "GET", "/", marks=ALLOWED))
    assert {400, 404, 500} <= {one.status for one in visits}
    assert leaks(visits) == []


def _leaking(request, number):
    return HttpResponse(f"the answer is {ANSWER}, {number}")


def test_a_view_that_leaks_is_found(everywhere):
    """The crawl itself is tried: with a page nobody wrote a test for."""
    pages = [path("forgotten/<int:number>/", _leaking)]
    resolver = URLResolver(RegexPattern(r"^/"), pages)
    module = ModuleType("a site of one page")
    module.urlpatterns = pages
    with override_settings(ROOT_URLCONF=module):
        visits = list(crawl(everywhere.visitors, resolver, given=everywhere.given, marks=ALLOWED))
    assert {one.role for one in visits} == everywhere.visitors.keys()
    assert any("forgotten" in leak for leak in leaks(visits))


@pytest.fixture
def sent(site, everywhere, scored, monkeypatch):
    """Everything that makes the site send something has happened: what it sent, to whom, and how."""
    sent = SimpleNamespace(mails=[], messages=[], functions=set())

    def mail(message, fail_silently=False):
        calls = traceback.extract_stack()
        sent.functions |= {call.name for call in calls if "heldout/site" in call.filename}
        sent.mails.append(message)

    def post(target, body, headers):
        sent.messages.append((target, body + str(headers).encode()))
        return 410 if target.endswith("/organiser") else 200

    monkeypatch.setattr(EmailMessage, "send", mail)
    monkeypatch.setattr("heldout.site.webhooks.tasks.resolve", lambda url, allowed: url)
    monkeypatch.setattr("heldout.site.webhooks.tasks.post", post)
    site.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    _announce_and_invite(everywhere.people["organiser"])
    _ask_for_mails(everywhere)
    # The same file of two accounts is an alert, and a message to those who handed it in.
    for person in ("participant", "rival"):
        scored(everywhere.people[person], 24)
    for endpoint in Endpoint.objects.all():
        ping(endpoint=endpoint, now=timezone.now())
    drain()
    return sent


def _announce_and_invite(organiser) -> None:
    now = timezone.now()
    for slug, words in (("cats", "Hello"), ("numbers", DRAFT)):
        challenge = Challenge.objects.get(slug=slug)
        announce(challenge=challenge, title=words, text=words, mail=True, by=organiser, now=now)
        invite(
            challenge=challenge, emails=[f"{slug}@example.org"], by=organiser, now=now, mail=True
        )


def _ask_for_mails(everywhere) -> None:
    """What pages send while somebody waits."""
    people, challenge = everywhere.people, Challenge.objects.get(slug="cats")
    form_team(challenge=challenge, name="Us", by=people["participant"], now=timezone.now())
    page, signed_in = "/challenges/cats/team/", everywhere.visitors["participant"][0]
    signed_in.post(page, {"form": "mail", "mail-email": "mate@example.org"})
    anybody = Client()
    for email in (people["participant"].email, people["rival"].email, "nobody@example.org"):
        anybody.post("/accounts/password/reset/", {"email": email})
    for email in (people["participant"].email, "newcomer@example.org"):
        given = {"email": email, "username": "newcomer", "password1": PASSWORD}
        Client().post("/accounts/signup/", given)


SENDING = {"send_mail", "EmailMessage", "EmailMultiAlternatives", "try_to_send", "mail_admins"}


def _sending(folder) -> set[str]:
    """The functions of the site that send mail, as its source has them."""
    return {
        function.name
        for file in folder.rglob("*.py")
        if "mail" in (text := file.read_text())
        for function in ast.walk(ast.parse(text))
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and _sends(ast.unparse(call.func))
    }


def _sends(called: str) -> bool:
    return called.rpartition(".")[2] in SENDING or called == "mail.send"


def test_what_the_site_sends_tells_its_reader_no_more_than_the_pages(
    everywhere, sent, listener, root
):
    """Every function that sends a mail has sent one, so a new kind of mail fails here until it does."""
    roles = {user.email: role for role, user in everywhere.people.items()}
    # An invitation says what one is invited to.
    roles["numbers@example.org"] = "organiser"
    letters = [
        Visit(roles.get(to, "anonymous"), "MAIL", one.subject, to, 200, _words(one))
        for one in sent.mails
        for to in one.recipients()
    ]
    owners = {f"https://{TEAM}.example/{role}": role for role in ("participant", "organiser")}
    messages = [
        Visit(owners[url], "POST", "webhook", url, 200, marked(body, ALLOWED))
        for url, body in sent.messages
    ]
    assert leaks(letters + messages) == []
    assert _sending(root / "src/heldout/site") - sent.functions == set()
    assert {"newcomer@example.org", "mate@example.org"} <= {one.address for one in letters}
    assert {one.role for one in messages} == {"participant", "organiser"}
    assert DRAFT in {mark for one in letters for mark in one.found}
    assert listener.found == []


def _words(mail: EmailMessage) -> frozenset[str]:
    """Headers and bodies before they are encoded; the address it goes to is its reader's own."""
    bodies = [mail.body, *(one.content for one in getattr(mail, "alternatives", []))]
    text = "\n".join([mail.subject, mail.from_email, str(mail.extra_headers), *bodies])
    return marked(text.encode(), ALLOWED)


def test_a_feed_opened_by_a_token_tells_no_more_than_the_pages(everywhere):
    """A token of a feed opens feeds alone: what else is asked for with it is a stranger's."""
    _announce_and_invite(everywhere.people["organiser"])
    stranger, now = Visitor(), timezone.now()
    tokens = {
        role: create_token(user=user, name="feed", now=now, scope=Scope.FEED)[1]
        for role, user in everywhere.people.items()
    }

    def ask(route, address, role):
        asked = f"{address}?token={tokens[role]}"
        return visit(stranger, role, "GET", asked, marks=ALLOWED, route=route.format)

    pages = [one for one in routes(get_resolver()) if not one.format.startswith(("admin/", "api/"))]
    listed = {one.format: addresses(one, everywhere.given) for one in pages}
    first = [(one, ask(one, listed[one.format][0], "staff")) for one in pages]
    feeds = [one for one, seen in first if "atom+xml" in seen.kind]
    visits = [
        ask(one, address, role)
        for one in feeds
        for address in listed[one.format]
        for role in tokens
    ]
    others = [one._replace(role="anonymous") for _, one in first if "atom+xml" not in one.kind]
    assert leaks(visits + others) == []
    assert len(feeds) >= 2
    shown = {one.role for one in visits if DRAFT in one.found}
    assert shown == {"organiser", "staff"}
    assert {one.role for one in visits if one.status == 200} == tokens.keys()
