"""Every statistic that a data set has the columns for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

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
from heldout.datasets.profile.engine import Call, Engine, Local
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
    engine: Engine | None = None,
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
        engine: Where it is all counted; in this process if none is given.

    Raises:
        BadInput: Probabilities or embeddings do not fit the examples.
        MissingExtra: The two-sample test is asked for and scikit-learn is not installed.
    """
    engine = engine or Local()
    quality = image_quality(dataset, measure=engine.measure) if media else None
    found = engine.count(
        [
            *_of_classes(dataset),
            *_of_objects(dataset),
            *_of_groups(dataset, subgroups),
            *_of_answers(dataset),
            *_of_labels(dataset, probabilities),
            *_of_splits(dataset),
            *_of_samples(dataset, quality, embeddings, two_sample_seed),
            *_of_origin(dataset),
            partial(missing_fields, dataset),
            partial(licence_conflicts, dataset, stated=stated),
            partial(opt_outs, dataset),
            partial(personal_patterns, dataset),
            *((partial(places_in_photographs, dataset),) if media else ()),
        ]
    )
    told = [one for one in found if one.id != "opt-outs" or one.table.height]
    return [*told, quality] if quality else told


def _of_classes(dataset: DataSet) -> Iterator[Call]:
    kinds = pl.col("kind").is_in(list(CLASS_KINDS)) & pl.col("category").is_not_null()
    classes = dataset.annotations.filter(kinds).select(ID, "category").unique()
    if len(classes):
        yield partial(class_balance, dataset)
    if classes[ID].n_unique() < len(classes):
        yield partial(cooccurrence, dataset)


def _of_objects(dataset: DataSet) -> Iterator[Call]:
    objects = dataset.annotations.filter((pl.col("kind") == Kind.OBJECT) & is_located())
    if objects.is_empty():
        return
    yield partial(objects_per_image, dataset)
    yield partial(box_sizes, dataset)
    if {WIDTH, HEIGHT} <= set(dataset.examples.columns):
        yield partial(box_positions, dataset)


def _of_groups(dataset: DataSet, subgroups: Sequence[Sequence[str]]) -> Iterator[Call]:
    usual = [(name,) for name in PEOPLE if _has_groups(dataset, name)]
    for columns in subgroups or usual:
        yield partial(subgroup_coverage, dataset, columns)


def _of_origin(dataset: DataSet) -> Iterator[Call]:
    fields = (column_of(dataset, AUTHOR), column_of(dataset, SOURCE))
    for name in dict.fromkeys((*PLACES, *filter(None, fields))):
        if _has_groups(dataset, name, most=len(dataset) // 2):
            yield partial(concentration, dataset, name)
    country = country_column(dataset)
    if country is not None:
        yield partial(world_population, dataset, country)
        yield partial(income_groups, dataset, country)
    if "income" in dataset.examples.columns and dataset.examples["income"].dtype.is_numeric():
        groups = next((name for name in ("region", "country") if _has_groups(dataset, name)), None)
        yield partial(quantiles, dataset, "income", by=groups)


def _of_answers(dataset: DataSet) -> Iterator[Call]:
    kinds = set(dataset.kinds)
    if Kind.ANSWER in kinds:
        yield partial(answer_agreement, dataset)
        yield partial(answer_types, dataset)
    if QUESTION in dataset.examples.columns or {Kind.ANSWER, Kind.CAPTION} & kinds:
        yield partial(text_lengths, dataset)


def _of_labels(dataset: DataSet, probabilities: Vectors | None) -> Iterator[Call]:
    if has_crowd(dataset):
        yield partial(crowd_label_noise, dataset)
    if probabilities:
        yield partial(noise_by_probabilities, dataset, probabilities)


def _of_splits(dataset: DataSet) -> Iterator[Call]:
    first = _first_split(dataset)
    for other in dataset.splits:
        if other != first:
            yield partial(split_shift, dataset, first, other)


def _of_samples(
    dataset: DataSet, quality: Statistic | None, embeddings: Vectors | None, seed: int | None
) -> Iterator[Call]:
    if seed is not None and len(dataset.splits) > 1:
        first, seen = _first_split(dataset), _measured(dataset, quality)
        yield partial(two_samples, seen, first=first, seed=seed, vectors=embeddings)


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
