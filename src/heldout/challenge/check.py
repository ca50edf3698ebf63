"""`heldout check`: everything that is wrong with a challenge folder, in one answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from heldout.challenge.columns import example_columns
from heldout.challenge.datasheet import blanks
from heldout.challenge.evaluate import phase_protocol, read_answers
from heldout.challenge.folder import Challenge, load, tables_in
from heldout.challenge.giveaways import giveaways, stray_files
from heldout.challenge.leaks import same_media
from heldout.challenge.pages import PLACEHOLDERS
from heldout.challenge.parsing import FILE
from heldout.challenge.rights import rights
from heldout.datasets.manifest import FILE_NAME as MANIFEST
from heldout.datasets.manifest import read_manifest
from heldout.datasets.readers import read_examples
from heldout.datasets.table import ExampleTable
from heldout.datasets.tasks import Family
from heldout.errors import BadInput, Problem, Problems
from heldout.evaluation.data import References

REFERENCE = "reference"


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes:
        problems: What must be mended before the challenge can be published.
        notes: What is worth knowing, such as metrics that need probabilities.
        examples: The number of examples by split.
    """

    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...] = ()
    examples: dict[str, int] | None = None

    @property
    def ok(self) -> bool:
        """Whether the challenge can be published."""
        return not self.problems


def check(path: Path, *, decode: bool = False) -> CheckReport:
    """Check a challenge folder. For its organiser: problems may quote answers.

    Args:
        path: The folder.
        decode: Also decode every image, which finds the damaged ones.
    """
    try:
        challenge = load(path)
    except BadInput as error:
        return CheckReport(error.problems)
    problems = Problems()
    placeholders = _check_pages(challenge, problems)
    tables = _read_tables(challenge, decode, problems)
    answers = _read_all_answers(challenge, problems)
    notes = [
        *_nobody_organises(challenge),
        *_metrics_that_need_more(challenge),
        *placeholders,
        *(same_media(challenge) if not problems else ()),
        *rights(challenge, tables.values()),
    ]
    for split, references in answers.items():
        _check_split(challenge, split, tables, references, problems)
        if split in tables:
            found = giveaways(tables[split], references, challenge, split)
            problems.extend(found.problems)
            notes += found.notes
    problems.extend(stray_files(challenge, answers))
    for folder in (challenge.data, challenge.answers):
        _check_manifest(challenge, folder, problems, notes)
    sizes = {split: len(tables[split]) for split in challenge.splits() if split in tables}
    return CheckReport(tuple(problems), tuple(notes), sizes)


def _nobody_organises(challenge: Challenge) -> list[Problem]:
    if challenge.definition.challenge.organisers:
        return []
    place = f"{FILE}: challenge.organisers"
    message = "nobody is named, so on a site nobody sees the submissions"
    return [Problem(place, message, 'write organisers = ["you@example.org"]')]


def _metrics_that_need_more(challenge: Challenge) -> list[Problem]:
    """Say which metrics refuse a file of labels alone, which people send first."""
    if challenge.task.family is not Family.LABEL:
        return []
    return [
        Problem(
            f"{FILE}: metrics[{index}]",
            f"{metric.key} needs {metric.needs}: a file of labels alone will be refused",
            "say so on the overview page",
        )
        for index, metric in enumerate(challenge.metrics)
        if metric.needs != "labels"
    ]


def _check_pages(challenge: Challenge, problems: Problems) -> list[Problem]:
    """Return the pages on which participants would read what is meant for the organiser."""
    about, unfinished = challenge.definition.challenge, []
    for key in ("overview", "terms", "datasheet"):
        file = getattr(about, key)
        if file is None:
            continue
        place = f"{FILE}: challenge.{key}"
        try:
            text = (challenge.root / file).read_text("utf-8")
        except FileNotFoundError:
            problems.add(place, f'there is no file "{file}"', "write it, even if it is short")
        except (OSError, UnicodeDecodeError):
            problems.add(place, f"{file} cannot be read as text", "save it as UTF-8")
        else:
            if not text.strip():
                problems.add(place, f"{file} is empty")
            if "\0" in text:
                problems.add(place, f"{file} holds a NUL, which is no text", "save it as UTF-8")
            if key == "datasheet":
                problems.extend(blanks(text))
            for sentence in PLACEHOLDERS:
                if sentence in text:
                    message = f'{file} still says "{sentence}"'
                    unfinished.append(Problem(place, message, "finish the page"))
    return unfinished


