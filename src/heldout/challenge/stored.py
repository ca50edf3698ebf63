"""An evaluation kept in a folder: its report, and what a later comparison needs.

The statistics of a held-out split give the answers away: keep and guard the folder like answers.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl

from heldout.challenge.protocol import Evaluation
from heldout.datasets.atomic import replacing, write_bytes
from heldout.decoding import decode
from heldout.errors import BadInput, Problem
from heldout.evaluation.report import Report
from heldout.evaluation.storage import load_stats, save_stats

REPORT = "report.json"
INDEX = "index.json"
CLUSTERS = "clusters.parquet"


class _Index(msgspec.Struct, frozen=True):
    seed: int
    files: dict[str, str]


def save_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Keep an evaluation in a folder for its owner alone (0700)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = {metric: f"stats-{i}.parquet" for i, metric in enumerate(evaluation.stats)}
    for metric, name in files.items():
        save_stats(evaluation.stats[metric], folder / name)
    if evaluation.clusters is not None:
        with replacing(folder / CLUSTERS, mode=0o600) as temporary:
            pl.DataFrame({"cluster": evaluation.clusters}).write_parquet(temporary)
    report = msgspec.json.format(evaluation.report.to_json(), indent=2)
    write_bytes(folder / REPORT, report, mode=0o600)
    index = msgspec.json.encode(_Index(evaluation.seed, files))
    write_bytes(folder / INDEX, index, mode=0o600)


def load_report(path: Path) -> Report:
    """Read a report: a file of JSON, or the one of a stored evaluation.

    Raises:
        BadInput: It is damaged, or has problems in place of scores.
    """
    file = path / REPORT if path.is_dir() else path
    remedy = "make it with heldout score --json, or --save FOLDER"
    try:
        report = Report.from_json(file.read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        raise BadInput([Problem(str(path), "is not a report", remedy)]) from None
    if not report.scores:
        raise BadInput([Problem(str(path), "has no scores", remedy)])
    return report


def load_evaluation(folder: Path) -> Evaluation:
    """Read what `save_evaluation` kept.

    Raises:
        BadInput: Something is missing or damaged.
    """
    try:
        index = decode((folder / INDEX).read_bytes(), _Index)
        report = Report.from_json((folder / REPORT).read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        remedy = "make it with heldout score --save FOLDER"
        raise BadInput([Problem(str(folder), "is not a stored evaluation", remedy)]) from None
    stats = {metric: load_stats(folder / Path(name).name) for metric, name in index.files.items()}
    path = folder / CLUSTERS
    clusters = pl.read_parquet(path)["cluster"] if path.is_file() else None
    return Evaluation(report, stats, index.seed, clusters)
