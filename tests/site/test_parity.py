"""Everything a page can do is there for programs: each page that takes a form, and its operations.

So is what pages show: each page, and what tells a program the same. The pages come from the URL resolver, the operations from the API's own description. A page whose name is
missing here fails the test: add its operation, or say why it has none.
"""

import re
from collections.abc import Iterator

import pytest
from django.template import engines
from django.urls import URLPattern, URLResolver, get_resolver

from heldout.site.api import api

# A page's name, with the form on it that is meant where it has several; what does the same.
ACTIONS = {
    "accounts:account#profile": "PATCH /account",
    "accounts:revoke-token": "DELETE /account/tokens/{token}",
    "catalog:add": "POST /data",
    "catalog:revise": "POST /data/{slug}/revisions",
    "catalog:intake-retry": "POST /intakes/{intake}/retry",
    "catalog:intake-remove": "DELETE /intakes/{intake}",
    "catalog:edit": "PATCH /data/{slug}",
    "catalog:datasheet-section": "PATCH /data/{slug}/datasheet",
    "catalog:datasheet-no-people": "POST /data/{slug}/datasheet/no-people",
    "catalog:datasheet-import": "POST /data/{slug}/datasheet/import",
    "catalog:release": "POST /data/{slug}/releases",
    "catalog:visibility": "PATCH /data/{slug}/visibility",
    "catalog:share": "POST /data/{slug}/participants",
    "catalog:unshare": "DELETE /data/{slug}/participants/{person}",
    "catalog:statistics": "POST /data/{slug}/statistics",
    "catalog:leaks": "POST /data/{slug}/leaks",
    "catalog:leaks-judge": "POST /data/{slug}/leaks/judge",
    "challenges:new": "POST /challenges, POST /folders/{folder}/publish",
    "challenges:new-revision": "POST /challenges, POST /folders/{folder}/publish",
    "challenges:rules": "POST /challenges/{slug}/terms",
    "challenges:want-mail": "PUT /challenges/{slug}/mail",
    "challenges:team#name": "POST /challenges/{slug}/team, PATCH /challenges/{slug}/team",
    "challenges:team#person": "POST /challenges/{slug}/team/offers",
    "challenges:team#mail": "POST /challenges/{slug}/team/offers",
    "challenges:team#merge": "POST /challenges/{slug}/team/offers",
    "challenges:team-join": "POST /challenges/{slug}/team/join",
    "challenges:team-offer": "POST /challenges/{slug}/team/offers/{offer}/{answer}",
    "challenges:team-leave": "DELETE /challenges/{slug}/team/members/{person}",
    "challenges:team-lead": "POST /challenges/{slug}/team/captain",
    "challenges:edit-phase": "PATCH /challenges/{slug}/phases/{phase}",
    "challenges:write-news": "POST /challenges/{slug}/announcements",
    "challenges:retract-news": "DELETE /challenges/{slug}/announcements/{announcement}",
    "challenges:disqualifications": "POST /challenges/{slug}/disqualifications",
    "challenges:reinstate": "DELETE /challenges/{slug}/disqualifications/{disqualification}",
    "challenges:name-winners": "PUT /challenges/{slug}/winners",
    "challenges:people#visibility": "PUT /challenges/{slug}/visibility",
    "challenges:people#organiser": "PUT /challenges/{slug}/people/organisers",
    "challenges:people#invite": "POST /challenges/{slug}/people/invitations",
    "challenges:uninvite": "POST /challenges/{slug}/people/invitations/withdraw",
    "challenges:remove-organiser": "DELETE /challenges/{slug}/people/organisers/{handle}",
    "planner:trace": "POST /planner/traces",
    "submissions:submit": "POST /challenges/{slug}/phases/{phase}/submissions",
    "submissions:withdraw": "POST /submissions/{submission}/withdraw",
    "submissions:choose": "POST /submissions/{submission}/choose",
    "submissions:rescore": "POST /submissions/{submission}/rescore",
    "submissions:rescore-failed": "POST /challenges/{slug}/scoring/again",
    "submissions:pause": "POST /challenges/{slug}/phases/{phase}/pause",
    "submissions:resume": "POST /challenges/{slug}/phases/{phase}/resume",
    "submissions:alert": "POST /challenges/{slug}/alerts/{number}/settle, "
    "POST /challenges/{slug}/alerts/{number}/count-as-one",
    "submissions:rejudgings": "POST /challenges/{slug}/rejudgings",
    "submissions:apply-rejudging": "POST /challenges/{slug}/rejudgings/{number}/apply",
    "submissions:cancel-rejudging": "POST /challenges/{slug}/rejudgings/{number}/cancel",
    "transfer:archives": "POST /challenges/{slug}/archives",
    "webhooks:list": "POST /webhooks",
    "webhooks:ping": "POST /webhooks/{endpoint}/ping",
    "webhooks:switch": "PATCH /webhooks/{endpoint}",
    "webhooks:remove": "DELETE /webhooks/{endpoint}",
    "webhooks:send-again": "POST /webhooks/{endpoint}/deliveries/{delivery}/again",
}
# Pages without an operation, each with its reason.
REASONS = {
    "accounts:account#token": "a token that could make others would outlive being revoked",
    "accounts:link": "signs a browser in",
    "catalog:look": "chooses what a browser's session shows",
}
# What pages show that take no form, and then those whose forms stand below more.
SHOWN = {
    "catalog:list": "GET /data",
    "catalog:intake": "GET /intakes/{intake}",
    "catalog:browse": "GET /data/{slug}/rows, GET /data/{slug}/values",
    "catalog:item": "GET /data/{slug}/rows",
    "catalog:values": "GET /data/{slug}/values",
    "catalog:classes": "GET /data/{slug}/values",
    "catalog:map": "GET /data/{slug}/rows",
    "catalog:compare": "GET /data/{slug}/values",
    "catalog:selection": "GET /data/{slug}/rows",
    "catalog:statistic": "GET /data/{slug}/statistics",
    "catalog:leaks-csv": "GET /data/{slug}/leaks",
    "catalog:about": "GET /data/{slug}, GET /data/{slug}/files",
    "catalog:datasheet": "GET /data/{slug}/datasheet",
    "catalog:documents": "GET /data/{slug}/releases",
    "catalog:bundle": "GET /data/{slug}/releases/{release}",
    "catalog:file": "GET /data/{slug}/files/{name}",
    "catalog:media": "GET /data/{slug}/media/{name}",
    "challenges:list": "GET /challenges",
    "challenges:overview": "GET /challenges/{slug}",
    "challenges:data": "GET /challenges/{slug}/data",
    "challenges:media": "GET /data/{slug}/media/{name}",
    "challenges:news": "GET /challenges/{slug}/announcements",
    "challenges:winners": "GET /challenges/{slug}/winners",
    "challenges:organise": "GET /challenges/{slug}/phases",
    "planner:model": "GET /planner/models/{model}",
    "planner:formula": "GET /planner/formula",
    "planner:numbers": "GET /planner/numbers",
    "submissions:leaderboard": "GET /challenges/{slug}/phases/{phase}/leaderboard",
    "submissions:ranks-chart": "GET /challenges/{slug}/phases/{phase}/leaderboard",
    "submissions:lead-chart": "GET /challenges/{slug}/phases/{phase}/leaderboard",
    "submissions:compare": "GET /challenges/{slug}/phases/{phase}/comparison",
    "submissions:mine": "GET /challenges/{slug}/submissions",
    "submissions:everybodys": "GET /challenges/{slug}/submissions",
    "submissions:activity": "GET /challenges/{slug}/statistics",
    "submissions:activity-table": "GET /challenges/{slug}/statistics",
    "submissions:scoring": "GET /challenges/{slug}/scoring",
    "submissions:alerts": "GET /challenges/{slug}/alerts",
    "submissions:rejudging": "GET /challenges/{slug}/rejudgings/{number}",
    "submissions:detail": "GET /submissions/{submission}, GET /submissions/{submission}/file",
    "submissions:report": "GET /submissions/{submission}/report",
    "submissions:errors": "GET /submissions/{submission}/errors",
    "transfer:archive": "GET /challenges/{slug}/archives/{archive}",
    "webhooks:detail": "GET /webhooks/{endpoint}, GET /webhooks/{endpoint}/deliveries",
}
SHOWN_BESIDE_FORMS = {
    "accounts:account": "GET /account, GET /account/tokens",
    "catalog:statistics": "GET /data/{slug}/statistics",
    "catalog:leaks": "GET /data/{slug}/leaks",
    "catalog:visibility": "GET /data/{slug}/visibility",
    "challenges:disqualifications": "GET /challenges/{slug}/disqualifications",
    "challenges:people": "GET /challenges/{slug}/people",
    "challenges:team": "GET /challenges/{slug}/team, GET /challenges/{slug}/team/offers",
    "submissions:rejudgings": "GET /challenges/{slug}/rejudgings",
    "transfer:archives": "GET /challenges/{slug}/archives",
    "webhooks:list": "GET /webhooks",
}
ONLY_DRAWN = {
    "common:patterns": "every component of the pages, for those who write pages",
    "common:None": "the icon of the pages",
    "catalog:rendition": "a picture made of a medium for browsers",
    "catalog:thumbnail": "a small picture made of a medium",
    "catalog:document": "a file of a release, which its bundle holds",
    "challenges:site-feed": "a feed is for programs",
    "challenges:news-feed": "a feed is for programs",
}
# Whole packages, by the beginning of their addresses.
PACKAGES = {
    "accounts/": "allauth: signing in and its factors are for a person in a browser",
    "admin/": "Django's own pages for the site's staff",
    "api/": "the API itself",
}
TEMPLATES = {
    "accounts:account": "accounts/account.html",
    "challenges:team": "challenges/team.html challenges/team_own.html",
    "challenges:people": "challenges/people.html",
}
FORM = re.compile(r'<input type="hidden" name="form" value="(\w+)">')
OURS = "heldout.site."


