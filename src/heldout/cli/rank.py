"""`heldout rank`: several results in order, and which of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
import numpy as np
import typer

from heldout.cli.options import Json
from heldout.cli.output import print_json, print_table, say
from heldout.errors import BadInput, Problem, did_you_mean

if TYPE_CHECKING:
    from heldout.challenge.protocol import Evaluation
    from heldout.evaluation.metric import Number
    from heldout.evaluation.report import Report
    from heldout.evaluation.scoring import Score
    from heldout.evaluation.stats import ExampleStats
    from heldout.ranking.board import Row

T = TypeVar("T")

Results = Annotated[
    list[Path],
    typer.Argument(
        metavar="RESULT...",
        help="Folders from heldout score --save, or reports from heldout score --json.",
    ),
]


def rank(
    results: Results,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="What ranks, as METRIC or METRIC/NUMBER; the first metric if left out. Given "
            "several times: the first ranks, and all of them make mean rank, Borda count and "
            "Pareto front."
        ),
    ] = None,
    replicates: Annotated[int, typer.Option(min=100, help="Number of resamples.")] = 1000,
    json: Json = False,
) -> None:
    """Rank stored results on the same examples, and say which of them differ.

    Beside each rank stands the range of ranks that cannot be ruled out. Reports have no statistics of single examples: for them there is the order alone, and no test. Results that share a letter cannot be told apart with all comparisons in mind (Holm). Comparing error bars by eye finds far fewer differences than these tests.
    """
    from heldout.challenge.stored import load_evaluation, load_report
    from heldout.ranking.matrix import groups, win_matrix

    if any(path.is_file() for path in results):
        _rank_reports(_by_name(results, [load_report(path) for path in results]), metric, json)
        return
    evaluations = _by_name(results, [load_evaluation(folder) for folder in results])
    asked = metric or [next(iter(next(iter(evaluations.values())).stats))]
    chosen = [_find(evaluations, one) for one in asked]
    key, number = chosen[0]
    rows = _order(evaluations, key, number, replicates)
    first = next(iter(evaluations.values()))
    pairs = win_matrix(
        [(row.entrant, evaluations[row.entrant].stats[key]) for row in rows],
        name=number.name,
        seed=first.seed,
        replicates=replicates,
        clusters=None if first.clusters is None else first.clusters.to_numpy(),
    )
    found = groups([row.entrant for row in rows], pairs)
    together = _together(evaluations, chosen) if len(chosen) > 1 else {}
    if json:
        fields = {"rows": [row.to_dict() for row in rows], "pairs": pairs, "groups": found}
        print_json(fields | ({"together": together} if together else {}))
        return
    letters = {
        row.entrant: "".join(chr(97 + i % 26) for i, one in enumerate(found) if row.entrant in one)
        for row in rows
    }
    _print_order(rows, letters)
    print_table(
        ("pair", "difference", "p", "Holm", "Benjamini-Hochberg", ""),
        [
            (f"{one.first} - {one.second}", one.difference, one.p_value, one.holm,
             one.benjamini_hochberg, "differ" if one.differ else "")
            for one in pairs
        ],
    )  # fmt: skip
    if together:
        standing = [(name, *msgspec.to_builtins(one).values()) for name, one in together.items()]
        print_table(("entrant", "mean rank", "Borda", "on the Pareto front"), standing)
    say("results that share a letter cannot be told apart; do not compare their intervals by eye")


def _rank_reports(
    reports: Mapping[str, Report], asked: Sequence[str] | None, as_json: bool
) -> None:
    """Rank reports by one number; without statistics there is nothing to test."""
    key, _, name = (asked or [next(iter(reports.values())).scores[0].metric])[0].partition("/")
    rows = []
    for entrant, report in reports.items():
        found = [one for one in report.scores if one.metric == key and name in ("", one.name)]
        if not found:
            known = ", ".join(f"{one.metric}/{one.name}" for one in report.scores)
            message = f"{key} was not scored for {entrant}"
            raise BadInput([Problem("--metric", message, f"there are {known}")])
        rows.append((entrant, found[0]))
    ordered = _in_order(rows)
    if as_json:
        listed = [
            {"rank": rank, "entrant": entrant, **msgspec.to_builtins(score)}
            for rank, entrant, score in ordered
        ]
        print_json({"rows": listed})
        return
    print_table(
        ("rank", "entrant", ordered[0][2].name, "low", "high", "n"),
        [(rank, entrant, one.value, one.low, one.high, one.n) for rank, entrant, one in ordered],
    )
    say("reports tell an order and no more; to test differences, rank folders of --save")


def _in_order(rows: Sequence[tuple[str, Score]]) -> list[tuple[int, str, Score]]:
    from heldout.evaluation.registry import all_metrics
    from heldout.ranking.order import shared_ranks, sort_key

    first = rows[0][1]
    made = [one() for one in all_metrics() if one.id == first.metric.partition(":")[0]]
    known = [one for metric in made for one in metric.numbers if one.name == first.name]
    better = known[0].higher_is_better if known else True
    ordered = sorted(rows, key=lambda row: sort_key(row[1].value, higher_is_better=better))
    ranks = shared_ranks([one.value for _, one in ordered], higher_is_better=better)
    return [(rank, *row) for rank, row in zip(ranks, ordered, strict=True)]


def _by_name(folders: Sequence[Path], loaded: Sequence[T]) -> dict[str, T]:
    """Name results by their folders or files; by the whole path where two have one name."""
    short = [one.stem if one.is_file() else one.resolve().name for one in folders]
    names = short if len(set(short)) == len(short) else [str(folder) for folder in folders]
    found = dict(zip(names, loaded, strict=True))
    if len(found) < max(2, len(names)):
        problem = Problem("RESULT", f"{len(found)} different results", "give two or more folders")
        raise BadInput([problem])
    return found


def _find(evaluations: Mapping[str, Evaluation], asked: str) -> tuple[str, Number]:
    key, _, name = asked.partition("/")
    for entrant, evaluation in evaluations.items():
        if key not in evaluation.stats:
            known = ", ".join(evaluation.stats)
            remedy = did_you_mean(key, evaluation.stats) or f"there are {known}"
            raise BadInput([Problem("--metric", f"{key} was not scored for {entrant}", remedy)])
    numbers = {one.name: one for one in _metric(next(iter(evaluations.values())), key).numbers}
    if name and name not in numbers:
        remedy = f"give one of {', '.join(numbers)}"
        raise BadInput([Problem("--metric", f'{key} has no number "{name}"', remedy)])
    return key, numbers[name] if name else next(iter(numbers.values()))


def _metric(evaluation: Evaluation, key: str) -> Any:
    return evaluation.stats[key].metric


def _value(stats: ExampleStats, number: Number) -> float:
    return float(stats.reduce()[stats.metric.names.index(number.name)])


def _order(
    evaluations: Mapping[str, Evaluation], key: str, number: Number, replicates: int
) -> list[Row]:
    from heldout.ranking.board import Entry, leaderboard

    entries = []
    for entrant, evaluation in evaluations.items():
        stats = evaluation.stats[key]
        scores = [one for one in evaluation.report.scores if one.metric == key]
        bounds = ((one.low, one.high) for one in scores if one.name == number.name)
        low, high = next(bounds, (None, None))
        entries.append(Entry(entrant, _value(stats, number), low, high, len(stats), stats))
    first = next(iter(evaluations.values()))
    return leaderboard(
        entries,
        metric=_metric(first, key),
        name=number.name,
        seed=first.seed,
        replicates=replicates,
        clusters=None if first.clusters is None else first.clusters.to_numpy(),
    )


def _together(
    evaluations: Mapping[str, Evaluation], chosen: Sequence[tuple[str, Number]]
) -> dict[str, Any]:
    from heldout.ranking.several import standings

    table = [
        [_value(evaluation.stats[key], number) for key, number in chosen]
        for evaluation in evaluations.values()
    ]
    better = [number.higher_is_better for _, number in chosen]
    return dict(zip(evaluations, standings(np.array(table), higher_is_better=better), strict=True))


def _print_order(rows: Sequence[Row], letters: Mapping[str, str]) -> None:
    print_table(
        ("rank", "range", "entrant", rows[0].name, "low", "high", "n", "group"),
        [
            (row.rank, f"{row.rank_low}-{row.rank_high}", row.entrant, row.value, row.low,
             row.high, row.n, letters[row.entrant])
            for row in rows
        ],
    )  # fmt: skip
