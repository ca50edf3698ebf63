"""The pages of a data set, as each role sees them."""

import io
import json
import re
import shutil
import zipfile
from urllib.parse import parse_qs, urlsplit

import numpy as np
import polars as pl
import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import Client
from PIL import Image

from heldout.site.catalog.models import Visibility

PAGE = "/data/pictures/"


def finish(response) -> None:
    """Close what was sent, but not the connection that holds the test's transaction."""
    request_finished.disconnect(close_old_connections)
    response.close()
    request_finished.connect(close_old_connections)


def found(response) -> str:
    """`1–48 of 60 examples`."""
    heading = re.search(r'id="found"[^>]*>(.*?)</h2>', response.content.decode(), re.DOTALL)[1]
    return " ".join(re.sub(r"<[^>]+>", " ", heading).split())


def links(response, pattern):
    text = response.content.decode().replace("&amp;", "&")
    return re.findall(rf'href="({pattern}[^"]*)"', text)


def test_a_visitor_sees_pictures_of_examples_and_how_many_there_are(client, dataset):
    response = client.get(PAGE)
    assert found(response) == "1–48 of 60 examples"
    assert response.content.count(b'loading="lazy"') == 48


def test_pages_follow_each_other_by_their_links(client, dataset):
    first = client.get(PAGE)
    (following,) = links(first, r"/data/pictures/\?after=")
    second = client.get(following)
    assert found(second) == "49–60 of 60 examples"
    (back,) = links(second, r"/data/pictures/\?before=")
    assert client.get(back).content == first.content


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("?q=bus", 21),
        ("?q=%22red+bus%22&f.split=train", 14),
        ("?q=-bus", 39),
        ("?f.country=Kenya&f.country=Peru", 30),
        ("?f.country=", 15),
        ("?min.income=30&max.income=40", 4),
        ("?f.object+classes=cat", 10),
        ("?max.income=", 60),
    ],
)
def test_an_address_asks_for_rows(client, dataset, address, number):
    assert f"of {number} example" in found(client.get(PAGE + address))


@pytest.mark.parametrize(
    "typed", ['"', "NOT", "a AND (", "caption:", "%00", "*" * 500, "-", "{}:x"]
)
def test_nothing_that_is_typed_is_an_error(client, dataset, typed):
    assert client.get(PAGE, {"q": typed}).status_code == 200


@pytest.mark.parametrize(
    ("address", "note"),
    [
        ("?f.nobody=1", "There is no column “nobody”"),
        ("?min.income=much", "“much” is not a number"),
        ("?min.country=3", "There is no column “country”"),
        ("?f.image=x", "There is no column “image”"),
    ],
)
def test_what_an_address_asks_in_vain_is_told(client, dataset, address, note):
    response = client.get(PAGE + address)
    assert note in response.content.decode()
    assert "of 60 examples" in found(response)


@pytest.mark.parametrize("place", ["?after=99999999999", "?after=x", "?before=0", "?sort=nobody"])
def test_a_place_that_is_not_there_is_no_error(client, dataset, place):
    assert client.get(PAGE + place).status_code == 200


def test_nothing_found_says_so(client, dataset):
    response = client.get(PAGE, {"q": "quetzal"})
    assert found(response) == "No examples"
    assert "Nothing matches" in response.content.decode()


def test_one_value_is_asked_for_beside_another_of_the_same_column(client, dataset):
    each = {name: count(client, f"?f.object+classes={name}") for name in ("cat", "dog")}
    assert each == {"cat": 10, "dog": 10}
    either = "?f.object+classes=cat&f.object+classes=dog"
    both = "?f.object+classes=cat&every.object+classes=dog"
    assert count(client, either) == 20
    assert count(client, both) == 0
    assert count(client, "?every.object+classes=dog") == 10
    text = client.get(PAGE + both).content.decode()
    assert "object classes: dog too" in text
    assert re.search(r'name="every.object classes"\s+value="dog"', text)
    assert "no column “nothing”" in client.get(PAGE + "?every.nothing=x").content.decode()


def count(client, address) -> int:
    return client.get(PAGE + address).context["page"].total


