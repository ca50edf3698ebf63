"""Captions against pycocoevalcap's recorded numbers and the definitions, written out plainly.

`captions.json` holds captions of our own and what pycocoevalcap 1.2 makes of them.
"""

import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heldout.evaluation.language.coding import Coded
from heldout.evaluation.language.rouge import rouge_l
from heldout.evaluation.reading import Missing
from heldout.evaluation.scoring import score_stats
from heldout.evaluation.stats import ExampleStats
from heldout.evaluation.storage import load_stats, save_stats
from heldout.statistics.weights import Resampling

RECORDED = json.loads(Path(__file__).with_name("captions.json").read_text())
CAPTIONS = {"task": "captioning", "metric": "captions"}
Stats = Callable[..., ExampleStats]
Examples = list[tuple[str, list[str]]]

caption = st.lists(st.sampled_from(["red", "cat", "dog", "sat", "on"]), min_size=1, max_size=9).map(
    " ".join
)
examples = st.lists(
    st.tuples(caption, st.lists(caption, min_size=1, max_size=3)), min_size=1, max_size=5
)


def files(images: Examples) -> tuple[dict[str, Any], list[Any]]:
    truth = {
        "images": [{"id": 5 * i} for i in range(len(images))],
        "annotations": [
            {"id": 1, "image_id": 5 * i, "caption": text}
            for i, (_, texts) in enumerate(images)
            for text in texts
        ],
    }
    results = [{"image_id": 5 * i, "caption": own} for i, (own, _) in enumerate(images)]
    return truth, results[::-1]


def test_numbers_are_those_of_pycocoevalcap(stats_of: Stats) -> None:
    stats = stats_of(RECORDED["references"], RECORDED["predictions"], **CAPTIONS)
    told = dict(zip(stats.metric.names, stats.reduce(), strict=True))
    assert told == pytest.approx(RECORDED["expected"], abs=1e-12)


def ngrams(text: str, n: int) -> Counter[tuple[str, ...]]:
    words = text.split()
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def plain_bleu(images: Examples) -> list[float]:
    sizes = [(len(own.split()), [len(text.split()) for text in texts]) for own, texts in images]
    length = sum(own for own, _ in sizes)
    nearest = sum(min(others, key=lambda one: (abs(one - own), one)) for own, others in sizes)
    product, found = 1.0, []
    for n in range(1, 5):
        common, guessed = 0, 0
        for own, texts in images:
            most = Counter()
            for text in texts:
                most |= ngrams(text, n)
            common += (ngrams(own, n) & most).total()
            guessed += ngrams(own, n).total()
        product *= (common + 1e-15) / (guessed + 1e-9)
        found.append(product ** (1 / n))
    ratio = (length + 1e-15) / (nearest + 1e-9)
    return [value * (math.exp(1 - 1 / ratio) if ratio < 1 else 1) for value in found]


def plain_cider(images: Examples) -> float:
    having = Counter[tuple[str, ...]]()
    for _, texts in images:
        having.update({gram for text in texts for n in range(1, 5) for gram in ngrams(text, n)})

    def vector(text: str, n: int) -> dict[tuple[str, ...], float]:
        rare = {gram: math.log(len(images) / max(1, having[gram])) for gram in ngrams(text, n)}
        return {gram: count * rare[gram] for gram, count in ngrams(text, n).items()}

    scores = []
    for own, texts in images:
        for text in texts:
            apart = ngrams(own, 2).total() - ngrams(text, 2).total()
            for n in range(1, 5):
                a, b = vector(own, n), vector(text, n)
                norm = math.hypot(*a.values()) * math.hypot(*b.values())
                dot = sum(min(a[gram], b[gram]) * b[gram] for gram in a.keys() & b.keys())
                cosine = dot / norm if norm else 0
                scores.append(10 / 4 / len(texts) * cosine * math.exp(-(apart**2) / 72))
    return sum(scores) / len(images)


