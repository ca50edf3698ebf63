"""How every kernel is compiled.

Importing this without the extra `vision` raises `MissingExtra`: whoever needs a kernel imports it
inside the function that uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from heldout.errors import MissingExtra

try:
    import numba
except ModuleNotFoundError as error:
    raise MissingExtra(feature="scoring boxes, masks and keypoints", extra="vision") from error

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile on the first call; the machine code is cached on disk, the GIL released.

    Divisions follow IEEE 754 (0/0 is NaN) instead of raising.
    """
    decorate = numba.njit(cache=True, nogil=True, error_model="numpy")
    return cast(Function, decorate(function))