def test_every_bar_leads_to_as_many_rows_as_it_shows(client, dataset):
    text = client.get(PAGE).content.decode().replace("&amp;", "&")
    bars = re.findall(
        r'<a href="([^"]*m[ai][nx]\.income[^"]*)"[^>]*>\s*<title>[^<]*: (\d+)</title>', text
    )
    assert len(bars) > 10
    for address, rows in bars:
        expected = f"of {rows} example" if rows != "0" else "No examples"
        assert expected in found(client.get(address))


def test_text_of_the_data_is_never_markup(client, dataset):
    assert b"Two dogs & <b>" not in client.get(PAGE, {"view": "table"}).content
    assert b"Two dogs &amp; &lt;b&gt;" in client.get(PAGE, {"view": "table"}).content


def test_a_part_of_the_page_is_enough_for_a_script(client, dataset):
    response = client.get(PAGE, headers={"HX-Request": "true", "HX-Target": "browse"})
    assert response.content.lstrip().startswith(b"<form")


def test_a_data_set_without_images_is_a_table(client, add_dataset, tmp_path):
    folder = tmp_path / "words"
    folder.mkdir()
    words = pl.DataFrame({"example_id": ["a", "b"], "word": ["apple", "bear"]})
    words.write_parquet(folder / "all.parquet")
    add_dataset("words", folder=folder, layout={"media": ""})
    response = client.get("/data/words/")
    assert b"<td>bear</td>" in response.content


# Items ---------------------------------------------------------------------------------------


def item(client, id="train/03", **more):
    return client.get(f"{PAGE}item/", {"split": "train", "id": id, **more})


def test_an_item_shows_its_cells_its_boxes_and_its_neighbours(client, dataset):
    text = item(client).content.decode()
    assert 'd="M10 5H60.5V70H10Z"' in text
    assert "made by people" in text
    assert "machine-made, not verified" in text
    assert 'rel="prev"' in text
    assert 'rel="next"' in text
    assert "120 × 80 pixels" in text


def test_neighbours_stay_within_what_was_searched(client, dataset):
    text = item(client, q="bus").content.decode().replace("&amp;", "&")
    (following,) = re.findall(r'rel="next" href="([^"]+)"', text)
    asked = parse_qs(urlsplit(following).query)
    assert (asked["id"], asked["q"]) == (["train/06"], ["bus"])


def test_a_value_of_an_item_leads_to_its_rows(client, dataset):
    (address,) = links(item(client, id="train/00"), r"/data/pictures/\?f\.country=")
    assert found(client.get(address)) == "1–15 of 15 examples"


def test_the_numbers_of_a_patch_are_those_of_the_pixels(client, dataset):
    text = item(client, x="20", y="30", side="4").content.decode()
    assert text.count('<span class="visually-hidden">60 90 160</span>') == 16


@pytest.mark.parametrize(
    "at", [{"x": "99999", "y": "1"}, {"x": "-1", "y": "0"}, {"x": "²", "y": "3"}]
)
def test_a_patch_outside_the_image_is_no_error(client, dataset, at):
    assert item(client, **at).status_code == 200


@pytest.mark.parametrize("id", ["nobody", "", "../train/03", "test/03"])
def test_an_item_that_is_not_there(client, dataset, id):
    assert item(client, id=id).status_code == 404


# Other tabs ----------------------------------------------------------------------------------


def test_classes_stand_below_their_parents_with_each_example_counted_once(client, dataset):
    text = " ".join(client.get(f"{PAGE}classes/").content.decode().split())
    assert re.search(r"<summary>animal <span class=\"faint\">20</span>", text)
    assert 'car <span class="faint">0</span>' in text


def test_every_circle_of_the_map_leads_to_as_many_rows_as_it_says(client, dataset):
    text = client.get(f"{PAGE}map/").content.decode().replace("&amp;", "&")
    circles = re.findall(r'<a href="([^"]+)" aria-label="[^"]*: (\d+)"', text)
    assert sum(int(rows) for _, rows in circles) == 60
    for address, rows in circles[:5]:
        assert f"of {rows} example" in found(client.get(address))


def test_two_splits_are_compared_and_every_count_leads_to_its_rows(client, dataset):
    response = client.get(f"{PAGE}compare/", {"left": "train", "right": "test"})
    text = response.content.decode().replace("&amp;", "&")
    counts = re.findall(r'<a class="faint" href="([^"]+)">(\d+)</a>', text)
    assert len(counts) > 10
    for address, rows in counts[::4]:
        expected = f"of {rows} example" if rows != "0" else "No examples"
        assert expected in found(client.get(address))


