"""What is in a data set: one function is one statistic.

Each returns a `Statistic`: a table, what to draw of it, a note that says what it means in numbers, and
the query to the rows behind it. Formulas stand in `docs/reference/statistics.md`.
"""

from heldout.datasets.profile.answers import answer_agreement, answer_types, text_lengths
from heldout.datasets.profile.balance import class_balance, effective_classes, gini
from heldout.datasets.profile.concentration import concentration, quantiles
from heldout.datasets.profile.cooccurrence import cooccurrence
from heldout.datasets.profile.coverage import smallest_gap, subgroup_coverage
from heldout.datasets.profile.label_noise import (
    confident_joint,
    crowd_label_noise,
    label_noise,
    noise_by_probabilities,
)
from heldout.datasets.profile.media import image_quality
from heldout.datasets.profile.objects import box_positions, box_sizes, objects_per_image
from heldout.datasets.profile.privacy import personal_patterns, places_in_photographs
from heldout.datasets.profile.profiling import profile
from heldout.datasets.profile.rights import (
    Term,
    licence_conflicts,
    missing_fields,
    opt_outs,
    terms_of,
)
from heldout.datasets.profile.shift import (
    cohens_d,
    cramers_v,
    split_shift,
    two_sample_test,
    two_samples,
)
from heldout.datasets.profile.statistic import Bars, Grid, Statistic, rows_behind
from heldout.datasets.profile.world import income_groups, world_population

__all__ = [
    "Bars",
    "Grid",
    "Statistic",
    "Term",
    "answer_agreement",
    "answer_types",
    "box_positions",
    "box_sizes",
    "class_balance",
    "cohens_d",
    "concentration",
    "confident_joint",
    "cooccurrence",
    "cramers_v",
    "crowd_label_noise",
    "effective_classes",
    "gini",
    "image_quality",
    "income_groups",
    "label_noise",
    "licence_conflicts",
    "missing_fields",
    "noise_by_probabilities",
    "objects_per_image",
    "opt_outs",
    "personal_patterns",
    "places_in_photographs",
    "profile",
    "quantiles",
    "rows_behind",
    "smallest_gap",
    "split_shift",
    "subgroup_coverage",
    "terms_of",
    "text_lengths",
    "two_sample_test",
    "two_samples",
    "world_population",
]
