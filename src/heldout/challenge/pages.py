"""The files of a new challenge folder, as text to edit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from string import Template

import msgspec

from heldout.datasets.tasks import Task
from heldout.evaluation.registry import find_metric


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a new challenge when its files are written.

    Attributes:
        id: The name in addresses.
        title: What people read.
        summary: One sentence under it.
        task: What is asked.
        classes: Every class there is.
        license: Of the data; empty if not said.
        organisers: E-mail addresses.
        metrics: Specs; the first ranks.
        primary: Which number of the first metric ranks, where it has several.
        subgroups: Columns to score apart.
        smallest_group: Groups with fewer examples are not scored.
        along: Columns of numbers to score along.
        cluster: The column whose values belong together.
        media: Whether the examples have images.
        sizes: The number of examples by split.
        held_out: The splits with held-out answers.
        method: How the splits were made, in words.
        opens: When the phases open.
        closes: When they close.
        seed: Of the intervals.
    """

    id: str
    title: str
    summary: str = ""
    task: Task
    classes: tuple[str, ...] = ()
    license: str = ""
    organisers: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    primary: str | None = None
    subgroups: tuple[tuple[str, ...], ...] = ()
    smallest_group: int = 30
    along: tuple[str, ...] = ()
    cluster: str | None = None
    media: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    held_out: tuple[str, ...] = ()
    method: str = ""
    opens: datetime
    closes: datetime
    seed: int = 0


def toml(value: object) -> str:
    """Write text, a number or a list as TOML."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml, value))}]"
    # A JSON string is a TOML string, but for the one control character JSON lets through.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


_CHALLENGE = Template("""\
# Every key: docs/reference/challenge-toml.md. `heldout check` lists what is wrong.
# Times without an offset are in `timezone`.
[challenge]
id = $id
title = $title
summary = $summary
task = $task
${classes}overview = "README.md"
terms = "terms.md"                  # accepted before the first submission
datasheet = "datasheet.md"
license = $license
organisers = $organisers
visibility = "public"               # public | invited | private
timezone = "UTC"
seed = $seed

[data]
${media}subgroups = $subgroups
smallest_group = $smallest                 # groups with fewer examples are named, not scored
${along}${cluster}missing = "refuse"                  # a file without some example: refuse | wrong
""")

_METRIC = Template("""
[[metrics]]
id = $id
$rest""")

_PHASE = Template("""
[[phases]]
id = $id
split = $split
opens = $opens
closes = $closes
submissions = $limits
final = "best"                      # best | latest
leaderboard = "public"              # public | participants | organisers
reveal = $reveal
""")


def challenge_toml(facts: Facts) -> str:
    """Return the text of `challenge.toml`."""
    head = _CHALLENGE.substitute(
        id=toml(facts.id),
        title=toml(facts.title),
        summary=toml(facts.summary),
        task=toml(facts.task.id),
        classes=f"classes = {toml(facts.classes)}\n" if facts.task.has_classes else "",
        license=toml(facts.license),
        organisers=toml(facts.organisers),
        seed=facts.seed,
        media='media = "image"\n' if facts.media else "",
        subgroups=toml([names[0] if len(names) == 1 else names for names in facts.subgroups]),
        smallest=facts.smallest_group,
        along=f"along = {toml(facts.along)}\n" if facts.along else "",
        cluster=f"cluster = {toml(facts.cluster)}\n" if facts.cluster else "",
    )
    metrics = [_metric(spec, facts, index == 0) for index, spec in enumerate(facts.metrics)]
    phases = [_phase(split, facts) for split in facts.held_out]
    return head + "".join(metrics) + "".join(phases)


def _metric(spec: str, facts: Facts, primary: bool) -> str:
    metric_id, _, listed = spec.partition(":")
    values = find_metric(spec, task=facts.task).parameters
    names = [pair.partition("=")[0].strip() for pair in listed.split(",") if pair]
    lines = [f"{name} = {toml(values[name])}" for name in names]
    if primary:
        lines.append("primary = true")
        lines += [f"name = {toml(facts.primary)}"] if facts.primary else []
    return _METRIC.substitute(id=toml(metric_id), rest="".join(f"{line}\n" for line in lines))


def _phase(split: str, facts: Facts) -> str:
    last = split == facts.held_out[-1]
    reveal = ["score", "interval"] if last else ["score", "interval", "subgroups", "per-class"]
    return _PHASE.substitute(
        id=toml("dev" if split == "val" else split.replace("_", "-")),
        split=toml(split),
        opens=f"{facts.opens:%Y-%m-%dT%H:%M:%S}",
        closes=f"{facts.closes:%Y-%m-%dT%H:%M:%S}",
        limits="{ per_day = 2, in_total = 20 }" if last else "{ per_day = 20 }",
        reveal=toml(reveal),
    )


# For the organiser to replace: `heldout check` says where one still stands.
PLACEHOLDERS = (
    "Say here what the task is, why it matters and what a good result would change.",
    'The rest is yours to answer; "not applicable, because …" is an answer.',
)

_README = Template(f"""\
# $title

{PLACEHOLDERS[0]}

## Task

$task. $classes

## Data

| split | examples | answers |
|---|---|---|
$splits

$method

## Submitting

Send one file (CSV, JSON Lines or Parquet) with a prediction for every example of the phase's split, in one of these forms:

$forms

The leaderboard is ordered by **$metric**; every score comes with a 95 % interval.
""")


def readme(facts: Facts) -> str:
    """Return the overview page to edit."""
    rows = [
        f"| {name} | {size:,} | {'held out' if name in facts.held_out else 'public'} |"
        for name, size in facts.sizes.items()
    ]
    classes = f"There are {len(facts.classes)} classes." if facts.classes else ""
    return _README.substitute(
        title=facts.title,
        task=facts.task.title,
        classes=classes,
        splits="\n".join(rows),
        method=facts.method,
        forms="\n".join(f"- `{form}`" for form in facts.task.prediction_columns),
        metric=facts.metrics[0],
    )


_TERMS = """\
# Rules

Taking part means accepting these rules. If they change, you will be asked again.

1. Predictions come from a method, not from people who label the held-out examples.
2. Nobody tries to obtain the held-out answers other than by submitting.
3. One person takes part under one account.
4. Data outside the training split may be used if the submission's note says which.
5. The organisers may take out submissions that break these rules, and say so.
"""


def terms() -> str:
    """Return the rules to edit."""
    return _TERMS


_DATASHEET = Template(f"""\
# Datasheet of $title

What is counted was filled in when the folder was made. {PLACEHOLDERS[1]}

## Motivation

Who made the data set, for what, and who paid for it?

## Composition

$total examples$classes. $sizes.

What does one example show, and what is missing from it? Does it show people, and did they agree?

## Collection

How, when and where were the examples collected, and who labelled them?

## Preprocessing

$method What was done to the raw data before that?

## Uses

What is it good for, and what should it not be used for?

## Distribution

Licence: $license. Does anything restrict passing it on?

## Maintenance

Who answers questions, and how are errors corrected?
""")


def datasheet(facts: Facts) -> str:
    """Return a datasheet with the countable facts filled in."""
    sizes = ", ".join(f"{name}: {size:,}" for name, size in facts.sizes.items())
    return _DATASHEET.substitute(
        title=facts.title,
        total=f"{sum(facts.sizes.values()):,}",
        classes=f" of {len(facts.classes)} classes" if facts.classes else "",
        sizes=sizes or "The splits are not made yet",
        method=facts.method,
        license=facts.license or "not stated yet",
    )
