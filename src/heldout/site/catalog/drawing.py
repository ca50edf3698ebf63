"""Annotations as shapes of an SVG that lies over the image, in the image's own pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from heldout.datasets.annotations import Category, Kind, Origin
from heldout.datasets.annotations.run_lengths import counts_of
from heldout.datasets.index.marks import Mark

# More than these make a page slow, and no picture.
MOST_DRAWN = 300
LARGEST_MASK = 40_000_000
COLOURS = 10

_DRAWN = (Kind.OBJECT, Kind.SEGMENT)
_ORIGINS = {
    Origin.HUMAN: "made by people",
    Origin.MACHINE: "machine-made, not verified",
    Origin.VERIFIED: "machine-made, verified by people",
}


class Drawn(NamedTuple):
    """One annotation as SVG: a path, its joints and bones, and what is said of it."""

    number: int
    category: str
    colour: int
    path: str
    bones: str
    joints: tuple[tuple[float, float], ...]
    turned: str
    label_x: float
    label_y: float
    origin: str
    score: float | None
    annotator: str
    crowd: bool
    size: str


class Class(NamedTuple):
    """A line of the legend."""

    name: str
    colour: int
    times: int


def draw(marks: Iterable[Mark], categories: Sequence[Category]) -> list[Drawn]:
    """The annotations that have a place in the image, the largest first so that none is covered."""
    placed = [mark for mark in marks if mark.kind in _DRAWN and _has_place(mark)]
    known = {one.name: one for one in categories}
    colours = _colours(placed)
    ordered = sorted(placed, key=_area, reverse=True)[:MOST_DRAWN]
    return [
        _drawn(number, mark, colours[mark.category], known.get(mark.category))
        for number, mark in enumerate(ordered, 1)
    ]


def legend(drawn: Iterable[Drawn]) -> list[Class]:
    counts: dict[tuple[str, int], int] = {}
    for one in drawn:
        counts[one.category, one.colour] = counts.get((one.category, one.colour), 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Class(name, colour, count) for (name, colour), count in ordered]


def _has_place(mark: Mark) -> bool:
    return bool(mark.box or mark.polygons or mark.mask or mark.keypoints)


def _colours(marks: Sequence[Mark]) -> Mapping[str, int]:
    names = dict.fromkeys(sorted({mark.category for mark in marks}))
    return {name: place % COLOURS for place, name in enumerate(names)}


def _area(mark: Mark) -> float:
    if mark.box is None:
        return 0.0
    left, top, right, bottom = mark.box
    return (right - left) * (bottom - top)


def _drawn(number: int, mark: Mark, colour: int, category: Category | None) -> Drawn:
    left, top, right, bottom = mark.box or _bounds(mark)
    middle = f"{(left + right) / 2:g} {(top + bottom) / 2:g}"
    skeleton = category.skeleton if category else ()
    return Drawn(
        number,
        mark.category or "without a class",
        colour,
        _path(mark),
        _bones(mark, skeleton),
        tuple((x, y) for x, y, seen in _points(mark) if seen),
        f"rotate({mark.rotation:g} {middle})" if mark.rotation else "",
        left,
        top,
        _ORIGINS.get(Origin(mark.origin), "") if mark.origin else "",
        mark.score,
        mark.annotator,
        mark.crowd,
        f"{right - left:,.0f} × {bottom - top:,.0f} px",
    )


def _bounds(mark: Mark) -> tuple[float, float, float, float]:
    xs = [x for one in mark.polygons for x in one[0::2]] + [
        x for x, _, seen in _points(mark) if seen
    ]
    ys = [y for one in mark.polygons for y in one[1::2]] + [
        y for _, y, seen in _points(mark) if seen
    ]
    return (min(xs), min(ys), max(xs), max(ys)) if xs else (0.0, 0.0, 0.0, 0.0)


def _path(mark: Mark) -> str:
    """Outlines if there are some, else the mask, else the box."""
    if mark.polygons:
        return "".join(_outline(one) for one in mark.polygons)
    if mark.mask and mark.size and mark.size[0] * mark.size[1] <= LARGEST_MASK:
        return mask_path(mark.mask, mark.size[0])
    if mark.box is None:
        return ""
    left, top, right, bottom = mark.box
    return f"M{left:g} {top:g}H{right:g}V{bottom:g}H{left:g}Z"


def _outline(points: Sequence[float]) -> str:
    pairs = zip(points[0::2], points[1::2], strict=False)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in pairs) + "Z"


def mask_path(text: str, height: int) -> str:
    """Every run of set pixels as a rectangle one pixel wide."""
    try:
        runs = counts_of(text).tolist()
    except ValueError:
        return ""
    parts: list[str] = []
    start = 0
    for place, length in enumerate(runs):
        if place % 2:
            parts += _columns(start, length, height)
        start += length
    return "".join(parts)


def _columns(start: int, length: int, height: int) -> Iterable[str]:
    while length > 0:
        column, row = divmod(start, height)
        here = min(length, height - row)
        whole = (length // height) if row == 0 else 0
        if whole > 1:  # Full columns side by side are one rectangle.
            yield f"M{column} 0h{whole}v{height}h-{whole}z"
            here = whole * height
        else:
            yield f"M{column} {row}h1v{here}h-1z"
        start, length = start + here, length - here


def _points(mark: Mark) -> list[tuple[float, float, float]]:
    values = mark.keypoints
    return list(zip(values[0::3], values[1::3], values[2::3], strict=False))


def _bones(mark: Mark, skeleton: Iterable[tuple[int, int]]) -> str:
    points = _points(mark)
    ends = [
        (points[a], points[b])
        for a, b in skeleton
        if 0 <= a < len(points) and 0 <= b < len(points) and points[a][2] and points[b][2]
    ]
    return "".join(f"M{a[0]:g} {a[1]:g}L{b[0]:g} {b[1]:g}" for a, b in ends)