def _read_tables(challenge: Challenge, decode: bool, problems: Problems) -> dict[str, ExampleTable]:
    data = challenge.definition.data
    if not challenge.data.is_dir():
        problems.add(f"{FILE}: data.examples", f'there is no folder "{data.examples}"')
    tables = {}
    for path in tables_in(challenge.data):
        place = f"{data.examples}/{path.name}"
        if path.stem in tables:
            problems.add(place, f'there is another table of the split "{path.stem}"', "keep one")
            continue
        try:
            tables[path.stem] = read_examples(
                path,
                task=challenge.task,
                classes=challenge.definition.challenge.classes or None,
                id_column=data.id,
                media_column=data.media,
                decode=decode,
            )
        except BadInput as error:
            _absorb(error, place, problems)
    return tables


def _read_all_answers(challenge: Challenge, problems: Problems) -> dict[str, References]:
    answers = {}
    for split in dict.fromkeys(phase.split for phase in challenge.definition.phases):
        keys = [
            f"{FILE}: phases[{index}].split"
            for index, phase in enumerate(challenge.definition.phases)
            if phase.split == split
        ]
        folder = challenge.definition.data.answers
        if challenge.table_path(split) is None:
            message = f'there is no split "{split}" in {challenge.definition.data.examples}/'
            known = ", ".join(challenge.splits())
            problems.add(keys[0], message, known and f"the splits are {known}")
        if challenge.answers_path(split) is None:
            remedy = "`heldout split` and `heldout new` make it"
            problems.add(keys[0], f"there is no {folder}/{split}.parquet", remedy)
            continue
        try:
            answers[split] = read_answers(challenge, split)
        except BadInput as error:
            _absorb(error, f"{folder}/{split}", problems)
    return answers


def _check_split(
    challenge: Challenge,
    split: str,
    tables: dict[str, ExampleTable],
    references: References,
    problems: Problems,
) -> None:
    if split not in tables:
        return
    data = challenge.definition.data
    public, private = pl.Series(tables[split].ids), references.example_ids
    for here, there, place in (
        (public, private, f"{data.answers}/{split}"),
        (private, public, f"{data.examples}/{split}"),
    ):
        missing = here.filter(~here.is_in(there.implode()))
        if len(missing):
            shown = ", ".join(missing.head(5))
            problems.add(place, f"lacks {len(missing):,} examples of the split ({shown})")
    try:
        example_columns(challenge, split, references)
    except BadInput as error:
        problems.absorb(error)
    phase = next(one for one in challenge.definition.phases if one.split == split)
    problems.extend(phase_protocol(challenge, phase).unfit(references))


def _check_manifest(
    challenge: Challenge, folder: Path, problems: Problems, notes: list[Problem]
) -> None:
    name = folder.relative_to(challenge.root).as_posix()
    if not folder.is_dir():
        return
    if not (folder / MANIFEST).is_file():
        remedy = "`heldout new` and `heldout split` write one"
        notes.append(Problem(f"{name}/{MANIFEST}", "no hashes say what the files were", remedy))
        return
    try:
        found: Iterable[Problem] = read_manifest(folder).verify(folder)
    except BadInput as error:
        found = error.problems
    for problem in found:
        problems.add(f"{name}/{problem.place}", problem.message, problem.remedy)


def _absorb(error: BadInput, place: str, problems: Problems) -> None:
    """Take problems of a file over, saying which file."""
    for problem in error.problems:
        inner = problem.place
        whole = inner == Path(place).name or inner.startswith(Path(place).name)
        where = place if whole or not inner else f"{place}: {inner}"
        problems.add(where, problem.message, problem.remedy)
    problems.unlisted += error.unlisted
