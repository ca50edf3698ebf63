"""The rows, values and files of a data set for programs: what its pages show the same person."""

import pytest
from django.test import Client

from heldout.site.worker import drain

ROWS = "/api/v1/data/pictures/{}"


@pytest.fixture
def get(fetch, dataset):
    def get(path, client=None):
        response, content = fetch(client or Client(), ROWS.format(path))
        return response.status_code, response.json() if "json" in response[
            "Content-Type"
        ] else content

    return get


def test_private_data_are_their_owners_alone(get, api, dataset, outsider, owner):
    dataset.visibility = "private"
    dataset.save()
    for path in ("rows", "values?column=country", "files", "files/train.parquet"):
        for stranger in (Client(), api(outsider)):
            assert get(path, stranger)[0] == 404
        assert get(path, api(owner))[0] == 200


def test_held_out_answers_are_in_the_rows_of_organisers_alone(api, challenge, organiser):
    address = f"/api/v1/data/{challenge.dataset.slug}/rows?f.split=test&size=60"
    assert Client().get(address).status_code == 404
    drain()
    shown = Client().get(address).json()["rows"]
    assert len(shown) == 60
    assert {one.get("reference") for one in shown} == {None}
    whole = api(organiser).get(address).json()["rows"]
    assert {one["reference"] for one in whole} == {"cat", "dog", "bird"}


def test_pages_of_rows_follow_each_other_without_a_gap(get):
    seen, address = [], "rows?size=25"
    while address:
        _, told = get(address)
        seen += [one["example_id"] for one in told["rows"]]
        address = f"rows?size=25&after={told['after']}" if told["after"] is not None else ""
    assert told["total"] == len(seen) == len(set(seen)) == 60


def test_rows_are_searched_filtered_and_sorted(get):
    _, told = get("rows?f.country=Peru&min.income=100&sort=-income&q=bus")
    incomes = [one["income"] for one in told["rows"]]
    assert incomes == sorted(incomes, reverse=True)
    assert min(incomes) >= 100
    assert {(one["country"], one["caption"]) for one in told["rows"]} == {("Peru", "A red bus")}


def test_a_filter_that_makes_no_sense_is_told_of(get):
    _, told = get("rows?f.colour=red&min.income=much")
    assert len(told["notes"]) == 2
    assert get("rows?size=0")[0] == get("rows?after=-1")[0] == 422


def test_the_values_of_a_column_are_counted(get):
    _, told = get("values?column=country&f.split=train")
    counted = {one["value"]: one["rows"] for one in told["values"]}
    assert [counted[one] for one in ("Kenya", "Nepal", "Peru")] == [10, 10, 10]
    assert get("values?column=income")[0] == get("values?column=nothing")[0] == 404


def test_files_and_pictures_arrive_as_they_were_brought(get, pictures):
    _, files = get("files")
    assert "train.parquet" in {one["name"] for one in files}
    for one in files:
        if one["name"].endswith(".parquet"):
            assert get(f"files/{one['name']}")[1] == (pictures / one["name"]).read_bytes()
    name = get("rows?size=1")[1]["rows"][0]["image"]
    assert get(f"media/{name}")[1] == (pictures / name).read_bytes()
    assert get("media/../../secret")[0] == get("files/none.csv")[0] == 404
