"""What an organiser does in the browser."""

import shutil

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

DIGITS = "/challenges/digits/"


def zipped(site, folder, slug, **replacements):
    """The served challenge as a ZIP, under another id."""
    copy = folder / slug
    shutil.copytree(site.folder / "source/digits", copy)
    text = (copy / "challenge.toml").read_text().replace('id = "digits"', f'id = "{slug}"')
    for old, new in replacements.items():
        text = text.replace(old, new)
    (copy / "challenge.toml").write_text(text)
    return shutil.make_archive(str(folder / slug), "zip", folder, slug)


def upload(page, archive):
    page.get_by_label("Challenge folder as a ZIP file").set_input_files(archive)
    page.get_by_role("main").get_by_role("button", name="Publish", exact=True).click()


def test_a_challenge_is_published_from_a_zip_and_gets_a_new_revision(
    context, site, people, tmp_path
):
    page = people.enter(context, "organiser")
    page.goto(site.url("/"))
    page.get_by_role("link", name="New challenge").click()
    upload(page, zipped(site, tmp_path, "more-digits"))
    expect(page.get_by_text("Digits is published.")).to_be_visible()
    page.get_by_role("link", name="Revisions").click()
    upload(page, zipped(site, tmp_path / "again", "more-digits", Digits="Digits again"))
    expect(page.get_by_text("is published anew, as revision 2")).to_be_visible()


def test_a_faulty_challenge_shows_all_problems_and_publishes_nothing(
    context, site, people, tmp_path
):
    page = people.enter(context, "organiser")
    page.goto(site.url("/new/"))
    faults = {'id = "accuracy"': 'id = "acuracy"', "license": "licence"}
    upload(page, zipped(site, tmp_path, "faulty-digits", **faults))
    expect(page.get_by_text("Nothing was published.")).to_be_visible()
    problems = page.get_by_role("region", name="Problems")
    expect(problems).to_contain_text("There is no such metric")
    expect(problems).to_contain_text("licence")
    assert page.goto(site.url("/challenges/faulty-digits/")).status == 404


def test_a_revision_of_another_challenge_is_refused(context, site, people, tmp_path):
    page = people.enter(context, "organiser")
    page.goto(site.url(f"{DIGITS}organise/revision/"))
    upload(page, zipped(site, tmp_path, "other-digits"))
    expect(page.get_by_text("is another challenge")).to_be_visible()
    assert page.goto(site.url("/challenges/other-digits/")).status == 404


def test_a_phase_is_edited_in_the_challenges_own_zone(context, site, people):
    page = people.enter(context, "organiser")
    page.goto(site.url(f"{DIGITS}organise/"))
    page.get_by_role("link", name="Edit Test phase").click()
    page.get_by_label("Opens").fill("2030-07-01T10:00")
    page.get_by_label("Closes").fill("2030-06-01T10:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("would close before it opens")).to_be_visible()
    page.get_by_label("Closes").fill("2030-08-01T10:00")
    page.get_by_label("Submissions a day").fill("3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Test phase is saved.")).to_be_visible()
    row = page.get_by_role("row", name="Test phase")
    expect(row).to_contain_text("3 a day")
    opens = row.locator("time").first.get_attribute("datetime")
    assert opens == "2030-07-01T08:00:00+00:00"


def test_submissions_are_filtered_by_status(context, site, people):
    page = people.enter(context, "organiser")
    page.goto(site.url(f"{DIGITS}organise/submissions/"))
    expect(page.get_by_role("link", name="majority.csv")).to_be_visible()
    page.get_by_label("Status").select_option("Refused")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("link", name="bad.csv")).to_be_visible()
    expect(page.get_by_role("link", name="majority.csv")).to_have_count(0)


def test_a_private_challenge_is_seen_by_its_organisers_only(
    browser, context, site, people, tmp_path
):
    page = people.enter(context, "organiser")
    page.goto(site.url("/new/"))
    upload(page, zipped(site, tmp_path, "hidden-digits"))
    page.get_by_role("link", name="People").click()
    page.get_by_label("Only its organisers see it").check()
    page.get_by_role("main").get_by_role("button", name="Save").click()
    expect(page.get_by_text("The visibility is saved.")).to_be_visible()
    others = browser.new_context()
    assert others.new_page().goto(site.url("/challenges/hidden-digits/")).status == 404
    others.close()


def test_the_last_organiser_cannot_be_removed(context, site, people):
    page = people.enter(context, "organiser")
    page.goto(site.url(f"{DIGITS}organise/people/"))
    page.get_by_role("link", name="Remove organiser …").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("a challenge needs an organiser")).to_be_visible()


def test_a_folder_on_the_server_is_published_where_the_setting_allows(context, site, people):
    offered = site.folder.parent / "publish"
    shutil.copytree(site.folder / "source/digits", offered / "served-digits")
    file = offered / "served-digits/challenge.toml"
    file.write_text(file.read_text().replace('id = "digits"', 'id = "served-digits"'))
    page = people.enter(context, "organiser")
    page.goto(site.url("/new/"))
    page.get_by_label("Folder on the server").select_option("served-digits")
    page.get_by_role("button", name="Publish this folder").click()
    expect(page.get_by_text("Digits is published.")).to_be_visible()
