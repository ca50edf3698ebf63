"""Texts, groups and embeddings on both sides of a split."""

import numpy as np
import pytest

from heldout.datasets.leaks.finding import Part, Tier, find_leaks
from heldout.datasets.leaks.texts import jaccard, near_texts, normalise, same_texts

HORSE = "A brown horse is standing on the old stone bridge in the rain, waiting."
WORDS = "red blue tall wide boat tree lamp road cat dog runs sees holds near under two".split()


def sentence(seed, words=14):
    return " ".join(np.random.default_rng(seed).choice(WORDS, words))


def test_case_punctuation_and_spelling_of_letters_do_not_matter():
    assert normalise("  ＣＡＦÉ – “Noir”!\n") == normalise("café noir")
    assert same_texts([HORSE.upper()], [sentence(1), HORSE.replace(",", " ;")]) == [(0, 1)]


def test_short_texts_say_the_same_by_chance():
    assert same_texts(["yes", "a dog"], ["yes", "A dog!"]) == []


def test_near_texts_are_those_that_comparing_all_with_all_finds():
    rng = np.random.default_rng(0)
    right = [sentence(seed) for seed in range(80)]
    left = [*(sentence(seed) for seed in range(100, 120)), *right[:30]]
    for index in range(20, 50):
        words = left[index].split()
        words[int(rng.integers(len(words)))] = "bridge"
        left[index] = " ".join(words)
    expected = {
        (here, there)
        for here, a in enumerate(left)
        for there, b in enumerate(right)
        if jaccard(normalise(a), normalise(b)) >= 0.8 and normalise(a) != normalise(b)
    }
    assert len(expected) >= 5
    assert {(here, there) for here, there, _ in near_texts(left, right)} == expected


def test_texts_are_compared_within_their_column():
    train = Part("train", ["a"], texts={"question": [HORSE], "caption": [sentence(1)]})
    test = Part("test", ["b"], texts={"question": [sentence(2)], "caption": [HORSE]})
    (found,) = find_leaks([train, test])
    assert found.leaks == ()


def test_a_group_on_both_sides_is_named_but_is_no_copy():
    train = Part("train", ["a", "b", "c"], groups={"writer": ["w1", "w2", None]})
    test = Part("test", ["d", "e", "f"], groups={"writer": ["w2", None, "w3"]})
    (found,) = find_leaks([train, test])
    (leak,) = found.leaks
    assert (leak.first, leak.second, leak.tier) == ("d", "b", Tier.GROUP)
    assert leak.evidence == "writer w2"
    assert found.leaked == frozenset()


def test_near_embeddings_are_found_by_their_cosine():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(50, 32))
    near = vectors[:5] * 3 + rng.normal(0, 0.1, (5, 32))
    train = Part("train", [f"a{n}" for n in range(50)], embeddings=vectors)
    test = Part("test", [f"b{n}" for n in range(5)], embeddings=near)
    (found,) = find_leaks([train, test])
    assert {(leak.first, leak.second) for leak in found.leaks} == {
        (f"b{n}", f"a{n}") for n in range(5)
    }
    assert found.counts() == {Tier.EMBEDDING: 5}


def test_a_pair_stands_once_with_its_most_certain_tier():
    train = Part("train", ["a"], texts={"q": [HORSE]}, groups={"w": [1]})
    test = Part("test", ["b"], texts={"q": [HORSE]}, groups={"w": [1]})
    (found,) = find_leaks([train, test])
    assert [leak.tier for leak in found.leaks] == [Tier.TEXT]


def test_jaccard_of_known_texts():
    assert jaccard("abcdef", "abcdef") == 1
    assert jaccard("abcdef", "bcdefg") == pytest.approx(1 / 3)
    assert jaccard("abc", "abc") == 0
