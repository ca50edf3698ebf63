"""An organiser's Markdown as safe HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

_TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("em", "strong", "s", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}}
_SCHEMES = {"http", "https", "mailto"}


def _picture_as_words(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any
) -> str:
    # Pages load nothing from other hosts, so a picture is its description.
    words = renderer.renderInlineAsText(tokens[index].children or [], options, env)
    return f"<em>{nh3.clean_text(words)}</em>"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.add_render_rule("image", _picture_as_words)
    return parser


_PARSER = _parser()


def _repeats(heading: str, title: str) -> bool:
    """`Datasheet of Digits` says no more than `Datasheet` does on the page of the digits."""
    return bool(title) and f"{heading} of ".startswith(f"{title} of ")


def _below_the_title(tokens: Sequence[Token], title: str) -> list[Token]:
    """Headings one level down, because the page has its title already; that title is not repeated."""
    kept = list(tokens)
    if len(kept) > 2 and kept[0].tag == "h1" and _repeats(kept[1].content, title):
        kept = kept[3:]
    for token in kept:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    return kept


def render(text: str, *, title: str = "") -> SafeString:
    tokens = _below_the_title(_PARSER.parse(text), title)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener",
    )
    return mark_safe(clean)  # noqa: S308 - nh3 left only the tags named above
