"""A challenge folder: its definition and where its files are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from heldout.challenge.definition import Definition, Phase
from heldout.challenge.parsing import FILE, read_definition
from heldout.datasets.tasks import Task, find_task
from heldout.errors import BadInput, Problem, did_you_mean, did_you_mean_beside
from heldout.evaluation.registry import AnyMetric, find_metric

TABLE_SUFFIXES = (".parquet", ".csv", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Challenge:
    """A challenge on disk.

    Attributes:
        root: Its folder.
        definition: Its `challenge.toml`.
    """

    root: Path
    definition: Definition

    @property
    def task(self) -> Task:
        """What a reference and a prediction look like."""
        return find_task(self.definition.challenge.task)

    @cached_property
    def metrics(self) -> tuple[AnyMetric, ...]:
        """The metrics in the order of the file."""
        return tuple(find_metric(spec, task=self.task) for spec in self.definition.metric_specs)

    @property
    def data(self) -> Path:
        """The folder of the public data."""
        return self.root / self.definition.data.examples

    @property
    def answers(self) -> Path:
        """The folder of the held-out answers."""
        return self.root / self.definition.data.answers

    def table_path(self, split: str) -> Path | None:
        """Return the public table of a split, or None where there is none."""
        return find_table(self.data, split)

    def answers_path(self, split: str) -> Path | None:
        """Return the answers of a split, or None where there are none.

        A table, or what the task's own format is: a JSON file, or a folder with the split's name.
        """
        own = (self.answers / f"{split}.json", self.answers / split)
        return find_table(self.answers, split) or next(filter(Path.exists, own), None)

    def splits(self) -> tuple[str, ...]:
        """Return the splits that have a public table: those to learn from, then as the phases go."""
        named = {path.stem for path in tables_in(self.data)}
        tested = dict.fromkeys(phase.split for phase in self.definition.phases)
        return (*sorted(named - tested.keys()), *(split for split in tested if split in named))

    def page(self, name: str) -> str:
        """Return the text of `overview`, `terms` or `datasheet`; empty where there is none."""
        file = getattr(self.definition.challenge, name)
        path = self.root / file if file else None
        return path.read_text("utf-8") if path is not None and path.is_file() else ""

    def phase(self, phase_id: str) -> Phase:
        """Return a phase by its id.

        Raises:
            BadInput: There is none; names the nearest.
        """
        ids = [phase.id for phase in self.definition.phases]
        if phase_id not in ids:
            remedy = did_you_mean(phase_id, ids) or f"the phases are {', '.join(ids)}"
            raise BadInput([Problem("phase", f'there is no phase "{phase_id}"', remedy)])
        return self.definition.phase(phase_id)

    def the_phase(self, phase_id: str | None) -> Phase:
        """Return a phase by its id, or the only one where no id is given.

        Raises:
            BadInput: There is no such phase, or there are several to choose from.
        """
        phases = self.definition.phases
        if phase_id is None and len(phases) > 1:
            listed = ", ".join(phase.id for phase in phases)
            raise BadInput(
                [Problem("phase", "there are several phases", f"choose one of {listed}")]
            )
        return phases[0] if phase_id is None else self.phase(phase_id)


def load(path: Path) -> Challenge:
    """Read the challenge in a folder; the folder's `challenge.toml` may be given too.

    Raises:
        BadInput: With every problem of its `challenge.toml`.
    """
    root = path.parent if path.name == FILE else path
    if not root.is_dir():
        remedy = did_you_mean_beside(path) or "`heldout new` makes one"
        raise BadInput([Problem(str(path), "there is no such folder", remedy)])
    return Challenge(root, read_definition(root / FILE))


def tables_in(folder: Path) -> list[Path]:
    """Return the tables directly inside a folder, in the order of their names."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in TABLE_SUFFIXES and not path.name.startswith(".")
    )


def find_table(folder: Path, split: str) -> Path | None:
    """Return the table of a split, Parquet before CSV before JSON Lines."""
    for suffix in TABLE_SUFFIXES:
        path = folder / f"{split}{suffix}"
        if path.is_file():
            return path
    return None
