"""Every page: axe-core finds nothing serious in light and dark, and a phone needs no sideways scroll."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLResolver, get_resolver

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

NOBODY, PARTICIPANT, ORGANISER = "", "participant", "organiser"
DIGITS = "/challenges/digits/"
# By the name of the route, or in words where one route has several states.
PAGES = {
    "common:patterns": (NOBODY, "/-/patterns"),
    "planner:model": (NOBODY, "/planner/"),
    "planner:formula": (NOBODY, "/planner/formula/"),
    "planner:trace": (NOBODY, "/planner/trace/"),
    "planner:numbers": (NOBODY, "/planner/numbers/"),
    "challenges:list": (NOBODY, "/"),
    "challenges:overview": (NOBODY, DIGITS),
    "challenges:data": (NOBODY, f"{DIGITS}data/"),
    "catalog:list": (NOBODY, "/data/"),
    "catalog:browse": (NOBODY, "/data/digits/"),
    "catalog:browse for an organiser": (ORGANISER, "/data/digits/?f.split=val&view=table"),
    "catalog:item": (NOBODY, "/data/digits/item/?split=train&id=train-0001&x=3&y=3"),
    "catalog:compare": (NOBODY, "/data/digits/compare/"),
    "catalog:classes": (NOBODY, "/data/digits/classes/"),
    "catalog:datasheet": (NOBODY, "/data/digits/datasheet/"),
    "catalog:datasheet-section": (ORGANISER, "/data/digits/datasheet/composition/"),
    "catalog:documents": (ORGANISER, "/data/digits/documents/"),
    "catalog:about": (NOBODY, "/data/digits/about/"),
    "catalog:add": (ORGANISER, "/data/add/"),
    "challenges:rules": (PARTICIPANT, f"{DIGITS}rules/"),
    "rules for a visitor": (NOBODY, f"{DIGITS}rules/"),
    "rules to accept": (ORGANISER, f"{DIGITS}rules/"),
    "submissions:leaderboard": (PARTICIPANT, f"{DIGITS}leaderboard/"),
    "leaderboard by another metric": (NOBODY, f"{DIGITS}leaderboard/?metric=f1/macro"),
    "empty leaderboard": (NOBODY, f"{DIGITS}leaderboard/?phase=warm-up"),
    "submissions:submit": (PARTICIPANT, f"{DIGITS}submit/"),
    "submit for a visitor": (NOBODY, f"{DIGITS}submit/"),
    "submissions:mine": (PARTICIPANT, f"{DIGITS}submissions/"),
    "no submissions": (ORGANISER, f"{DIGITS}submissions/"),
    "submissions:detail": (PARTICIPANT, "logistic.csv"),
    "refused submission": (PARTICIPANT, "bad.csv"),
    "submissions:withdraw": (PARTICIPANT, "logistic.csv withdraw/"),
    "submissions:errors": (ORGANISER, "logistic.csv errors/"),
    "submissions:compare": (NOBODY, f"{DIGITS}compare/"),
    "submissions:ranks-chart": (NOBODY, f"{DIGITS}leaderboard/ranks/"),
    "submissions:lead-chart": (NOBODY, f"{DIGITS}leaderboard/lead/"),
    "submissions:everybodys": (ORGANISER, f"{DIGITS}organise/submissions/"),
    "challenges:new": (ORGANISER, "/new/"),
    "challenges:organise": (ORGANISER, f"{DIGITS}organise/"),
    "challenges:edit-phase": (ORGANISER, f"{DIGITS}organise/phases/dev/"),
    "challenges:people": (ORGANISER, f"{DIGITS}organise/people/"),
    "challenges:remove-organiser": (ORGANISER, f"{DIGITS}organise/people/1/remove/"),
    "challenges:new-revision": (ORGANISER, f"{DIGITS}organise/revision/"),
    "challenges:team": (PARTICIPANT, f"{DIGITS}team/"),
    "challenges:team-join": (PARTICIPANT, f"{DIGITS}team/join/used-up/"),
    "challenges:news": (PARTICIPANT, f"{DIGITS}news/"),
    "challenges:write-news": (ORGANISER, f"{DIGITS}organise/news/"),
    "challenges:winners": (ORGANISER, f"{DIGITS}winners/"),
    "challenges:disqualifications": (ORGANISER, f"{DIGITS}organise/disqualifications/"),
    "challenges:name-winners": (ORGANISER, f"{DIGITS}organise/winners/"),
    "submissions:activity": (ORGANISER, f"{DIGITS}organise/statistics/"),
    "submissions:scoring": (ORGANISER, f"{DIGITS}organise/scoring/"),
    "submissions:alerts": (ORGANISER, f"{DIGITS}organise/alerts/"),
    "submissions:rejudgings": (ORGANISER, f"{DIGITS}organise/rejudging/"),
    "submissions:rejudging": (ORGANISER, f"{DIGITS}organise/rejudging/1/"),
    "transfer:archives": (ORGANISER, f"{DIGITS}organise/archive/"),
    "accounts:account": (PARTICIPANT, "/account/"),
    "accounts:link": (NOBODY, "/accounts/link/used-up/"),
    "webhooks:list": (PARTICIPANT, "/account/webhooks/"),
    "mfa_index": (PARTICIPANT, "/accounts/2fa/"),
    "winners for a visitor": (NOBODY, f"{DIGITS}winners/"),
    "account_login": (NOBODY, "/accounts/login/"),
    "account_signup": (NOBODY, "/accounts/signup/"),
    "account_reset_password": (NOBODY, "/accounts/password/reset/"),
    "account_reset_password_done": (NOBODY, "/accounts/password/reset/done/"),
    "account_change_password": (PARTICIPANT, "/accounts/password/change/"),
    "account_email": (PARTICIPANT, "/accounts/email/"),
    "account_logout": (PARTICIPANT, "/accounts/logout/"),
    "not found": (NOBODY, "/no-such-page/"),
    "forbidden": (PARTICIPANT, "/new/"),
}
# Addresses without a page of their own, and those that need a token or a team to be made first.
NO_PAGES = {
    *("challenges:media", "accounts:revoke-token", "submissions:rescore"),
    *("submissions:rescore-failed", "submissions:pause", "submissions:resume"),
    *("submissions:choose", "submissions:alert"),
    *("submissions:apply-rejudging", "submissions:cancel-rejudging"),
    *("challenges:site-feed", "challenges:news-feed", "challenges:want-mail"),
    *("challenges:team-offer", "challenges:team-leave", "challenges:team-lead"),
    *("challenges:uninvite", "challenges:retract-news", "challenges:reinstate"),
    *("submissions:activity-table", "submissions:report", "transfer:archive"),
}


def route_names(resolver: URLResolver, namespace: str = "") -> set[str]:
    names: set[str] = set()
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            names |= route_names(entry, f"{entry.namespace or ''}")
        elif entry.name:
            names.add(f"{namespace}:{entry.name}" if namespace else entry.name)
    return names


def test_every_route_has_its_page_here():
    apps = ("common:", "accounts:", "challenges:", "submissions:", "transfer:")
    routes = {name for name in route_names(get_resolver()) if name.startswith(apps)}
    assert routes == {name for name in PAGES if name.startswith(apps)} | NO_PAGES


def address_of(page, site, who, place):
    """A place is an address, or the name of a submitted file and what follows it."""
    if place.startswith("/"):
        return site.url(place)
    file, _, rest = place.partition(" ")
    listed = "organise/submissions/" if who == ORGANISER else "submissions/"
    page.goto(site.url(f"{DIGITS}{listed}"))
    return site.url(page.get_by_role("link", name=file).get_attribute("href") + rest)


class Checks:
    """axe-core in one page, which keeps it until it goes elsewhere."""

    # The scheme of colours changes nothing but these.
    COLOURS = frozenset({"color-contrast", "link-in-text-block"})

    def __init__(self, page):
        self.page = page
        page.evaluate(Axe().axe_script)

    def serious(self, rules=frozenset()):
        options = {"resultTypes": ["violations"]} | ({"runOnly": sorted(rules)} if rules else {})
        found = self.page.evaluate("options => axe.run(options)", options)["violations"]
        return [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in found
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_accessible_and_fits_a_phone(context, site, people, name):
    who, place = PAGES[name]
    page = people.enter(context, who) if who else context.new_page()
    page.emulate_media(color_scheme="light")
    page.goto(address_of(page, site, who, place))
    assert page.locator("h1").count() == 1
    checks = Checks(page)
    assert checks.serious() == [], "light"
    page.emulate_media(color_scheme="dark")
    assert checks.serious(Checks.COLOURS) == [], "dark"
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert checks.serious() == [], "phone"


def test_what_cannot_be_read_or_has_no_name_is_found(page, site):
    page.goto(site.url(DIGITS))
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.querySelector('h1').style.color = '#222'")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    checks = Checks(page)
    found = {one.partition(":")[0] for one in checks.serious()}
    assert {one.partition(":")[0] for one in checks.serious(Checks.COLOURS)} == {"color-contrast"}
    assert {"color-contrast", "button-name"} <= found


def test_the_keyboard_reaches_the_content_first(page, site):
    page.goto(site.url(DIGITS))
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_page_sends_a_policy_that_allows_no_inline_code(page, site):
    answer = page.goto(site.url(f"{DIGITS}leaderboard/"))
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert page.locator("[style], style").count() == 0


def test_times_are_shown_in_the_readers_zone(browser, site):
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    page.goto(site.url(f"{DIGITS}rules/"))
    shown = page.locator("time").first
    assert "GMT+9" in shown.inner_text()
    assert shown.get_attribute("title").endswith(("CET", "CEST"))
    context.close()


def test_a_plot_takes_its_colours_from_the_scheme(page, site):
    page.goto(site.url(f"{DIGITS}leaderboard/"))
    color = "getComputedStyle(document.querySelector('.large-screen svg text')).fill"
    page.locator(".large-screen svg text").first.wait_for()
    page.emulate_media(color_scheme="light")
    light = page.evaluate(color)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(color) != light
    plot = page.get_by_role("img", name="Accuracy")
    assert "rival" in plot.first.locator("desc").text_content()
