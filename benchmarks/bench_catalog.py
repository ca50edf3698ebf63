"""The index of a data set: build, pages with filters, facets, memory; against scans of the same Parquet.

Made-up captions with Zipf's frequencies, so that some words stand in a third of all rows. `ROWS=5000000`
in the environment shows how each figure grows. Peers: polars, and `datasets` where it is installed;
`PEERS=0` leaves them aside.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from measure import cpu_seconds

ROWS = int(os.environ.get("ROWS", "1000000"))
PEERS = os.environ.get("PEERS", "1") != "0"
WORDS, CLASSES = 20_000, 200


def write_table(path: Path) -> None:
    rng = np.random.default_rng(0)
    letters = np.array(list("aeioubdfgklmnprstvz"))
    lengths = rng.integers(4, 9, WORDS)
    words = np.array(["".join(rng.choice(letters, n)) for n in lengths])
    weights = 1 / np.arange(8, WORDS + 8)
    chosen = words[rng.choice(WORDS, (ROWS, 10), p=weights / weights.sum())]
    captions = pl.DataFrame(chosen).select(pl.concat_str(pl.all(), separator=" ")).to_series()
    countries = np.array([f"Country {one:02}" for one in range(60)])
    labels = np.array([f"class {one:03}" for one in range(CLASSES)])
    lists = pl.DataFrame(labels[rng.integers(0, CLASSES, (ROWS, 3))]).select(
        pl.concat_list(pl.all())
    )
    pl.DataFrame(
        {
            "example_id": [f"image-{one:08}" for one in range(ROWS)],
            "caption": captions,
            "country": countries[rng.integers(0, 60, ROWS)],
            "region": np.array(["Africa", "America", "Asia", "Europe"])[rng.integers(0, 4, ROWS)],
            "label": labels[rng.integers(0, CLASSES, ROWS)],
            "objects": lists.to_series(),
            "verified": rng.random(ROWS) < 0.3,
            "income": np.round(np.exp(rng.normal(6, 1.2, ROWS)), 2),
            "lat": rng.uniform(-60, 70, ROWS),
        }
    ).write_parquet(path)


def build(table: Path, folder: Path) -> None:
    from heldout.datasets.index.build import build_index
    from heldout.datasets.index.views import Part, Role, view_for

    began, cpu = time.perf_counter(), time.process_time()
    build_index(view_for(Role.PUBLIC, [Part("train", pl.read_parquet(table))]), folder)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    seconds = time.process_time() - cpu
    print(
        f"build: {seconds:.0f} s of CPU, {time.perf_counter() - began:.0f} s, "
        f"{size:,.0f} MB on disk, {most_memory():,.0f} MB of memory"
    )


def most_memory() -> float:
    """The peak of this process alone; what `getrusage` says includes its parent's."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def some_words(table: Path) -> tuple[str, str, str]:
    """A word of a third of the rows, of one in a hundred, and a rare one."""
    words = pl.scan_parquet(table).head(50_000).select("caption").collect()["caption"]
    counts = words.str.split(" ").explode().value_counts(sort=True)["caption"]
    return counts[0], counts[120], counts[8000]


def query(table: Path, folder: Path) -> None:
    from heldout.datasets.index.engine import SqliteIndex
    from heldout.datasets.index.query import Query, Range

    index = SqliteIndex(folder)
    common, middling, rare = some_words(table)
    of_country = {"country": ["Country 07"]}
    asked = {
        "page, no filter": Query.of(),
        "page, country": Query.of(chosen=of_country),
        "page, country and income": Query.of(chosen=of_country, ranges={"income": Range(100, 500)}),
        "page, sorted by income": Query.of(chosen=of_country, sort="-income"),
        "page, common word and country": Query.of(common, of_country),
        "page, middling word and country": Query.of(middling, of_country),
        "page, rare word": Query.of(rare),
        "page, phrase of common words": Query.of(f'"{common} {middling}"'),
        "page, beginning of a word": Query.of(f"{common[:3]}*"),
    }
    frame = scans(table)
    slowest = 0.0
    for name, one in asked.items():
        seconds = fresh(index, lambda one=one: index.page(one))
        slowest = max(slowest, seconds)
        theirs = scanned(lambda one=one: frame(one))
        say(name, seconds, theirs, index.count(one))
    last = index.page(Query.of(chosen=of_country, sort="income"), before=ROWS).before
    deep = Query.of(chosen=of_country, sort="income")
    say("the last page, sorted", fresh(index, lambda: index.page(deep, after=last)))
    print(f"the slowest page: {slowest * 1000:.1f} ms of CPU")
    facets = [one.name for one in index.columns.values() if one.facet]
    for name, one in {
        "all facets, no filter": Query.of(),
        "all facets, one country": Query.of(chosen=of_country),
        "all facets, common word": Query.of(common),
        "all facets, common word, income": Query.of(common, ranges={"income": Range(100, 5000)}),
    }.items():
        ours = fresh(index, lambda one=one: [index.facet(one, each, most=12) for each in facets])
        theirs = scanned(lambda one=one: counted(table, one, facets))
        say(f"{name} ({len(facets)} columns)", ours, theirs)


