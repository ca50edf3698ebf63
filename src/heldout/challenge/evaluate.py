"""Score one submission of one phase: the one function the command line and the site score with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from heldout.challenge.columns import example_columns
from heldout.challenge.definition import Phase
from heldout.challenge.folder import Challenge
from heldout.challenge.grammar import Reveal
from heldout.challenge.protocol import Evaluation, Protocol
from heldout.errors import BadInput, HeldoutError, Problem
from heldout.evaluation.data import References
from heldout.evaluation.reading import Missing, read_references
from heldout.evaluation.scoring import REPLICATES
from heldout.statistics.seeds import derive_seed

__all__ = ["BrokenChallenge", "Evaluation", "evaluate", "phase_seed", "read_answers"]


class BrokenChallenge(HeldoutError):
    """The challenge cannot score anything; its organiser must mend it.

    Never shown to participants: the problems may quote answers.

    Attributes:
        problems: What is wrong with the challenge.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(map(str, self.problems))
        super().__init__(f"the challenge cannot score (see `heldout check`):\n{listed}")


def evaluate(
    challenge: Challenge,
    *,
    phase: str,
    predictions: Path,
    replicates: int = REPLICATES,
    details: bool = False,
) -> Evaluation:
    """Score a predictions file against a phase's held-out answers.

    Args:
        challenge: With its answers.
        phase: Its id.
        predictions: CSV, JSON Lines or Parquet.
        replicates: Number of resamples of the intervals.
        details: Whether the report says all it can, whatever the phase reveals.

    Raises:
        BadInput: Every problem of the predictions; no message holds anything of an answer.
        BrokenChallenge: The fault is the challenge's.
    """
    chosen = challenge.phase(phase)
    try:
        references = read_answers(challenge, chosen.split)
        columns = example_columns(challenge, chosen.split, references)
    except BadInput as error:
        raise BrokenChallenge(error.problems) from error
    protocol = phase_protocol(challenge, chosen, replicates=replicates, details=details)
    if unfit := protocol.unfit(references):
        raise BrokenChallenge(unfit)
    return protocol.evaluate(predictions, references=references, columns=columns)


def phase_seed(challenge: Challenge, phase: Phase) -> int:
    """Return the seed all submissions of a phase share, so that they can be compared in pairs."""
    about = challenge.definition.challenge
    return derive_seed(about.id, phase.id, about.seed)


def phase_protocol(
    challenge: Challenge, phase: Phase, *, replicates: int = REPLICATES, details: bool = False
) -> Protocol:
    """Return how a phase scores."""
    about, data = challenge.definition.challenge, challenge.definition.data
    return Protocol(
        task=challenge.task,
        metrics=challenge.metrics,
        seed=phase_seed(challenge, phase),
        classes=about.classes,
        id_column=data.id,
        missing=Missing(data.missing),
        subgroups=data.subgroups,
        smallest_group=data.smallest_group,
        protect=True,
        cluster=data.cluster,
        along=data.along,
        pairs=data.pairs,
        per_class=details or Reveal.PER_CLASS in phase.reveal,
        details=details,
        replicates=replicates,
    )


def read_answers(challenge: Challenge, split: str) -> References:
    """Read the held-out answers of a split.

    Raises:
        BadInput: With every problem. The messages quote answers: for organisers only.
    """
    path = challenge.answers_path(split)
    if path is None:
        place = f"{challenge.definition.data.answers}/{split}.parquet"
        raise BadInput([Problem(place, "the answers of this split are not there")])
    return read_references(
        path,
        task=challenge.task,
        classes=challenge.definition.challenge.classes or None,
        id_column=challenge.definition.data.id,
    )
