"""Captions as tokens, the way the published caption scores tokenise them.

The field's scores tokenise with Stanford CoreNLP 3.4.1's PTBTokenizer (`-preserveLines -lowerCase`)
and then drop punctuation. The rules here were found by watching what it does with many texts; none
is taken from its source. Kinds of quotation marks, dashes and sentence ends are not told apart,
because all of them are dropped in the end. What is known to differ stands in the notes on scoring.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_ABBREVIATIONS = """
    al ala apr ariz assn assoc aug ave blvd bros calif capt cf co col colo conn corp cos ct dec dept
    dr est etc feb fla fri ft gen gov hon inc ind jan jr jul jun lt ltd mar mich minn mo mon mr
    mrs ms mt nov oct ph pres prof rd rep rev sen sep sept sgt sq sr st tel tenn thu thurs tue tues
    univ va vs wed wis ext
""".split()

_LETTER = r"[^\W\d_]"
_WORD = r"[^\W_]+(?:_+[^\W_]+)*"
_COMPOUND = rf"{_WORD}(?:-{_WORD})*"

# In the order they are tried; the first that fits takes its text.
_KEPT = (
    r"</?[A-Za-z!][^<>]*>",  # Tags
    r"(?:https?://|www\.)[^\s<>\"]*[\w/]",
    r"\w[\w.+-]*@\w+(?:[.-]\w+)*",
    r"[@#][A-Za-z]\w*",
    r">?[:;=]['-]?[()](?!\w)|[:;=]-?[DPp](?!\w)|\^_\^|-_-",  # Smileys
    r"&\#\d+;",
    r"[A-Z]+&[A-Z]+(?!\w)|[A-Z]{2}\$|[cC](?:\+\+|\#)(?!\w)",
    rf"(?:{_LETTER}\.)+(?!{_LETTER})(?:-{_WORD})*",  # U.S., p.m., initials
    rf"(?i:ph\.d|{'|'.join(_ABBREVIATIONS)})\.(?!\w)|(?i:no|fig|nos|pp)\.(?=\s*\d)",
    r"'(?:\d0s|\d\d)(?![\w'\"])|'(?i:em|til|cause)(?!\w)|'(?i:n)(?!\w)'?",
    r"(?i:(?<!')'(?:s|m|d|re|ve|ll)|n't)(?!\w)",  # What contractions leave of their second words
    rf"{_LETTER}+?(?=(?i:n't)(?!\w))",
    rf"{_LETTER}+(?:[.!?]{_LETTER}+)+",  # street.A
    r"\(\d{3}\) ?\d{3}-\d{4}(?!\w)",
    r"(?:\d+[ \u00a0-])?\d+/\d\w*(?:/\d+)?(?:-\w+)*",
    r"[+-]?[.,:]?\d+(?:[.,:]\d+)+|[+-][.,:]?\d+(?!\w)|[.,:]\d+(?!\w)",
    rf"(?i:[odl]'(?={_LETTER}{{2}})|c'(?=mon)|s'(?=mores)|(?:ma|ne)'(?=am|er)){_COMPOUND}",
    r"(?i:ol')(?!\w)",
    rf"{_COMPOUND}(?:/{_COMPOUND})*",
    r"-{5,}|[!?]{2,}|\*+|_+|@+|<<|>>",
)
_SPLIT = (
    r"(?i:(?:can(?=not)|gon(?=na)|wan(?=na)|got(?=ta)|gim(?=me)|lem(?=me)|y'(?=all)|'t(?=is|was)))"
)
_SPLIT_WHOLE = rf"{_SPLIT}(?=(?i:not|na|ta|me|all|is(?:n't)?|was(?:n't)?)(?![\w-]))"
_DROPPED = r"\s+|[.,;:!?'`\"–—…\u200b-]|&quot;|&nbsp;"
_TOKEN = re.compile(
    rf"(?P<kept>{_SPLIT_WHOLE}|{'|'.join(_KEPT)})|(?P<dropped>{_DROPPED})|(?P<sign>&amp;|&lt;|&gt;|\S)"
)
_ACROSS_SPACES = "<", "(", "/", ". "  # Where one of these stands, a rule may look beyond a space.

_MARKS = str.maketrans(
    {
        "\u2018": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "½": "\u200b1/2",
        "¼": "\u200b1/4",
        "¾": "\u200b3/4",
    }
)
_BRACKETS = str.maketrans(
    {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
)
_SIGNS = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "€": "$", "£": "#", "¢": "cents"}


def tokenise(caption: str) -> str:
    """Return the tokens of a caption in lower case, separated by spaces, without punctuation."""
    return " ".join(filter(None, map(tokenise_piece, split_apart(caption))))


def split_apart(caption: str) -> list[str]:
    """Return pieces that can be tokenised apart: the words, unless a rule looks beyond a space."""
    text = caption if caption.isascii() else caption.translate(_MARKS)
    for mark in _ACROSS_SPACES:
        if mark in text:
            return [text]
    return text.split()


@lru_cache(maxsize=1 << 16)  # Captions repeat their words.
def tokenise_piece(text: str) -> str:
    """Return the tokens of a piece, separated by spaces."""
    return " ".join(_tokens(text))


def _tokens(text: str) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        token = found[0]
        if found.lastgroup == "kept":
            yield token.replace(" ", "\u00a0").translate(_BRACKETS).lower()
        elif found.lastgroup == "sign" and ord(token[0]) <= 0xFFFF:
            yield _SIGNS.get(token) or token.translate(_BRACKETS)
