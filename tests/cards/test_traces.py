"""Origins and ways to people are found in tables and image headers, and told without being named."""

from dataclasses import replace

import polars as pl
import pytest
from msgspec.structs import replace as replace_in
from PIL import Image

from heldout.cards.datasheet import awaited_answers, counted_answers
from heldout.cards.facts import Edition, Subject, count_facts
from heldout.cards.traces import Group, Labelled, find_traces
from heldout.datasets.annotations import annotation_frame

TRAIN = pl.DataFrame(
    {
        "example_id": ["a", "b", "c"],
        "page": ["https://Photos.example.org/1", "http://photos.example.org:80/2", None],
        "taken": ["2013-11-14 17:02:52", "2013-11-24", None],
        "photographer": ["Ann", "Ben", "Cem"],
        "country": ["Peru", "Nepal", "Peru"],
        "caption": ["Write to ann@example.org", "Call (030) 123 4567", "A 2013-11 street"],
    }
)
TEST = pl.DataFrame(
    {
        "example_id": ["d"],
        "page": ["https://elsewhere.example.com"],
        "taken": ["2012-01-31"],
        "photographer": ["Ann"],
        "country": [None],
        "caption": ["A bus"],
    },
    schema=TRAIN.schema,
)
ANNOTATIONS = annotation_frame(
    {
        "example_id": ["a", "a", "b"],
        "annotation_id": ["1", "2", "3"],
        "kind": ["object"] * 3,
        "annotator": ["x", "y", "x"],
        "origin": ["human", "machine", "human"],
    }
)


@pytest.fixture
def located(tmp_path):
    """One picture that says where it was taken, one that does not, one that is none."""
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (8, 8)).save(tmp_path / "there.jpg", exif=exif)
    Image.new("RGB", (8, 8)).save(tmp_path / "nowhere.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    return [tmp_path / f"{name}.jpg" for name in ("there", "nowhere", "broken")]


def test_addresses_times_groups_and_people_are_counted_over_all_splits(located):
    found = find_traces([TRAIN, TEST], annotations=ANNOTATIONS, images=located, most_values=50)
    assert found.addresses == {"page": {"photos.example.org": 2, "elsewhere.example.com": 1}}
    assert found.times == {"taken": ("2012-01-31", "2013-11-24")}
    assert found.groups == {"photographer": Group(groups=3, most=2)}
    assert found.people == {"country": {"Peru": 2, "Nepal": 1}}
    assert found.patterns == {"e-mail": 1, "telephone": 1}
    assert found.located == 1
    assert found.labelled == Labelled(2, 2, 2, {"human": 2, "machine": 1})


def test_rare_hosts_are_one_line_and_many_values_are_not_counted_out():
    table = TRAIN.head(1).select(
        pl.concat_list(pl.lit(f"http://h{n:02}.example/") for n in range(15)).explode().alias("page"),
    ).with_columns(country=pl.col("page"))  # fmt: skip
    found = find_traces([table], most_values=10)
    assert found.addresses["page"]["others"] == 5
    assert sum(found.addresses["page"].values()) == 15
    assert found.people == {}
    assert (found.located, found.labelled) == (None, None)


@pytest.fixture
def bare(tmp_path, located):
    """What comes from a COCO file: pictures, addresses, times, licences, annotations."""
    train = TRAIN.with_columns(
        image=pl.Series([path.name for path in located]), licence=pl.lit("CC-BY-4.0")
    ).drop("photographer", "country")
    train.write_parquet(tmp_path / "train.parquet")
    ANNOTATIONS.write_parquet(tmp_path / "annotations.parquet")
    return Subject(
        id="bare",
        title="Bare",
        data=tmp_path,
        tables={"train": tmp_path / "train.parquet"},
        license="CC-BY-4.0",
        organisers=["somebody"],
        media_column="image",
    )


def test_twenty_answers_of_a_bare_set_are_counted_and_none_of_them_is_a_guess(bare):
    counted = counted_answers(count_facts(bare))
    # With its revisions and its keeper, whom a site knows, there are four more.
    assert len(counted) >= 18
    assert "`page` (2)" in counted["external"][0]
    assert "photos.example.org: 2" in counted["raw"][0]
    assert "e-mail 1, telephone 1" in counted["identifiable"][0]
    assert "where they were taken: 1" in counted["identifiable"][0]
    assert "No column has a name" in counted["relationships"][0]
    assert "2 of 3 examples have one or more" in counted["relationships"][0]
    assert counted["timeframe"][0] == "`taken` runs from 2013-11-14 17:02:52 to 2013-11-24."
    assert "human 2, machine 1" in counted["collectors"][0]
    for personal in ("ann@example.org", "123 4567"):
        assert all(personal not in text for text, _ in counted.values())
    judgements = {"purpose", "creators", "acquisition", "consent", "unsuitable", "splits", "review"}
    assert not judgements & counted.keys()


def test_revisions_and_who_keeps_them_are_told_where_they_are_known(bare):
    facts = count_facts(bare)
    known = [Edition("2026-01-02", "aaa"), Edition("2026-03-04", "bbb", "Two boxes mended.")]
    more = replace_in(facts, editions=known, maintainer="somebody", audience="Yes.")
    told = counted_answers(more)
    assert "- 2026-03-04, `bbb`: Two boxes mended." in told["errata"][0]
    assert "2 revisions are kept: 2026-01-02, 2026-03-04" in told["versions"][0]
    assert told["maintainer"][0] == "somebody"
    assert told["recipients"][0] == "Yes."
    assert len(told) >= 21


def test_what_is_announced_before_the_count_is_answered_by_it(bare):
    for subject in (bare, replace(bare, license="", organisers=())):
        awaited = awaited_answers(subject)
        assert awaited <= counted_answers(count_facts(subject)).keys()
        assert ("licence" in awaited) == bool(subject.license)
        assert ("contact" in awaited) == bool(subject.organisers)
