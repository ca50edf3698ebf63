"""A report of one evaluation as one HTML file: plots, tables, nothing to load from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from html import escape
from itertools import count, groupby

from heldout.cards import drawing, wording
from heldout.cards.charts.curves import (
    Along,
    Share,
    Track,
    along_chart,
    precision_recall_chart,
    reliability_chart,
)
from heldout.cards.charts.intervals import Line, interval_chart
from heldout.cards.charts.matrices import matrix_chart
from heldout.cards.shading import confusion_squares, intersection_squares
from heldout.cards.wording import group_name, interval, number
from heldout.evaluation.along import Profile
from heldout.evaluation.confusion import Confusion
from heldout.evaluation.curves import EVERY_CLASS, RECALLS, PrecisionRecall
from heldout.evaluation.details import Details
from heldout.evaluation.metric import method_words
from heldout.evaluation.reliability import Bin
from heldout.evaluation.report import Report
from heldout.evaluation.subgroups import SubgroupScore

MOST_LINES = 40  # More lines than this are no picture; the table has them all.
MOST_CLASSES = 40
_FACTOR = 20  # Numbers further apart are drawn on a scale of factors.

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1c1a; --soft: #5d5d58; --line: #e3e2dc;
  --accent: #1f5fa8; }
@media (prefers-color-scheme: dark) { :root { --paper: #171715; --ink: #ecebe4; --soft: #a5a49b;
  --line: #33332f; --accent: #7db3ef; } }
:root { --plot-ink: var(--ink); --plot-soft: var(--soft); --plot-line: var(--line);
  --plot-accent: var(--accent); --plot-paper: var(--paper); }
body { background: var(--paper); color: var(--ink); font: 1rem/1.5 "Liberation Sans", Arial, sans-serif;
  margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 4rem; }
h1 { line-height: 1.2; } h2 { border-top: 1px solid var(--line); margin-top: 3rem; padding-top: 1rem; }
p, figcaption, .soft { color: var(--soft); } p strong { color: var(--ink); }
figure { margin: 1.5rem 0; } svg { display: block; height: auto; max-width: 100%; }
text { font-family: "Liberation Sans", Arial, sans-serif; } .narrow { display: none; }
@media (max-width: 46rem) { .narrow { display: block; } .wide { display: none; } }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.9rem; width: 100%;
  font-variant-numeric: tabular-nums; } caption { color: var(--soft); text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: 0.35rem 0.6rem; text-align: right;
  white-space: nowrap; } th:first-child, td:first-child, .text { text-align: left; }
thead th { color: var(--soft); font-weight: normal; } tbody th { font-weight: normal; }
"""

Cell = str | int | float | None


def render(report: Report, *, title: str) -> str:
    """Write a report as one HTML page that needs no script, no network and no second file.

    Args:
        report: Of predictions that were scored.
        title: What was scored, as a heading.

    Raises:
        ValueError: The report has problems in place of scores.
    """
    if report.problems:
        raise ValueError("a report of problems has nothing to draw")
    parts = [f"<h1>{escape(title)}</h1>", *_scores(report), *_subgroups(report)]
    parts += [part for profile in report.profiles for part in _profile(profile, report)]
    parts += _counterfactuals(report)
    parts += _per_class(report)
    if report.details is not None:
        parts += _details(report.details)
    return page(_numbered(parts), title=title)


def page(parts: Iterable[str], *, title: str) -> str:
    """Put parts of HTML into a page in the manner of all reports."""
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _numbered(parts: Iterable[str | Callable[[str], str]]) -> Iterator[str]:
    """Give each drawing an id of its own."""
    numbers = count(1)
    for part in parts:
        yield part if isinstance(part, str) else part(f"plot-{next(numbers)}")


Part = str | Callable[[str], str]


def _figure(
    build: Callable[[int], drawing.Chart], *, title: str, text: str, caption: str
) -> Callable[[str], str]:
    def draw(name: str) -> str:
        drawn = "".join(
            f'<div class="{kind}">'
            f"{drawing.svg(build(width), title=title, description=text, name=f'{name}-{kind}')}"
            "</div>"
            for kind, width in (("wide", drawing.WIDE), ("narrow", drawing.NARROW))
        )
        return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"

    return draw


