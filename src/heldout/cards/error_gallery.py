"""The worst examples as one HTML file, with their pictures inside: several results side by side."""

from __future__ import annotations

import base64
import mimetypes
from html import escape
from pathlib import Path

from heldout.cards.wording import number
from heldout.challenge.exploring import Exploration
from heldout.evaluation.examples import ExampleRow

LARGEST = 1_000_000  # Bytes of a picture that is still put into the page.
_SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 "Liberation Sans", Arial, sans-serif; margin: 0 auto; max-width: 70rem;
  padding: 1.5rem 1rem 4rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.9rem; }
th, td { border-bottom: 1px solid #8885; padding: 0.4rem 0.7rem; text-align: left;
  vertical-align: top; } tbody th { font-weight: normal; }
img { display: block; image-rendering: pixelated; max-height: 8rem; max-width: 12rem;
  min-height: 3rem; } .soft { opacity: 0.7; }
"""


def render(found: Exploration) -> str:
    """Write the examples as one page; a row for each, a column for each result.

    The page holds answers: keep it like the answers of the split.

    Args:
        found: The examples, the most interesting first.
    """
    pictures = {row.example_id: found.picture(row.example_id) for row in found.rows}
    with_pictures = any(pictures.values())
    columns = list(found.rows[0].columns) if found.rows else []
    heads = ["Example", *(["Picture"] if with_pictures else []), "True", *found.entries, *columns]
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "\n".join(
        _row(row, pictures[row.example_id], with_pictures=with_pictures) for row in found.rows
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Errors by {escape(found.metric)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>Errors by {escape(found.metric)}</h1>\n"
        f'<p class="soft">Under each answer stands the {escape(found.name)} of the example alone. '
        "This page holds answers: keep it as they are kept.</p>\n"
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>\n</main>\n</body>\n</html>\n"
    )


def _row(row: ExampleRow, picture: Path | None, *, with_pictures: bool) -> str:
    cells = [f'<th scope="row">{escape(row.example_id)}</th>']
    if with_pictures:
        cells.append(f"<td>{_picture(picture, row)}</td>")
    cells.append(f"<td>{escape(row.reference)}</td>")
    cells += [
        f'<td>{escape(one.prediction)}<br><span class="soft">{number(one.value)}</span></td>'
        for one in row.answers
    ]
    cells += [f"<td>{escape(value)}</td>" for value in row.columns.values()]
    return f"<tr>{''.join(cells)}</tr>"


def _picture(path: Path | None, row: ExampleRow) -> str:
    kind = mimetypes.guess_type(path.name)[0] if path else None
    if path is None or kind not in _SHOWN or path.stat().st_size > LARGEST:
        return ""
    encoded = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{escape(row.example_id)}" src="data:{kind};base64,{encoded}">'
