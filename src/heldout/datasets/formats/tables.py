"""CSV, JSON Lines and Parquet: one table of examples, and one of annotations beside it.

`examples.csv`, `annotations.csv` and `dataset.json` hold all there is. Any other single table is read as
examples: a column of labels becomes their labels.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import (
    ANNOTATIONS,
    SOURCE,
    Kind,
    annotation_frame,
)
from heldout.datasets.annotations.storing import ABOUT, About, read_about
from heldout.datasets.formats.exporting import place_images, write_json
from heldout.datasets.formats.format import EVERYTHING, PLACE, Draft, Format, Source
from heldout.datasets.kinds import Kind as ColumnKind
from heldout.datasets.kinds import convert, infer_calendar, infer_kind, native_kind
from heldout.datasets.readers import find_reader
from heldout.datasets.table import ID, MEDIA
from heldout.datasets.writers import write_table
from heldout.decoding import decode
from heldout.errors import Problems

_IDS = (ID, "id", "image_id", "uuid", "key")
_IMAGES = (MEDIA, "file_name", "filename", "path", "image_path", "file")
_LABELS = ("reference", "label", "labels", "class", "category")
_ADDRESSES = (SOURCE, "url", "image_url", "source_url")
_LISTED = r"^\[.*\]$"
_NESTED = ("polygons", "keypoints")


def _recognise(suffix: str, path: Path) -> bool:
    if path.is_file():
        return path.suffix.lower() == suffix
    return (path / f"examples{suffix}").is_file()


def _read(suffix: str, source: Source, problems: Problems) -> Draft | None:
    folder = source.path if source.path.is_dir() else source.path.parent
    file = folder / f"examples{suffix}" if source.path.is_dir() else source.path
    draft = _read_examples(file, source.images or folder, problems)
    beside = folder / f"annotations{suffix}"
    if draft is None or file.name != f"examples{suffix}" or not beside.is_file():
        return draft
    return _with_annotations(draft, beside, folder / ABOUT, problems)


def _read_examples(file: Path, root: Path, problems: Problems) -> Draft | None:
    raw = find_reader(file).read(file, problems)
    if raw is None:
        return None
    columns = {name: _typed(cells, name in raw.untyped) for name, cells in raw.columns.items()}
    frame = pl.DataFrame([cells.alias(name) for name, cells in columns.items()])
    places = pl.Series(PLACE, [raw.place(row) for row in range(frame.height)], dtype=pl.String)
    frame = _named(frame).with_columns(places)
    label = next((name for name in _LABELS if name in frame.columns), None)
    annotations = annotation_frame({}).with_columns(pl.lit(None, pl.String).alias(PLACE))
    if label is not None and frame[label].dtype in (pl.String, pl.List(pl.String), pl.Int64):
        annotations = _labels(frame, label)
        frame = frame.drop(label)
    return Draft(examples=frame, annotations=annotations, root=root)


def _typed(cells: pl.Series, untyped: bool) -> pl.Series:
    """Give a column of text the narrowest kind, lists written as text included."""
    listed = _as_lists(cells) if cells.dtype == pl.String else None
    if listed is not None:
        return listed
    if untyped:
        kind = infer_kind(cells.replace("", None))
    else:
        found = native_kind(cells.dtype)
        kind = infer_calendar(cells) if found is ColumnKind.TEXT else found or ColumnKind.TEXT
    return convert(cells, kind)[0]


def _as_lists(cells: pl.Series) -> pl.Series | None:
    """Return lists of text or numbers that were written as `['a', 'b']`; None if any cell is not."""
    present = cells.drop_nulls()
    if present.is_empty() or not present.str.contains(_LISTED).all():
        return None
    try:
        lists = [None if cell is None else _as_list(cell) for cell in cells]
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    kinds = {type(item) for one in lists if one for item in one}
    if kinds <= {str}:
        return pl.Series(cells.name, lists, dtype=pl.List(pl.String))
    if kinds <= {int, float}:
        return pl.Series(cells.name, lists, dtype=pl.List(pl.Float64), strict=False)
    return None


def _as_list(cell: str) -> Any:
    """Read a list as Python or JSON writes it."""
    if '"' not in cell and "\\" not in cell:
        with suppress(msgspec.DecodeError):
            return decode(cell.replace("'", '"'))
    return ast.literal_eval(cell)


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the id, the image and the address their names; without ids, rows are counted."""
    roles = {ID: _IDS, MEDIA: _IMAGES, SOURCE: _ADDRESSES}
    found = {
        role: next((name for name in names if name in frame.columns), None)
        for role, names in roles.items()
    }
    key = found[ID]
    ids = frame[key] if key else pl.Series(range(1, frame.height + 1))
    renamed = {name: role for role, name in found.items() if name and role != ID and name != role}
    rest = frame.drop([key] if key else []).rename(renamed)
    if MEDIA in rest.columns:
        rest = rest.with_columns(pl.col(MEDIA).cast(pl.String))
    return rest.insert_column(0, ids.cast(pl.String).alias(ID))