def _table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, caption: str = "") -> str:
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in columns)
    body = "".join(f"<tr>{_row(row)}</tr>" for row in rows)
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll" tabindex="0"><table>{said}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(row: Sequence[Cell]) -> str:
    first, *rest = (_cell(one) for one in row)
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{one}</td>" for one in rest)


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        return escape(value)
    return f"{value:,}" if isinstance(value, int) else number(value)


def _scores(report: Report) -> Iterator[Part]:
    seeds = {one.seed for one in report.scores}
    seed = f" Seed {seeds.pop()}." if len(seeds) == 1 else ""
    yield f"<p>{report.n:,} examples. Intervals hold 95 %.{seed}</p>"
    yield "<h2>Scores</h2>"
    yield _table(
        ("Metric", "Number", "Value", "Interval", "n", "Interval by"),
        [
            (
                s.metric,
                s.name,
                s.value,
                interval(s.low, s.high),
                s.n,
                s.reason or method_words(s.method),
            )
            for s in report.scores
        ],
    )
    yield f"<p>{escape(wording.BY_EYE)}</p>"
    yield from _without_leaks(report)
    yield from _share_gaps(report)


def _without_leaks(report: Report) -> Iterator[Part]:
    if not report.without_leaks:
        return
    left_out = (report.n or 0) - report.without_leaks[0].n
    yield f"<h3>Without {left_out:,} leaked examples</h3>"
    yield _table(
        ("Metric", "Number", "Value", "Interval", "n"),
        [(s.metric, s.name, s.value, interval(s.low, s.high), s.n) for s in report.without_leaks],
    )


def _share_gaps(report: Report) -> Iterator[Part]:
    if not report.share_gaps:
        return
    yield "<h3>The public share and the rest</h3>"
    yield _table(
        ("Metric", "Number", "Public", "n", "Rest", "n", "Gap", "Interval"),
        [
            (g.metric, g.name, g.public, g.n_public, g.private, g.n_private, g.gap,
             interval(g.low, g.high))
            for g in report.share_gaps
        ],
    )  # fmt: skip
    for gap in report.share_gaps:
        yield f"<p>{escape(wording.tell_share_gap(gap))}</p>"


def _counterfactuals(report: Report) -> Iterator[Part]:
    if not report.counterfactuals:
        return
    yield "<h2>The same inputs with one attribute changed</h2>"
    yield _table(
        ("Changed", "Metric", "First", "Second", "Difference", "Interval", "Flipped", "Interval",
         "Inputs"),
        [
            (f"{one.attribute}: {one.first} - {one.second}", f"{one.metric} {one.name}",
             one.value_first, one.value_second, one.difference, interval(one.low, one.high),
             one.flipped, interval(*(one.flipped_interval or (None, None))), one.n)
            for one in report.counterfactuals
        ],
    )  # fmt: skip


def _subgroups(report: Report) -> Iterator[Part]:
    if not report.subgroups:
        return
    yield "<h2>Subgroups</h2>"
    yield f"<p>{escape(wording.SMALL_GROUPS)}</p>"

    def about(row: SubgroupScore) -> tuple[tuple[str, ...], str, str]:
        return tuple(row.subgroup), row.metric, row.name

    firsts = {(metric, name) for metric, name in _first_numbers(report)}
    for (by, metric, name), found in groupby(sorted(report.subgroups, key=about), key=about):
        if (metric, name) in firsts:
            yield from _groups(report, by, metric, name, list(found))


def _first_numbers(report: Report) -> dict[tuple[str, str], None]:
    """The first number of each metric: the others of a dozen would drown it."""
    first: dict[str, str] = {}
    for one in report.scores:
        first.setdefault(one.metric, one.name)
    return dict.fromkeys(first.items())


