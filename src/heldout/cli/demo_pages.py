"""What people read on the pages of the demo."""

from __future__ import annotations

OVERVIEW = """\
# Handwritten digits

Which digit is it? 1,797 real images of 8 x 8 pixels: the test part of the UCI data set *Optical Recognition of Handwritten Digits* (E. Alpaydin, C. Kaynak, 1998, CC BY 4.0), as scikit-learn ships it. `heldout demo` made this challenge on this machine.

## Data

The training split has its answers; those of `val` and `test` are held out. The images of every split are public. Two columns were measured on the pixels, and scores are shown apart for their values:

- `ink`: the quartile of an image's summed intensity, from `lightest` to `darkest`
- `slant`: where the strokes lean, `left`, `upright` or `right`

## Submitting

Send a CSV, JSON Lines or Parquet file with the columns `example_id` and `prediction`, one row for every example of the phase's split.

## Baselines

The entrants named `baseline-…` are not people. `heldout demo` trained them on the training split and submitted what they predict.
"""

TERMS = """\
# Rules

This is a demo on the machine where you see it: nothing can be won.

1. Predictions come from a method, not from looking at the held-out images.
2. The answers of these images are known to everybody who has scikit-learn. Using them teaches nothing.
3. One person takes part under one account.
"""

DATASHEET = """\
# Datasheet of Handwritten digits

## Motivation

E. Alpaydin and C. Kaynak made the data set *Optical Recognition of Handwritten Digits* at Boğaziçi University, to compare and combine classifiers, and gave it to the UCI Machine Learning Repository in July 1998. It does not say who paid for it.

## Composition

1,797 examples of 10 classes, the digits 0 to 9. Each is one handwritten digit as 8 x 8 numbers from 0 to 16: a small image of how much ink there was. This is the test part of the data set, by 13 of its 43 writers; the other 30 wrote the training part, which is not here. The images show nobody, and the copy does not say who wrote which digit. So one person's digits are in several splits, and scores say nothing of writers not seen before.

## Collection

43 people wrote digits on a preprinted form. The source says neither how they were chosen nor how the labels were checked.

## Preprocessing

By the authors: programs of NIST cut normalised bitmaps of 32 x 32 pixels out of the forms; in each of the 8 x 8 blocks of 4 x 4 pixels, the pixels with ink were counted.

By `heldout demo`: the counts became grey levels of PNG images, dark ink as bright pixels. `ink` and `slant` were measured on them. 60 % of the images are for training, 20 % for `val` and 20 % for `test`, with the same proportions of every digit (seed 2026).

## Uses

Good for learning how a challenge works and for trying methods in seconds. Not for judging readers of handwriting: the images are tiny, the writers few, and good methods hardly differ.

## Distribution

Creative Commons Attribution 4.0 (CC BY 4.0): [UCI Machine Learning Repository](https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits). scikit-learn ships this copy.

## Maintenance

Nobody maintains it: it has been the same since 1998.
"""

PAGES = {"overview": OVERVIEW, "terms": TERMS, "datasheet": DATASHEET}
