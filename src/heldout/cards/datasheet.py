"""Fills in of a datasheet what can be counted, and leaves what people wrote as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heldout.cards.facts import DatasetFacts, SplitFacts
from heldout.challenge.datasheet import is_form, questions, read_answers, write_form

_COUNTED = re.compile(r"<!-- counted: .*? -->\n.*?\n<!-- until here -->", re.DOTALL)
_FREELY = "motivation-more"


def fill_in(facts: DatasetFacts, written: str = "") -> str:
    """Return `datasheet.md` in the form, with every counted answer anew and every other one kept.

    Args:
        facts: Of the version that the datasheet is about.
        written: The datasheet so far. One that was written freely becomes part of the first section.
    """
    answers = read_answers(written) if is_form(written) else {}
    if written.strip() and not is_form(written):
        answers[_FREELY] = _demoted(written)
    for name, (text, query) in counted_answers(facts).items():
        block = f"<!-- counted: {query} -->\n{text}\n<!-- until here -->"
        rest = without_counted(answers.get(name, ""))
        answers[name] = f"{block}\n\n{rest}".strip()
    return write_form(facts.title, answers)


def without_counted(answer: str) -> str:
    """Return what people wrote of an answer."""
    return _COUNTED.sub("", answer).strip()


def _demoted(text: str) -> str:
    """Headings of another document go below the question that holds them."""
    body = re.sub(r"\A# .*\n", "", text.strip())
    return re.sub(r"^#{1,3} ", "#### ", body, flags=re.MULTILINE).strip()


def counted_answers(facts: DatasetFacts) -> dict[str, tuple[str, str]]:
    """Return (answer, query) by question, for those questions that the facts answer."""
    known = {question.id for question in questions()}
    found = {name: (text, query) for name, text, query in _answers(facts) if text}
    assert found.keys() <= known
    return found


def _answers(facts: DatasetFacts) -> Iterator[tuple[str, str, str]]:
    of = facts.queries
    yield "instances", _instances(facts), of["columns"]
    yield "size", _size(facts), of["splits"]
    yield "contents", _contents(facts), of["columns"]
    yield "labels", _labels(facts), of["reference"]
    yield "missing", _missing(facts), of["columns"]
    yield "relationships", _relationships(facts), of["columns"]
    yield "splits", _splits(facts), of["split_method"]
    yield "errors", _shared(facts), of["shared"]
    yield "external", _external(facts), of["files"]
    yield "subpopulations", _subgroups(facts), of["columns"]
    yield "timeframe", _times(facts), of["columns"]
    yield "processing", _processing(facts), of["split_method"]
    yield "software", f"The splits and this bundle were made by {facts.software}.", "its version"
    yield "past-uses", _uses(facts), of["splits"]
    yield "recipients", _recipients(facts), of["dates"]
    yield "means", _means(facts), of["files"]
    yield "dates", _dates(facts), of["dates"]
    yield "licence", _licence(facts), of["item_licences"]
    yield "third-parties", _third_parties(facts), of["item_licences"]
    yield "contact", ", ".join(facts.organisers), "organisers in challenge.toml, or who made it"
    yield "versions", f"This is version `{facts.version}`.", of["files"]


def _instances(facts: DatasetFacts) -> str:
    what = "an image" if facts.media_column else "a row of a table"
    return f"One example is {what}{f', for the task {_task(facts)}' if facts.task else ''}."


def _task(facts: DatasetFacts) -> str:
    return facts.task.replace("-", " ")


def _size(facts: DatasetFacts) -> str:
    rows = "\n".join(
        f"| {split.name} | {split.examples:,} | {'held out' if split.held_out else 'public'} |"
        for split in facts.splits
    )
    head = f"{facts.examples:,} examples.\n\n| split | examples | answers |\n|---|---|---|\n"
    return head + rows


def _contents(facts: DatasetFacts) -> str:
    columns = {column.name: column.kind for split in facts.splits for column in split.columns}
    listed = "\n".join(f"- `{name}` ({kind})" for name, kind in columns.items())
    return f"Columns:\n\n{listed}{_media_words(facts)}"


def _media_words(facts: DatasetFacts) -> str:
    if facts.media is None:
        return ""
    media = facts.media
    formats = ", ".join(f"{count:,} {name}" for name, count in media.formats.items())
    return (
        f"\n\n{media.files:,} images ({formats}), {media.bytes / 1e6:,.1f} MB; width {media.widths[0]} "
        f"to {media.widths[2]} pixels (median {media.widths[1]}), height {media.heights[0]} to "
        f"{media.heights[2]} (median {media.heights[1]})."
    )


def _labels(facts: DatasetFacts) -> str:
    kept_back = [split.name for split in facts.splits if split.held_out]
    reference = facts.column("reference")
    said = f"There are {len(facts.classes)} classes. " if facts.classes else ""
    if facts.annotations is not None:
        said += f"There are {facts.annotations.examples:,} annotations{_kinds(facts.annotations)}. "
    if reference and reference.values:
        listed = ", ".join(f"{value}: {count:,}" for value, count in reference.values.items())
        said += f"Where answers are public: {listed}. "
    return said + (f"The answers of {', '.join(kept_back)} are held out." if kept_back else "")


def _kinds(annotations: SplitFacts) -> str:
    kind = next((column for column in annotations.columns if column.name == "kind"), None)
    if kind is None or not kind.values:
        return ""
    return f" ({', '.join(f'{name}: {count:,}' for name, count in kind.values.items())})"


def _missing(facts: DatasetFacts) -> str:
    lines = [
        f"- `{column.name}` in {split.name}: {column.missing:,} of {split.examples:,}"
        for split in facts.splits
        for column in split.columns
        if column.missing
    ]
    return "Empty cells:\n\n" + "\n".join(lines) if lines else "No cell is empty."


def _relationships(facts: DatasetFacts) -> str:
    if facts.cluster is None:
        return ""
    return f"Examples with the same `{facts.cluster}` belong together."


def _splits(facts: DatasetFacts) -> str:
    method = facts.split_method
    if not method:
        return ""
    words = f"The splits were made by the method “{method['method']}”"
    words += f" on `{method['column']}`" if method.get("column") else ""
    words += f" with the seed {method['seed']}" if method.get("seed") is not None else ""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in method.get("fractions", {}).items())
    return f"{words}{f' ({shares})' if shares else ''}."


def _shared(facts: DatasetFacts) -> str:
    if facts.media is None:
        return ""
    shared = facts.media.shared
    return f"{shared:,} examples have the very image of another example." if shared else (
        "No two examples have the very same image."
    )  # fmt: skip


def _external(facts: DatasetFacts) -> str:
    return f"All {len(facts.files):,} files are in the bundle, with their SHA-256."


def _subgroups(facts: DatasetFacts) -> str:
    named = dict.fromkeys(name for names in facts.subgroups for name in names)
    lines = []
    for name in named:
        column = facts.column(name)
        if column is not None and column.values:
            listed = ", ".join(f"{value}: {count:,}" for value, count in column.values.items())
            lines.append(f"- `{name}` ({listed})")
    return "Scores are told apart by:\n\n" + "\n".join(lines) if lines else ""


def _times(facts: DatasetFacts) -> str:
    spans = [
        f"`{column.name}` runs from {column.lowest} to {column.highest}"
        for column in facts.splits[0].columns
        if column.kind.startswith("Date") and column.lowest
    ] if facts.splits else []  # fmt: skip
    return f"{'; '.join(spans)}." if spans else ""


def _processing(facts: DatasetFacts) -> str:
    if facts.media is None:
        return ""
    if not facts.metric:
        return "Images lost their metadata (EXIF) when they were taken in."
    return "Images lost their metadata (EXIF) when the answers were held out."


def _recipients(facts: DatasetFacts) -> str:
    return "Yes: it is the data of a public challenge." if facts.metric else ""


def _uses(facts: DatasetFacts) -> str:
    if not facts.metric:
        return ""
    return f"The challenge “{facts.title}”, ranked by {facts.metric}."


def _means(facts: DatasetFacts) -> str:
    return f"As files: {len(facts.files):,} of them, {facts.total_bytes / 1e6:,.1f} MB."


def _dates(facts: DatasetFacts) -> str:
    lines = [f"- {what}: {when}" for what, when in facts.dates.items()]
    return "\n".join(lines)


def _licence(facts: DatasetFacts) -> str:
    return f"{facts.license}." if facts.license else ""


def _third_parties(facts: DatasetFacts) -> str:
    if not facts.item_licences:
        return ""
    lines = [f"- {name}: {count:,}" for name, count in facts.item_licences.items()]
    return "Items name licences of their own:\n\n" + "\n".join(lines)
