"""Problems in what a person gave us, and the errors that carry them.

A reader never stops at the first fault: it collects every `Problem`, each with its place and the way
out, and raises one `BadInput` with all of them.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in the input.

    Attributes:
        place: Where it is, as the person would look for it: a file, a line, a key, an example id.
        message: What is wrong, as a clause without a capital or a full stop.
        remedy: What to do about it; empty where the message says it already.
    """

    place: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}; {self.remedy}" if self.remedy else text


class HeldoutError(Exception):
    """Base of every error Heldout raises on purpose; it can be handed from process to process."""

    def __reduce__(self) -> tuple[Any, ...]:
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class BadInput(HeldoutError):
    """The input is refused. Carries all problems found, not only the first.

    Attributes:
        problems: What is wrong, in the order of the input.
        unlisted: How many further problems were counted but not kept.
    """

    def __init__(self, problems: Iterable[Problem], *, unlisted: int = 0) -> None:
        self.problems = tuple(problems)
        self.unlisted = unlisted
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        if self.unlisted:
            lines.append(f"and {self.unlisted:,} more problems like these")
        return "\n".join(lines)


class MissingExtra(HeldoutError):
    """A feature needs an optional dependency that is not installed."""

    def __init__(self, *, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'heldout[{extra}]'")


@dataclass(slots=True)
class Problems:
    """Collects problems while a reader goes on reading.

    Attributes:
        limit: How many are kept. Further ones are counted, so that a file with a million faults
            neither fills the memory nor the screen.
    """

    limit: int = 100
    found: list[Problem] = field(default_factory=list)
    unlisted: int = 0

    def add(self, place: str, message: str, remedy: str = "") -> None:
        """Keep one more problem, or count it once `limit` are kept."""
        if len(self.found) < self.limit:
            self.found.append(Problem(place, message, remedy))
        else:
            self.unlisted += 1

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add problems that another reader found."""
        for problem in problems:
            self.add(problem.place, problem.message, problem.remedy)

    def absorb(self, error: BadInput) -> None:
        """Add everything another reader raised, counted ones included."""
        self.extend(error.problems)
        self.unlisted += error.unlisted

    def refuse_if_any(self) -> None:
        """Raise `BadInput` with all problems if there are any."""
        if self:
            raise BadInput(self.found, unlisted=self.unlisted)

    def __bool__(self) -> bool:
        return bool(self.found)

    def __len__(self) -> int:
        return len(self.found) + self.unlisted

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "zebra"?` for the nearest known word, or an empty string.

    `known` must be public, such as the declared classes: never names taken from held-out answers.
    """
    choices = list(known)
    nearest = get_close_matches(word, choices, n=1, cutoff=0.6)
    if not nearest:
        folded = {choice.casefold(): choice for choice in choices}
        nearest = [folded[word.casefold()]] if word.casefold() in folded else []
    return f'did you mean "{nearest[0]}"?' if nearest else ""


def did_you_mean_beside(path: Path) -> str:
    """Return `did you mean "images"?` for the nearest name beside a path that is not there."""
    try:
        return did_you_mean(path.name, (one.name for one in path.parent.iterdir()))
    except OSError:
        return ""
