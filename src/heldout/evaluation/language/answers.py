"""Answers as the evaluation scripts of VQA v2 and VizWiz see them, their slips included.

A score is comparable with the literature only if these steps are exactly the script's steps, so
what looks like a slip below is kept on purpose and named. VizWiz's script is VQA v2's with other
decisions on what is normalised, and with typographic apostrophes in most contractions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

AGREEMENT = 3  # This many other annotators with the answer make it fully right.
PERIODS = 32  # Slip: the script passes a flag where the number of replacements belongs.

_MARKS = ';/[]"{}()=+\\_-><@`,?!'
_PERIOD = re.compile(r"\.(?!\d)")
_COMMA_IN_NUMBER = re.compile(r"\d,\d")
_ARTICLES = frozenset({"a", "an", "the"})
_NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGITS = {word: str(number) for number, word in enumerate((*_NUMBER_WORDS, "ten"))} | {"none": "0"}

# The right spellings the script knows. A misspelling lacks exactly one of their apostrophes.
_CONTRACTIONS = """
    ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't
    haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've
    might've mustn't must've needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've
    shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've someone'll
    someone's something'd something'd've something'll that's there'd there'd've there're there's
    they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're
    what's what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're
    why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're
    you've
""".split()


def _misspellings(word: str) -> Iterable[str]:
    marks = [place for place, letter in enumerate(word) if letter == "'"]
    return (word[:place] + word[place + 1 :] for place in marks)


_SPELLINGS = {wrong: word for word in _CONTRACTIONS for wrong in _misspellings(word)}
_SPELLINGS["somebody'd"] = "somebodyd"  # Slip: the script has this pair the wrong way round.

# Slip: in VizWiz's script all but these contractions got typographic apostrophes.
_STRAIGHT = "ain't aren't can't could've couldn't we've where's who've".split()


def _typographic(text: str) -> str:
    return text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")


_VIZWIZ_SPELLINGS = {
    **{_typographic(wrong): _typographic(word) for wrong, word in _SPELLINGS.items()},
    **{wrong: word for wrong, word in _SPELLINGS.items() if word in _STRAIGHT},
    **{wrong: _typographic(_SPELLINGS[wrong]) for wrong in ("couldn'tve", "hadn'tve")},
}


def clean(answer: str) -> str:
    """Return an answer on one line, without white space around it."""
    return answer.replace("\n", " ").replace("\t", " ").strip()


@lru_cache(maxsize=1 << 18)
def normalise(answer: str) -> str:
    """Return a cleaned answer without punctuation and articles, with digits and apostrophes."""
    return _respell(answer, _SPELLINGS)


@lru_cache(maxsize=1 << 18)
def normalise_for_vizwiz(answer: str) -> str:
    """Do the same with the contractions of VizWiz's script."""
    return _respell(answer, _VIZWIZ_SPELLINGS)


def _respell(answer: str, spellings: Mapping[str, str]) -> str:
    words = strip_punctuation(answer).lower().split()
    digits = (_DIGITS.get(word, word) for word in words)
    return " ".join(spellings.get(word, word) for word in digits if word not in _ARTICLES)


def strip_punctuation(answer: str) -> str:
    """Remove punctuation, or put a space in its place where it stands between two letters.

    Slip: one comma within a number anywhere (`1,000`) makes every mark vanish without a space.
    """
    joined = _COMMA_IN_NUMBER.search(answer) is not None
    stripped = answer
    for mark in _MARKS:
        if mark in answer:
            beside_space = f"{mark} " in answer or f" {mark}" in answer
            stripped = stripped.replace(mark, "" if joined or beside_space else " ")
    return _PERIOD.sub("", stripped, count=PERIODS)


def vqa_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """Return the accuracy of one answer by VQA v2's script, in [0, 1].

    Answers are normalised only where the annotators differ at all, so that `Yes` is wrong where all
    ten wrote `yes`: the script's rule.
    """
    given, said = clean(prediction), [clean(answer) for answer in answers]
    if said.count(said[0]) < len(said):
        given, said = normalise(given), [normalise(answer) for answer in said]
    return consensus(said.count(given), len(said))


def vizwiz_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """Return the accuracy of one answer by VizWiz's script, in [0, 1].

    The prediction is always normalised and the annotators' answers never: the script's rule.
    """
    return consensus(answers.count(normalise_for_vizwiz(clean(prediction))), len(answers))


def consensus(matching: int, annotators: int) -> float:
    """Return the accuracy of an answer that so many of the annotators gave.

    Each annotator is left out once, by position; the answer is right to the degree that up to three
    of the others gave it; the mean over those left out is the accuracy.
    """
    left_out = matching * min(AGREEMENT, matching - 1)
    kept = (annotators - matching) * min(AGREEMENT, matching)
    return (left_out + kept) / (AGREEMENT * annotators)
