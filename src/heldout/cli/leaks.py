"""`heldout leaks`: examples that stand on both sides of a split."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import typer

from heldout.cli.options import ChallengeFolder, Json
from heldout.cli.output import console, print_json, print_table, say
from heldout.datasets.leaks.finding import PairOfSplits


def leaks(
    challenge: ChallengeFolder,
    group: Annotated[
        list[str] | None,
        typer.Option(help="A column whose values must not stand on both sides. May be repeated."),
    ] = None,
    embeddings: Annotated[
        Path | None,
        typer.Option(
            help="Also compare these: a table of `example_id` and `embedding`, or `embedding_…` columns."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write every pair into this CSV file.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with the pictures side by side.")
    ] = None,
    json: Json = False,
) -> None:
    """Find examples that stand on both sides of a split: copies, near copies, shared groups.

    Pictures are compared by bytes, by pixels, and through crops up to 5 %, mirrors and compression; texts through case and small changes. Exit code 1: there are some.
    """
    from heldout.challenge.folder import load
    from heldout.challenge.leaks import find_in_challenge
    from heldout.datasets.atomic import write_bytes
    from heldout.datasets.vectors import read_vectors

    vectors = embeddings and read_vectors(embeddings, prefix="embedding_", listed="embedding")
    found_challenge = load(challenge)
    with console.status("comparing") as status:
        found = find_in_challenge(
            found_challenge,
            groups=group or (),
            embeddings=vectors or None,
            progress=lambda done: status.update(f"comparing, {done:,} pictures read"),
        )
    if out is not None:
        write_bytes(out, as_csv(found).encode())
    if html is not None:
        from heldout.cards.leak_gallery import gallery

        write_bytes(html, gallery(found_challenge, found).encode())
    if json:
        print_json({"pairs": [as_plain(pair) for pair in found]})
    else:
        show(found)
    raise typer.Exit(1 if any(pair.leaked for pair in found) else 0)


def show(found: list[PairOfSplits]) -> None:
    rows = [
        (pair.first, pair.second, tier.value, f"{count:,}", f"{count / pair.examples:.1%}")
        for pair in found
        for tier, count in pair.counts().items()
    ]
    if rows:
        print_table(("Of", "In", "How", "Examples", "Share"), rows)
    for pair in found:
        for note in pair.notes:
            say(f"note: {pair.first} and {pair.second}: {note}")
        if not pair.leaks:
            say(f"{pair.first} has nothing of {pair.second}")


def as_plain(pair: PairOfSplits) -> dict[str, object]:
    return {
        "first": pair.first,
        "second": pair.second,
        "examples": pair.examples,
        "leaked": len(pair.leaked),
        "share": pair.share,
        "by_tier": {tier.value: count for tier, count in pair.counts().items()},
        "leaks": [
            {"first": it.first, "second": it.second, "tier": it.tier.value, "evidence": it.evidence}
            for it in pair.leaks
        ],
        "notes": list(pair.notes),
    }


def as_csv(found: list[PairOfSplits]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("split", "example_id", "other_split", "other_id", "how", "evidence"))
    for pair in found:
        for leak in pair.leaks:
            writer.writerow(
                (pair.first, leak.first, pair.second, leak.second, leak.tier.value, leak.evidence)
            )
    return text.getvalue()
