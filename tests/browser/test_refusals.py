"""Who is refused what, as they see it."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

DIGITS = "/challenges/digits/"


def first_submission(context, site, people, handle):
    page = people.enter(context, handle)
    page.goto(site.url(f"{DIGITS}submissions/"))
    address = page.get_by_role("main").get_by_role("rowheader").get_by_role("link").last
    return page, address.get_attribute("href")


def test_an_anonymous_visitor_is_asked_to_sign_in_before_submitting(page, site):
    page.goto(site.url(f"{DIGITS}submit/"))
    assert page.locator("form[enctype]").count() == 0
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "next=/challenges/digits/submit/" in page.url


def test_a_foreign_submission_is_not_there(browser, context, site, people):
    _, address = first_submission(context, site, people, "rival")
    others = browser.new_context()
    page = people.enter(others, "participant")
    for path in ("", "withdraw/"):
        assert page.goto(site.url(address + path)).status == 404
    submission = address.strip("/").rpartition("/")[2]
    file = page.request.get(site.url(f"/api/v1/submissions/{submission}/file"))
    assert file.status == 404
    others.close()


def test_an_anonymous_visitor_does_not_see_a_submission(browser, context, site, people):
    _, address = first_submission(context, site, people, "rival")
    others = browser.new_context()
    page = others.new_page()
    page.goto(site.url(address))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    others.close()


def test_a_closed_phase_takes_nothing_and_says_so(context, site, people, predictions):
    page = people.enter(context, "participant")
    page.goto(site.url(f"{DIGITS}submit/"))
    page.evaluate("document.querySelector('[name=phase]').value = 'warm-up'")
    page.get_by_label("Predictions file").set_input_files(predictions)
    page.get_by_role("main").get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Nothing was handed in.")).to_be_visible()
    expect(page.get_by_text("is closed")).to_be_visible()


def test_without_accepted_rules_there_is_no_form(context, site, people):
    page = people.enter(context, "organiser")
    page.goto(site.url(f"{DIGITS}submit/"))
    expect(page.get_by_role("heading", name="Accept the rules first")).to_be_visible()
    assert page.locator("form[enctype]").count() == 0


def test_a_participant_does_not_reach_the_organisers_pages(context, site, people):
    page = people.enter(context, "participant")
    for path in ("organise/", "organise/phases/dev/", "organise/people/", "organise/revision/"):
        assert page.goto(site.url(DIGITS + path)).status == 403, path
    assert page.goto(site.url(f"{DIGITS}organise/submissions/")).status == 403
    assert page.goto(site.url("/new/")).status == 403
    expect(page.get_by_role("heading", name="This page is not open to you")).to_be_visible()


def test_a_leaderboard_for_organisers_shows_itself_to_nobody_else(page, site):
    page.goto(site.url(f"{DIGITS}leaderboard/"))
    expect(page.get_by_role("link", name="Dev phase")).to_be_visible()
    expect(page.get_by_role("link", name="Test phase")).to_have_count(0)
    assert page.goto(site.url(f"{DIGITS}leaderboard/?phase=test")).status == 404