@settings(max_examples=20)
@given(examples)
def test_bleu_and_cider_equal_their_definitions(stats_of: Stats, images: Examples) -> None:
    told = stats_of(*files(images), **CAPTIONS).reduce()
    np.testing.assert_allclose(told[:4], plain_bleu(images), atol=1e-9)
    assert told[5] == pytest.approx(plain_cider(images), abs=1e-9)


def plain_common(first: list[int], second: list[int]) -> int:
    table = np.zeros((len(first) + 1, len(second) + 1), int)
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            best = max(table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = table[i, j] + 1 if one == other else best
    return int(table[-1, -1])


def plain_rouge(own: list[int], others: list[list[int]]) -> float:
    shared = [plain_common(own, other) for other in others]
    precision = max(shared) / len(own)
    recall = max(one / len(other) for one, other in zip(shared, others, strict=True))
    if not precision:
        return 0.0
    return (1 + 1.2**2) * precision * recall / (recall + 1.2**2 * precision)


@pytest.mark.parametrize("longest", [9, 63, 70])
def test_many_captions_at_once_get_their_longest_common_subsequences(longest: int) -> None:
    rng = np.random.default_rng(longest)
    sizes = np.array([3, 2, 5, 2])
    lengths = rng.integers(1, longest + 1, sizes.sum())
    lengths[:2] = longest
    said = [rng.integers(0, 4, length).tolist() for length in lengths]
    told = rouge_l(Coded(np.concatenate(said).astype(np.int64), lengths), sizes)
    parts = np.split(np.arange(sizes.sum()), np.cumsum(sizes)[:-1])
    plain = [plain_rouge(said[at[0]], [said[row] for row in at[1:]]) for at in parts]
    np.testing.assert_allclose(told, plain, atol=1e-12)


def test_captions_without_tokens_are_one_empty_token_to_rouge() -> None:
    empty = Coded(np.array([0], np.int64), np.array([0, 0, 0, 1]))
    assert rouge_l(empty, np.array([2, 2])).tolist() == [1, 0]


def test_rouge_takes_precision_and_recall_from_different_references(stats_of: Stats) -> None:
    images = [("red cat sat", ["red cat sat on a dog", "cat"])]
    precision, recall = 1, 1
    expected = 2.44 * precision * recall / (recall + 1.44 * precision)
    assert stats_of(*files(images), **CAPTIONS).reduce()[4] == pytest.approx(expected)


@settings(max_examples=8)
@given(examples, st.integers(0, 2**32 - 1))
def test_a_weight_is_a_repetition(stats_of: Stats, images: Examples, seed: int) -> None:
    stats = stats_of(*files(images), **CAPTIONS)
    weights = np.random.default_rng(seed).integers(0, 4, (18, len(stats)))
    together = stats.reduce(weights)
    for row, values in zip(weights[:3], together[:3], strict=True):
        repeated = stats.take(np.repeat(np.arange(len(stats)), row))
        np.testing.assert_allclose(repeated.reduce(), values, atol=1e-9)
        copies = [image for image, times in zip(images, row, strict=True) for _ in range(times)]
        if copies:
            assert values[5] == pytest.approx(plain_cider(copies), abs=1e-9)
    order = np.random.default_rng(seed).permutation(len(stats))
    np.testing.assert_allclose(stats.take(order).reduce(), stats.reduce(), atol=1e-9)


def test_numbers_stay_within_their_bounds_and_nothing_has_no_value(stats_of: Stats) -> None:
    same = [(f"a {one} cat sat on the mat", [f"a {one} cat sat on the mat"]) for one in "xyz"]
    stats = stats_of(*files(same), **CAPTIONS)
    for value, number in zip(stats.reduce(), stats.metric.numbers, strict=True):
        assert 0 <= value <= number.high + 1e-9
    assert stats.reduce()[0] == pytest.approx(1)
    assert np.isnan(stats.reduce(np.zeros(3))).all()
    assert np.isnan(stats.take(np.array([], dtype=int)).reduce()).all()


def test_statistics_survive_a_file(stats_of: Stats, tmp_path: Path) -> None:
    stats = stats_of(RECORDED["references"], RECORDED["predictions"], **CAPTIONS)
    save_stats(stats, tmp_path / "stats.parquet")
    found = load_stats(tmp_path / "stats.parquet")
    np.testing.assert_array_equal(found.reduce(), stats.reduce())


def test_a_missing_image_counts_as_an_empty_caption(stats_of: Stats) -> None:
    truth, results = files([("red cat", ["red cat"]), ("dog", ["dog sat"])])
    stats = stats_of(truth, results[1:], missing=Missing.WRONG, **CAPTIONS)
    assert stats.array("terms")[1, 0] == 0
    assert stats.reduce()[4] == pytest.approx(0.5)


def test_without_a_list_of_images_those_with_captions_count(stats_of: Stats) -> None:
    truth, results = files([("red cat", ["red cat"]), ("dog", ["dog sat"])])
    del truth["images"]
    assert len(stats_of(truth, results, **CAPTIONS)) == 2


def test_every_fault_of_a_results_file_is_told_at_once(refusal_of: Callable[..., Any]) -> None:
    truth, _ = files([("x", ["red"]), ("y", ["cat"])])
    results = [
        {"image_id": 0, "caption": " "},
        {"image_id": 0, "caption": "again"},
        {"image_id": 99, "caption": "strange"},
        {"image_id": 1.5, "caption": "odd"},
        {"image_id": 5},
    ]
    assert refusal_of(truth, results, **CAPTIONS) == [
        "entry 4: image_id: expected a whole number or text, got a number; give a whole number or text",
        "entry 5: object missing required field `caption`; add it",
        "entry 1: the caption is empty; write one",
        'entry 2: "0" stands already in entry 1; keep one',
        'entry 3: "99" is not the id of an example; leave the row out, or correct the id',
    ]


def test_every_fault_of_a_references_file_is_told_at_once(refusal_of: Callable[..., Any]) -> None:
    truth, results = files([("x", ["red", ""]), ("y", ["cat"]), ("z", [])])
    truth["annotations"].append({"image_id": 77, "caption": "strange"})
    assert refusal_of(truth, results, **CAPTIONS) == [
        "references.json: image 10 has no caption; leave it out, or caption it",
        "entry 2: the caption is empty; write one",
        "entry 4: image_id is not the id of an image; leave it out",
    ]
    truth["images"][1]["id"] = 0
    truth["images"][2] = {}
    assert refusal_of(truth, results, **CAPTIONS) == [
        "images, entry 3: object missing required field `id`; add it",
        'images, entry 2: "0" stands already in entry 1; keep one',
    ]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "7", '{"annotations": []}', '[{"a": 1'])
def test_files_that_are_no_captions_are_refused(
    refusal_of: Callable[..., Any], content: str
) -> None:
    truth, results = files([("x", ["red"])])
    assert refusal_of(truth, content, **CAPTIONS)
    assert refusal_of(content, results, **CAPTIONS)


@pytest.mark.parametrize(("n", "has"), [(299, False), (300, True)])
def test_bleu_4_of_few_images_has_no_interval_and_says_why(
    stats_of: Stats, n: int, has: bool
) -> None:
    told = ["a red cat sat on a dog", "a dog sat on a red cat", "one cat sat on a red dog"]
    images = [(told[i % 3], [told[i % 2], told[2 - i % 2]]) for i in range(n)]
    stats = stats_of(*files(images), **CAPTIONS)
    scores = score_stats([stats], [stats.metric], Resampling(n, seed=1, replicates=50))
    found = {one.name: one for one in scores}
    assert all(one.low is not None for name, one in found.items() if name != "Bleu_4")
    assert (found["Bleu_4"].low is not None) is has
    if not has:
        reason = "299 examples are too few for an interval (fewest: 300)"
        assert found["Bleu_4"].reason == reason