def _groups(
    report: Report, by: tuple[str, ...], metric: str, name: str, rows: list[SubgroupScore]
) -> Iterator[Part]:
    title = f"{_name(metric, name)} by {' and '.join(by)}"
    yield f"<h3>{escape(title)}</h3>"
    overall = next(s.value for s in report.scores if (s.metric, s.name) == (metric, name))
    if len(by) > 1:
        yield _heat_map(rows, title)
    else:
        yield _dots(rows, title, overall)
    beside = {
        tuple(one.subgroup.items()): f"{number(one.mean)} ({interval(one.low, one.high)})"
        for one in report.same_size
        if (one.metric, one.name) == (metric, name)
    }
    columns = ("Group", "Value", "Interval", *(("Same size",) if beside else ()), "n", "")
    yield _table(
        columns,
        [
            (
                group_name(row.subgroup),
                row.value,
                interval(row.low, row.high),
                *((beside.get(tuple(row.subgroup.items()), ""),) if beside else ()),
                row.n,
                row.reason,
            )
            for row in rows
        ],
    )
    if beside:
        yield f"<p>{escape(wording.SAME_SIZE.replace('`', ''))}</p>"
    for found in report.disparities:
        if (found.by, found.metric, found.name) == (by, metric, name):
            yield f"<p>{escape(wording.tell_disparity(found))}</p>"


def _name(metric: str, name: str) -> str:
    return name if name == metric else f"{metric} {name}"


def _dots(rows: Sequence[SubgroupScore], title: str, overall: float | None) -> Part:
    lines = [
        Line(group_name(row.subgroup), row.value, row.low, row.high, accented=True)
        for row in rows
        if row.value is not None
    ][:MOST_LINES]
    if not lines:
        return ""
    return _figure(
        lambda width: interval_chart(lines, width, title=title, reference=overall),
        title=title,
        text="; ".join(f"{line.name} {number(line.value)}" for line in lines[:12]),
        caption="Dots are scores, lines their intervals, the dashed line is the score of all.",
    )


def _heat_map(rows: Sequence[SubgroupScore], title: str) -> Part:
    found = intersection_squares(rows, write=number)
    if found is None:
        return ""
    return _figure(
        lambda width: matrix_chart(found.squares, width, rows=found.rows, columns=found.columns),
        title=title,
        text="; ".join(f"{group_name(row.subgroup)} {number(row.value)}" for row in rows[:12]),
        caption="Score, interval and number of examples of each intersection; the stronger the shade, the higher.",
    )


def _profile(profile: Profile, report: Report) -> Iterator[Part]:
    title = f"{_name(profile.metric, profile.name)} along {profile.column}"
    yield f"<h2>{escape(title)}</h2>"
    overall = next(
        s.value for s in report.scores if (s.metric, s.name) == (profile.metric, profile.name)
    )
    points = [Along(*point) for point in profile.points]
    if points:
        yield _figure(
            lambda width: along_chart(
                points,
                width,
                x_title=profile.column,
                y_title=_name(profile.metric, profile.name),
                reference=overall,
                logarithmic=is_skewed(profile),
            ),
            title=title,
            text=wording.tell_profile(profile),
            caption="The band holds the whole smoothed curve at once with 95 % confidence.",
        )
    yield f"<p>{escape(wording.tell_profile(profile))}</p>"


def is_skewed(profile: Profile) -> bool:
    """Whether a column is better drawn on a scale of factors, as income is."""
    places = [point.at for point in profile.points]
    return bool(places) and places[0] > 0 and places[-1] / places[0] > _FACTOR


def _per_class(report: Report) -> Iterator[Part]:
    firsts = _first_numbers(report)
    wanted = {metric for metric, _ in firsts}
    rows = [one for one in report.per_class if one.metric in wanted]
    seen: dict[str, str] = {}
    for one in rows:
        seen.setdefault(one.metric, one.name)
    for metric, name in seen.items():
        found = [one for one in rows if (one.metric, one.name) == (metric, name)]
        yield f"<h2>{escape(_name(metric, name))} of each class</h2>"
        yield _table(
            ("Class", "Value", "Interval", "n", ""),
            [
                (
                    group_name(row.subgroup),
                    row.value,
                    interval(row.low, row.high),
                    row.n,
                    row.reason,
                )
                for row in found
            ],
        )


