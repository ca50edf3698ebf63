"""From files somebody has to a data set that is browsed, documented and downloaded, without code."""

import csv
import json
import re
import zipfile

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from heldout.cards.croissant_check import check_croissant
from heldout.challenge.datasheet import questions, sections

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PICTURES = 24


@pytest.fixture(scope="session")
def coco(cases, tmp_path_factory):
    """Some of the COCO case as people have it: a ZIP of images and of one file per split."""
    root = cases / "datasets/coco256"
    path = tmp_path_factory.mktemp("coco") / "coco.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, split in enumerate(("train2017", "val2017")):
            described = json.loads((root / f"instances_from_panoptic_{split}.json").read_text())
            described["images"] = described["images"][: PICTURES // 2]
            kept = {one["id"] for one in described["images"]}
            described["annotations"] = [
                one | {"id": one["id"] + 100_000 * number}
                for one in described["annotations"]
                if one["image_id"] in kept
            ]
            archive.writestr(f"coco/annotations/instances_{split}.json", json.dumps(described))
            for one in described["images"]:
                name = one["file_name"]
                archive.write(root / "images" / split / name, f"coco/images/{split}/{name}")
    return path


@pytest.fixture(scope="session")
def streets(cases, tmp_path_factory):
    """Each tenth row of the Dollar Street table."""
    path = tmp_path_factory.mktemp("streets") / "streets.csv"
    with (cases / "datasets/dollarstreet_meta/metadata.csv").open(newline="") as given:
        rows = list(csv.reader(given))
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([rows[0], *rows[1::10]])
    return path


def bring(page, site, file, slug, title):
    """Upload a file on the page and wait, on the page, until a worker has read and indexed it."""
    page.goto(site.url("/data/"))
    page.get_by_role("link", name="Add a data set").click()
    page.get_by_label("The data").set_input_files(file)
    page.get_by_label("Title").fill(title)
    page.get_by_label("Name in addresses").fill(slug)
    page.get_by_label("Licence").fill("CC-BY-4.0")
    page.get_by_label("Creator").fill("The walkers")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="What next")).to_be_visible(timeout=90_000)


def assert_accessible_on_a_phone(page):
    """axe-core finds nothing serious, and nothing needs sideways scroll."""
    page.set_viewport_size({"width": 390, "height": 800})
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})


def answer_everything_required(page, site, slug):
    required = {one.id for one in questions() if one.required}
    for section in sections():
        wanted = [one for one in section.questions if one.id in required]
        if not wanted:
            continue
        page.goto(site.url(f"/data/{slug}/datasheet/{section.id}/"))
        for one in wanted:
            page.get_by_label(one.text).fill(f"Told of {one.id}.")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("saved.")).to_be_visible()


def test_pictures_with_boxes_become_a_released_data_set(
    browser, context, site, people, coco, tmp_path
):
    page = people.enter(context, "organiser")
    bring(page, site, coco, "walk", "A walk in COCO")
    expect(page.get_by_text(f"{PICTURES} examples were taken in.")).to_be_visible()
    page.get_by_role("link", name="Browse the examples").click()
    expect(page.get_by_role("main").locator(".cards img")).to_have_count(PICTURES)
    page.locator(".cards a").first.click()
    expect(page.locator(".mark").first).to_be_visible()

    # Nobody else sees it before its datasheet is complete.
    page.goto(site.url("/data/walk/edit/"))
    page.get_by_label("Everybody").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Purpose").click()
    expect(page.get_by_label("What was the data set made for?")).to_be_visible()
    answer_everything_required(page, site, "walk")
    page.goto(site.url("/data/walk/edit/"))
    page.get_by_label("Everybody").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    page.goto(site.url("/data/walk/documents/"))
    page.get_by_role("button", name="Make the bundle").click()
    expect(page.get_by_text("nothing was found")).to_be_visible(timeout=60_000)
    stranger = browser.new_context()
    page = stranger.new_page()
    page.goto(site.url("/data/walk/documents/"))
    with page.expect_download() as download:
        page.get_by_role("link", name="The bundle as a ZIP archive").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path)
    stranger.close()
    assert check_croissant(tmp_path / "croissant.json") == []
    assert len(list((tmp_path / "data/media").iterdir())) == PICTURES
    assert "Told of purpose." in (tmp_path / "datasheet.md").read_text()


def test_a_table_of_places_and_incomes_is_browsed_on_a_map(context, site, people, streets):
    page = people.enter(context, "organiser")
    bring(page, site, streets, "streets", "Some streets")
    page.get_by_role("link", name="Browse the examples").click()
    expect(page.get_by_text("of 1,357 examples")).to_be_visible()
    expect(page.get_by_label("income, at least")).to_be_visible()
    page.get_by_role("link", name="Map").click()
    expect(page.locator("svg.world, .world svg, svg").first).to_be_visible()


def test_words_that_were_not_saved_are_there_after_a_reload(context, site, people):
    page = people.enter(context, "organiser")
    address = site.url("/data/digits/datasheet/motivation/")
    page.goto(address)
    field = page.get_by_label("Who paid for the work?")
    page.get_by_role("button", name="Not applicable").nth(2).click()
    page.keyboard.type("nobody asked.")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_text("did not save")).to_be_visible()
    expect(field).to_have_value("Not applicable, because nobody asked.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("1 answer saved.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("did not save")).to_be_hidden()
    expect(field).to_have_value("Not applicable, because nobody asked.")


def test_an_owner_hides_a_column_and_looks_as_everybody_does(context, site, people, tmp_path):
    page = people.enter(context, "organiser")
    table = tmp_path / "words.csv"
    table.write_text("id,word,size\na,apple,3\nb,bear,5\n")
    bring(page, site, table, "hidden-words", "Hidden words")
    assert_accessible_on_a_phone(page)
    page.get_by_role("link", name="Say who sees what").click()
    assert_accessible_on_a_phone(page)
    page.get_by_label("size").select_option("Only me")
    page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name=re.compile("^Everybody"))
    expect(page.get_by_text("Saved. Others see nothing")).to_be_visible()
    expect(row).to_contain_text("word", timeout=60_000)
    expect(row).not_to_contain_text("size")
    row.get_by_role("button", name="Look as everybody").click()
    expect(page.get_by_text("You see the examples as everybody does.")).to_be_visible()
    expect(page.get_by_role("columnheader", name="word")).to_be_visible()
    expect(page.get_by_role("columnheader", name="size")).to_have_count(0)
    page.get_by_role("button", name="See it as its owner again").click()
