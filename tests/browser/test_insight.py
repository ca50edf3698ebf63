"""Statistics and leaks of a data set: counted by the real worker, used by mouse and keyboard."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

STATISTICS = "/data/digits/statistics/"
LEAKS = "/data/digits/leaks/"


def serious(page):
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in {"serious", "critical"}]


def is_sound(page):
    """Nothing serious in light and dark, and no sideways scroll on a phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == [], scheme
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious(page) == [], "phone"
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_bar_leads_to_its_examples_by_keyboard_too(page, site):
    page.goto(site.url(STATISTICS))
    # The page that waited shows what was counted by itself.
    expect(page.get_by_role("heading", name="Class balance")).to_be_visible(timeout=90_000)
    is_sound(page)
    bar = page.locator(".large-screen svg a[aria-label*='(annotations)']").first
    rows = re.search(r": ([\d,]+) ", bar.get_attribute("aria-label"))[1]
    bar.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text(f"of {rows} examples")
    page.go_back()
    bar.click()
    expect(page.locator("#found")).to_contain_text(f"of {rows} examples")


def test_two_splits_are_compared_with_effect_sizes(page, site):
    page.goto(site.url(STATISTICS))
    expect(page.get_by_role("heading", name="Class balance")).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="Compare splits").click()
    expect(page.get_by_role("heading", name=re.compile("^From "))).to_be_visible()
    is_sound(page)


def test_an_organiser_looks_for_leaks(context, people, site):
    page = people.enter(context, "organiser")
    page.goto(site.url(LEAKS))
    page.get_by_role("button", name="Look for leaks").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pairs of splits")).to_be_visible(timeout=90_000)
    is_sound(page)