def scanned(ask: Callable[[], object]) -> float | None:
    """The CPU time of a peer, if peers are asked."""
    return cpu_seconds(ask, repeat=3) if PEERS else None


def fresh(index: object, ask: Callable[[], object]) -> float:
    """The CPU time of a question nobody has asked before."""

    def forgotten() -> object:
        index._matcher.forget()  # type: ignore[attr-defined]
        return ask()

    return cpu_seconds(forgotten, repeat=9)


def condition(one: object) -> pl.Expr:
    """The same question as an expression over columns."""
    wanted = pl.lit(value=True)
    for term in one.text.replace('"', "").split():  # type: ignore[attr-defined]
        pattern = rf"\b{term.rstrip('*')}" + ("" if term.endswith("*") else r"\b")
        wanted &= pl.col("caption").str.contains(pattern)
    for name, values in one.chosen:  # type: ignore[attr-defined]
        wanted &= pl.col(name).is_in(list(values))
    for name, bounds in one.ranges:  # type: ignore[attr-defined]
        wanted &= pl.col(name).is_between(bounds.low, bounds.high)
    return wanted


def scans(table: Path) -> Callable[[object], pl.DataFrame]:
    def page(one: object) -> pl.DataFrame:
        rows = pl.scan_parquet(table).filter(condition(one))
        if one.sort:  # type: ignore[attr-defined]
            rows = rows.sort(one.sort.lstrip("-"), descending=one.sort.startswith("-"))  # type: ignore[attr-defined]
        return rows.head(50).collect()

    return page


def counted(table: Path, one: object, facets: list[str]) -> None:
    rows = pl.scan_parquet(table).filter(condition(one))
    named = [name for name in facets if name != "split"]
    each = [
        rows.select(pl.col(name).explode() if name == "objects" else pl.col(name))
        .group_by(name)
        .len()
        .top_k(12, by="len")
        for name in named
    ]
    pl.collect_all(each)


def memory(folder: Path) -> None:
    """What a web process needs for the same questions, without the peers."""
    from heldout.datasets.index.engine import SqliteIndex
    from heldout.datasets.index.query import Query, Range

    index = SqliteIndex(folder)
    facets = [one.name for one in index.columns.values() if one.facet]
    for country in range(30):
        chosen = {"country": [f"Country {country:02}"]}
        one = Query.of(chosen=chosen, ranges={"income": Range(country, 5000)}, sort="-income")
        page = index.page(one)
        index.page(one, after=page.after)
        for each in facets:
            index.facet(one, each, most=12)
    print(f"query process after 60 pages and their facets: {most_memory():,.0f} MB at most")


def say(name: str, ours: float, theirs: float | None = None, rows: int | None = None) -> None:
    peer = (
        "" if theirs is None else f", polars {theirs * 1000:8,.1f} ms, ratio {theirs / ours:,.0f}"
    )
    found = "" if rows is None else f" ({rows:,} rows)"
    print(f"{name + found:58} {ours * 1000:7.2f} ms of CPU{peer}")


def with_datasets(table: Path) -> None:
    if importlib.util.find_spec("datasets") is None:
        print("datasets is not installed: no comparison with it")
        return
    import datasets

    datasets.disable_progress_bars()
    data = datasets.Dataset.from_parquet(str(table), cache_dir=str(table.parent / "cache"))

    def page() -> object:
        found = data.filter(
            lambda rows: [one == "Country 07" for one in rows["country"]],
            batched=True,
            load_from_cache_file=False,
        )
        return found.select(range(50))[:]

    print(f"datasets, page by country: {cpu_seconds(page, repeat=1) * 1000:,.0f} ms of CPU")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        table, folder = Path(scratch) / "train.parquet", Path(scratch) / "index"
        write_table(table)
        print(f"{ROWS:,} rows")
        for step in ("build", "query", "memory"):
            subprocess.run([sys.executable, __file__, step, table, folder], check=True)
        if PEERS:
            with_datasets(table)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["build", table, folder]:
            build(Path(table), Path(folder))
        case ["query", table, folder]:
            query(Path(table), Path(folder))
        case ["memory", _, folder]:
            memory(Path(folder))
        case _:
            main()
