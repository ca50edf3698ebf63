"""Tokens against those of Stanford's tokeniser, kept in `ptb.tsv`.

Each line is a text, a tab, and what the jar in pycocoevalcap 1.2 makes of it on Java 17, without
the tokens pycocoevalcap drops. To renew it, or to add lines: `PTBTokenizer().tokenize` of the texts.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.evaluation.language.tokens import tokenise

CORPUS = Path(__file__).with_name("ptb.tsv").read_text().splitlines()


def test_every_text_becomes_the_tokens_of_the_original() -> None:
    pairs = [line.split("\t") for line in CORPUS]
    assert len(pairs) > 300
    told = {text: tokenise(text) for text, _ in pairs}
    assert told == dict(pairs)


@given(st.text())
def test_any_text_becomes_tokens_in_lower_case(text: str) -> None:
    tokens = tokenise(text)
    assert tokens == tokens.lower() or not tokens.isascii()
    assert "  " not in tokens
    assert tokens == tokens.strip(" ")


@given(st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), max_size=8))
def test_spaces_and_a_full_stop_change_nothing(words: list[str]) -> None:
    plain = tokenise(" ".join(words))
    assert tokenise("  ".join(words) + " .") == plain
    assert tokenise(" ".join(words).upper()) == plain


@pytest.mark.parametrize("caption", ["", " ", ".", "...", '"', " - ! "])
def test_punctuation_alone_leaves_nothing(caption: str) -> None:
    assert tokenise(caption) == ""
