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

HOMES_OVERVIEW = """\
# Things at home

Which of six household things is it: a bed, a cup, a door, a lamp, a pot or a stove? A program drew these pictures; nobody lives in these homes, and their incomes, regions and licences are invented. The data has faults on purpose. Real data sets had each of them. See whether your tools, and you, find them before participants do.

## What is wrong with the data

- 4 test pictures are files of the training split, and 12 are training pictures that were cropped, mirrored and compressed: `heldout leaks homes`
- 3 homes have pictures in both splits: the same command, under "same group"
- 14 pictures have no licence, 9 have one that forbids commercial use while the whole is offered without that limit, 2 authors opted out, and one note holds an e-mail address: `heldout profile homes`
- no home has an income between 300 and 900, and few poor homes are in the training split: the same command
- the poorest homes are dim, and models trained on bright rooms see less in them: the accuracy along income, and by income band, in each submission's analysis

`heldout check homes` notes what it sees of these without being asked.

## Submitting

Send a CSV, JSON Lines or Parquet file with the columns `example_id` and `prediction`, one row for every example of the phase's split.

## Baselines

The entrants named `baseline-…` are not people. `heldout demo` trained them on the training split and submitted what they predict.
"""

HOMES_TERMS = """\
# Rules

This is a demo on the machine where you see it: nothing can be won.

1. Predictions come from a method, not from looking at the held-out pictures.
2. One person takes part under one account.
"""

HOMES_DATASHEET = """\
# Datasheet of Things at home

## Motivation

`heldout demo` made these pictures, to show which faults of a data set can be found before a challenge opens.

## Composition

Drawings of six things, 64 x 64 pixels, before a patchy wall. Each belongs to a home with a region and an income, all invented. Poor homes are drawn in dim light, and few of them are in the training split. Faults were planted: copies of training pictures in the test split, homes in both splits, missing and contradicting licences, opt-outs, and an address that leads nowhere. The overview counts them.

## Collection

Nothing was collected. A program drew everything from the seed 1.

## Preprocessing

The copies in the test split were cropped by 3 % at each side, half of them mirrored, and saved as JPEG.

## Uses

Good for learning to look at data. Not for anything else: the things look like nothing in the world, and the income gap is one that was put there.

## Distribution

The licences in the table are part of the exercise. The drawings themselves come with the software that draws them, under its licence.

## Maintenance

They change when the program that draws them does.
"""

HOMES_PAGES = {"overview": HOMES_OVERVIEW, "terms": HOMES_TERMS, "datasheet": HOMES_DATASHEET}
