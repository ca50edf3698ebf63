"""CIDEr-D under any weights of the images, from n-grams that were counted once.

How telling an n-gram is depends on how many images have it among their references, so it changes
with the weights, and with it every image's score. Nothing is tokenised or counted again: n-grams
that weigh the same under all weights are one column, and a resample is three sparse products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.language.ngrams import LONGEST, Groups, group
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


class _Cells(NamedTuple):
    """The n-grams of captions.

    Attributes:
        row: Of the caption and n.
        column: Of the n-gram.
        times: How often it is there.
    """

    row: AnyArray
    column: AnyArray
    times: Floats


def _prepare(stats: ExampleStats) -> Vectors:
    from scipy.sparse import csr_array

    images = len(stats)
    references = stats.array("compared").astype(np.int64)
    sizes = references + 1
    first = np.cumsum(sizes) - sizes  # The number of each image's prediction among all captions.
    cells, groups, documents = _cells(stats, first)
    shape = sizes.sum() * LONGEST, images + 1 + documents.shape[0]
    of_reference = np.flatnonzero(~np.isin(np.arange(sizes.sum()), first))
    image = np.repeat(np.arange(images), references)

    def sparse(cells: _Cells, values: Floats) -> Sparse:
        there = np.flatnonzero(values)
        return csr_array((values[there], (cells.row[there], cells.column[there])), shape=shape)

    rows = _rows(of_reference)
    shares = np.repeat(_penalty(cells, first, sizes)[of_reference] / references[image], LONGEST)
    where = np.repeat(image, LONGEST), np.arange(len(rows))
    return Vectors(
        documents,
        sparse(cells, cells.times**2),
        sparse(cells, _products(cells, groups, first))[rows],
        _rows(first[image]),
        rows,
        csr_array((10 / LONGEST * shares, where), shape=(images, len(rows))),
    )


def _rows(captions: AnyArray) -> AnyArray:
    """Return the rows of captions, one for each n."""
    rows: AnyArray = (captions[:, None] * LONGEST + np.arange(LONGEST)).ravel()
    return rows


def _cells(stats: ExampleStats, first: AnyArray) -> tuple[_Cells, Groups, Sparse]:
    """Give every n-gram its column; return also which images have those of several images."""
    from scipy.sparse import csr_array

    gram, caption, times = (_ragged(stats, name) for name in ("gram", "caption", "times"))
    images, groups = len(gram), group(gram)
    ends = np.append(groups.starts, len(groups.order))[1:] - 1
    having = caption.values[groups.order[ends]] > 0  # The last one of a group is a reference's.
    grams, image = groups.gram[having], groups.example[having]
    several = np.bincount(grams, minlength=int(gram.values.max(initial=0)) + 1) > 1
    column = np.full(len(several), images)
    column[grams] = image
    column[several] = images + 1 + np.arange(several.sum())
    shared = several[grams]
    where = column[grams[shared]] - images - 1, image[shared]
    documents = csr_array((np.ones(shared.sum()), where), shape=(int(several.sum()), images))
    number = np.repeat(first, np.diff(gram.offsets)) + caption.values
    row = number * LONGEST + gram.values % LONGEST
    return _Cells(row, column[gram.values], times.values.astype(np.float64)), groups, documents


def _ragged(stats: ExampleStats, name: str) -> Ragged:
    array = stats.arrays[name]
    assert isinstance(array, Ragged)
    return array


def _products(cells: _Cells, groups: Groups, first: AnyArray) -> Floats:
    """Return, for each n-gram that a reference shares with its prediction, their product; else 0."""
    predicted = np.isin(cells.row // LONGEST, first)
    leading = groups.order[groups.starts]
    own = np.where(predicted[leading], cells.times[leading], 0)
    given = np.zeros(len(predicted))
    given[groups.order] = np.repeat(own, np.diff(np.append(groups.starts, len(predicted))))
    products: Floats = np.where(predicted, 0, np.minimum(cells.times, given) * cells.times)
    return products


def _penalty(cells: _Cells, first: AnyArray, sizes: AnyArray) -> Floats:
    """Return how much each caption's length, counted in 2-grams, differs from its prediction's."""
    pairs = cells.row % LONGEST == 1
    caption = cells.row[pairs] // LONGEST
    length = np.bincount(caption, weights=cells.times[pairs], minlength=sizes.sum())
    apart = length - np.repeat(length[first], sizes)
    penalty: Floats = np.exp(-(apart**2) / (2 * SIGMA**2))
    return penalty