def _details(details: Details) -> Iterator[Part]:
    if details.classes:
        yield "<h2>Classes</h2>"
        yield _table(
            ("Class", "Precision", "", "Recall", "", "F1", "n", "Predicted"),
            [
                (
                    row.name,
                    row.precision,
                    interval(*(row.precision_interval or (None, None))),
                    row.recall,
                    interval(*(row.recall_interval or (None, None))),
                    row.f1,
                    row.n,
                    row.predicted,
                )
                for row in details.classes
            ],
        )
    if details.confusion is not None:
        yield from _confusion(details.confusion)
    if details.curves:
        yield from _curves(details.curves)
    if details.reliability:
        yield from _reliability(details.reliability)
    if details.rate_gaps:
        yield from _rates(details)


def _confusion(confusion: Confusion) -> Iterator[Part]:
    yield "<h2>Confusion</h2>"
    worst = confusion.most_confused()
    said = "; ".join(
        f"{one.reference} taken for {one.prediction or 'nothing'}: {one.n}" for one in worst
    )
    if len(confusion.classes) <= MOST_CLASSES:
        found = confusion_squares(confusion)
        yield _figure(
            lambda width: matrix_chart(
                found.squares,
                width,
                rows=found.rows,
                columns=found.columns,
                row_title="True class",
                column_title="Predicted class",
            ),
            title="Confusion matrix",
            text=said or "Nothing is confused.",
            caption="Numbers of examples; the shade is the share of the row.",
        )
    yield _table(
        ("True class", "Predicted class", "Examples"),
        [(one.reference, one.prediction or "(missing)", one.n) for one in worst],
        caption="The most frequent confusions",
    )


def _curves(curves: Sequence[PrecisionRecall]) -> Iterator[Part]:
    yield "<h2>Precision and recall</h2>"
    for metric, found in groupby(curves, key=lambda one: one.metric):
        listed = list(found)
        yield _figure(
            partial(precision_recall_chart, tracks_of(listed)),
            title=f"Precision over recall {metric}".strip(),
            text="; ".join(f"{one.name}: {number(one.average_precision)}" for one in listed[:12]),
            caption="Bold: all classes together, at each overlap there is. Faint: single classes.",
        )
        yield _table(
            ("Class", "Overlap", "Average precision", "n"),
            [
                (one.name, "" if one.threshold is None else f"{one.threshold:g}",
                 one.average_precision, "" if one.n is None else one.n)
                for one in listed
            ],
        )  # fmt: skip


def tracks_of(curves: Sequence[PrecisionRecall]) -> list[Track]:
    """Return the lines of curves, those over all classes accented and on top."""
    return [
        Track(
            f"{one.name} {one.threshold or ''}",
            list(zip(RECALLS.tolist(), one.precision, strict=True)),
            one.name == EVERY_CLASS,
        )
        for one in reversed(curves)
    ]


def shares_of(bins: Sequence[Bin]) -> list[Share]:
    """Return the dots of a reliability diagram; bins without examples have none."""
    return [
        Share(
            one.confidence,
            one.accuracy,
            one.interval.low if one.interval else None,
            one.interval.high if one.interval else None,
            one.n,
        )
        for one in bins
        if one.confidence is not None and one.accuracy is not None
    ]


def _reliability(bins: Sequence[Bin]) -> Iterator[Part]:
    yield "<h2>Reliability</h2>"
    shares = shares_of(bins)
    yield _figure(
        lambda width: reliability_chart(shares, width),
        title="Reliability",
        text="; ".join(f"{s.confidence:.0%} sure, {s.accuracy:.0%} right, n {s.n}" for s in shares),
        caption="How often it is right where it is as sure; the diagonal is as it should be. "
        "Larger dots hold more examples.",
    )
    yield _table(
        ("Confidence", "Mean confidence", "Right", "Interval", "n"),
        [
            (f"{one.low:.0%}–{one.high:.0%}", one.confidence, one.accuracy,
             interval(*(one.interval or (None, None))), one.n)
            for one in bins
            if one.n
        ],
    )  # fmt: skip


def _rates(details: Details) -> Iterator[Part]:
    yield "<h2>Rates of error by group</h2>"
    yield (
        "<p>Equalised odds ask that the true and false positive rates of a class are equal over "
        "the groups. The largest gaps between two groups, of which noise makes a part:</p>"
    )
    yield _table(
        ("By", "Class", "Rate", "Largest gap"),
        [(" and ".join(one.by), one.name, one.rate, one.gap) for one in details.rate_gaps],
    )
