"""Folders of images: one folder per class, perhaps below one folder per split.

The names of class folders are the labels; an image's id is the beginning of the hash of its pixels, so
that it does not tell the class. `metadata.csv` or `metadata.jsonl` beside the images may say more of them
by `file_name`.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import polars as pl
import yaml

from heldout.datasets import dicom
from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import SPLIT, Kind
from heldout.datasets.formats.checking import printable
from heldout.datasets.formats.exporting import WHOLE, by_split, place_image
from heldout.datasets.formats.finding import listing, split_of
from heldout.datasets.formats.format import PLACE, Draft, Format, Source, Trait
from heldout.datasets.formats.losses import FILE_NAME
from heldout.datasets.formats.rows import Rows
from heldout.datasets.identifiers import content_ids
from heldout.datasets.images import IMAGE_SUFFIXES
from heldout.datasets.media import in_threads, public_hash
from heldout.datasets.table import ID
from heldout.datasets.tables import format_of
from heldout.errors import BadInput, Problem, Problems

_LEFT_BY_SYSTEMS = frozenset({"thumbs.db", "desktop.ini"})
_BESIDE = frozenset({"readme.md", "license", "license.txt"})
_TABLES = tuple(f"metadata{suffix}" for suffix in (".csv", ".jsonl", ".parquet"))


def _recognise(path: Path) -> bool:
    return path.is_dir() and any(_is_image(name) for name in listing(path))


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in IMAGE_SUFFIXES | dicom.SUFFIXES


def _read(source: Source, problems: Problems) -> Draft | None:
    names = listing(source.path)
    images = [name for name in names if _is_image(name)]
    if not images:
        return None
    for name in names:
        _note_other(name, problems)
    splits = _splits(images)
    digests = in_threads(public_hash, [source.path / name for name in images])
    rows = Rows()
    for name, example_id in zip(images, content_ids(digests, images), strict=True):
        parts = PurePosixPath(name).parts
        place = printable(name)
        extra = {SPLIT: split_of(Path(parts[0]))} if splits else {}
        rows.example(place, example_id, name, **{FILE_NAME: printable(parts[-1])}, **extra)
        folders = parts[1:-1] if splits else parts[:-1]
        if folders:
            rows.annotation(place, example_id, Kind.LABEL, category=folders[0])
    draft = rows.draft(root=source.path)
    return _with_metadata(draft, source.path, names, problems)


def _note_other(name: str, problems: Problems) -> None:
    last = PurePosixPath(name).name.lower()
    if not _is_image(name) and last not in _LEFT_BY_SYSTEMS | _BESIDE | set(_TABLES):
        problems.add(printable(name), "is not an image; it is left out")


def _splits(images: list[str]) -> bool:
    """Whether the first folders are splits: all are named as splits are, and nothing else."""
    first = {PurePosixPath(name).parts[0] for name in images}
    return all(name.isalpha() and split_of(Path(name)) is not None for name in first)


def _with_metadata(draft: Draft, root: Path, names: list[str], problems: Problems) -> Draft:
    """Join the tables named `metadata` to the examples by the path of the image."""
    tables = [name for name in names if PurePosixPath(name).name.lower() in _TABLES]
    frames = [frame for name in tables if (frame := _table(root, name, problems)) is not None]
    if not frames:
        return draft
    known = pl.concat(frames, how="diagonal_relaxed").unique(subset="image", keep="first")
    clash = [name for name in known.columns if name in draft.examples.columns and name != "image"]
    joined = draft.examples.join(known.drop(clash), on="image", how="left", maintain_order="left")
    for row in known.join(draft.examples, on="image", how="anti").iter_rows(named=True):
        problems.add(row["image"], "is in a table of metadata, but not there")
    return Draft(joined, draft.annotations, draft.categories, draft.licences, draft.info, root)


def _table(root: Path, name: str, problems: Problems) -> pl.DataFrame | None:
    path = root / name
    form = format_of(path.suffix)
    table = form.read(path, problems) if form else None
    if table is None:
        return None
    if FILE_NAME not in table.frame.columns:
        problems.add(name, f"has no column {FILE_NAME}", "name the image of each row in it")
        return None
    folder = PurePosixPath(name).parent.as_posix()
    prefix = "" if folder == "." else f"{folder}/"
    return table.frame.with_columns(
        (pl.lit(prefix) + pl.col(FILE_NAME).cast(pl.String)).alias("image")
    ).drop(FILE_NAME, PLACE, strict=False)


def _write(dataset: DataSet, folder: Path) -> None:
    problems = Problems()
    labels = dataset.annotations.filter(pl.col("kind") == Kind.LABEL)
    for label in labels["category"].unique().sort():
        if not label or label.startswith(".") or set(label) & set("/\\\0"):
            problems.add("categories", f'"{label}" is no name of a folder', "rename it")
    problems.refuse_if_any()
    first = dict(reversed(list(labels.select(ID, "category").iter_rows())))
    folders: dict[str, str] = {}
    for split, part in by_split(dataset):
        name = "train" if split == WHOLE else split
        folders[name] = f"{name}/**"
        for example_id, path in zip(part.examples[ID], part.media_paths(), strict=True):
            target = folder / name / first.get(example_id, "")
            if path is not None:
                place_image(path, _made(target))
    if not any(folder.iterdir()):
        raise BadInput([Problem("", "no example has an image", "choose another format")])
    (folder / "README.md").write_text(configs(folders), "utf-8")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def configs(files: dict[str, str]) -> str:
    """Return the head of a README that tells `datasets.load_dataset` which file is which split.

    Without it splits are guessed from names, and a class called `train_station` is a split.
    """
    listed = [{"split": split, "path": path} for split, path in files.items()]
    head = {"configs": [{"config_name": "default", "data_files": listed}]}
    return f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n"


FORMAT = Format(
    id="image-folder",
    title="Folder of images",
    layout="one folder per class, or one per split with one per class in each",
    holds=frozenset({Trait.SPLITS, Trait.LABELS}),
    recognise=_recognise,
    read=_read,
    write=_write,
)
