"""A small real challenge: some of the UCI digits that scikit-learn ships."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

SPLITS = {"train": slice(0, 400), "val": slice(400, 700), "test": slice(700, 1000)}
INKS = np.array(["lightest", "light", "dark", "darkest"])
CLASSES = [str(digit) for digit in range(10)]

TOML = """\
[challenge]
id = "{slug}"
title = "{title}"
summary = "Which digit is it? A thousand small images, scored with their uncertainty."
task = "image-classification"
classes = {classes}
license = "CC-BY-4.0"
organisers = ["organiser@example.org"]
timezone = "Europe/Vienna"
seed = 2026

[data]
media = "image"
subgroups = ["ink"]
smallest_group = 20

[[metrics]]
id = "accuracy"
primary = true
[[metrics]]
id = "f1"

[[phases]]
id = "warm-up"
split = "val"
opens = {month_ago}
closes = {yesterday}
submissions = {{ per_day = 5 }}

[[phases]]
id = "dev"
split = "val"
opens = {yesterday}
closes = {next_month}
submissions = {{ per_day = 20, in_total = 400 }}
reveal = ["score", "interval", "subgroups", "per-class"]

[[phases]]
id = "test"
split = "test"
opens = {next_week}
closes = {next_month}
submissions = {{ per_day = 2, in_total = 20 }}
leaderboard = "organisers"

[[prizes]]
place = 1
amount = "1000 USD"
sponsor = "Example Foundation"
"""
README = """\
# Digits

Every image shows **one handwritten digit**, eight by eight pixels. Say which.

## Where the images come from

The digits were written by 43 people and scanned at NIST; scikit-learn ships this test part of
the UCI collection.

| split | examples |
|---|---|
| train | 400 |
| val | 300 |
| test | 300 |

## Please read

1. Learn from `train`; tune on `val` as you like.
2. The answers of `val` and `test` are held out.
"""
TERMS = """\
# Rules

- One person, one entrant.
- Do not label the held-out images by hand.
- Say in the note what you changed.
"""


def build(folder: Path, *, now: datetime, slug: str = "digits", title: str = "Digits") -> Path:
    """Write the challenge folder."""
    digits = load_digits()
    ink = digits.images.sum(axis=(1, 2))
    quartile = INKS[np.searchsorted(np.quantile(ink, [0.25, 0.5, 0.75]), ink)]
    media = folder / "data/media"
    media.mkdir(parents=True)
    (folder / "answers").mkdir()
    for split, rows in SPLITS.items():
        names = [f"{split}-{number:04}" for number in range(rows.stop - rows.start)]
        for name, image in zip(names, digits.images[rows], strict=True):
            Image.fromarray((255 - image * 15.9).astype(np.uint8)).save(media / f"{name}.png")
        table = pl.DataFrame(
            {
                "example_id": names,
                "image": [f"media/{name}.png" for name in names],
                "ink": quartile[rows],
            }
        )
        answers = table.select(
            "example_id", reference=pl.Series(digits.target[rows]).cast(pl.String)
        )
        if split == "train":
            table = table.with_columns(answers["reference"])
        else:
            answers.write_parquet(folder / f"answers/{split}.parquet")
        table.write_parquet(folder / f"data/{split}.parquet")
    (folder / "README.md").write_text(README)
    (folder / "terms.md").write_text(TERMS)
    times = {
        name: (now + timedelta(days=days)).isoformat(timespec="seconds")
        for name, days in (
            *(("month_ago", -30), ("yesterday", -1)),
            *(("next_week", 7), ("next_month", 30)),
        )
    }
    text = TOML.format(slug=slug, title=title, classes=str(CLASSES).replace("'", '"'), **times)
    (folder / "challenge.toml").write_text(text)
    return folder


def predictions(kind: str) -> str:
    """A CSV file for the val split by a classifier fitted on the train split."""
    digits = load_digits()
    model = {
        "majority": DummyClassifier(),
        "nearest": KNeighborsClassifier(1),
        "neighbours": KNeighborsClassifier(25),
        "logistic": LogisticRegression(max_iter=2000),
    }[kind]
    model.fit(digits.data[SPLITS["train"]], digits.target[SPLITS["train"]])
    found = model.predict(digits.data[SPLITS["val"]])
    rows = (f"val-{number:04},{label}" for number, label in enumerate(found))
    return "\n".join(["example_id,prediction", *rows, ""])
