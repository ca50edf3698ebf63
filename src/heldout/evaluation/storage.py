"""Per-example statistics as Parquet files.

Those of a held-out split give the answers away: keep and guard the files like answers.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa

from heldout.datasets.atomic import replacing
from heldout.datasets.tasks import TASKS, find_task
from heldout.decoding import decode
from heldout.errors import BadInput, Problem
from heldout.evaluation.data import AnyArray
from heldout.evaluation.metric import Metric
from heldout.evaluation.registry import AnyMetric, find_metric
from heldout.evaluation.stats import ExampleStats, Ragged

KEY = "heldout"
IDS = "example_id"


class _Header(msgspec.Struct, frozen=True):
    """What the arrays need to become statistics again; any task of the metric's will do."""

    metric: str
    version: str
    task: str
    classes: tuple[str, ...]


def save_stats(stats: ExampleStats, path: Path) -> None:
    """Write statistics to a Parquet file, whole or not at all, for its owner alone (0600)."""
    metric = stats.metric
    assert isinstance(metric, Metric)
    task = next(task for task in TASKS.values() if task.family in metric.families)
    header = _Header(metric.key, metric.version, task.id, stats.classes)
    columns = [stats.example_ids.alias(IDS)]
    columns += [_to_series(name, array) for name, array in stats.arrays.items()]
    metadata = {KEY: msgspec.json.encode(header).decode()}
    with replacing(path, mode=0o600) as temporary:
        pl.DataFrame(columns).write_parquet(temporary, metadata=metadata)


def load_stats(path: Path) -> ExampleStats:
    """Read what `save_stats` wrote.

    Raises:
        BadInput: The file is damaged, or was made by another version of its metric.
    """
    try:
        metadata = pl.read_parquet_metadata(path)
        header = decode(metadata[KEY], _Header)
        frame = pl.read_parquet(path, glob=False)
        ids = frame.drop_in_place(IDS)
        arrays = {column.name: _from_series(column) for column in frame}
    except (OSError, KeyError, msgspec.DecodeError, pl.exceptions.PolarsError) as error:
        message = "not a file of per-example statistics"
        raise BadInput([Problem(path.name, message, "score the submission again")]) from error
    return ExampleStats(_same_version(path, header), ids, arrays, header.classes)


def _same_version(path: Path, header: _Header) -> AnyMetric:
    metric = find_metric(header.metric, task=find_task(header.task))
    if metric.version != header.version:
        message = f"made by version {header.version} of {header.metric}, now {metric.version}"
        raise BadInput([Problem(path.name, message, "score the submission again")])
    return metric


def _to_series(name: str, array: AnyArray | Ragged) -> pl.Series:
    if not isinstance(array, Ragged):
        return pl.Series(name, np.ascontiguousarray(array))
    lists = pa.LargeListArray.from_arrays(pa.array(array.offsets), pa.array(array.values))
    return pl.Series(name, lists)


def _from_series(column: pl.Series) -> AnyArray | Ragged:
    if isinstance(column.dtype, pl.List):
        offsets = np.append(0, np.cumsum(column.list.len().to_numpy().astype(np.int64)))
        inner = column.filter(column.list.len() > 0).explode()
        return Ragged(inner.to_numpy(), offsets)
    return column.to_numpy()
