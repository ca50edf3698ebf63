"""What is in a data set: one function is one statistic.

Each returns a `Statistic`: a table, what to draw of it, a note that says what it means in numbers, and
the query to the rows behind it. Formulas stand in `docs/reference/statistics.md`.
"""

from heldout.datasets.profile.balance import class_balance, effective_classes, gini
from heldout.datasets.profile.concentration import concentration, quantiles
from heldout.datasets.profile.cooccurrence import cooccurrence
from heldout.datasets.profile.coverage import smallest_gap, subgroup_coverage
from heldout.datasets.profile.objects import box_positions, box_sizes, objects_per_image
from heldout.datasets.profile.profiling import profile
from heldout.datasets.profile.rights import Term, licence_conflicts, missing_fields, terms_of
from heldout.datasets.profile.statistic import Bars, Grid, Statistic, rows_behind

__all__ = [
    "Bars",
    "Grid",
    "Statistic",
    "Term",
    "box_positions",
    "box_sizes",
    "class_balance",
    "concentration",
    "cooccurrence",
    "effective_classes",
    "gini",
    "licence_conflicts",
    "missing_fields",
    "objects_per_image",
    "profile",
    "quantiles",
    "rows_behind",
    "smallest_gap",
    "subgroup_coverage",
    "terms_of",
]
