"""How each statistic is counted, in one line; `docs/reference/statistics.md` has the whole of it."""

FORMULAS = {
    "class-balance": (
        "Annotations and examples per class. Gini = 2 Σ i xᵢ / (n Σ xᵢ) − (n + 1) / n for counts "
        "x₁ ≤ … ≤ xₙ; effective classes = exp(−Σ pᵢ ln pᵢ)."
    ),
    "co-occurrence": (
        "Of n examples, nₐ and n_b with either class and n_ab with both: expected = nₐ n_b / n, "
        "lift = n_ab / expected; p from the hypergeometric distribution, q after Benjamini and Hochberg."
    ),
    "objects-per-image": "Examples with 0, 1, 2 … objects that have a box.",
    "box-sizes": "Small below 32², large from 96² square pixels, by the measured area or that of the box.",
    "box-positions": (
        "Centres of boxes in 8 by 8 cells: row = ⌊8 (y₀ + y₁) / (2 · height)⌋ + 1, likewise the column."
    ),
    "subgroup-coverage": (
        "Examples per group. Smallest gap: the smallest drop below 80 % that a two-sided test of two "
        "proportions finds at the level 5 % with a power of 80 %."
    ),
    "concentration": "Shares pᵢ of each value; Herfindahl's index Σ pᵢ² and its inverse; Gini.",
    "world-population": (
        "A country's share s of the examples over its share w of the world's people (UN, 2024); "
        "½ Σ |s − w| would have to be from elsewhere."
    ),
    "income-groups": "The same shares of the World Bank's four groups of countries.",
    "quantiles": "Between neighbouring values in proportion (type 7).",
    "missing-fields": "The column is absent, or the cell is empty or blank.",
    "opt-outs": "The opt-out says anything but no, or names where it was said.",
    "licence-conflicts": "A term of the item's licence that the licence of the whole does not repeat.",
    "answer-agreement": "Σ nₐ (nₐ − 1) / (k (k − 1)) of an example's k answers, nₐ of them a.",
    "answer-types": "Each example by its most frequent answer.",
    "text-lengths": "Words of each text; different words, and those that occur once.",
    "image-quality": (
        "Mean, standard deviation, entropy −Σ pᵢ log₂ pᵢ and variance of the Laplacian of the grey "
        "values; unusual where 0.6745 |x − median| / median |x − median| is over 3.5."
    ),
    "places-in-photographs": "Images whose EXIF has a GPS block.",
    "personal-patterns": "Texts that match the pattern of an e-mail address or a telephone number.",
    "split-shift": (
        "Of numbers Cohen's d = (mean₂ − mean₁) / pooled standard deviation; of values Cramér's "
        "V = √(χ² / (n (min(r, c) − 1)))."
    ),
    "two-sample-test": (
        "Balanced accuracy of a logistic regression on the half of each split it has not seen, and the "
        "p-value of its scores there after Mann and Whitney; 50 % where both are of one distribution."
    ),
    "crowd-label-noise": (
        "Dawid and Skene's posterior of the annotators' labels; listed where its likeliest class is not "
        "the label."
    ),
    "label-noise": (
        "Confident learning: the most probable class that reaches the mean probability of its own "
        "examples, where it is not the label."
    ),
}