def test_all_values_of_a_column_can_be_listed(client, dataset):
    response = client.get(f"{PAGE}values/", {"column": "country"})
    assert b"Kenya" in response.content
    assert client.get(f"{PAGE}values/", {"column": "caption"}).status_code == 200
    assert client.get(f"{PAGE}values/", {"column": "nobody"}).status_code == 404


def test_the_page_tells_search_engines_what_it_is(client, dataset):
    text = client.get(PAGE).content.decode()
    told = json.loads(
        re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.S)[1]
    )
    assert (told["@type"], told["name"]) == ("Dataset", "Some pictures")
    assert told["license"] == "https://creativecommons.org/licenses/by/4.0/"
    files = {one["name"]: one for one in told["distribution"]}
    content = body(client.get(urlsplit(files["train.parquet"]["contentUrl"]).path))
    assert f"{len(content)} B" == files["train.parquet"]["contentSize"]


def test_a_title_cannot_end_the_element_it_stands_in(client, add_dataset):
    add_dataset(title="</script><script>alert(1)</script>")
    assert b"<script>alert" not in client.get(PAGE).content


# Roles ---------------------------------------------------------------------------------------

PAGES = ("", "about/", "classes/", "map/", "compare/", "values/?column=country", "edit/")


@pytest.mark.parametrize("page", [*PAGES, "item/?split=train&id=train/03", "selection/"])
def test_a_private_data_set_is_nobodys_but_its_owners(
    add_dataset, outsider, owner, signed_in, page
):
    add_dataset(visibility=Visibility.PRIVATE)
    assert signed_in(outsider).get(PAGE + page).status_code == 404
    assert signed_in(owner).get(PAGE + page).status_code == 200


def test_a_private_data_set_is_in_nobodys_list_but_its_owners(
    add_dataset, outsider, owner, signed_in
):
    add_dataset(visibility=Visibility.PRIVATE)
    assert b"Some pictures" not in Client().get("/data/").content
    assert b"Some pictures" not in signed_in(outsider).get("/data/").content
    assert b"Some pictures" in signed_in(owner).get("/data/").content


def test_what_is_for_organisers_is_not_even_named_to_others(add_dataset, owner, signed_in):
    add_dataset(layout={"columns": {"country": 3}, "splits": {"test": 3}})
    hidden = PAGE + "?f.country=Kenya"
    assert "There is no column “country”" in Client().get(hidden).content.decode()
    assert "of 40 examples" in found(Client().get(PAGE))
    assert "of 15 examples" in found(signed_in(owner).get(hidden))
    for page in PAGES[1:5]:
        assert b"Kenya" not in Client().get(PAGE + page).content


def test_files_that_hold_more_than_a_visitor_may_see_are_not_offered(add_dataset, owner, signed_in):
    add_dataset(layout={"columns": {"country": 3}})
    assert Client().get(f"{PAGE}files/train.parquet").status_code == 404
    assert "distribution" not in Client().get(PAGE).content.decode()
    assert status(signed_in(owner).get(f"{PAGE}files/train.parquet")) == 200


def test_images_of_a_hidden_split_are_not_served(add_dataset, tmp_path, pictures):
    folder = tmp_path / "more"
    shutil.copytree(pictures, folder)
    name = f"media/{'f' * 64}.png"
    shutil.copyfile(folder / f"media/{0:064x}.png", folder / name)
    pl.DataFrame({"example_id": ["x"], "image": [name]}).write_parquet(folder / "secret.parquet")
    revision = add_dataset(folder=folder, layout={"splits": {"secret": 3}}).current
    for kind in ("media", "thumbnails"):
        assert Client().get(f"{PAGE}{kind}/{revision.pk}/{name}").status_code == 404
        shown = f"media/{0:064x}.png"
        assert status(Client().get(f"{PAGE}{kind}/{revision.pk}/{shown}")) == 200


def test_a_page_waits_for_its_index(client, add_dataset):
    add_dataset(built=False)
    response = client.get(PAGE)
    assert response.status_code == 503
    assert "The index is being built" in response.content.decode()


