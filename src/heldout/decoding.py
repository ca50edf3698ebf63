"""JSON and plain values become typed ones here, in any number of threads.

msgspec (as of 0.22) notes what a class holds when it first decodes one. A second thread that
decodes the same class meanwhile reads half a note, and the process ends with a segmentation
fault. So a class is learnt here, by one thread at a time, before anything of it is decoded.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar, overload

import msgspec

Kind = TypeVar("Kind")

_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_learning = threading.Lock()


@overload
def decode(data: bytes | str | msgspec.Raw) -> Any: ...
@overload
def decode(data: bytes | str | msgspec.Raw, kind: type[Kind]) -> Kind: ...
def decode(data: bytes | str | msgspec.Raw, kind: Any = Any) -> Any:
    """Decode JSON.

    Raises:
        msgspec.DecodeError: It is no JSON, or (`ValidationError`) not of this kind.
    """
    return _decoder(kind).decode(data)


def convert(value: object, kind: type[Kind], *, from_attributes: bool = False) -> Kind:
    """Make a plain value one of this kind, as `msgspec.convert` does.

    Raises:
        msgspec.ValidationError: The value is not of this kind.
    """
    _decoder(kind)
    return msgspec.convert(value, kind, from_attributes=from_attributes)


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    known = _decoders.get(kind)
    if known is None:
        with _learning:
            known = _decoders.setdefault(kind, msgspec.json.Decoder(kind))
    return known
