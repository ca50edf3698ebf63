"""Who may see what. An index is built from a view, and a view has nothing its role may not see.

The rule is kept by construction, not by filtering answers: the tables of a view are cut down before
anything is written, and held-out answers can be joined to the organisers' view only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import polars as pl

from heldout.datasets.annotations.dataset import Category
from heldout.datasets.annotations.schema import annotation_frame
from heldout.datasets.table import ID, MEDIA


class Role(IntEnum):
    """For whom an index is; each sees at least what those before see."""

    PUBLIC = 1
    PARTICIPANT = 2
    ORGANISER = 3

    @property
    def word(self) -> str:
        """The role's name in addresses and folders."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One split.

    Attributes:
        split: Its name.
        frame: One row per example, with `example_id`.
        annotations: What is known of the examples, in the columns of `ANNOTATIONS`.
    """

    split: str
    frame: pl.DataFrame
    annotations: pl.DataFrame = field(default_factory=lambda: annotation_frame({}))


@dataclass(frozen=True, slots=True)
class Access:
    """The least role that sees a split, a column, or a split's annotations; public if not named.

    Attributes:
        splits: Who sees that a split's examples exist at all.
        columns: Who sees a column, in every split.
        annotations: Who sees the annotations of a split.
    """

    splits: Mapping[str, Role] = field(default_factory=dict)
    columns: Mapping[str, Role] = field(default_factory=dict)
    annotations: Mapping[str, Role] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What one role may see of a revision; made by `view_for` only."""

    role: Role
    parts: tuple[Part, ...]
    categories: tuple[Category, ...] = ()


def view_for(
    role: Role,
    parts: Sequence[Part],
    *,
    access: Access | None = None,
    answers: Sequence[Part] = (),
    categories: Sequence[Category] = (),
) -> View:
    """Return what a role sees of a revision.

    Args:
        role: For whom.
        parts: The public data.
        access: What of it is not for everybody.
        answers: What is held out, per split: further columns and annotations, by `example_id`.
        categories: The declared classes, which are public.

    Raises:
        ValueError: Answers were given for a role other than the organisers'.
    """
    if answers and role is not Role.ORGANISER:
        raise ValueError(f"held-out answers are not for the role {role.word}")
    rule = access or Access()
    hidden = {part.split: part for part in answers}
    seen = (one for one in parts if rule.splits.get(one.split, Role.PUBLIC) <= role)
    cut = tuple(_cut(_joined(one, hidden.get(one.split)), rule, role) for one in seen)
    return View(role, cut, tuple(categories))


def _cut(part: Part, rule: Access, role: Role) -> Part:
    kept = [
        name
        for name in part.frame.columns
        if name in (ID, MEDIA) or rule.columns.get(name, Role.PUBLIC) <= role
    ]
    told = rule.annotations.get(part.split, Role.PUBLIC) <= role
    annotations = part.annotations if told else annotation_frame({})
    return Part(part.split, part.frame.select(kept), annotations)


def _joined(part: Part, hidden: Part | None) -> Part:
    if hidden is None:
        return part
    fresh = [ID, *(name for name in hidden.frame.columns if name not in part.frame.columns)]
    frame = part.frame.join(hidden.frame.select(fresh), on=ID, how="left", maintain_order="left")
    return Part(part.split, frame, pl.concat([part.annotations, hidden.annotations]))
