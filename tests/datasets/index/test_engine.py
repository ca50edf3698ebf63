"""The index against polars over the same rows."""

import re
import sqlite3
import threading

import numpy as np
import polars as pl
import pytest

from heldout.datasets.annotations import annotation_frame
from heldout.datasets.index import words
from heldout.datasets.index.build import FILE, build_index
from heldout.datasets.index.engine import SqliteIndex, StaleIndex
from heldout.datasets.index.query import Query, Range
from heldout.datasets.index.views import Part, Role, view_for

NOTHING = pl.lit(value=True)
QUESTIONS = {
    "everything": (Query.of(), NOTHING),
    "a word": (Query.of("red"), pl.col("caption").str.contains(r"(?i)\bred\b")),
    "a phrase": (Query.of('"red traffic"'), pl.col("caption").str.contains("red traffic")),
    "two words in any order": (
        Query.of("light red"),
        pl.col("caption").str.contains("red") & pl.col("caption").str.contains("light"),
    ),
    "without its accents": (Query.of("cafe"), pl.col("caption").str.contains("Café")),
    "the beginning of a word": (Query.of("str*"), pl.col("caption").str.contains(r"\bstr")),
    "one word but not another": (
        Query.of("street -red"),
        pl.col("caption").str.contains("street") & ~pl.col("caption").str.contains("red"),
    ),
    "a word of one column": (Query.of("country:kenya"), pl.col("country") == "Kenya"),
    "a word of the wrong column": (Query.of("caption:kenya"), pl.lit(value=False)),
    "one value": (Query.of(chosen={"country": ["Peru"]}), pl.col("country") == "Peru"),
    "one of two values": (
        Query.of(chosen={"country": ["Peru", "Kenya"]}),
        pl.col("country").is_in(["Peru", "Kenya"]),
    ),
    "a missing value": (Query.of(chosen={"country": [""]}), pl.col("country").is_null()),
    "a value nobody has": (Query.of(chosen={"country": ["Atlantis"]}), pl.lit(value=False)),
    "a value in a list": (Query.of(chosen={"tags": ["old"]}), pl.col("tags").list.contains("old")),
    "two values of one list": (
        Query.of(chosen={"tags": ["new"]}, every=[("tags", "old")]),
        pl.col("tags").list.contains("new") & pl.col("tags").list.contains("old"),
    ),
    "an empty list": (Query.of(chosen={"tags": [""]}), pl.col("tags").list.len() == 0),
    "yes": (Query.of(chosen={"indoors": ["true"]}), pl.col("indoors")),
    "a range": (
        Query.of(ranges={"income": Range(50, 200)}),
        pl.col("income").is_between(50, 200).fill_null(value=False),
    ),
    "an open range": (
        Query.of(ranges={"income": Range(low=400)}),
        (pl.col("income") >= 400).fill_null(value=False),
    ),
    "all at once": (
        Query.of("red", {"country": ["Kenya", "Peru"]}, {"people": Range(1, 2)}),
        pl.col("caption").str.contains("red")
        & pl.col("country").is_in(["Kenya", "Peru"])
        & pl.col("people").is_between(1, 2),
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_rows_are_those_a_scan_finds(index, frame, name):
    query, condition = QUESTIONS[name]
    expected = frame.filter(condition)["example_id"].to_list()
    assert [hit.id for hit in index.rows(query)] == expected
    assert index.count(query) == len(expected)


def walk(index, query, size=7):
    """All pages forward, then back again from the last."""
    pages = [index.page(query, size=size)]
    while pages[-1].after is not None:
        pages.append(index.page(query, after=pages[-1].after, size=size))
    back = [pages[-1]]
    while back[-1].before is not None:
        back.append(index.page(query, before=back[-1].before, size=size))
    return pages, back[::-1]


@pytest.mark.parametrize("sort", ["", "income", "-income", "country", "-taken", "example_id"])
def test_pages_follow_each_other_without_gap_or_repeat(index, frame, sort):
    query = Query.of("red", sort=sort)
    pages, back = walk(index, query)
    assert pages == back
    ids = [hit.id for page in pages for hit in page.hits]
    expected = frame.filter(pl.col("caption").str.contains("red"))
    if sort:
        name = sort.removeprefix("-")
        keys = dict(zip(expected["example_id"], expected[name], strict=True))
        found = pl.Series([keys[one] for one in ids])
        assert found.equals(found.sort(descending=sort.startswith("-"), nulls_last=True))
        assert sorted(ids) == sorted(expected["example_id"])
    else:
        assert ids == expected["example_id"].to_list()
    assert [page.number for page in pages] == list(range(1, len(ids) + 1, 7))
    assert {page.total for page in pages} == {len(ids)}


def test_a_position_beyond_the_end_is_an_empty_page(index):
    page = index.page(Query.of(), after=10**12)
    assert (page.hits, page.total, page.number) == ((), 100, 0)


def test_a_page_of_nothing_has_no_neighbours(index):
    page = index.page(Query.of("nobodysaysthis"))
    assert (page.hits, page.before, page.after) == ((), None, None)


@pytest.mark.parametrize("query", [Query.of(), Query.of("red"), Query.of("red", {"people": ["1"]})])
@pytest.mark.parametrize("column", ["country", "people", "indoors", "split"])
def test_facets_count_what_a_scan_counts(index, frame, query, column):
    others = index.rows(query.without(column))
    wanted = frame.filter(pl.col("example_id").is_in([hit.id for hit in others]))
    cells = wanted["example_id"].str.extract(r"^(\w+)-") if column == "split" else wanted[column]
    counted = dict(cells.cast(pl.String).fill_null("").value_counts().rows())
    assert dict(index.facet(query, column)) == counted


def test_a_facet_of_lists_counts_each_row_once_per_value(index, frame):
    counted = dict(frame["tags"].explode().drop_nulls().value_counts().rows())
    assert {one.value: one.rows for one in index.facet(Query.of(), "tags") if one.value} == counted


def test_a_facet_offers_the_most_frequent_values_first(index):
    counts = index.facet(Query.of(), "object classes", most=1)
    assert counts == [("cat", 30)]


def test_a_histogram_counts_every_known_number_once(index, frame):
    bins = index.histogram(Query.of(), "income")
    known = frame["income"].drop_nulls().to_numpy()
    edges = np.array([bins[0].low, *(one.high for one in bins)])
    assert [one.rows for one in bins] == np.histogram(known, edges)[0].tolist()
    assert index.columns["income"].log


def test_what_annotations_say_can_be_searched_and_counted(index):
    assert index.count(Query.of(chosen={"object classes": ["dog"]})) == 10
    assert index.count(Query.of(ranges={"objects": Range(2, 2)})) == 10
    origins = dict(index.facet(Query.of(), "label origin"))
    assert origins["machine-made, verified by people"] == 10


def test_what_statistics_count_can_be_filtered_by(tmp_path):
    frame = pl.DataFrame(
        {"example_id": ["a", "b"], "width": [80, 80], "height": [80, 80], "licence": ["CC0", " "]}
    )
    marks = annotation_frame(
        {
            "example_id": ["a", "a", "b"],
            "annotation_id": ["1", "2", "3"],
            "kind": ["object", "object", "answer"],
            "x0": [0.0, 40.0, None],
            "y0": [0.0, 10.0, None],
            "x1": [8.0, 80.0, None],
            "y1": [8.0, 70.0, None],
            "text": [None, None, "Unanswerable"],
        }
    )
    build_index(view_for(Role.PUBLIC, [Part("all", frame, marks)]), tmp_path / "index")
    found = SqliteIndex(tmp_path / "index")

    def ids(column, value):
        return [one.id for one in found.rows(Query.of(chosen={column: [value]}))]

    assert [ids("object sizes", one) for one in ("small", "medium", "large")] == [["a"], ["a"], []]
    assert ids("object places", "row 5, column 7") == ["a"]
    assert ids("answer type", "unanswerable") == ["b"]
    assert ids("not given", "licence") == ["b"]


def test_an_item_comes_with_its_annotations_and_neighbours(index):
    item = index.item("train", "train-004", Query.of(sort="-example_id"))
    assert item.hit.cells["caption"] == "A red bus and a blue car"
    assert [(one.category, one.box) for one in item.marks] == [
        ("cat", (1.0, 2.0, 11.5, 9.0)),
        ("dog", (1.0, 2.0, 11.5, 9.0)),
    ]
    assert (item.earlier.id, item.later.id) == ("train-005", "train-003")


def test_neighbours_are_those_of_the_query_even_from_outside_it(index):
    item = index.item("train", "train-001", Query.of("red"))
    assert (item.earlier.id, item.later.id) == ("train-000", "train-004")


def test_an_example_of_another_split_is_not_there(index):
    assert index.item("test", "train-004") is None


def test_cells_have_the_types_of_the_data(index):
    cells = index.item("train", "train-002").hit.cells
    assert cells["indoors"] is True
    assert cells["tags"] == ["new", "old"]
    assert cells["taken"] == "2020-01-03"
    assert cells["people"] == 2


def test_any_number_of_threads_may_ask(index):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(index.page(Query.of("light")).total))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [index.count(Query.of("light"))] * 6


def test_the_file_cannot_be_written_to(index):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        index._database.execute("DELETE FROM item")


def test_frequent_words_are_found_as_rare_ones_are(parts, tmp_path, monkeypatch, index):
    monkeypatch.setattr(words, "FEWEST_ROWS", 10)
    build_index(view_for(Role.PUBLIC, parts), tmp_path / "index")
    fast = SqliteIndex(tmp_path / "index")
    assert fast._matcher._places(fast._database)
    for text in (
        *("red", "the", "caption:red", "country:kenya red", "street -light", "Red BUS"),
        *("re*", "st*", "stree*", "light* -th*", "caption:re*", "lighthouse*"),
    ):
        assert [one.id for one in fast.rows(Query.of(text))] == [
            one.id for one in index.rows(Query.of(text))
        ]


def test_a_column_of_ids_is_no_facet(index):
    assert not index.columns["example_id"].facet
    assert not index.columns["image"].facet


def test_an_index_of_another_version_is_refused(folders, tmp_path):
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("CREATE TABLE meta (content BLOB)")
    database.close()
    with pytest.raises(StaleIndex, match=re.escape(str(tmp_path))):
        SqliteIndex(tmp_path)


def test_an_index_is_never_written_over(folders, parts):
    with pytest.raises(FileExistsError):
        build_index(view_for(Role.PUBLIC, parts), folders[Role.PUBLIC])


def test_a_failed_build_leaves_nothing(parts, tmp_path, monkeypatch):
    monkeypatch.setattr("heldout.datasets.index.build.write_words", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build_index(view_for(Role.PUBLIC, parts), tmp_path / "index")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "frames",
    [
        [
            pl.DataFrame({"example_id": ["a"], "x": [1]}),
            pl.DataFrame({"example_id": ["b"], "x": ["y"]}),
        ],
        [
            pl.DataFrame({"example_id": ["a"], "split": ["mine"]}),
            pl.DataFrame({"example_id": ["b"]}),
        ],
        [pl.DataFrame({"example_id": ["a"], "x": [{"y": 1}]}), pl.DataFrame({"example_id": ["b"]})],
        [pl.DataFrame({"example_id": ["a"], "x": [None]}), pl.DataFrame({"example_id": ["b"]})],
        [pl.DataFrame({"example_id": pl.Series([], dtype=pl.String)})],
        [],
    ],
)
def test_odd_tables_are_indexed_too(frames, tmp_path):
    parts = [Part(f"split{place}", frame) for place, frame in enumerate(frames)]
    build_index(view_for(Role.PUBLIC, parts), tmp_path / "index")
    index = SqliteIndex(tmp_path / "index")
    assert index.page(Query.of()).total == sum(map(len, frames))


def test_a_caption_of_ten_million_characters_is_cut(tmp_path):
    frame = pl.DataFrame({"example_id": ["a"], "caption": ["word " * 2_000_000]})
    build_index(view_for(Role.PUBLIC, [Part("train", frame)]), tmp_path / "index")
    index = SqliteIndex(tmp_path / "index")
    assert len(index.item("train", "a").hit.cells["caption"]) == 20_000
    assert index.count(Query.of("word")) == 1
