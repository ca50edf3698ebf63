"""The statistics of a data set on its pages."""

import json
import re

import polars as pl
import pytest
from django.utils import timezone

from heldout.datasets.index.views import Role
from heldout.site.catalog import analyses, statistics
from heldout.site.catalog.models import Analysis, WorkState
from heldout.site.common.models import Job, JobState
from heldout.site.worker import drain
from tests.site.catalog.test_browse import found

PAGE = "/data/pictures/statistics/"
SECRET = "xylophonist"


@pytest.fixture
def undrawn(monkeypatch):
    """Drawing takes most of the time; one test draws."""
    monkeypatch.setattr(statistics.drawing, "svg", lambda chart, *, links, **told: _links(links))


def _links(links):
    return "".join(f'<a href="{one.address}" aria-label="{one.words}">' for one in links)


@pytest.fixture
def counted(client, dataset, undrawn):
    client.get(PAGE)
    drain()
    return client.get(PAGE)


def text_of(response):
    return " ".join(response.content.decode().replace("&amp;", "&").split())


def test_who_looks_first_has_them_counted_by_a_worker(client, dataset, undrawn):
    first = text_of(client.get(PAGE))
    assert "Waiting for a worker" in first
    assert "Class balance" not in first
    assert drain() == 1
    assert "Class balance" in text_of(client.get(PAGE))
    client.get(PAGE)
    assert drain() == 0


def test_every_statistic_has_its_note_its_table_its_formula_and_its_query(counted):
    text = text_of(counted)
    assert "Of the 60 examples that you may see" in text
    for title in (
        "Class balance",
        "Coverage by country",
        "Quantiles of income by country",
        "From train to test",
    ):
        assert f">{title}</h3>" in text
    assert text.count("How it is counted") == text.count('class="stack-s statistic"')
    assert "SELECT * FROM annotations WHERE category = {category}" in text


def test_every_bar_leads_to_as_many_examples_as_it_counts(client, counted):
    text = counted.content.decode().replace("&amp;", "&")
    bars = re.findall(
        r'<a href="(/data/pictures/\?[^"]*)" aria-label="[^"]*: ([\d,]+) \(examples', text
    )
    assert len(bars) > 6
    for address, rows in dict(bars).items():
        expected = f"of {rows} example" if rows != "0" else "No examples"
        assert expected in found(client.get(address))
    cats = re.search(r'<a href="([^"]*object\+classes=cat[^"]*)"', text)[1]
    assert "of 10 examples" in found(client.get(cats))
    empty = re.search(r'<a href="([^"]*not\+given[^"]*)"', text)
    assert empty is None  # Nothing has a column of licences here, so all rows are behind.


def test_a_row_of_two_splits_leads_to_both_side_by_side(client, counted):
    found = set(re.findall(r'href="(/data/pictures/compare/\?[^"]*)"', text_of(counted)))
    address = "/data/pictures/compare/?left=train&right=test"
    assert f"{address}#column-income" in found
    shown = text_of(client.get(address))
    assert 'id="column-income"' in shown
    assert "From train to test" in shown
    assert "Can a classifier tell the splits apart?" in shown


def test_a_comparison_says_where_its_tests_come_from_until_they_are_counted(client, dataset):
    assert "once the <a" in text_of(client.get("/data/pictures/compare/"))


def test_a_whole_table_is_downloaded_as_csv_and_json(client, counted):
    number = re.search(
        r'statistics/(\d+)\.csv" download>CSV<span class="visually-hidden">of Class',
        text_of(counted),
    )[1]
    lines = client.get(f"{PAGE}{number}.csv").content.decode().splitlines()
    assert lines[0] == "category,annotations,examples,share"
    assert {line.split(",")[0] for line in lines[1:]} == {"cat", "dog", "car"}
    rows = json.loads(client.get(f"{PAGE}{number}.json").content)
    assert {row["category"]: row["annotations"] for row in rows} == {"cat": 20, "dog": 20, "car": 0}
    assert client.get(f"{PAGE}999.csv").status_code == 404
    assert client.get(f"{PAGE}1.exe").status_code == 404


def test_a_page_that_waited_loads_itself_anew_when_all_is_counted(client, dataset, undrawn):
    asking = {"HX-Request": "true", "HX-Target": "analysis"}
    assert "HX-Refresh" not in client.get(PAGE, headers=asking)
    drain()
    assert client.get(PAGE, headers=asking)["HX-Refresh"] == "true"
    assert "HX-Refresh" not in client.get(PAGE)