def _labels(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    rows = frame.select(ID, PLACE, pl.col(name).alias("category"))
    if isinstance(rows["category"].dtype, pl.List):
        rows = rows.explode("category")
    rows = rows.filter(pl.col("category").is_not_null())
    named: dict[str, Sequence[Any] | pl.Series]
    named = {ID: rows[ID], "category": rows["category"], "kind": [Kind.LABEL] * rows.height}
    return annotation_frame(named).with_columns(rows[PLACE])


def _with_annotations(draft: Draft, file: Path, about: Path, problems: Problems) -> Draft:
    try:
        frame = _READERS[file.suffix](file)
    except (pl.exceptions.PolarsError, msgspec.MsgspecError, OSError, ValueError) as error:
        problems.add(file.name, f"cannot be read: {str(error).splitlines()[0]}")
        return draft
    unknown = [name for name in frame.columns if name not in ANNOTATIONS]
    for name in unknown:
        problems.add(file.name, f'the column "{name}" is not known; it is left out')
    found = annotation_frame({name: frame[name] for name in ANNOTATIONS if name in frame.columns})
    places = pl.format("{} {}", pl.lit(file.name), pl.col("annotation_id")).alias(PLACE)
    return _described(replace(draft, annotations=found.with_columns(places)), about, problems)


def _described(draft: Draft, path: Path, problems: Problems) -> Draft:
    about = read_about(path.parent)
    if about is None:
        if path.is_file():
            problems.add(path.name, "cannot be read")
        return draft
    return replace(draft, categories=about.categories, licences=about.licences, info=about.info)


def _read_csv(file: Path) -> pl.DataFrame:
    frame = pl.read_csv(file, infer_schema=False)
    columns = [
        pl.col(name).str.json_decode(ANNOTATIONS[name])
        if name in _NESTED
        else pl.col(name) == "true"
        if name == "crowd"
        else pl.col(name).cast(ANNOTATIONS[name])
        for name in frame.columns
        if name in ANNOTATIONS
    ]
    return frame.with_columns(columns)


def _read_lines(file: Path) -> pl.DataFrame:
    return pl.read_ndjson(file, schema=ANNOTATIONS) if file.stat().st_size else annotation_frame({})


_READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".csv": _read_csv,
    ".jsonl": _read_lines,
    ".parquet": lambda file: pl.read_parquet(file),
}


def _write(suffix: str, dataset: DataSet, folder: Path) -> None:
    names = place_images(dataset, folder / "media")
    examples = dataset.examples
    if MEDIA in examples.columns:
        paths = [None if name is None else f"media/{name}" for name in names]
        examples = examples.with_columns(pl.Series(MEDIA, paths, dtype=pl.String))
    else:
        (folder / "media").rmdir()
    write_table(examples, folder / f"examples{suffix}")
    annotations = dataset.annotations
    if suffix == ".csv":
        annotations = annotations.with_columns(_as_text(annotations[name]) for name in _NESTED)
    write_table(annotations, folder / f"annotations{suffix}")
    write_json(About(dataset.categories, dataset.licences, dict(dataset.info)), folder / ABOUT)


def _as_text(cells: pl.Series) -> pl.Series:
    lists: Sequence[Any] = cells.to_list()
    texts = [None if one is None else msgspec.json.encode(one).decode() for one in lists]
    return pl.Series(cells.name, texts, dtype=pl.String)


FORMATS = tuple(
    Format(
        id=suffix[1:],
        title=title,
        layout=f"a table, or `examples{suffix}`, `annotations{suffix}`, `dataset.json` and `media`",
        holds=EVERYTHING,
        recognise=partial(_recognise, suffix),
        read=partial(_read, suffix),
        write=partial(_write, suffix),
    )
    for suffix, title in ((".csv", "CSV"), (".jsonl", "JSON Lines"), (".parquet", "Parquet"))
)
