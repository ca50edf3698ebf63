"""Answers, images, personal data, shift and label noise, against hand counts, scipy and scikit-learn."""

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from PIL import Image
from scipy import ndimage, stats
from sklearn.metrics import confusion_matrix

from heldout.datasets.annotations import DataSet, annotation_frame
from heldout.datasets.profile import profile, rows_behind
from heldout.datasets.profile.answers import answer_agreement, answer_types, text_lengths
from heldout.datasets.profile.label_noise import confident_joint, crowd_label_noise, label_noise
from heldout.datasets.profile.media import image_quality, measure
from heldout.datasets.profile.privacy import personal_patterns, places_in_photographs
from heldout.datasets.profile.shift import (
    cohens_d,
    cramers_v,
    split_shift,
    two_sample_test,
    two_samples,
)
from heldout.datasets.vectors import Vectors
from heldout.errors import BadInput


@pytest.fixture
def asked() -> DataSet:
    answers = [
        *(("a", text) for text in ("Yes", "yes ", "no")),
        *(("b", text) for text in ("unanswerable", "unanswerable")),
        *(("c", text) for text in ("12", "twelve")),
    ]
    return DataSet(
        pl.DataFrame({"example_id": [*"abc"], "question": ["Is it?", "What is it?", "How many?"]}),
        annotation_frame(
            {
                "example_id": [example for example, _ in answers],
                "annotation_id": [str(place) for place in range(len(answers))],
                "kind": ["answer"] * len(answers),
                "text": [text for _, text in answers],
            }
        ),
    )


def test_agreement_is_the_share_of_pairs_that_agree(asked):
    found = answer_agreement(asked)
    assert dict(found.table.select("example_id", "agreement").rows()) == {
        "a": 1 / 3,
        "b": 1,
        "c": 0,
    }
    assert "all agree on 1, no two on 1" in found.note
    assert rows_behind(found, asked, row=0)["text"].to_list() == ["12", "twelve"]


def test_types_of_answers_count_the_unanswerable(asked):
    found = answer_types(asked)
    assert dict(found.table.select("type", "examples").rows()) == {
        "number": 1,
        "unanswerable": 1,
        "yes or no": 1,
    }
    assert "1 unanswerable (33.3 %)" in found.note


def test_words_are_counted_without_their_marks(asked):
    row = text_lengths(asked).table.row(0, named=True)
    assert (row["n"], row["mean_words"], row["vocabulary"], row["once"]) == (3, 7 / 3, 5, 3)


def test_sharpness_and_entropy_are_scipys():
    grey = np.random.default_rng(3).integers(0, 256, (20, 30), dtype=np.uint8)
    found = measure(grey)
    laplacian = ndimage.laplace(grey.astype(float))[1:-1, 1:-1]
    assert found.sharpness == pytest.approx(laplacian.var())
    assert found.entropy == pytest.approx(stats.entropy(np.bincount(grey.ravel()), base=2))
    assert (found.width, found.height) == (30, 20)


def test_a_black_image_among_others_is_an_outlier_and_a_broken_one_is_told(tmp_path):
    rng = np.random.default_rng(5)
    for place in range(9):
        level = 0 if place == 4 else 100 + 5 * place
        grey = np.clip(rng.normal(level, 0 if place == 4 else 20 + place, (16, 16)), 0, 255)
        Image.fromarray(grey.astype(np.uint8)).save(tmp_path / f"{place}.png")
    (tmp_path / "9.png").write_bytes(b"no image")
    names = [str(place) for place in range(10)]
    dataset = DataSet(
        pl.DataFrame({"example_id": names, "image": [f"{name}.png" for name in names]}),
        root=tmp_path,
    )
    found = image_quality(dataset)
    assert found.table.filter(pl.col("unusual").str.contains("brightness"))[
        "example_id"
    ].to_list() == ["4"]
    assert found.alarms == ("1 image could not be read.",)


def test_addresses_and_numbers_are_found_but_never_repeated():
    texts = [
        "ask ann.lee@mail.example.org",
        "call (020) 7946 0000",
        "+44 20 7946 0958",
        "2017-01-02 10:11",
        "12345",
        "10.5, 20.75",
    ]
    dataset = DataSet(pl.DataFrame({"example_id": [*"abcdef"], "note": texts}))
    found = personal_patterns(dataset)
    assert found.table.select("example_id", "pattern").rows() == [
        ("a", "e-mail"),
        ("b", "telephone"),
        ("c", "telephone"),
    ]
    assert "ann.lee" not in found.note + str(found.alarms) + str(found.table.to_dicts())
    assert rows_behind(found, dataset).height == 3


