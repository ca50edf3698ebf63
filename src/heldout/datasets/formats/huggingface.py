"""A folder that `datasets.load_dataset` opens: one Parquet file per split with the images inside.

The README's head names the file of each split, so that nothing is guessed from names. Annotations are a
list of records in each row; a single label is a column of its own as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import ANNOTATIONS, SPLIT, Kind, annotation_frame
from heldout.datasets.annotations.storing import ABOUT, About, read_about
from heldout.datasets.formats.exporting import WHOLE, by_split, place_images, write_json
from heldout.datasets.formats.finding import listing, split_of
from heldout.datasets.formats.format import EVERYTHING, PLACE, Draft, Format, Source
from heldout.datasets.formats.image_folder import configs
from heldout.datasets.table import ID, MEDIA
from heldout.errors import Problems

_ROWS = "annotations"
_LABEL = "label"
_ROWS_PER_GROUP = 100  # Images make rows large; readers fetch whole groups.
_INNER = {name: dtype for name, dtype in ANNOTATIONS.items() if name != ID}


def _recognise(path: Path) -> bool:
    return path.is_dir() and bool(_files(path))


def _files(path: Path) -> list[Path]:
    """Return the Parquet files whose schema says that `datasets` can open them."""
    names = [name for name in listing(path) if name.endswith(".parquet")]
    return [path / name for name in names if _is_readable(path / name)]


def _is_readable(file: Path) -> bool:
    try:
        return b"huggingface" in (pq.read_schema(file).metadata or {})
    except (pa.ArrowException, OSError):
        return False


def _read(source: Source, problems: Problems) -> Draft | None:
    scratch = source.unpacking(problems)
    if scratch is None:
        return None
    examples, annotations = [], []
    for number, file in enumerate(_files(source.path)):
        folder = scratch / str(number)
        folder.mkdir()
        frame = pl.DataFrame(pl.from_arrow(pq.read_table(file)))
        rows, made = _read_frame(frame, file, folder, problems)
        examples.append(rows)
        annotations.append(made)
    if not examples:
        return None
    about = read_about(source.path)
    return Draft(
        examples=pl.concat(examples, how="diagonal_relaxed"),
        annotations=pl.concat(annotations),
        categories=about.categories if about else None,
        licences=about.licences if about else (),
        info=about.info if about else {},
        root=scratch,
    )


def _read_frame(
    frame: pl.DataFrame, file: Path, folder: Path, problems: Problems
) -> tuple[pl.DataFrame, pl.DataFrame]:
    places = pl.Series(PLACE, [f"{file.name} row {row}" for row in range(frame.height)])
    names = frame.columns
    ids = (
        frame[ID].cast(pl.String)
        if ID in names
        else pl.Series(ID, range(frame.height)).cast(pl.String)
    )
    frame = frame.with_columns(ids.alias(ID), places)
    if MEDIA in names and isinstance(frame[MEDIA].dtype, pl.Struct):
        frame = frame.with_columns(_unpack(frame[MEDIA], folder))
    split = split_of(file)
    if SPLIT not in names and split:
        frame = frame.with_columns(pl.lit(split).alias(SPLIT))
    made = annotation_frame({}).with_columns(pl.lit(None, pl.String).alias(PLACE))
    if _ROWS in names:
        rows = frame.select(ID, PLACE, _ROWS).explode(_ROWS).drop_nulls(_ROWS).unnest(_ROWS)
        known = annotation_frame({name: rows[name] for name in ANNOTATIONS if name in rows.columns})
        made = known.with_columns(rows[PLACE])
    elif _LABEL in names:
        rows = frame.select(ID, PLACE, pl.col(_LABEL).cast(pl.String).alias("category"))
        rows = rows.filter(pl.col("category").is_not_null())
        kinds = [Kind.LABEL] * rows.height
        cells: dict[str, Any] = {ID: rows[ID], "category": rows["category"], "kind": kinds}
        made = annotation_frame(cells).with_columns(rows[PLACE])
    return frame.drop(_ROWS, _LABEL, strict=False), made


def _unpack(images: pl.Series, folder: Path) -> pl.Series:
    """Write the images to files and return their paths."""
    paths: list[str | None] = []
    for number, image in enumerate(images):
        content = None if image is None else image.get("bytes")
        if content is None:
            paths.append(None)
            continue
        suffix = Path(image.get("path") or "").suffix.lower() or ".png"
        (folder / f"{number}{suffix}").write_bytes(content)
        paths.append(f"{folder.name}/{number}{suffix}")
    return pl.Series(MEDIA, paths, dtype=pl.String)


def _write(dataset: DataSet, folder: Path) -> None:
    media = folder / "media"
    names = place_images(dataset, media)
    chosen = dict(zip(dataset.examples[ID], names, strict=True))
    single = _single_label(dataset)
    files: dict[str, str] = {}
    for split, part in by_split(dataset):
        name = "train" if split == WHOLE else split
        files[name] = f"{name}.parquet"
        _write_split(part, single, chosen, media, folder / files[name])
    for name in {one for one in names if one}:
        (media / name).unlink()
    media.rmdir()
    write_json(About(dataset.categories, dataset.licences, dict(dataset.info)), folder / ABOUT)
    (folder / "README.md").write_text(configs(files), "utf-8")


def _single_label(dataset: DataSet) -> dict[str, str] | None:
    """Return the label of each example, if no example has two and some have one."""
    labels = dataset.annotations.filter(pl.col("kind") == Kind.LABEL)
    if labels.is_empty() or labels[ID].is_duplicated().any():
        return None
    return dict(labels.select(ID, "category").iter_rows())


def _write_split(
    part: DataSet,
    labels: Mapping[str, str] | None,
    chosen: Mapping[str, str | None],
    media: Path,
    path: Path,
) -> None:
    frame = part.examples.drop(SPLIT, strict=False)
    rows = part.annotations.select(ID, pl.struct(list(_INNER)).alias(_ROWS))
    grouped = rows.group_by(ID, maintain_order=True).agg(_ROWS)
    frame = frame.join(grouped, on=ID, how="left", maintain_order="left")
    frame = frame.with_columns(
        pl.col(_ROWS).fill_null(pl.lit([], dtype=pl.List(pl.Struct(_INNER))))
    )
    table = _plain_strings(frame.to_arrow())
    if labels is not None:
        found = [labels.get(one) for one in frame[ID]]
        table = table.append_column(_LABEL, pa.array(found, pa.string()))
    schema, features = table.schema, _features(table.schema)
    if MEDIA in frame.columns:
        place = schema.get_field_index(MEDIA)
        schema = schema.set(place, pa.field(MEDIA, _IMAGE))
        features[MEDIA] = {"_type": "Image"}
    about = {"huggingface": msgspec.json.encode({"info": {"features": features}})}
    with pq.ParquetWriter(path, schema.with_metadata(about), compression="zstd") as writer:
        for start in range(0, max(table.num_rows, 1), _ROWS_PER_GROUP):
            piece = table.slice(start, _ROWS_PER_GROUP)
            writer.write_table(_with_images(piece, chosen, media).cast(schema.with_metadata(about)))


_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def _with_images(table: pa.Table, chosen: Mapping[str, str | None], media: Path) -> pa.Table:
    if MEDIA not in table.column_names:
        return table
    names = [chosen[one] for one in table[ID].to_pylist()]
    images = [name and {"bytes": (media / name).read_bytes(), "path": name} for name in names]
    place = table.schema.get_field_index(MEDIA)
    return table.set_column(place, MEDIA, pa.array(images, _IMAGE))


def _plain_strings(table: pa.Table) -> pa.Table:
    """Return the table with the types of text and lists that every reader knows."""
    fields = [pa.field(one.name, _plain(one.type)) for one in table.schema]
    return table.cast(pa.schema(fields))


def _plain(kind: Any) -> Any:
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_list(kind) or pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(one.name, _plain(one.type)) for one in kind])
    return kind


def _features(schema: Any) -> dict[str, Any]:
    return {one.name: _feature(one.type) for one in schema}


def _feature(kind: Any) -> dict[str, Any]:
    """Return a type in the words of `datasets`."""
    if pa.types.is_struct(kind):
        return {one.name: _feature(one.type) for one in kind}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    names = {"double": "float64", "bool": "bool", "date32[day]": "date32"}
    return {"dtype": names.get(str(kind), str(kind)), "_type": "Value"}


FORMAT = Format(
    id="huggingface",
    title="Hugging Face",
    layout="`train.parquet` … with the images inside, and a README that names the splits",
    holds=EVERYTHING,
    recognise=_recognise,
    read=_read,
    write=_write,
)
