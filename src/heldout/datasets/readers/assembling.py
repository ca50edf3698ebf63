"""From a format's raw columns to a checked table of examples: names, types, ids, classes, media."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from heldout.datasets.kinds import Kind, convert, infer_calendar, infer_kind, native_kind
from heldout.datasets.media import check_media
from heldout.datasets.readers.reader import RawTable
from heldout.datasets.table import ID, MEDIA, REFERENCE, REFERENCE_KINDS, ROLES, ExampleTable
from heldout.datasets.tasks import Family, Task
from heldout.errors import Problems, did_you_mean

_LONGEST_ID = 256
_CONTROL = r"[\x00-\x1f\x7f\x{80}-\x{9f}\x{2028}\x{2029}]"
_KIND_REMEDIES = {
    Kind.TEXT: "write it as text",
    Kind.INTEGER: "write a whole number, or leave the cell empty where it is unknown",
    Kind.NUMBER: "write a finite number, or leave the cell empty where it is unknown",
    Kind.TRUTH: "write true or false",
    Kind.DATE: "write it as 2026-01-31",
    Kind.TIME: "write it as 2026-01-31T12:00:00Z",
    Kind.TEXTS: "write a list of text without empty items",
    Kind.NUMBERS: "write a list of finite numbers",
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller says about a table.

    Attributes:
        task: Decides what a reference looks like and whether examples have images.
        classes: The declared classes; None where those that occur are the classes.
        names: Which column is the id, the medium, the reference, where it is not the canonical one.
        kinds: Declared kinds of metadata columns, by name.
        decode: Whether to decode every image.
    """

    task: Task
    classes: Sequence[str] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    decode: bool = True


def assemble(raw: RawTable, wishes: Wishes, problems: Problems) -> ExampleTable | None:
    """Return the table, or None where its columns cannot be found. All faults go to `problems`."""
    _check_column_names(raw, problems)
    sources = _find_roles(raw, wishes, problems)
    if ID not in sources:
        return None
    if not len(raw.columns[sources[ID]]):
        problems.add("", "there are no examples", "add at least one row")
        return None
    frame = _typed_frame(raw, sources, wishes, problems)
    for role, source in sources.items():
        _check_present(frame[role], raw, source, problems)
    _check_ids(frame[ID], raw, problems)
    if MEDIA in sources:
        _check_media(frame[MEDIA], raw, wishes, problems)
    classes = (
        _check_classes(frame[REFERENCE], raw, wishes, problems) if REFERENCE in sources else ()
    )
    return ExampleTable(frame, wishes.task, classes, raw.root if MEDIA in sources else None)


def _check_column_names(raw: RawTable, problems: Problems) -> None:
    names = pl.Series("names", list(raw.columns), dtype=pl.String)
    for name in names.filter(names.str.contains(_CONTROL)):
        problems.add("columns", f"the name {name!r} contains control characters", "rename it")
    if (names == "").any():
        problems.add("columns", "a column has no name", "name every column")


def _find_roles(raw: RawTable, wishes: Wishes, problems: Problems) -> dict[str, str]:
    """Return which column has which role; one that is wanted and missing is a problem."""
    needed = {ID, *([MEDIA] if wishes.task.media != "none" else [])}
    sources = {}
    for role in _roles(raw, wishes, problems):
        wanted = wishes.names.get(role) or raw.roles.get(role, role)
        if wanted in raw.columns:
            sources[role] = wanted
        elif role in needed or wishes.names.get(role):
            remedy = did_you_mean(wanted, raw.columns) or f"columns: {', '.join(raw.columns)}"
            problems.add("columns", f'there is no column "{wanted}" ({_MEANINGS[role]})', remedy)
    for role in sources:
        if role in raw.columns and sources[role] != role:
            problems.add(
                "columns",
                f'both "{role}" and "{sources[role]}" would be {_MEANINGS[role]}',
                f'rename "{role}" or leave it out',
            )
    return sources


def _roles(raw: RawTable, wishes: Wishes, problems: Problems) -> tuple[str, ...]:
    """Return the roles columns can have; references of some tasks are no column but a file."""
    if wishes.task.family in REFERENCE_KINDS or wishes.task.family is Family.CUSTOM:
        return ROLES
    name = wishes.names.get(REFERENCE) or raw.roles.get(REFERENCE, REFERENCE)
    if name in raw.columns:
        message = f'"{name}" cannot be the reference: {wishes.task.title.lower()} has another form'
        problems.add("columns", message, f"references are {wishes.task.reference_columns}")
    return ID, MEDIA


_MEANINGS = {ID: "the id", MEDIA: "the path of the image", REFERENCE: "the reference"}


def _typed_frame(
    raw: RawTable, sources: Mapping[str, str], wishes: Wishes, problems: Problems
) -> pl.DataFrame:
    typed = {
        role: _typed(raw, source, _role_kind(role, raw, source, wishes), problems).alias(role)
        for role, source in sources.items()
    }
    used = {*sources.values(), *ROLES}
    for name in raw.columns:
        if name not in used:
            kind = wishes.kinds.get(name) or _own_kind(raw, name)
            typed[name] = _typed(raw, name, kind, problems)
    for name in wishes.kinds.keys() - raw.columns.keys():
        problems.add("columns", f'there is no column "{name}"', did_you_mean(name, raw.columns))
    frame = pl.DataFrame(list(typed.values()))
    if wishes.task.family is Family.LABEL_SET and sources.get(REFERENCE) in raw.untyped:
        frame = frame.with_columns(pl.col(REFERENCE).fill_null([]))  # CSV: no label is a set, too.
    return frame


