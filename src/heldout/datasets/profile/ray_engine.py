"""Statistics counted on a Ray cluster by the same functions, as rows of Ray Data sets.

Each statistic is a row, and every 64 images are a block. The tables are put into Ray's object store
once. The nodes need this version of Heldout, and the images under the same path: one that a node does
not find counts as one that could not be read.
"""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from heldout.datasets.annotations.dataset import DataSet
from heldout.datasets.profile.engine import Call
from heldout.datasets.profile.media import MEASURED, measure_images
from heldout.datasets.profile.statistic import Statistic
from heldout.datasets.table import ID
from heldout.datasets.vectors import Vectors
from heldout.errors import BadInput, MissingExtra, Problem

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 64  # Images; about a second of decoding.


@contextmanager
def cluster(address: str) -> Iterator[Ray]:
    """Count on an existing cluster, and take leave of it afterwards.

    Args:
        address: `auto`, `host:6379` or `ray://host:10001`.

    Raises:
        BadInput: No cluster is there or lets us in, or the address is none.
        MissingExtra: Ray is not installed.
    """
    ray = _import_ray()
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
    except ConnectionError as error:
        message = f"no Ray cluster at {address} could be joined"
        remedy = (
            "start one with ray start --head; if it runs, give the token it asks for as Ray has it"
        )
        raise BadInput([Problem("--address", message, remedy)]) from error
    except ValueError as error:
        raise BadInput([Problem("--address", str(error))]) from error
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        yield Ray(ray)
    finally:
        ray.shutdown()


def _import_ray() -> Any:
    try:
        import ray.data
    except ImportError:
        raise MissingExtra(feature="the engine ray", extra="scale") from None
    return ray


class Ray:
    """An `Engine` on the cluster that a process is connected to.

    Args:
        ray: The module, after `ray.init`.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    def count(self, calls: Iterable[Call]) -> list[Statistic]:
        """Return what the calls return, in their order; the error of the first that fails."""
        lending = _Lending(self._ray)
        rows = [
            {"place": place, "call": pickle.dumps(lending.of(call))}
            for place, call in enumerate(list(calls))
        ]
        data = self._ray.data.from_items(rows, override_num_blocks=len(rows))
        done = data.map(_run, fn_kwargs={"lent": lending.references}).take_all()
        return [_result(row["outcome"]) for row in sorted(done, key=itemgetter("place"))]

    def measure(self, images: pl.DataFrame) -> pl.DataFrame:
        """Return `measure_images`, made of blocks of images."""
        if images.is_empty():
            return measure_images(images)
        data = self._ray.data.from_arrow([part.to_arrow() for part in images.iter_slices(BLOCK)])
        done = data.map_batches(_measure, batch_size=None, batch_format="pyarrow").take_all()
        found = pl.DataFrame(done, schema=MEASURED)
        return images.select(ID).join(found, on=ID, maintain_order="left")


class _Lent(NamedTuple):
    """Stands in a call for what waits in the object store."""

    number: int


class _Lending:
    """Puts the data sets and vectors of calls into the object store, each once.

    Attributes:
        references: Ray's, in the order of the numbers of `_Lent`.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._known: dict[int, _Lent] = {}
        self.references: list[Any] = []

    def of(self, call: Call) -> Call:
        """Return a call that is small enough to be sent."""
        keywords = {name: self._lend(value) for name, value in call.keywords.items()}
        return partial(call.func, *map(self._lend, call.args), **keywords)

    def _lend(self, value: object) -> object:
        if not isinstance(value, DataSet | Vectors):
            return value
        if id(value) not in self._known:
            self._known[id(value)] = _Lent(len(self.references))
            self.references.append(self._ray.put(_rooted(value)))
        return self._known[id(value)]


def _rooted(value: DataSet | Vectors) -> DataSet | Vectors:
    """Name the folder of the images so that processes elsewhere find it."""
    if isinstance(value, Vectors):
        return value
    return replace(value, root=(value.root or Path()).absolute())


def _run(row: dict[str, Any], *, lent: Sequence[Any]) -> dict[str, Any]:
    """One call, on whichever node; an error is handed back as it is, not as one of Ray's."""
    import ray

    def given(value: object) -> object:
        return ray.get(lent[value.number]) if isinstance(value, _Lent) else value

    outcome: Statistic | Exception
    try:
        call: Call = pickle.loads(row["call"])  # noqa: S301 – Written by `Ray.count`.
        keywords = {name: given(value) for name, value in call.keywords.items()}
        outcome = call.func(*map(given, call.args), **keywords)
    except Exception as error:
        error.add_note(traceback.format_exc())
        outcome = error
    return {"place": row["place"], "outcome": pickle.dumps(outcome)}


def _result(outcome: bytes) -> Statistic:
    found: Statistic | Exception = pickle.loads(outcome)  # noqa: S301 – Written by `_run`.
    if isinstance(found, Exception):
        raise found
    return found


def _measure(batch: pa.Table) -> pa.Table:
    return measure_images(pl.DataFrame(batch)).to_arrow()
