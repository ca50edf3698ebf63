"""The page of a report: whole in one file, sound, and true to the numbers."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from heldout.cards.evaluation_report import is_skewed, render
from heldout.challenge.adhoc import evaluate_files
from heldout.errors import BadInput, Problem
from heldout.evaluation.along import Point, Profile
from heldout.evaluation.report import Report

CLASSES = ("cat", "dog", "<zebra>")


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Report:
    folder, rng = tmp_path_factory.mktemp("report"), np.random.default_rng(3)
    labels = rng.integers(0, 3, 180)
    raw = rng.random((180, 3)) + np.eye(3)[labels]
    ids = [f"e{i}" for i in range(180)]
    pl.DataFrame(
        {
            "example_id": ids,
            "reference": [CLASSES[one] for one in labels],
            "sex": rng.choice(["woman", "man"], 180),
            "tone": rng.choice(["dark", "light"], 180),
            "income": np.exp(rng.normal(0, 1.5, 180)),
        }
    ).write_parquet(folder / "refs.parquet")
    shares = (raw / raw.sum(axis=1, keepdims=True)).T
    scores = {f"score_{name}": share for name, share in zip(CLASSES, shares, strict=True)}
    pl.DataFrame({"example_id": ids, **scores}).write_parquet(folder / "preds.parquet")
    return evaluate_files(
        task="image-classification",
        references=folder / "refs.parquet",
        predictions=folder / "preds.parquet",
        metrics=["accuracy", "ece"],
        subgroups=[("sex",), ("sex", "tone")],
        along=["income"],
        details=True,
        replicates=60,
    ).report


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render(report, title="ours & <theirs>")


class Tags(HTMLParser):
    """Counts open tags, to find those that are never closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_every_tag_is_closed_and_every_drawing_is_sound(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    drawings = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(drawings) == 2 * 9
    for drawing in drawings:
        ElementTree.fromstring(drawing)


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(page: str) -> None:
    assert not re.search(r"<script|src=|href=|url\(|@import|style=", page)


def test_ids_are_unique(page: str) -> None:
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(set(ids)) == len(ids)


def test_names_from_the_data_are_escaped(page: str) -> None:
    assert "ours &amp; &lt;theirs&gt;" in page
    assert "<zebra>" not in page
    assert "&lt;zebra&gt;" in page


def test_every_part_of_the_report_is_there(page: str) -> None:
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "Scores", "Subgroups", "accuracy along income", "ece along income",
        "accuracy of each class", "Classes", "Confusion", "Precision and recall", "Reliability",
        "Rates of error by group",
    ]  # fmt: skip
    assert "Do not compare intervals by eye" in page


def test_the_confusion_matrix_says_how_many(page: str, report: Report) -> None:
    drawing = next(
        one for one in re.findall(r"<svg .*?</svg>", page, re.DOTALL) if "Confusion matrix" in one
    )
    written = re.findall(r"<text[^>]*>([\d,]+)</text>", drawing)
    assert sorted(written) == sorted(str(cell.n) for cell in report.details.confusion.cells)


def test_a_report_of_problems_has_no_page() -> None:
    with pytest.raises(ValueError, match="problems"):
        render(Report.refused(BadInput([Problem("line 1", "is empty")])), title="x")


def test_income_is_drawn_on_a_scale_of_factors_and_age_is_not() -> None:
    def profile(*places: float) -> Profile:
        points = tuple(Point(one, 0.5, None, None) for one in places)
        return Profile("x", "accuracy", "accuracy", 99, 30, points)

    assert is_skewed(profile(10, 100, 5000))
    assert not is_skewed(profile(18, 40, 80))
    assert not is_skewed(profile(-5, 100, 5000))
    assert not is_skewed(profile())