def _role_kind(role: str, raw: RawTable, source: str, wishes: Wishes) -> Kind:
    if role != REFERENCE:
        return Kind.TEXT
    return REFERENCE_KINDS.get(wishes.task.family) or _own_kind(raw, source)


def _own_kind(raw: RawTable, name: str) -> Kind:
    cells = raw.columns[name]
    if name in raw.untyped:
        return infer_kind(cells.replace("", None))
    kind = native_kind(cells.dtype) or Kind.TEXT
    return infer_calendar(cells.cast(pl.String)) if kind is Kind.TEXT else kind


def _typed(raw: RawTable, name: str, kind: Kind, problems: Problems) -> pl.Series:
    cells, bad = convert(raw.columns[name], kind)
    for row in bad.arg_true():
        problems.add(
            f'{raw.place(row)}, column "{name}"',
            f"{_shown(raw.columns[name][row])} is not {_article(kind)}",
            _KIND_REMEDIES[kind],
        )
    return cells


def _shown(cell: object) -> str:
    text = cell if isinstance(cell, str) else str(cell)
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'


def _article(kind: Kind) -> str:
    if kind in (Kind.TEXT, Kind.TRUTH):
        return "text" if kind is Kind.TEXT else "true or false"
    return f"{'an' if kind is Kind.INTEGER else 'a'} {kind.value}"


def _check_present(cells: pl.Series, raw: RawTable, source: str, problems: Problems) -> None:
    """Name the rows whose cell was empty; one of a wrong type is named already."""
    given = raw.columns[source]
    empty = given == "" if isinstance(given.dtype, pl.String) else given.is_null()
    for row in (cells.is_null() & empty.fill_null(value=True)).arg_true():
        problems.add(raw.place(row), *_ABSENT[cells.name])


_ABSENT = {
    ID: ("has no id", "give every example an id of its own"),
    MEDIA: ("names no image", "name one, or leave the example out"),
    REFERENCE: ("has no reference", "label it, or leave the example out"),
}


def _check_ids(ids: pl.Series, raw: RawTable, problems: Problems) -> None:
    for row in ids.str.contains(_CONTROL).fill_null(value=False).arg_true():
        problems.add(raw.place(row), f"the id {ids[row]!r} contains control characters")
    for row in (ids != ids.str.strip_chars()).fill_null(value=False).arg_true():
        problems.add(raw.place(row), f'the id "{ids[row]}" begins or ends with a space')
    for row in (ids.str.len_chars() > _LONGEST_ID).fill_null(value=False).arg_true():
        problems.add(raw.place(row), f"the id is longer than {_LONGEST_ID} characters")
    _check_repeated(ids, raw, problems)


def _check_repeated(ids: pl.Series, raw: RawTable, problems: Problems) -> None:
    repeated = (ids.is_duplicated() & ids.is_not_null()).arg_true()
    first: dict[str, int] = {}
    for row in repeated:
        if ids[row] in first:
            where = raw.place(first[ids[row]])
            problems.add(raw.place(row), f'repeats the id "{ids[row]}" of {where}')
        first.setdefault(ids[row], row)


def _check_media(paths: pl.Series, raw: RawTable, wishes: Wishes, problems: Problems) -> None:
    strange = paths.str.contains(_CONTROL).fill_null(value=False)
    for row in strange.arg_true():
        problems.add(raw.place(row), f"the path {paths[row]!r} contains control characters")
    rows = (~strange & paths.is_not_null()).arg_true().to_list()
    names = [paths[row] for row in rows]
    for row, fault in zip(rows, check_media(raw.root, names, decode=wishes.decode), strict=True):
        if fault is not None:
            place = raw.place(row)
            shown = place if place == paths[row] else f"{place}, {paths[row]}"
            problems.add(shown, fault.message, fault.remedy)


def _check_classes(
    cells: pl.Series, raw: RawTable, wishes: Wishes, problems: Problems
) -> tuple[str, ...]:
    """Return the classes; one that is not declared is a problem."""
    if not wishes.task.has_classes:
        return ()
    labels = cells.explode() if cells.dtype == pl.List(pl.String) else cells
    found = labels.drop_nulls().unique().sort()
    for label in found.filter(found.str.contains(_CONTROL)):
        problems.add("classes", f"the name {label!r} contains control characters", "rename it")
    if wishes.classes is None:
        return tuple(found)
    for label in found.filter(~found.is_in(list(wishes.classes))):
        _report_unknown(label, cells, raw, wishes.classes, problems)
    return tuple(wishes.classes)


def _report_unknown(
    label: str, cells: pl.Series, raw: RawTable, classes: Sequence[str], problems: Problems
) -> None:
    in_lists = cells.dtype == pl.List(pl.String)
    rows = (cells.list.contains(label) if in_lists else cells == label).fill_null(value=False)
    remedy = did_you_mean(label, classes) or f"the classes are: {', '.join(classes[:20])}"
    for row in rows.arg_true():
        message = f"class {_shown(label)} is not one of the {len(classes)} declared classes"
        problems.add(raw.place(row), message, remedy)
