"""A participant's journey, in a real browser against the served site."""

import re
import zipfile

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

DIGITS = "/challenges/digits/"


def sign_up(page, site, handle):
    page.goto(site.url("/"))
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("E-mail address").fill(f"{handle}@example.org")
    page.get_by_label("Public name").fill(handle)
    page.get_by_label("Password").fill("a-long-enough-secret")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("link", name=handle)).to_be_visible()


def accept_rules(page, site):
    page.goto(site.url(f"{DIGITS}rules/"))
    page.get_by_label("I have read these rules").check()
    page.get_by_role("button", name="Accept and take part").click()


def test_a_visitor_signs_up_submits_and_reads_the_leaderboard(page, site, predictions):
    sign_up(page, site, "newcomer")
    page.goto(site.url(DIGITS))
    page.get_by_role("link", name="Read and accept the rules").click()
    page.get_by_label("I have read these rules").check()
    page.get_by_role("button", name="Accept and take part").click()
    expect(page.get_by_text("You take part as newcomer.")).to_be_visible()
    page.get_by_label("Predictions file").set_input_files(predictions)
    expect(page.get_by_text("predictions.csv, 3.3 kB")).to_be_visible()
    page.get_by_label("Note").fill("the first try")
    page.get_by_role("main").get_by_role("button", name="Submit").click()
    expect(page.get_by_text("was handed in and is safe")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    expect(page.get_by_role("heading", name="Scores")).to_be_visible()
    assert page.evaluate("window.sameDocument"), "the page was reloaded"
    assert page.locator("[hx-get]").count() == 0, "the page goes on asking after the end"
    scores = page.get_by_role("region", name="Scores")
    expect(scores.get_by_role("row", name="Accuracy")).to_contain_text("89.3")
    page.get_by_role("link", name="Leaderboard").click()
    row = page.get_by_role("row", name="newcomer")
    expect(row).to_contain_text("You")
    expect(row).to_contain_text("85.3–92.3")
    expect(row).to_contain_text(re.compile(r"first|not distinguishable"))
    expect(page.get_by_text("Do not compare these intervals by eye")).to_be_visible()


def test_a_bad_file_shows_all_its_problems(context, site, people, tmp_path):
    page = people.enter(context, "participant")
    bad = tmp_path / "wrong.csv"
    bad.write_text("example_id,prediction\nval-0000,eleven\nval-0001,1\nval-0001,2\n")
    page.goto(site.url(f"{DIGITS}submit/"))
    page.get_by_label("Predictions file").set_input_files(bad)
    page.get_by_role("main").get_by_role("button", name="Submit").click()
    problems = page.get_by_role("region", name="Problems")
    expect(problems).to_be_visible()
    expect(problems).to_contain_text("eleven")
    expect(problems).to_contain_text("val-0001")
    expect(problems).to_contain_text("No prediction for")
    expect(page.get_by_text("does not count against the limits")).to_be_visible()


def test_a_file_of_no_known_kind_is_refused_before_it_is_taken_in(context, site, people, tmp_path):
    page = people.enter(context, "participant")
    file = tmp_path / "predictions.xlsx"
    file.write_bytes(b"PK")
    page.goto(site.url(f"{DIGITS}submit/"))
    page.get_by_label("Predictions file").set_input_files(file)
    page.get_by_role("main").get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Nothing was handed in.")).to_be_visible()
    expect(page.get_by_text(".parquet").first).to_be_visible()


def test_a_file_can_be_dropped_on_the_form(context, site, people):
    page = people.enter(context, "participant")
    page.goto(site.url(f"{DIGITS}submit/"))
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["example_id,prediction"], "dropped.csv"));
            const target = document.querySelector(".drop");
            target.dispatchEvent(new DragEvent("drop", {dataTransfer: data, cancelable: true}));
        }"""
    )
    expect(page.get_by_text("dropped.csv, 21 B")).to_be_visible()
    assert page.evaluate("document.querySelector('input[type=file]').files.length") == 1


def test_a_submission_is_withdrawn_only_after_a_question(context, site, people, predictions):
    page = people.enter(context, "outsider")
    accept_rules(page, site)
    page.get_by_label("Predictions file").set_input_files(predictions)
    page.get_by_role("main").get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Scores")).to_be_visible()
    page.get_by_role("link", name="Withdraw …").click()
    page.get_by_role("link", name="Keep it").click()
    expect(page.get_by_role("heading", name="Scores")).to_be_visible()
    page.get_by_role("link", name="Withdraw …").click()
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.get_by_text("It was withdrawn and is on no leaderboard.")).to_be_visible()


def test_the_own_file_comes_back_as_it_was_handed_in(context, site, people, predictions):
    page = people.enter(context, "rival")
    page.goto(site.url(f"{DIGITS}submissions/"))
    page.get_by_role("link", name="nearest.csv").click()
    with page.expect_download() as download:
        page.get_by_role("complementary").get_by_role("link", name="nearest.csv").click()
    assert download.value.path().read_bytes() == predictions.read_bytes()


def test_the_public_data_downloads_without_an_account(page, site):
    page.goto(site.url(f"{DIGITS}data/"))
    with page.expect_download() as download:
        page.get_by_role("link", name="digits.zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = archive.namelist()
    assert "digits/train.parquet" in names
    assert not [name for name in names if "answers" in name]
    loaded = "[...document.querySelectorAll('.gallery img')].slice(0, 5).every(i => i.naturalWidth)"
    assert page.evaluate(loaded)


def test_an_api_token_is_shown_once(context, site, people):
    page = people.enter(context, "rival")
    page.goto(site.url("/account/"))
    page.get_by_label("Name", exact=True).fill("laptop")
    page.get_by_role("button", name="Make a token").click()
    secret = page.locator("#secret").inner_text()
    assert secret.startswith("hld_")
    page.goto(site.url("/account/"))
    assert secret not in page.content()
    page.get_by_role("link", name="Revoke laptop …").click()
    page.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_text("is revoked")).to_be_visible()


def test_the_journey_works_without_javascript(browser, site, predictions):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_up(page, site, "plain-reader")
    accept_rules(page, site)
    page.get_by_label("Predictions file").set_input_files(predictions)
    page.get_by_role("main").get_by_role("button", name="Submit").click()
    reload = page.get_by_role("link", name="reload it")
    for _ in range(60):
        if not reload.is_visible():
            break
        reload.click()
    expect(page.get_by_role("heading", name="Scores")).to_be_visible()
    page.get_by_role("link", name="Leaderboard").click()
    expect(page.get_by_role("row", name="plain-reader")).to_contain_text("%")
    context.close()