def test_photographs_that_say_where_they_were_taken_are_listed(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    image = Image.new("RGB", (8, 8))
    image.save(tmp_path / "a.jpg", exif=exif)
    image.save(tmp_path / "b.jpg")
    dataset = DataSet(
        pl.DataFrame({"example_id": ["a", "b"], "image": ["a.jpg", "b.jpg"]}), root=tmp_path
    )
    found = places_in_photographs(dataset)
    assert found.table["example_id"].to_list() == ["a"]
    assert len(found.alarms) == 1


def test_cohens_d_is_the_t_statistic_without_the_sizes():
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 1, 30), rng.normal(1, 2, 50)
    t = stats.ttest_ind(b, a).statistic
    assert cohens_d(a, b) == pytest.approx(t * math.sqrt(1 / 30 + 1 / 50))
    assert math.isnan(cohens_d([1, 1], [1, 1]))


def test_cramers_v_is_scipys():
    counts = np.array([[10, 20, 30], [30, 5, 9]])
    assert cramers_v(counts) == pytest.approx(
        stats.contingency.association(counts, method="cramer")
    )
    assert math.isnan(cramers_v([[3, 0], [4, 0]]))


def test_a_shifted_column_stands_first():
    rng = np.random.default_rng(2)
    split = ["train"] * 60 + ["test"] * 60
    dataset = DataSet(
        pl.DataFrame(
            {
                "example_id": [str(place) for place in range(120)],
                "split": split,
                "same": rng.choice(["x", "y"], 120),
                "age": [*rng.normal(30, 5, 60), *rng.normal(50, 5, 60)],
            }
        )
    )
    found = split_shift(dataset, "train", "test")
    assert found.table["column"][0] == "age"
    assert found.table["size"][0] > 3
    assert rows_behind(found, dataset).height == 120


def test_a_data_set_with_answers_splits_and_images_gets_their_statistics(asked):
    split = asked.examples.with_columns(pl.Series("split", ["train", "train", "test"]))
    made = [one.id for one in profile(replace(asked, examples=split), media=True)]
    assert made[:4] == ["answer-agreement", "answer-types", "text-lengths", "split-shift"]
    assert made[-2:] == ["places-in-photographs", "image-quality"]


def test_a_classifier_tells_shifted_samples_apart_and_equal_ones_not():
    rng = np.random.default_rng(6)
    same, other = rng.normal(0, 1, (200, 3)), rng.normal(0, 1, (200, 3))
    assert two_sample_test(same, other, seed=1)[1] > 0.01
    accuracy, p = two_sample_test(same, other + 1.5, seed=1)
    assert accuracy > 0.8
    assert p < 1e-6


def samples(n=120, **columns):
    split = ["train"] * n + ["test"] * n
    ids = [str(place) for place in range(2 * n)]
    return DataSet(pl.DataFrame({"example_id": ids, "split": split, **columns}))


def test_splits_told_apart_by_their_columns_alarm_and_equal_ones_do_not():
    rng = np.random.default_rng(4)
    same = samples(age=rng.normal(30, 5, 240), sex=rng.choice(["m", "w"], 240))
    assert not two_samples(same, first="train", seed=1).alarms
    shifted = samples(
        age=[*rng.normal(30, 5, 120), *rng.normal(40, 5, 120)],
        sex=rng.choice(["m", "w"], 240),
        only_train=["x", "y"] * 60 + [None] * 120,
    )
    found = two_samples(shifted, first="train", seed=1)
    (row,) = found.table.rows(named=True)
    assert (row["first"], row["second"], row["numbers"]) == ("train", "test", 3)
    assert row["accuracy"] > 0.75
    (alarm,) = found.alarms
    assert "(p < 0.001)" in alarm
    assert rows_behind(found, shifted, row=0).height == 240


