"""Score 100,000 predictions from a CSV: accuracy, top-5 and macro F1, with 1,000 resamples.

The peer does the same with what people use: polars to read, scikit-learn for the numbers and
`scipy.stats.bootstrap` for the intervals. It is measured on fewer resamples, and the time of the
resamples is scaled to 1,000; everything else is measured as it is.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from measure import cpu_seconds, peak_memory, report
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

from heldout.datasets.tasks import find_task
from heldout.evaluation.reading import Expected, read_predictions, read_references
from heldout.evaluation.registry import find_metric
from heldout.evaluation.scoring import score

EXAMPLES, CLASSES, REPLICATES, PEER_REPLICATES = 100_000, 100, 1000, 4
RANKS = [f"prediction_{rank}" for rank in range(1, 6)]
TASK = find_task("image-classification")
METRICS = [find_metric(spec, task=TASK) for spec in ("accuracy", "top-k:k=5", "f1")]


def write_files(folder: Path) -> None:
    """Write references, and five distinct guesses of which the first is right for two in three."""
    rng = np.random.default_rng(0)
    names = np.array([f"class {one:02}" for one in range(CLASSES)])
    truth = rng.integers(0, CLASSES, EXAMPLES)
    start = np.where(rng.random(EXAMPLES) < 2 / 3, truth, rng.integers(0, CLASSES, EXAMPLES))
    guesses = {name: names[(start + 7 * step) % CLASSES] for step, name in enumerate(RANKS)}
    example_ids = [f"image-{one:06}" for one in range(EXAMPLES)]
    pl.DataFrame({"example_id": example_ids, "reference": names[truth]}).write_csv(
        folder / "references.csv"
    )
    predictions = pl.DataFrame({"example_id": example_ids, **guesses})
    shuffled = predictions.sample(fraction=1, shuffle=True, seed=1)
    shuffled.write_csv(folder / "predictions.csv")


def ours(folder: Path, replicates: int) -> dict[str, float | None]:
    references = read_references(folder / "references.csv", task=TASK)
    predictions = read_predictions(
        folder / "predictions.csv",
        task=TASK,
        expected=Expected(references.example_ids, references.classes),
    )
    scores = score(predictions, references, METRICS, seed=1, replicates=replicates).scores
    return {one.name: one.value for one in scores}


def top_5(truth: np.ndarray, guesses: np.ndarray) -> float:
    return float((guesses == truth[:, None]).any(axis=1).mean())


def theirs(folder: Path, replicates: int) -> dict[str, float]:
    references = pl.read_csv(folder / "references.csv")
    table = references.join(pl.read_csv(folder / "predictions.csv"), on="example_id")
    classes = references["reference"].unique().sort()
    codes = table.select(pl.col("reference", *RANKS).cast(pl.Enum(classes)).to_physical())
    truth, guesses = codes["reference"].to_numpy(), codes.select(RANKS).to_numpy()
    numbers = {
        "accuracy": lambda rows: accuracy_score(truth[rows], guesses[rows, 0]),
        "top-5": lambda rows: top_5(truth[rows], guesses[rows]),
        "macro": lambda rows: f1_score(truth[rows], guesses[rows, 0], average="macro"),
    }
    rows = np.arange(EXAMPLES)
    for number in numbers.values() if replicates else ():
        stats.bootstrap(
            (rows,),
            number,
            n_resamples=replicates,
            vectorized=False,
            method="percentile",
            rng=np.random.default_rng(1),
        )
    return {name: number(rows) for name, number in numbers.items()}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder)
        found, expected = ours(folder, 0), theirs(folder, 0)
        assert all(abs(found[key] - value) < 1e-12 for key, value in expected.items())
        plain = cpu_seconds(lambda: theirs(folder, 0))
        few = cpu_seconds(lambda: theirs(folder, PEER_REPLICATES), repeat=3)
        scaled = plain + (few - plain) * REPLICATES / PEER_REPLICATES
        without, with_intervals = (
            cpu_seconds(lambda replicates=replicates: ours(folder, replicates))
            for replicates in (0, REPLICATES)
        )
    print(f"{EXAMPLES:,} examples, {CLASSES} classes, {REPLICATES:,} resamples")
    report("without intervals", ours=without, theirs=plain, peer="scikit-learn")
    scaled_peer = f"scikit-learn and scipy (scaled from {PEER_REPLICATES} resamples)"
    report("with intervals", ours=with_intervals, theirs=scaled, peer=scaled_peer)
    print(f"peak memory {peak_memory()}")


if __name__ == "__main__":
    main()
