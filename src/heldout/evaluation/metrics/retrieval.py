"""How well queries find what is relevant to them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl

from heldout.datasets.tasks import Family
from heldout.errors import BadInput, Problem
from heldout.evaluation.data import AnyArray, Floats
from heldout.evaluation.language.data import MatchPredictions, MatchReferences
from heldout.evaluation.metric import Metric, Number, ratio
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.ties import running_sums

CUTS = (1, 5, 10)


class Recall(StrEnum):
    """What recall@k counts."""

    ANY = "any"
    SHARE = "share"


@dataclass(frozen=True)
class Retrieval(Metric[MatchPredictions, MatchReferences]):
    """Recall@k, median rank, mean average precision, nDCG and mean reciprocal rank.

    The rank of a query is that of the first relevant item. nDCG sums relevance / log2(1 + rank)
    over the whole list, over the same sum of the best order.

    Traps: recall@k is the share of queries with *any* relevant item among the first k, as in
    image-text retrieval; elsewhere it is the share of the relevant items (`recall=share`). They
    agree where one item is relevant. An item that a list leaves out is not found, so cut lists
    lower mAP and nDCG. The median rank is undefined where half of the queries find nothing. Gains
    are linear, not 2^relevance - 1.

    Attributes:
        recall: `any` or `share`.
    """

    id = "retrieval"
    title = "Retrieval"
    families = frozenset({Family.MATCHES})
    needs = "ranked items"
    source = "by definition; scikit-learn average_precision_score and ndcg_score"
    undefined = "there are no examples, or half of them find nothing"
    accepts_missing = True

    recall: Recall = Recall.ANY

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Recall at three cuts, the median rank, and three means."""
        return (
            *(Number(f"recall@{k}") for k in CUTS),
            Number("median_rank", low=1, high=math.inf, higher_is_better=False),
            *map(Number, ("mAP", "nDCG", "MRR")),
        )

    def unmet(self, predictions: MatchPredictions) -> Iterator[Problem]:
        """Ask for ranked items."""
        yield from super().unmet(predictions)
        if predictions.ranked is None:
            remedy = "give the column prediction, the items best first"
            yield Problem(f"metric {self.key}", "needs ranked items", remedy)

    def per_example(
        self, predictions: MatchPredictions, references: MatchReferences
    ) -> ExampleStats:
        """Keep the rank of each query, and what is averaged."""
        if references.relevant is None or references.gains is None:
            remedy = "give the column reference, the relevant items"
            raise BadInput([Problem(f"metric {self.key}", "needs references", remedy)])
        assert predictions.ranked is not None
        found = find_hits(predictions.ranked, references.relevant, references.gains)
        n = len(references.example_ids)
        sizes = references.relevant.list.len().to_numpy().astype(np.float64)
        rank = np.full(n, np.inf)
        np.minimum.at(rank, found.query, found.rank)
        if self.recall is Recall.ANY:
            recalls = [rank <= k for k in CUTS]
        else:
            recalls = [_sums(found.query, found.rank <= k, n) / sizes for k in CUTS]
        precision = _sums(found.query, found.order / found.rank, n) / sizes
        gained = _sums(found.query, found.gain / np.log2(1 + found.rank), n)
        means = [*recalls, precision, gained / _best(references.gains), 1 / rank]
        return self.stats(references, rank=rank, means=np.stack(means, axis=1).astype(np.float64))

    def reduce(self, stats: ExampleStats, weights: Floats) -> Floats:
        """Average, and put the median rank in its place."""
        means = ratio(weights @ stats.array("means"), weights.sum(axis=1)[:, None])
        median = weighted_median(weights, stats.array("rank"))
        return np.insert(means, len(CUTS), np.where(np.isinf(median), np.nan, median), axis=1)


@dataclass(frozen=True)
class Hits:
    """Relevant items that were found, those of a query together and best first.

    Attributes:
        query: Position of the query.
        rank: From 1.
        order: 1 for the first relevant item of the query, 2 for the second …
        gain: Relevance.
    """

    query: AnyArray
    rank: Floats
    order: Floats
    gain: Floats


def find_hits(ranked: pl.Series, relevant: pl.Series, gains: pl.Series) -> Hits:
    """Look up each relevant item in the list of its query."""
    found = pl.DataFrame({"item": ranked}).with_row_index("query")
    true = pl.DataFrame({"item": relevant, "gain": gains}).with_row_index("query")
    ranks = pl.int_range(1, pl.len() + 1).over("query").alias("rank")
    items = found.explode("item").drop_nulls("item").with_columns(ranks)
    hits = items.join(true.explode("item", "gain"), on=["query", "item"]).sort("query", "rank")
    hits = hits.with_columns(pl.int_range(1, pl.len() + 1).over("query").alias("order"))
    rank, order, gain = (
        hits[name].cast(pl.Float64).to_numpy() for name in ("rank", "order", "gain")
    )
    return Hits(hits["query"].to_numpy().astype(np.intp), rank, order, gain)


def _sums(query: AnyArray, values: AnyArray, n: int) -> Floats:
    return np.bincount(query, weights=values, minlength=n).astype(np.float64)


def _best(gains: pl.Series) -> Floats:
    """Return the discounted sum of each query's gains in the best order."""
    best = gains.list.sort(descending=True)
    places = pl.DataFrame({"gain": best}).with_row_index("query").explode("gain")
    places = places.with_columns(pl.int_range(1, pl.len() + 1).over("query").alias("rank"))
    rank = places["rank"].to_numpy()
    return _sums(
        places["query"].to_numpy(), places["gain"].to_numpy() / np.log2(1 + rank), len(best)
    )


def weighted_median(weights: Floats, values: Floats) -> Floats:
    """Return the median of values under each row of weights: (r,); NaN without any weight.

    Between two values half the weight apart it is their mean, as if each stood there as often as
    its weight says.
    """
    order = np.argsort(values, kind="stable")
    through = running_sums(weights, order)[:, 1:]
    ordered, half = np.append(values[order], np.nan), weights.sum(axis=1) / 2
    low = (through < half[:, None]).sum(axis=1)
    high = (through <= half[:, None]).sum(axis=1)
    median: Floats = (ordered[low] + ordered[high]) / 2
    return np.where(half > 0, median, np.nan)
