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
from heldout.datasets.profile.label_noise import confident_joint, label_noise
from heldout.datasets.profile.media import image_quality, measure
from heldout.datasets.profile.privacy import personal_patterns, places_in_photographs
from heldout.datasets.profile.shift import cohens_d, cramers_v, split_shift, two_sample_test


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
