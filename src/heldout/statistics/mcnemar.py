"""Whether two rates of success on the same examples differ."""

from __future__ import annotations

from typing import NamedTuple

from scipy.special import bdtr


class McNemar(NamedTuple):
    """Two-sided p-values of one comparison.

    Attributes:
        exact: Never wrong more often than it says, and often less: conservative.
        mid_p: Counts half of the observed outcome; close to its level, hardly ever above it.
    """

    exact: float
    mid_p: float


def mcnemar(only_first: int, only_second: int) -> McNemar:
    """Test whether each of two is as often the only one that is right.

    Examples on which both are right or both are wrong say nothing about the difference; of the
    others, each is as likely to be right if there is none.

    Source: Q. McNemar, Psychometrika 12 (1947); mid-p: M. Fagerland, S. Lydersen and P. Laake,
    "The McNemar test for binary matched-pairs data", BMC Medical Research Methodology 13 (2013).

    Args:
        only_first: Examples that only the first got right.
        only_second: Examples that only the second got right.

    Raises:
        ValueError: A count is negative.
    """
    if min(only_first, only_second) < 0:
        raise ValueError("a count of examples is not negative")
    fewer, n = min(only_first, only_second), only_first + only_second
    tail = float(bdtr(fewer, n, 0.5))
    beyond = float(bdtr(fewer - 1, n, 0.5)) if fewer else 0.0
    even = only_first == only_second
    return McNemar(exact=min(1.0, 2 * tail), mid_p=1.0 if even else tail + beyond)