def pages(
    resolver: URLResolver, space: str = "", before: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """The name and the route of everything that answers, packages of others left out."""
    for entry in resolver.url_patterns:
        address = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from pages(entry, entry.namespace or space, address)
        elif entry.callback.__module__.startswith(OURS):
            yield f"{space}:{entry.name}", entry
        else:
            assert address.startswith(tuple(PACKAGES)) or "POST" not in methods(entry.callback)


def methods(view) -> set[str]:
    """What `require_http_methods` lets through, below whatever else decorates a view."""
    while view is not None:
        for cell in view.__closure__ or ():
            found = cell.cell_contents
            if isinstance(found, list | tuple) and found and all(map(is_verb, found)):
                return set(found)
        view = getattr(view, "__wrapped__", None)
    return {"GET", "POST"}


def is_verb(value: object) -> bool:
    return isinstance(value, str) and value.isupper()


def forms_of(name: str) -> list[str]:
    """The page's forms by their names, if it has several."""
    files = TEMPLATES.get(name, "").split()
    django = engines["django"]
    sources = (django.get_template(file).template.source for file in files)
    found = sorted({form for source in sources for form in FORM.findall(source)})
    return [f"{name}#{form}" for form in found] or [name]


@pytest.fixture(scope="module")
def actions() -> set[str]:
    found = [name for name, page in pages(get_resolver()) if "POST" in methods(page.callback)]
    return {action for name in found for action in forms_of(name)}


@pytest.fixture(scope="module")
def operations() -> set[str]:
    described = api.get_openapi_schema()["paths"]
    return {
        f"{verb.upper()} {path.removeprefix('/api/v1')}"
        for path, verbs in described.items()
        for verb in verbs
    }


def test_every_page_that_takes_a_form_has_its_operation_or_a_reason(actions):
    assert actions == ACTIONS.keys() | REASONS.keys()


def test_every_page_that_shows_something_has_its_operation_or_a_reason():
    shown = [name for name, page in pages(get_resolver()) if "POST" not in methods(page.callback)]
    assert set(shown) == SHOWN.keys() | ONLY_DRAWN.keys()


def test_every_operation_named_is_one_of_the_api(operations, actions):
    named = [*ACTIONS.values(), *SHOWN.values(), *SHOWN_BESIDE_FORMS.values()]
    assert {one for listed in named for one in listed.split(", ")} <= operations
    assert SHOWN_BESIDE_FORMS.keys() <= {one.partition("#")[0] for one in actions}


def test_every_page_with_several_forms_is_looked_into(root):
    folder = root / "src/heldout/site"
    looked = {file for files in TEMPLATES.values() for file in files.split()}
    several = {
        file.relative_to(file.parents[1]).as_posix()
        for file in folder.glob("*/templates/**/*.html")
        if FORM.search(file.read_text())
    }
    assert several == looked


def test_the_resolver_is_searched_through_and_through(actions):
    """A search that finds nothing would find nothing missing."""
    assert len(actions) > 30
    assert "submissions:withdraw" in actions
    assert "challenges:overview" not in actions
