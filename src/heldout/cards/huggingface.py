"""The dataset card of the Hugging Face Hub: a `README.md` whose head names every file of every split.

Source of the keys: Hugging Face Hub documentation, "Dataset Cards". Splits that are named in `configs`
are not guessed from file names, which has dropped images before.
"""

from __future__ import annotations

from typing import Any

from heldout.cards.facts import DatasetFacts, SplitFacts

#: Tasks of the Hub; those that it does not have are left out.
_TASKS = {
    "image-classification": "image-classification",
    "multi-label-classification": "image-classification",
    "tabular-classification": "tabular-classification",
    "regression": "tabular-regression",
    "object-detection": "object-detection",
    "instance-segmentation": "image-segmentation",
    "semantic-segmentation": "image-segmentation",
    "panoptic-segmentation": "image-segmentation",
    "keypoints": "keypoint-detection",
    "visual-question-answering": "visual-question-answering",
    "captioning": "image-to-text",
    "image-text-matching": "image-to-text",
}
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)


def dataset_card(facts: DatasetFacts, *, overview: str = "") -> str:
    """Return the card: YAML for programs, then words for people.

    Args:
        facts: Of the version.
        overview: The challenge's own page, if it has one.
    """
    return f"---\n{_yaml(_head(facts))}---\n\n{_body(facts, overview)}"


def _head(facts: DatasetFacts) -> dict[str, Any]:
    head: dict[str, Any] = {"pretty_name": facts.title}
    if facts.license:
        head["license"] = facts.license.lower()
    if facts.task in _TASKS:
        head["task_categories"] = [_TASKS[facts.task]]
    head["size_categories"] = [_size_category(facts.examples)]
    head["configs"] = [
        {
            "config_name": "default" if len(groups) == 1 else name,
            "data_files": [
                {"split": _split_name(split), "path": f"data/{split.file}"} for split in splits
            ],
        }
        for groups in [_by_columns(facts)]
        for name, splits in groups.items()
    ]
    if facts.annotations is not None:
        path = f"data/{facts.annotations.file}"
        files = [{"split": "all", "path": path}]
        head["configs"].append({"config_name": "annotations", "data_files": files})
    return head


def _by_columns(facts: DatasetFacts) -> dict[str, list[SplitFacts]]:
    """A configuration's splits must have the same columns: held-out ones lack the reference."""
    groups: dict[tuple[str, ...], list[SplitFacts]] = {}
    for split in facts.splits:
        groups.setdefault(tuple(column.name for column in split.columns), []).append(split)
    ordered = sorted(groups.values(), key=lambda splits: splits[0].held_out)
    names = ["default", "held_out", *(f"more_{place}" for place in range(2, len(ordered)))]
    return dict(zip(names, ordered, strict=False))


def _split_name(split: SplitFacts) -> str:
    return {"val": "validation"}.get(split.name, split.name.replace("-", "_"))


def _size_category(examples: int) -> str:
    return next((name for most, name in _SIZES if examples < most), "n>100M")


def _body(facts: DatasetFacts, overview: str) -> str:
    rows = "\n".join(
        f"| `{split.file}` | {split.examples:,} | {'held out' if split.held_out else 'public'} |"
        for split in facts.splits
    )
    if facts.annotations is not None:
        rows += f"\n| `{facts.annotations.file}` | {facts.annotations.examples:,} annotations | public |"
    said = overview.strip() or f"# {facts.title}\n\n{facts.summary}".strip()
    return (
        f"{said}\n\n## Files\n\n| file | examples | answers |\n|---|---|---|\n{rows}\n\n"
        f"Version `{facts.version}`. `datasheet.md` says how the data came about, `croissant.json` "
        "describes every column, and `SHA256SUMS` has the hash of every file.\n"
    )


def _yaml(value: Any, indent: int = 0) -> str:
    """Write dictionaries and lists of texts as YAML; every text is quoted as JSON, which YAML reads."""
    import json

    pad, lines = "  " * indent, []
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list):
                lines.append(f"{pad}{key}:\n{_yaml(item, indent + 1)}")
            else:
                lines.append(f"{pad}{key}: {json.dumps(item, ensure_ascii=False)}\n")
    else:
        for item in value:
            if isinstance(item, dict):
                block = _yaml(item, indent + 1)
                lines.append(f"{pad}- {block[len(pad) + 2 :]}")
            else:
                lines.append(f"{pad}- {json.dumps(item, ensure_ascii=False)}\n")
    return "".join(lines)
