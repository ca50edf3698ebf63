"""Leaked pictures side by side on one page, for a person to say which of them matter."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape

import polars as pl

from heldout.cards.facts import read_split
from heldout.challenge.folder import Challenge
from heldout.datasets.images import open_image
from heldout.datasets.leaks.finding import PairOfSplits, Tier

MOST_PAIRS = 500
_SIDE = 160

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 "Liberation Sans", Arial, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
ul { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)); list-style: none;
  padding: 0; }
figure { margin: 0; } img { height: 10rem; object-fit: contain; width: 10rem; }
figcaption { font-size: 0.85rem; overflow-wrap: anywhere; }
"""


def gallery(challenge: Challenge, found: Sequence[PairOfSplits]) -> str:
    """Return a page that needs no other file; pairs that were found by their group are left out."""
    media = challenge.definition.data.media
    paths = {name: _media(challenge, name) for name in challenge.splits()} if media else {}
    body = "".join(_section(challenge, pair, paths) for pair in found)
    title = escape(challenge.definition.challenge.title)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Leaks of {title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>Leaks of {title}</h1>{body}</html>\n"
    )


def _media(challenge: Challenge, split: str) -> dict[str, str]:
    data = challenge.definition.data
    table = read_split(challenge, split)[1]
    if data.media is None or data.media not in table.columns:
        return {}
    return dict(zip(table[data.id].cast(pl.String), table[data.media], strict=True))


def _section(challenge: Challenge, pair: PairOfSplits, paths: dict[str, dict[str, str]]) -> str:
    head = f"<h2>{escape(pair.first)} in {escape(pair.second)}</h2>"
    shown = [leak for leak in pair.leaks if leak.tier is not Tier.GROUP]
    said = f"<p>{len(pair.leaked):,} of {pair.examples:,} examples ({pair.share:.1%}).</p>"
    items = "".join(
        f"<li><figure>{''.join(_picture(challenge, name) for name in names)}"
        f"<figcaption>{escape(leak.first)} and {escape(leak.second)}: {leak.tier.value} "
        f"{escape(leak.evidence)}</figcaption></figure></li>"
        for leak in shown[:MOST_PAIRS]
        for names in [_named(leak.first, leak.second, pair, paths)]
    )
    rest = len(shown) - MOST_PAIRS
    more = f"<p>{rest:,} more pairs are in the table.</p>" if rest > 0 else ""
    return f"{head}{said}<ul>{items}</ul>{more}"


def _named(
    first: str, second: str, pair: PairOfSplits, paths: dict[str, dict[str, str]]
) -> Iterator[str]:
    for split, example in ((pair.first, first), (pair.second, second)):
        name = paths.get(split, {}).get(example)
        if name:
            yield name


def _picture(challenge: Challenge, name: str) -> str:
    try:
        with open_image(challenge.data / name) as image:
            image.thumbnail((_SIDE, _SIDE))
            content = io.BytesIO()
            image.convert("RGB").save(content, "JPEG", quality=80)
    except OSError:
        return ""
    encoded = base64.b64encode(content.getvalue()).decode()
    return f'<img alt="" src="data:image/jpeg;base64,{encoded}">'
