"""From what a format's files say to a sound data set: one check per kind of fault.

What is at fault is reported and left out, or mended where one remedy is certain (a box that reaches out
of its image is cut to it). With a fault reported, the caller decides whether to go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from heldout.datasets.annotations.dataset import Category, DataSet
from heldout.datasets.annotations.schema import HEIGHT, LICENCE, WIDTH, Kind
from heldout.datasets.formats import geometry
from heldout.datasets.formats.format import PLACE, Draft
from heldout.datasets.formats.images import check_images
from heldout.datasets.formats.turning import turn_annotations
from heldout.datasets.table import ID, MEDIA
from heldout.errors import Problems, did_you_mean

LONGEST_ID = 256
LONGEST_TEXT = 100_000  # Characters of a caption, an answer or a question.
_CONTROL = r"[\x00-\x1f\x7f\x{80}-\x{9f}\x{2028}\x{2029}]"
_CONTROL_IN_TEXT = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def check(draft: Draft, problems: Problems, *, decode: bool = True) -> DataSet:
    """Return the sound part of a draft; everything else is added to the problems.

    Args:
        draft: As a reader made it.
        problems: Collects faults.
        decode: Decode every image to find damaged ones.
    """
    examples = _check_ids(draft.examples, problems)
    examples, turns = check_images(examples, draft.root, problems, decode=decode)
    examples = _check_licences(examples, draft, problems)
    examples = _check_texts(examples, "question", problems)
    declared = draft.examples[ID]
    annotations = _check_owners(draft.annotations, declared, examples[ID], problems)
    annotations = _check_annotation_ids(annotations, problems)
    categories, annotations = _check_categories(draft, annotations, problems)
    annotations = _check_texts(annotations, "text", problems)
    annotations = turn_annotations(annotations, turns)
    annotations = geometry.check_geometry(annotations, _sizes(examples), problems)
    _check_empty(examples, draft, problems)
    return DataSet(
        examples=examples.drop(PLACE),
        annotations=annotations.drop(PLACE),
        categories=categories,
        licences=draft.licences,
        info=draft.info,
        root=draft.root,
    )


def _sizes(examples: pl.DataFrame) -> pl.DataFrame:
    absent = pl.lit(None, dtype=pl.Float64)
    return examples.select(
        ID,
        *(
            pl.col(name).cast(pl.Float64) if name in examples.columns else absent.alias(name)
            for name in (WIDTH, HEIGHT)
        ),
    )


def _report(
    rows: pl.DataFrame, problems: Problems, say: Callable[[dict[str, object]], str]
) -> None:
    """Add a problem per row; beyond what is listed the rows are only counted."""
    listed = max(problems.limit - len(problems.found), 0)
    for row in rows.head(listed).iter_rows(named=True):
        problems.add(str(row[PLACE]), say(row))
    problems.unlisted += max(rows.height - listed, 0)


def drop(
    frame: pl.DataFrame,
    fault: pl.Expr,
    problems: Problems,
    say: Callable[[dict[str, object]], str],
) -> pl.DataFrame:
    """Return the rows without the fault; those with it are reported."""
    marked = frame.select(fault.fill_null(value=False).alias("fault"))["fault"]
    if not marked.any():
        return frame
    _report(frame.filter(marked), problems, say)
    return frame.filter(~marked)


def _check_ids(examples: pl.DataFrame, problems: Problems) -> pl.DataFrame:
    ids = pl.col(ID)
    frame = drop(
        examples, ids.is_null() | (ids == ""), problems, lambda _: "has no id; it is left out"
    )
    frame = drop(
        frame,
        ids.str.contains(_CONTROL) | (ids != ids.str.strip_chars()),
        problems,
        lambda row: f"the id {row[ID]!r} has control characters or outer spaces; it is left out",
    )
    long = ids.str.len_chars() > LONGEST_ID
    frame = drop(
        frame, long, problems, lambda _: f"the id is longer than {LONGEST_ID}; it is left out"
    )
    repeated = ~ids.is_first_distinct()
    return drop(
        frame, repeated, problems, lambda row: f'repeats the id "{row[ID]}"; it is left out'
    )


def _check_licences(examples: pl.DataFrame, draft: Draft, problems: Problems) -> pl.DataFrame:
    if LICENCE not in examples.columns or not draft.licences:
        return examples
    names = [one.name for one in draft.licences]
    unknown = pl.col(LICENCE).is_not_null() & ~pl.col(LICENCE).is_in(names)
    _report(
        examples.filter(unknown.fill_null(value=False)),
        problems,
        lambda row: f'names the licence "{row[LICENCE]}", which the data set does not have',
    )
    return examples


def _check_texts(frame: pl.DataFrame, name: str, problems: Problems) -> pl.DataFrame:
    if name not in frame.columns:
        return frame
    text = pl.col(name)
    kept = drop(
        frame,
        text.str.len_chars() > LONGEST_TEXT,
        problems,
        lambda row: (
            f"a text of {len(str(row[name])):,} characters, where {LONGEST_TEXT:,} are enough; "
            "it is left out"
        ),
    )
    control = text.str.contains(_CONTROL_IN_TEXT).fill_null(value=False)
    marked = kept.filter(control)
    if marked.is_empty():
        return kept
    _report(marked, problems, lambda _: "its text has control characters; they are taken out")
    return kept.with_columns(text.str.replace_all(_CONTROL_IN_TEXT, ""))


def _check_owners(
    annotations: pl.DataFrame, declared: pl.Series, kept: pl.Series, problems: Problems
) -> pl.DataFrame:
    """Drop what belongs to no example, and silently what belongs to an example left out."""
    owner = pl.col(ID)
    known = owner.is_in(declared.drop_nulls().unique().implode()).fill_null(value=False)
    frame = drop(
        annotations,
        ~known,
        problems,
        lambda row: f'belongs to "{row[ID]}", which is no example; it is left out',
    )
    if len(kept) == len(declared):
        return frame
    return frame.filter(owner.is_in(kept.implode()))


def _check_annotation_ids(annotations: pl.DataFrame, problems: Problems) -> pl.DataFrame:
    """Give every annotation an id of its own."""
    ids = pl.col("annotation_id")
    present = ids.is_not_null()
    repeated = annotations.select(present & ~ids.is_first_distinct()).to_series()
    if repeated.any():
        _report(
            annotations.filter(repeated),
            problems,
            lambda row: f'repeats the annotation id "{row["annotation_id"]}"; it gets a new one',
        )
    needed = repeated | annotations["annotation_id"].is_null()
    if not needed.any():
        return annotations
    taken = set(annotations.filter(~needed)["annotation_id"])
    numbers = pl.int_range(1, pl.len() + 1).cast(pl.String)
    fresh = annotations.select(numbers.alias("new"))["new"]
    if taken and fresh.is_in(list(taken)).any():
        fresh = "new-" + fresh
    return annotations.with_columns(
        pl.when(needed).then(fresh).otherwise(ids).alias("annotation_id")
    )


def _check_categories(
    draft: Draft, annotations: pl.DataFrame, problems: Problems
) -> tuple[tuple[Category, ...], pl.DataFrame]:
    if draft.categories is None:
        found = annotations["category"].drop_nulls().unique(maintain_order=False).sort()
        categories = tuple(Category(name) for name in found)
    else:
        categories = _sound_categories(draft.categories, problems)
    names = [one.name for one in categories]
    category = pl.col("category")
    unknown = category.is_not_null() & ~category.is_in(names)
    annotations = drop(
        annotations, unknown, problems, lambda row: _unknown_category(str(row["category"]), names)
    )
    needed = pl.col("kind").is_in([Kind.LABEL])
    annotations = drop(
        annotations, needed & category.is_null(), problems, lambda _: "has no category"
    )
    return _plain_names(categories, annotations, problems)


def _unknown_category(name: str, names: list[str]) -> str:
    hint = did_you_mean(name, names)
    message = f'the category "{name[:80]}" is not declared; it is left out'
    return f"{message}; {hint}" if hint else message


def _sound_categories(categories: tuple[Category, ...], problems: Problems) -> tuple[Category, ...]:
    kept: dict[str, Category] = {}
    for one in categories:
        if not one.name:
            problems.add("categories", "a category has no name", "name every category")
        elif one.name in kept:
            problems.add("categories", f'"{one.name}" is there several times', "rename one")
        else:
            kept[one.name] = one
    _check_parents(kept, problems)
    return tuple(kept.values())


def _check_parents(categories: dict[str, Category], problems: Problems) -> None:
    """Take the parents away from categories that are their own ancestors."""
    for name in list(categories):
        if name in _ancestors(name, categories):
            problems.add("categories", f'"{name}" is its own ancestor', "its parents are left out")
            categories[name] = _orphan(categories[name])


def _ancestors(name: str, categories: dict[str, Category]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = categories.get(waiting.pop())
        new = set(one.parents) - found if one else set()
        found |= new
        waiting.extend(new)
    return found


def _orphan(category: Category) -> Category:
    import msgspec

    return msgspec.structs.replace(category, parents=())


def _plain_names(
    categories: tuple[Category, ...], annotations: pl.DataFrame, problems: Problems
) -> tuple[tuple[Category, ...], pl.DataFrame]:
    """Write control characters in names of categories out."""
    import msgspec

    renamed = {
        one.name: printable(one.name) for one in categories if one.name != printable(one.name)
    }
    if not renamed:
        return categories, annotations
    for name, plain in renamed.items():
        problems.add("categories", f"{name!r} has control characters", f'it becomes "{plain}"')
    plain_categories = tuple(
        msgspec.structs.replace(one, name=renamed.get(one.name, one.name)) for one in categories
    )
    return plain_categories, annotations.with_columns(pl.col("category").replace(renamed))


def printable(name: str) -> str:
    """Return the name with control characters and bytes that are not UTF-8 written out."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in name
    )


def _check_empty(examples: pl.DataFrame, draft: Draft, problems: Problems) -> None:
    if examples.is_empty():
        message = "no example is left" if draft.examples.height else "there are no examples"
        problems.add("", message)


def without_media(draft: Draft) -> Draft:
    """Return a draft whose examples name no image."""
    return replace(draft, examples=draft.examples.drop(MEDIA, strict=False))