def test_only_who_looks_after_the_data_has_them_counted_again(client, outsider, organiser, counted):
    assert client.post(PAGE).status_code == 403
    client.force_login(outsider)
    assert client.post(PAGE).status_code == 403
    before = Analysis.objects.get()
    client.force_login(organiser)
    assert client.post(PAGE).status_code == 302
    assert client.post(PAGE).status_code == 302
    assert "Class balance" in text_of(client.get(PAGE))
    assert drain() == 1
    after = Analysis.objects.get()
    assert (after.state, after.tries) == (WorkState.DONE, 2)
    assert after.folder != before.folder
    assert not analyses.folder_of(before).exists()


def test_a_failure_is_told_and_can_be_tried_again(
    client, organiser, dataset, undrawn, monkeypatch, caplog
):
    def fail(*given, **more):
        raise ValueError("a fault of ours")

    with monkeypatch.context() as broken:
        broken.setattr(statistics, "profile", fail)
        client.get(PAGE)
        for _ in range(5):
            drain()
            Job.objects.filter(state=JobState.READY).update(run_at=timezone.now())
    assert "This could not be worked out" in text_of(client.get(PAGE))
    assert "a fault of ours" not in text_of(client.get(PAGE))
    client.force_login(organiser)
    assert "a fault of ours" in text_of(client.get(PAGE))
    client.post(PAGE)
    drain()
    assert "Class balance" in text_of(client.get(PAGE))


def test_progress_is_written_down_once_a_second(dataset):
    found = analyses.request(
        revision=dataset.current,
        kind=Analysis.Kind.STATISTICS,
        role=Role.PUBLIC,
        now=timezone.now(),
    )
    now = timezone.now()
    step = analyses.steps(found, lambda: now)
    step("Reading", 1, 9)
    step("Too soon", 2, 9)
    found.refresh_from_db()
    assert (found.stage, found.done, found.total) == ("Reading", 1, 9)


@pytest.fixture
def guarded(add_dataset, tmp_path):
    folder = tmp_path / "guarded"
    folder.mkdir()
    for split, n in (("train", 30), ("test", 30)):
        pl.DataFrame(
            {
                "example_id": [str(one) for one in range(n)],
                "region": ["north", "south"] * (n // 2),
                "source": [f"{SECRET}-{one % 3}" for one in range(n)],
            }
        ).write_parquet(folder / f"{split}.parquet")
    layout = {"media": "", "columns": {"source": int(Role.ORGANISER)}}
    return add_dataset("guarded", folder=folder, layout=layout)


def test_the_public_statistics_know_nothing_of_a_hidden_column(client, organiser, guarded, undrawn):
    address = "/data/guarded/statistics/"
    client.get(address)
    drain()
    public = client.get(address)
    assert "Coverage by region" in text_of(public)
    assert SECRET not in text_of(public)
    for path in analyses.folder_of(Analysis.objects.get()).iterdir():
        assert SECRET.encode() not in path.read_bytes()
    client.force_login(organiser)
    client.get(address)
    drain()
    assert f"{SECRET}-1" in text_of(client.get(address))
    assert {one.role for one in Analysis.objects.all()} == {Role.PUBLIC, Role.ORGANISER}


def test_ids_that_two_splits_share_are_told_apart(client, guarded, undrawn):
    dataset = statistics.dataset_of(
        statistics.view_of(guarded.current, Role.PUBLIC), guarded.current
    )
    assert dataset.examples["example_id"].n_unique() == 60


def test_it_is_drawn_with_links_in_both_sizes(client, add_dataset, tmp_path):
    folder = tmp_path / "few"
    folder.mkdir()
    rows = pl.DataFrame({"example_id": ["a", "b"], "reference": ["cat", "dog"]})
    rows.write_parquet(folder / "all.parquet")
    add_dataset("few", folder=folder, layout={"media": "", "classes": ["cat", "dog"]})
    client.get("/data/few/statistics/")
    drain()
    text = text_of(client.get("/data/few/statistics/"))
    assert text.count('aria-label="cat: 1 (annotations)"') == 2
    assert 'href="/data/few/?f.reference=cat"' in text
    assert ".invalid" not in text
