"""COCO results of boxes or masks from their JSON text straight into columns.

Only the plain form is read: objects with the keys `image_id`, `category_id`, `bbox`, `score` and
`segmentation` (`size` and `counts` as text), each once. Whatever else a text has, the scan gives up and leaves it to the thorough reader.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heldout.evaluation.kernels.compiled import compiled

Text = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Runs = NDArray[np.uint32]

TENS = 10.0 ** np.arange(23)  # Powers of ten that a float64 holds exactly.
EXACT = 1 << 53  # Whole numbers up to here are exact too.
DIGITS = 18  # So many fit into 64 bits.
SPLIT = 134217729.0  # 2²⁷ + 1 cuts a float64 into two halves.
NOWHERE = -1

IMAGE_ID = np.frombuffer(b'image_id"', np.uint8)
CATEGORY_ID = np.frombuffer(b'category_id"', np.uint8)
BBOX = np.frombuffer(b'bbox"', np.uint8)
SCORE = np.frombuffer(b'score"', np.uint8)
SEGMENTATION = np.frombuffer(b'segmentation"', np.uint8)
SIZE = np.frombuffer(b'size"', np.uint8)
COUNTS = np.frombuffer(b'counts"', np.uint8)

BOX_KEYS, MASK_KEYS = 15, 23  # Bits: image, category, score, box, segmentation.


@compiled
def scan_results(
    text: Text, wanted: int, image_ids: Ints, category_ids: Ints, scores: Floats, boxes: Floats,
    sizes: Ints, runs: Runs, ends: Ints,
) -> int:  # fmt: skip
    """Fill the columns from a JSON list that ends with a zero byte.

    Args:
        text: The list.
        wanted: `BOX_KEYS` or `MASK_KEYS`: what every object must have.
        image_ids: (most,)
        category_ids: (most,)
        scores: (most,)
        boxes: (most, 4), left as they are where an object has none.
        sizes: (most, 2) height and width of the masks; (0, 2) where masks are not read.
        runs: Run lengths, one mask after another.
        ends: One past each mask's last run.

    Returns:
        The number of rows, or -1 if the text is not in the plain form.
    """
    at = after(text, 0, 91)
    if at < 0:
        return NOWHERE
    row = 0
    used = np.int64(0)
    if text[skip(text, at)] == 93:
        return 0
    number = np.empty(1)
    while True:
        at = after(text, at, 123)
        seen = 0
        while at >= 0:
            at = after(text, at, 34)
            if at < 0:
                return NOWHERE
            if matches(text, at, IMAGE_ID):
                key, at = 1, whole(text, value_of(text, at + IMAGE_ID.size), image_ids, row)
            elif matches(text, at, CATEGORY_ID):
                key, at = 2, whole(text, value_of(text, at + CATEGORY_ID.size), category_ids, row)
            elif matches(text, at, SCORE):
                key, at = 4, decimal(text, value_of(text, at + SCORE.size), number)
                scores[row] = number[0]
            elif matches(text, at, BBOX):
                key, at = 8, box(text, value_of(text, at + BBOX.size), number, boxes[row])
            elif wanted & 16 and matches(text, at, SEGMENTATION):
                key = 16
                at = mask(
                    text, value_of(text, at + SEGMENTATION.size), sizes, row, runs[used:], ends
                )
                used += ends[row]
                ends[row] = used
            else:
                return NOWHERE
            if at < 0 or seen & key:
                return NOWHERE
            seen |= key
            at = skip(text, at)
            if text[at] != 44:
                break
            at += 1
        if seen & wanted != wanted:
            return NOWHERE
        at = after(text, at, 125)
        if at < 0:
            return NOWHERE
        row += 1
        at = skip(text, at)
        if text[at] == 93:
            break
        at = after(text, at, 44)
        if at < 0:
            return NOWHERE
    return row if text[skip(text, at + 1)] == 0 else NOWHERE


@compiled
def skip(text: Text, at: int) -> int:
    """Return the place of the next byte that is no white space."""
    while text[at] == 32 or text[at] == 10 or text[at] == 13 or text[at] == 9:
        at += 1
    return at


@compiled
def after(text: Text, at: int, byte: int) -> int:
    """Return the place after this byte, white space before it left out; -1 if another is there."""
    at = skip(text, at)
    return at + 1 if text[at] == byte else NOWHERE


@compiled
def matches(text: Text, at: int, word: Text) -> bool:
    """Tell whether the word stands here."""
    for i in range(word.size):  # noqa: SIM110 (generators are not compiled)
        if text[at + i] != word[i]:
            return False
    return True


@compiled
def value_of(text: Text, at: int) -> int:
    """Return where the value of a key begins, given the place after the key."""
    at = after(text, at, 58)
    return skip(text, at) if at >= 0 else NOWHERE


@compiled
def box(text: Text, at: int, number: Floats, out: Floats) -> int:
    """Read four numbers in brackets; return the place after them, or -1."""
    if at < 0 or text[at] != 91:
        return NOWHERE
    at += 1
    for side in range(4):
        at = decimal(text, skip(text, at), number)
        if at < 0:
            return NOWHERE
        out[side] = number[0]
        at = after(text, at, 93 if side == 3 else 44)
        if at < 0:
            return NOWHERE
    return at


@compiled
def mask(text: Text, at: int, sizes: Ints, row: int, runs: Runs, lengths: Ints) -> int:
    """Read height, width and run lengths; return the place after them, or -1."""
    lengths[row] = 0
    if at < 0 or text[at] != 123:
        return NOWHERE
    at += 1
    for part in range(2):
        at = after(text, at, 34)
        if at < 0:
            return NOWHERE
        if matches(text, at, SIZE):
            at = after(text, value_of(text, at + SIZE.size), 91)
            for side in range(2):
                at = whole(text, skip(text, at), sizes[row], side) if at >= 0 else NOWHERE
                at = after(text, at, 93 if side else 44) if at >= 0 else NOWHERE
        elif matches(text, at, COUNTS):
            at = after(text, value_of(text, at + COUNTS.size), 34)
            at = counts(text, at, runs, lengths, row) if at >= 0 else NOWHERE
        else:
            return NOWHERE
        at = after(text, at, 125 if part else 44) if at >= 0 else NOWHERE
        if at < 0:
            return NOWHERE
    return at if lengths[row] else NOWHERE


@compiled
def counts(text: Text, at: int, runs: Runs, lengths: Ints, row: int) -> int:
    """Read run lengths up to the quotation mark; return the place after it, or -1.

    See `kernels.masks.read_runs`. In JSON a backslash stands behind another one.
    """
    read = 0
    while text[at] != 34:
        value, shift, more = np.int64(0), 0, True
        while more:
            byte = text[at]
            if byte < 48 or byte > 111 or shift > 35:
                return NOWHERE
            at += 1
            if byte == 92:
                if text[at] != 92:
                    return NOWHERE
                at += 1
            group = np.int64(byte) - 48
            value |= (group & 31) << shift
            shift += 5
            more = (group & 32) != 0
            if not more and group & 16:
                value -= np.int64(1) << shift
        if read > 2:
            value += np.int64(runs[read - 2])
        if not 0 <= value < 1 << 32:
            return NOWHERE
        runs[read] = value
        read += 1
    lengths[row] = read
    return at + 1


@compiled
def whole(text: Text, at: int, out: Ints, row: int) -> int:
    """Read a whole number; return the place after it, or -1."""
    if at < 0:
        return NOWHERE
    negative = text[at] == 45
    at += negative
    first, value = at, np.int64(0)
    while 48 <= text[at] <= 57:
        value = value * 10 + (np.int64(text[at]) - 48)
        at += 1
        if at - first > DIGITS:
            return NOWHERE
    if at == first or (text[first] == 48 and at - first > 1):
        return NOWHERE
    if text[at] == 46 or text[at] == 69 or text[at] == 101:
        return NOWHERE
    out[row] = -value if negative else value
    return at


@compiled
def decimal(text: Text, at: int, out: Floats) -> int:
    """Read a number, rounded to the nearest float64; return the place after it, or -1."""
    if at < 0:
        return NOWHERE
    negative = text[at] == 45
    at += negative
    first, value = at, np.int64(0)
    digits = scale = np.int64(0)
    while 48 <= text[at] <= 57:
        value = value * 10 + (np.int64(text[at]) - 48)
        digits += np.int64(value > 0)
        at += 1
        if digits > DIGITS:
            return NOWHERE
    if at == first or (text[first] == 48 and at - first > 1):
        return NOWHERE
    if text[at] == 46:
        point = at
        at += 1
        while 48 <= text[at] <= 57:
            value = value * 10 + (np.int64(text[at]) - 48)
            digits += np.int64(value > 0)
            at += 1
            if digits > DIGITS:
                return NOWHERE
        scale = np.int64(at - point - 1)
        if scale == 0:
            return NOWHERE
    if text[at] == 101 or text[at] == 69:
        at += 1
        down = text[at] == 45
        at += down or text[at] == 43
        first, power = at, np.int64(0)
        while 48 <= text[at] <= 57 and power < 1000:
            power = power * 10 + (np.int64(text[at]) - 48)
            at += 1
        if at == first:
            return NOWHERE
        scale += power if down else -power
    result = scaled(value, scale)
    if result < 0:
        return NOWHERE
    out[0] = -result if negative else result
    return at


@compiled
def scaled(value: np.int64, scale: np.int64) -> float:
    """Return value / 10^scale rounded to the nearest float64, or -1 where that is not certain.

    Two exact numbers give one rounded quotient. A longer value is divided in two steps, the second
    of which is the remainder's; the sum is certain unless it lies all but halfway between floats.
    """
    if value == 0:
        return 0.0
    if scale > 22 or scale < -22:
        return -1.0
    if value <= EXACT:
        return float(value / TENS[scale] if scale >= 0 else value * TENS[-scale])
    if scale < 0:
        return -1.0
    high = float(value)
    low = float(value - np.int64(high))
    power = TENS[scale]
    quotient = high / power
    product = quotient * power
    upper = quotient * SPLIT - (quotient * SPLIT - quotient)
    power_upper = power * SPLIT - (power * SPLIT - power)
    lower, power_lower = quotient - upper, power - power_upper
    error = upper * power_upper - product + upper * power_lower + lower * power_upper
    error += lower * power_lower
    rest = (high - product - error + low) / power
    result = quotient + rest
    certain = quotient + rest * (1 + 1e-12) == result and quotient + rest * (1 - 1e-12) == result
    return float(result) if certain else -1.0
