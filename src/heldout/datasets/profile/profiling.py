"""Every statistic that a data set has the columns for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.annotations.schema import (
    AUTHOR,
    HEIGHT,
    QUESTION,
    SOURCE,
    WIDTH,
    Kind,
    is_located,
)
from heldout.datasets.profile.answers import answer_agreement, answer_types, text_lengths
from heldout.datasets.profile.balance import CLASS_KINDS, class_balance
from heldout.datasets.profile.concentration import concentration, quantiles
from heldout.datasets.profile.cooccurrence import cooccurrence
from heldout.datasets.profile.coverage import subgroup_coverage
from heldout.datasets.profile.label_noise import (
    crowd_label_noise,
    has_crowd,
    noise_by_probabilities,
)
from heldout.datasets.profile.media import image_quality
from heldout.datasets.profile.objects import box_positions, box_sizes, objects_per_image
from heldout.datasets.profile.privacy import personal_patterns, places_in_photographs
from heldout.datasets.profile.rights import (
    column_of,
    licence_conflicts,
    missing_fields,
    opt_outs,
)
from heldout.datasets.profile.shift import split_shift, two_samples
from heldout.datasets.profile.statistic import Statistic
from heldout.datasets.profile.world import country_column, income_groups, world_population
from heldout.datasets.table import ID
from heldout.datasets.vectors import Vectors

PEOPLE = ("region", "country", "sex", "gender", "age_group", "skin_tone", "ethnicity", "language")
PLACES = ("country", "region", "continent", "city", "household")
MOST_GROUPS = 200


def profile(
    dataset: DataSet,
    *,
    subgroups: Sequence[Sequence[str]] = (),
    stated: str = "",
    media: bool = False,
    probabilities: Vectors | None = None,
    embeddings: Vectors | None = None,
    two_sample_seed: int | None = None,
) -> list[Statistic]:
    """Return every statistic that the columns and annotations of a data set allow.

    Args:
        subgroups: Columns, or intersections of columns, whose groups are counted; columns with the
            usual names, such as `region` or `sex`, if none are given.
        stated: The licence of the whole, if one is stated.
        media: Decode every image too.
        probabilities: Of the classes, out of fold: labels that contradict them are listed.
        embeddings: What the two-sample test sees in place of the columns.
        two_sample_seed: Of the two-sample test, which is made where a seed is given.

    Raises:
        BadInput: Probabilities or embeddings do not fit the examples.
        MissingExtra: The two-sample test is asked for and scikit-learn is not installed.
    """
    quality = image_quality(dataset) if media else None
    return [
        *_of_classes(dataset),
        *_of_objects(dataset),
        *_of_groups(dataset, subgroups),
        *_of_answers(dataset),
        *((crowd_label_noise(dataset),) if has_crowd(dataset) else ()),
        *((noise_by_probabilities(dataset, probabilities),) if probabilities else ()),
        *_of_splits(dataset),
        *_of_samples(_measured(dataset, quality), embeddings, two_sample_seed),
        *_of_origin(dataset),
        missing_fields(dataset),
        licence_conflicts(dataset, stated=stated),
        *(one for one in (opt_outs(dataset),) if one.table.height),
        personal_patterns(dataset),
        *((places_in_photographs(dataset), quality) if quality else ()),
    ]


def _of_classes(dataset: DataSet) -> Iterator[Statistic]:
    kinds = pl.col("kind").is_in(list(CLASS_KINDS)) & pl.col("category").is_not_null()
    classes = dataset.annotations.filter(kinds).select(ID, "category").unique()
    if len(classes):
        yield class_balance(dataset)
    if classes[ID].n_unique() < len(classes):
        yield cooccurrence(dataset)


def _of_objects(dataset: DataSet) -> Iterator[Statistic]:
    objects = dataset.annotations.filter((pl.col("kind") == Kind.OBJECT) & is_located())
    if objects.is_empty():
        return
    yield objects_per_image(dataset)
    yield box_sizes(dataset)
    if {WIDTH, HEIGHT} <= set(dataset.examples.columns):
        yield box_positions(dataset)


def _of_groups(dataset: DataSet, subgroups: Sequence[Sequence[str]]) -> Iterator[Statistic]:
    usual = [(name,) for name in PEOPLE if _has_groups(dataset, name)]
    for columns in subgroups or usual:
        yield subgroup_coverage(dataset, columns)


def _of_origin(dataset: DataSet) -> Iterator[Statistic]:
    fields = (column_of(dataset, AUTHOR), column_of(dataset, SOURCE))
    for name in dict.fromkeys((*PLACES, *filter(None, fields))):
        if _has_groups(dataset, name, most=len(dataset) // 2):
            yield concentration(dataset, name)
    country = country_column(dataset)
    if country is not None:
        yield world_population(dataset, country)
        yield income_groups(dataset, country)
    if "income" in dataset.examples.columns and dataset.examples["income"].dtype.is_numeric():
        groups = next((name for name in ("region", "country") if _has_groups(dataset, name)), None)
        yield quantiles(dataset, "income", by=groups)


def _of_answers(dataset: DataSet) -> Iterator[Statistic]:
    kinds = set(dataset.kinds)
    if Kind.ANSWER in kinds:
        yield answer_agreement(dataset)
        yield answer_types(dataset)
    if QUESTION in dataset.examples.columns or {Kind.ANSWER, Kind.CAPTION} & kinds:
        yield text_lengths(dataset)


def _of_splits(dataset: DataSet) -> Iterator[Statistic]:
    first = _first_split(dataset)
    for other in dataset.splits:
        if other != first:
            yield split_shift(dataset, first, other)


def _of_samples(
    dataset: DataSet, embeddings: Vectors | None, seed: int | None
) -> Iterator[Statistic]:
    if seed is not None and len(dataset.splits) > 1:
        yield two_samples(dataset, first=_first_split(dataset), seed=seed, vectors=embeddings)


def _measured(dataset: DataSet, quality: Statistic | None) -> DataSet:
    """Put what was measured of the images beside the columns."""
    if quality is None:
        return dataset
    measured = quality.table.drop("unusual")
    examples = dataset.examples.join(measured, on=ID, how="left", suffix="_measured")
    return replace(dataset, examples=examples)


def _first_split(dataset: DataSet) -> str:
    return "train" if "train" in dataset.splits else next(iter(dataset.splits), "")


def _has_groups(dataset: DataSet, name: str, *, most: int = MOST_GROUPS) -> bool:
    if name not in dataset.examples.columns:
        return False
    cells = dataset.examples[name]
    return not cells.dtype.is_nested() and 1 < cells.drop_nulls().n_unique() <= most
