"""The columns of subgroups, curves and clusters, which stand in the answers or in the public table."""

from __future__ import annotations

import polars as pl

from heldout.challenge.definition import Data
from heldout.challenge.folder import Challenge
from heldout.errors import BadInput, Problem, Problems, did_you_mean
from heldout.evaluation.along import numbers_of
from heldout.evaluation.data import References
from heldout.evaluation.reading.table import read_table


def wanted_columns(data: Data) -> dict[str, str]:
    """Return each column that groups examples, and the key that names it."""
    wanted = {
        name: f"data.subgroups[{index}]"
        for index, names in enumerate(data.subgroups)
        for name in names
    }
    wanted |= {name: f"data.along[{index}]" for index, name in enumerate(data.along)}
    wanted |= {name: f"data.pairs[{index}]" for index, name in enumerate(data.pairs or ())}
    return wanted | ({data.cluster: "data.cluster"} if data.cluster else {})


def example_columns(challenge: Challenge, split: str, references: References) -> pl.DataFrame:
    """Return the wanted columns in the order of the references.

    Raises:
        BadInput: A column is in neither table, the public table has other examples, or a column to
            score along is not of numbers.
    """
    columns = _find_columns(challenge, split, references)
    problems = Problems()
    for index, name in enumerate(challenge.definition.data.along):
        if not has_numbers(columns[name]):
            message = f'the column "{name}" of the split {split} is not of numbers'
            remedy = "score along a number, or name the column in data.subgroups"
            problems.add(f"challenge.toml: data.along[{index}]", message, remedy)
    problems.refuse_if_any()
    return columns


def has_numbers(column: pl.Series) -> bool:
    """Whether everything in a column is a number or nothing."""
    try:
        numbers_of(column)
    except TypeError:
        return False
    return True


def _find_columns(challenge: Challenge, split: str, references: References) -> pl.DataFrame:
    wanted = wanted_columns(challenge.definition.data)
    columns = references.columns.select(
        [name for name in references.columns.columns if name in wanted]
    )
    absent = [name for name in wanted if name not in columns.columns]
    if not absent:
        return columns
    public = _public_columns(challenge, split, references)
    problems = Problems()
    for name in absent:
        if name not in public.columns:
            known = sorted({*references.columns.columns, *public.columns} - {""})
            remedy = did_you_mean(name, known) or f"there are {', '.join(known) or 'none'}"
            message = f'the split {split} has no column "{name}"'
            problems.add(f"challenge.toml: {wanted[name]}", message, remedy)
    problems.refuse_if_any()
    return pl.concat([columns, public.select(absent)], how="horizontal")


def _public_columns(challenge: Challenge, split: str, references: References) -> pl.DataFrame:
    """Return the public table's columns beside ids and media, in the order of the references."""
    data = challenge.definition.data
    roles = [data.id, *([data.media] if data.media else [])]
    return public_table(challenge, split, references).drop(roles, strict=False)


def public_table(challenge: Challenge, split: str, references: References) -> pl.DataFrame:
    """Return the public table of a split, in the order of the references.

    Raises:
        BadInput: There is none, or it has other examples.
    """
    data, path = challenge.definition.data, challenge.table_path(split)
    place = f"{data.examples}/{split}"
    if path is None:
        raise BadInput([Problem(place, "there is no such table")])
    frame = read_table(path).frame
    if data.id not in frame.columns:
        raise BadInput([Problem(place, f'there is no column "{data.id}"')])
    key = pl.DataFrame({data.id: references.example_ids})
    public = frame.with_columns(pl.col(data.id).cast(pl.String))
    if not key[data.id].is_in(public[data.id].implode()).all():
        raise BadInput([Problem(place, "lacks examples that have answers")])
    return key.join(public, on=data.id, how="left", maintain_order="left")
