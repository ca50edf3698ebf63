"""Which examples count: the public share or the rest, without those that were retired."""

from __future__ import annotations

import secrets
from enum import StrEnum
from functools import lru_cache

import numpy as np
import polars as pl

from heldout.challenge.columns import example_columns
from heldout.challenge.evaluate import read_answers
from heldout.challenge.folder import Challenge as Folder
from heldout.challenge.parts import public_examples
from heldout.evaluation.data import AnyArray, Flags
from heldout.site.challenges.models import Phase
from heldout.site.submissions.folders import challenge_folder
from heldout.site.submissions.models import Partition, RetiredItem


class Part(StrEnum):
    """`PUBLIC` is everything where a phase has no public share."""

    PUBLIC = "public"
    PRIVATE = "private"


def seed_of(phase: Phase) -> int:
    """The secret seed of a split's public share, drawn when it is first needed."""
    found, _ = Partition.objects.get_or_create(
        challenge=phase.challenge,
        split=phase.split,
        defaults={"seed": secrets.randbits(62)},
    )
    return found.seed


def retired_items(phase: Phase) -> frozenset[str]:
    """The examples of the phase's split that count no more."""
    retired = RetiredItem.objects.filter(challenge=phase.challenge_id, split=phase.split)
    return frozenset(retired.values_list("example_id", flat=True))


def example_ids(folder: str, split: str) -> frozenset[str]:
    return frozenset(_units(folder, split)[0])


def counted(
    folder: str, phase: Phase, part: Part, *, share: float | None, retired: frozenset[str]
) -> Flags | None:
    """One flag per example of the phase's split; None where all of them count."""
    if share is None and not retired:
        return None
    ids, units = _units(folder, phase.split)
    keep: Flags = ~ids.is_in(pl.Series(sorted(retired), dtype=pl.String).implode()).to_numpy()
    if share is not None:
        public = public_examples(units, share=share, seed=seed_of(phase))
        keep = keep & (public if part == Part.PUBLIC else ~public)
    return keep


@lru_cache(maxsize=16)
def _units(folder: str, split: str) -> tuple[pl.Series, AnyArray]:
    """The ids of a split's examples, and what of them stays together."""
    challenge = challenge_folder(folder)
    references = read_answers(challenge, split)
    clusters = clusters_of(challenge, split)
    ids = references.example_ids
    return ids, np.asarray(ids.to_list() if clusters is None else clusters)


def clusters_of(folder: Folder, split: str) -> AnyArray | None:
    """What intervals resample, one value per example; None: the examples."""
    column = folder.definition.data.cluster
    if column is None:
        return None
    return example_columns(folder, split, read_answers(folder, split))[column].to_numpy()