def test_embeddings_are_seen_in_place_of_columns():
    rng = np.random.default_rng(4)
    plain = samples()
    assert math.isnan(two_samples(plain, first="train", seed=1).table["p"][0])
    values = rng.normal(0, 1, (240, 2))
    values[120:] += 2
    vectors = Vectors("e.csv", tuple(plain.examples["example_id"]), ("0", "1"), values)
    assert two_samples(plain, first="train", seed=1, vectors=vectors).alarms
    made = profile(plain, embeddings=vectors, two_sample_seed=1)
    assert "two-sample-test" in [one.id for one in made]


def labelled(rows):
    """A data set of labels (example, annotator, class)."""
    ids, people, classes = zip(*rows, strict=True)
    annotations = annotation_frame(
        {
            "example_id": ids,
            "annotation_id": [str(place) for place in range(len(ids))],
            "kind": ["label"] * len(ids),
            "annotator": people,
            "category": classes,
        }
    )
    return DataSet(pl.DataFrame({"example_id": sorted(set(ids))}), annotations)


def test_a_label_that_good_annotators_contradict_is_listed():
    truth = {f"e{place}": "cat" if place % 2 else "dog" for place in range(20)}
    rows = [(name, who, label) for name, label in truth.items() for who in ("ann", "bo", "cy")]
    rows += [(name, "guess", "cat") for name in truth]
    rows += [(name, None, "cat" if name == "e4" else label) for name, label in truth.items()]
    dataset = labelled(rows)
    found = crowd_label_noise(dataset)
    assert found.table.select("example_id", "label", "likely").rows() == [("e4", "cat", "dog")]
    assert found.table["posterior"][0] > 0.95
    assert rows_behind(found, dataset, row=0).height == 5
    assert "crowd-label-noise" in [one.id for one in profile(dataset)]


def test_one_annotator_is_no_crowd():
    alone = labelled([("a", "ann", "cat"), ("b", "ann", "dog")])
    assert "crowd-label-noise" not in [one.id for one in profile(alone)]


def test_passed_probabilities_find_the_label_that_contradicts_them():
    dataset = labelled([(f"e{i:02d}", None, "cat" if i % 2 else "dog") for i in range(20)])
    ids = tuple(dataset.examples["example_id"])
    shares = np.array([[0.9, 0.1] if i % 2 else [0.1, 0.9] for i in range(20)])
    shares[4] = [0.95, 0.05]
    vectors = Vectors("p.csv", ids, ("cat", "dog"), shares)
    (found,) = (it for it in profile(dataset, probabilities=vectors) if it.id == "label-noise")
    assert found.table.select("example_id", "label", "likely").rows() == [("e04", "dog", "cat")]


@pytest.mark.parametrize(
    ("ids", "columns", "shares", "fault"),
    [
        (("e0", "e1"), ("cat", "dgo"), 0.5, 'no column of the class "dog"; did you mean "dgo"'),
        (("x", "y"), ("cat", "dog"), 0.5, "names no example that has a label here"),
        (("e0", "e1"), ("cat", "dog"), 0.9, "must sum to 1"),
    ],
)
def test_probabilities_that_do_not_fit_are_refused(ids, columns, shares, fault):
    dataset = labelled([("e0", None, "cat"), ("e1", None, "dog")])
    vectors = Vectors("p.csv", ids, columns, np.full((2, 2), shares))
    with pytest.raises(BadInput, match=fault):
        profile(dataset, probabilities=vectors)


def test_planted_wrong_labels_are_found_and_counted_as_scikit_learn_counts():
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 3, 300)
    given = truth.copy()
    planted = rng.choice(300, 20, replace=False)
    given[planted] = (truth[planted] + 1) % 3
    shares = np.full((300, 3), 0.1)
    shares[np.arange(300), truth] = 0.8
    best = confident_joint(given, shares)
    assert confusion_matrix(given, best).sum() - np.trace(confusion_matrix(given, best)) == 20
    names = ["x", "y", "z"]
    found = label_noise([str(i) for i in range(300)], [names[one] for one in given], shares, names)
    assert set(found.table["example_id"]) == {str(place) for place in planted}
    assert found.table["margin"].to_list() == pytest.approx([0.7] * 20)


def test_an_example_that_is_sure_of_no_class_is_no_noise():
    # Means of the classes are 0.75 and 0.9: the second example reaches neither.
    assert confident_joint([0, 0, 1], [[0.9, 0.1], [0.6, 0.4], [0.1, 0.9]]).tolist() == [0, -1, 1]


def test_probabilities_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        confident_joint([0], [[0.9, 0.9]])
