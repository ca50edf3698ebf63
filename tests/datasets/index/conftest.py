"""A small data set of two splits, one held out, and the index of each role."""

from datetime import date

import polars as pl
import pytest

from heldout.datasets.annotations import Category, annotation_frame
from heldout.datasets.index.build import build_index
from heldout.datasets.index.engine import SqliteIndex
from heldout.datasets.index.views import Access, Part, Role, view_for

SECRET, INTERNAL, MEMBERS = "xylophonist-answer", "quetzal-internal-note", "members-only-okapi"
CATEGORIES = (Category("cat", ("animal",)), Category("dog", ("animal",)), Category("car"))


def examples(split, n, **more):
    return pl.DataFrame(
        {
            "example_id": [f"{split}-{one:03}" for one in range(n)],
            "image": [f"media/{split}{one:03}.png" for one in range(n)],
            "caption": [CAPTIONS[one % len(CAPTIONS)] for one in range(n)],
            "country": [("Kenya", "Nepal", "Peru", None)[one % 4] for one in range(n)],
            "income": [None if one % 10 == 9 else 30.0 * 1.1**one for one in range(n)],
            "people": [one % 3 for one in range(n)],
            "taken": [date(2020, 1, 1 + one % 28) for one in range(n)],
            "indoors": [one % 2 == 0 for one in range(n)],
            "tags": [["new", "old"][: one % 3] for one in range(n)],
            "note": [f"{INTERNAL} {one}" for one in range(n)],
            "member": [f"{MEMBERS} {one}" for one in range(n)],
            **more,
        }
    )


CAPTIONS = (
    "A red traffic light over the street",
    "Two dogs sleep; one (brown) barks",
    "Café au lait, 12:30, in the street light",
    'The sign says "NOT AND OR" near:here',
    "A red bus and a blue car",
)


def boxes(ids, category="cat", **more):
    n = len(ids)
    return annotation_frame(
        {
            "example_id": ids,
            "annotation_id": [f"{one}-{category}" for one in ids],
            "kind": ["object"] * n,
            "category": [category] * n,
            "x0": [1.0] * n,
            "y0": [2.0] * n,
            "x1": [11.5] * n,
            "y1": [9.0] * n,
            **more,
        }
    )


@pytest.fixture(scope="session")
def parts():
    train = examples("train", 60, reference=["cat", "dog"] * 30)
    known = pl.concat(
        [
            boxes(train["example_id"].to_list()[:30], origin=["human"] * 30),
            boxes(train["example_id"].to_list()[:10], "dog", origin=["verified"] * 10),
        ]
    )
    return [Part("train", train, known), Part("test", examples("test", 40))]


@pytest.fixture(scope="session")
def answers(parts):
    test = parts[1].frame
    hidden = test.select("example_id", reference=pl.lit(SECRET))
    return [Part("test", hidden, boxes(test["example_id"].to_list(), SECRET))]


@pytest.fixture(scope="session")
def access():
    return Access(columns={"note": Role.ORGANISER, "member": Role.PARTICIPANT})


@pytest.fixture(scope="session")
def folders(parts, answers, access, tmp_path_factory):
    """The index folder of each role."""
    top = tmp_path_factory.mktemp("indexes")
    for role in Role:
        held_out = answers if role is Role.ORGANISER else ()
        view = view_for(role, parts, access=access, answers=held_out, categories=CATEGORIES)
        build_index(view, top / role.word)
    return {role: top / role.word for role in Role}


@pytest.fixture(scope="session")
def index(folders):
    return SqliteIndex(folders[Role.PUBLIC])


@pytest.fixture(scope="session")
def frame(parts):
    """All rows as one frame: what polars is asked for comparison."""
    return pl.concat([one.frame for one in parts], how="diagonal")
