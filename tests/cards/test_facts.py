"""Facts are counted from the public folder, and repeat what other libraries count there."""

import hashlib

import msgspec
import polars as pl
from PIL import Image

from heldout.cards.facts import DatasetFacts, collect_facts
from heldout.challenge.folder import load


def test_splits_and_columns_are_counted(facts, shades):
    sizes = {split.name: (split.examples, split.held_out) for split in facts.splits}
    tables = {name: pl.read_parquet(shades.data / f"{name}.parquet") for name in sizes}
    assert sizes == {name: (len(it), "reference" not in it.columns) for name, it in tables.items()}
    assert facts.examples == 60
    lamp = next(it for it in facts.splits[0].columns if it.name == "lamp")
    train = tables[facts.splits[0].name]
    assert lamp.missing == train["lamp"].null_count()
    assert lamp.values == dict(train["lamp"].drop_nulls().value_counts().iter_rows())
    minutes = next(it for it in facts.splits[0].columns if it.name == "minutes")
    assert float(minutes.highest) == train["minutes"].max()


def test_images_are_measured_and_shared_ones_found(facts, shades):
    assert facts.media.formats == {"PNG": 59}
    assert (facts.media.widths, facts.media.heights) == ((8, 8, 8), (6, 6, 6))
    assert facts.media.shared == 2
    for path in (shades.data / "media").iterdir():
        with Image.open(path) as image:
            assert image.size == (8, 6)


def test_every_file_has_its_size_and_hash(facts, shades):
    assert facts.files["train.parquet"] == (
        (shades.data / "train.parquet").stat().st_size,
        hashlib.sha256((shades.data / "train.parquet").read_bytes()).hexdigest(),
    )
    assert facts.total_bytes == sum(size for size, _ in facts.files.values())


def test_the_version_changes_with_the_data_and_with_nothing_else(facts, damaged):
    assert collect_facts(load(damaged)).version == facts.version
    table = pl.read_parquet(damaged / "data/train.parquet")
    table.head(-1).write_parquet(damaged / "data/train.parquet")
    assert collect_facts(load(damaged)).version != facts.version


def test_licences_of_items_are_counted(damaged):
    path = damaged / "data/train.parquet"
    table = pl.read_parquet(path)
    names = pl.Series("license", ["CC-BY-4.0", None, "CC-BY-NC-4.0"]).sample(
        len(table), with_replacement=True, seed=1
    )
    table.with_columns(names).write_parquet(path)
    counted = collect_facts(load(damaged)).item_licences
    assert counted["none stated"] == names.null_count()
    assert counted["CC-BY-4.0"] == (names == "CC-BY-4.0").sum()


def test_numbers_in_a_csv_are_numbers(damaged):
    table = pl.read_parquet(damaged / "data/train.parquet")
    (damaged / "data/train.parquet").unlink()
    table.write_csv(damaged / "data/train.csv")
    column = collect_facts(load(damaged)).column("minutes")
    assert (column.kind, float(column.lowest)) == ("Float64", table["minutes"].min())


def test_the_facts_file_is_read_back(facts):
    assert msgspec.json.decode(facts.to_json(), type=DatasetFacts) == facts
