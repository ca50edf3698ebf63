"""Names that give nothing away: opaque ids and hash keys that do not depend on the order of rows."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Sequence

ID_LENGTH = 16


def hash_keys(ids: Iterable[str], *, seed: int) -> list[bytes]:
    """Return a sort key for each id: a random order that only id and seed decide."""
    salt = f"heldout split {seed}\n".encode()
    return [
        hashlib.blake2b(salt + name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        for name in ids
    ]


def content_ids(digests: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Return an id for each file from the hash of its content, never from its name.

    A file's folder is often its class, so an id made from its path could be found again by hashing
    the paths one expects. The content is public anyway. Identical files are told apart by a number,
    in an order that is no order of their names.

    Args:
        digests: The SHA-256 of what of each file is public, hexadecimal.
        paths: Where each file is.
    """
    order = sorted(range(len(paths)), key=lambda row: hash_keys([paths[row]], seed=0)[0])
    seen: Counter[str] = Counter()
    ids = [""] * len(paths)
    for row in order:
        short = digests[row][:ID_LENGTH]
        seen[short] += 1
        ids[row] = short if seen[short] == 1 else f"{short}-{seen[short]}"
    return ids


def keyed_ids(ids: Iterable[str], *, key: bytes) -> list[str]:
    """Return new ids that cannot be led back to the old ones without the key."""
    return [hmac.digest(key, name.encode(), "sha256").hex()[:ID_LENGTH] for name in ids]