@pytest.mark.parametrize("name", ["../train.parquet", "media/../../x.zip", "train.parquet", "%00"])
def test_only_images_of_examples_are_served_as_media(client, dataset, name):
    assert client.get(f"{PAGE}media/{dataset.current_id}/{name}").status_code in (400, 404)


def test_a_thumbnail_is_made_once_and_small(client, dataset, settings):
    shutil.rmtree(settings.THUMBNAILS)
    address = f"{PAGE}thumbnails/{dataset.current_id}/media/{3:064x}.png"
    response = client.get(address)
    finish(response)
    assert response["Content-Type"] == "image/webp"
    assert "immutable" in response["Cache-Control"]
    assert len(list(settings.THUMBNAILS.rglob("*.webp"))) == 1
    again = client.get(address, headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_a_damaged_image_has_no_thumbnail(client, add_dataset, pictures, tmp_path):
    folder = tmp_path / "bad"
    shutil.copytree(pictures, folder)
    name = f"media/{1:064x}.png"
    (folder / name).write_bytes((folder / name).read_bytes()[:60])
    revision = add_dataset(folder=folder).current
    assert client.get(f"{PAGE}thumbnails/{revision.pk}/{name}").status_code == 404
    assert item(client, id="train/01").status_code == 200


# Selections ----------------------------------------------------------------------------------


def body(response) -> bytes:
    """The whole of what was sent; the file behind it is closed."""
    content = b"".join(response.streaming_content)
    finish(response)
    return content


def status(response) -> int:
    finish(response)
    return response.status_code


def test_a_selection_is_downloaded_as_csv_and_json_lines(client, dataset):
    asked = {"f.country": "Peru", "f.split": "train"}
    rows = body(client.get(f"{PAGE}selection/", {**asked, "format": "csv"})).decode().splitlines()
    assert rows[0].startswith("split,example_id,image,caption,country")
    lines = body(client.get(f"{PAGE}selection/", {**asked, "format": "jsonl"})).splitlines()
    assert len(rows) - 1 == len(lines) == 10
    assert {json.loads(one)["country"] for one in lines} == {"Peru"}


def test_a_selection_comes_with_its_images(client, dataset):
    response = client.get(f"{PAGE}selection/", {"q": "bus", "format": "zip"})
    with zipfile.ZipFile(io.BytesIO(body(response))) as archive:
        names = archive.namelist()
        assert len(archive.read("selection.jsonl").splitlines()) == 21
    assert sum(name.startswith("media/") for name in names) == 10


def test_too_large_a_selection_is_refused(client, dataset, monkeypatch):
    monkeypatch.setattr("heldout.site.catalog.selection.MOST_ROWS", 10)
    response = client.get(f"{PAGE}selection/", {"format": "csv"})
    assert response.status_code == 422
    assert "Narrow the selection" in response.content.decode()


def test_deep_pixels_are_looked_at_through_a_window(add_dataset, client, tmp_path):
    (tmp_path / "media").mkdir()
    name = f"media/{7:064x}.png"
    values = np.linspace(0, 60_000, 64).reshape(8, 8).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / name)
    table = pl.DataFrame({"example_id": ["x"], "image": [name]})
    table.write_parquet(tmp_path / "train.parquet")
    add_dataset("deep", folder=tmp_path)
    page = "/data/deep/item/?split=train&id=x"
    assert "a window of 60001 values around 30000.5" in text_of(client.get(page))
    chosen = text_of(client.get(f"{page}&centre=500&width=1000"))
    (address,) = re.findall(r'<img src="([^"]*)"', chosen)
    shown = client.get(address.replace("&amp;", "&"))
    assert shown["Content-Type"] == "image/png"
    with Image.open(io.BytesIO(shown.content)) as image:
        greys = np.asarray(image)
    assert (greys.min(), greys.max(), (greys == 255).sum()) == (0, 255, 62)
    again = client.get(address.replace("&amp;", "&"), headers={"If-None-Match": shown["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("window", ["centre=x&width=3", "centre=nan&width=9", "width=0&centre=1"])
def test_a_window_that_is_none_is_left_out(dataset, client, window):
    page = f"/data/pictures/item/?split=train&id=train/00&{window}"
    assert client.get(page).status_code == 200


def text_of(response):
    return " ".join(response.content.decode().split())
