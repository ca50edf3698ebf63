"""CIDEr-D under any weights of the images, from n-grams that were counted once.

How telling an n-gram is depends on how many images have it among their references, so it changes
with the weights, and with it every image's score. Nothing is tokenised or counted again: n-grams
that weigh the same under all weights are one column, and a resample is three sparse products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.language.ngrams import LONGEST
from heldout.evaluation.metric import ratio
from heldout.evaluation.stats import ExampleStats, Ragged

SIGMA = 6.0
LANES = 16  # Resamples side by side.

Sparse = Any


@dataclass(frozen=True, eq=False)
class Vectors:
    """Captions as vectors over columns of n-grams.

    The columns are one for each image (the n-grams of its references alone), one for the n-grams of
    no reference, and one for each n-gram of several images. A row is a caption and an n.

    Attributes:
        documents: (columns of several images, images), 1 where the references have the n-gram.
        squares: (rows of captions, columns), the sums of squared counts.
        products: (rows of references, columns), the sums of the lesser count x the reference's.
        prediction: (rows of references,), the row of the prediction each is compared with.
        reference: (rows of references,), its own row.
        share: (images, rows of references), what a row adds to the image's score.
    """

    documents: Sparse
    squares: Sparse
    products: Sparse
    prediction: AnyArray
    reference: AnyArray
    share: Sparse


_vectors: WeakKeyDictionary[ExampleStats, Vectors] = WeakKeyDictionary()


def cider(stats: ExampleStats, weights: Floats) -> Floats:
    """Return CIDEr-D under each row of weights (r, images): (r,); NaN without any weight.

    Args:
        stats: With the arrays of `ngrams.Counts`, and `compared`: how many references.
        weights: An image of weight 2 counts as two images, also in how many have an n-gram.
    """
    if stats not in _vectors:
        _vectors[stats] = _prepare(stats)
    vectors = _vectors[stats]
    parts = [
        _reduce(vectors, np.ascontiguousarray(weights[start : start + LANES].T))
        for start in range(0, len(weights), LANES)
    ]
    return np.concatenate(parts)


def _reduce(vectors: Vectors, weights: Floats) -> Floats:
    """Score under weights (images, r)."""
    images = weights.sum(axis=0)
    having = np.concatenate([weights, np.zeros((1, len(images))), vectors.documents @ weights])
    with np.errstate(divide="ignore"):
        telling = np.log(images) - np.log(np.maximum(1, having))
    telling = np.maximum(0, telling) ** 2
    norms = np.sqrt(vectors.squares @ telling)
    cosines = vectors.products @ telling
    cosines = np.nan_to_num(ratio(cosines, norms[vectors.prediction] * norms[vectors.reference]))
    return ratio((weights * (vectors.share @ cosines)).sum(axis=0), images)


def _prepare(stats: ExampleStats) -> Vectors:
    from scipy.sparse import csr_array

    images = len(stats)
    references = stats.array("compared").astype(np.int64)
    sizes = references + 1
    first = np.cumsum(sizes) - sizes  # The number of each image's prediction among all captions.
    table = _table(stats, first)
    table, documents = _with_columns(table, images)
    columns = images + 1 + documents.shape[0]
    of_reference = np.flatnonzero(~np.isin(np.arange(sizes.sum()), first))
    image = np.repeat(np.arange(images), references)

    def sparse(cells: pl.DataFrame, value: str) -> Sparse:
        row, column = (cells[name].to_numpy() for name in ("row", "column"))
        shape = (sizes.sum() * LONGEST, columns)
        return csr_array((cells[value].to_numpy().astype(np.float64), (row, column)), shape=shape)

    rows = _rows(of_reference)
    shares = np.repeat(_penalty(table, first, sizes)[of_reference] / references[image], LONGEST)
    where = np.repeat(image, LONGEST), np.arange(len(rows))
    return Vectors(
        documents,
        sparse(table.with_columns(square=pl.col("times") ** 2), "square"),
        sparse(_products(table), "product")[rows],
        _rows(first[image]),
        rows,
        csr_array((10 / LONGEST * shares, where), shape=(images, len(rows))),
    )


def _rows(captions: AnyArray) -> AnyArray:
    """Return the rows of captions, one for each n."""
    rows: AnyArray = (captions[:, None] * LONGEST + np.arange(LONGEST)).ravel()
    return rows


def _table(stats: ExampleStats, first: AnyArray) -> pl.DataFrame:
    arrays = {name: stats.arrays[name] for name in ("gram", "caption", "times")}
    ragged = {name: array for name, array in arrays.items() if isinstance(array, Ragged)}
    image = np.repeat(np.arange(len(stats)), np.diff(ragged["gram"].offsets))
    values = {name: array.values.astype(np.int64) for name, array in ragged.items()}
    return pl.DataFrame({"image": image, **values}).with_columns(
        row=(pl.Series(first[image]) + pl.col("caption")) * LONGEST + pl.col("gram") % LONGEST
    )


def _with_columns(table: pl.DataFrame, images: int) -> tuple[pl.DataFrame, Sparse]:
    """Give every n-gram its column; return also which images have those of several images."""
    from scipy.sparse import csr_array

    having = table.filter(pl.col("caption") > 0).select("image", "gram").unique()
    grams = having.group_by("gram").agg(pl.len(), column=pl.col("image").first()).sort("gram")
    several = grams.filter(pl.col("len") > 1).select("gram").with_row_index("place")
    grams = grams.join(several, on="gram", how="left").with_columns(
        column=pl.coalesce(pl.col("place").cast(pl.Int64) + images + 1, "column")
    )
    shared = having.join(several, on="gram")
    where = shared["place"].to_numpy(), shared["image"].to_numpy()
    documents = csr_array((np.ones(len(shared)), where), shape=(several.height, images))
    found = table.join(grams.select("gram", "column"), on="gram", how="left")
    return found.with_columns(pl.col("column").fill_null(images)), documents


def _products(table: pl.DataFrame) -> pl.DataFrame:
    """Return, for each n-gram that a reference shares with its prediction, their product."""
    own = table.filter(pl.col("caption") == 0).select("image", "gram", own="times")
    shared = table.filter(pl.col("caption") > 0).join(own, on=["image", "gram"])
    return shared.with_columns(product=pl.min_horizontal("times", "own") * pl.col("times"))


def _penalty(table: pl.DataFrame, first: AnyArray, sizes: AnyArray) -> Floats:
    """Return how much each caption's length, counted in 2-grams, differs from its prediction's."""
    pairs = table.filter(pl.col("gram") % LONGEST == 1)
    caption = pairs["row"].to_numpy() // LONGEST
    length = np.bincount(caption, weights=pairs["times"].to_numpy(), minlength=sizes.sum())
    apart = length - np.repeat(length[first], sizes)
    penalty: Floats = np.exp(-(apart**2) / (2 * SIGMA**2))
    return penalty
