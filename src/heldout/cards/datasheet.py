"""Fills in of a datasheet what can be counted, and leaves what people wrote as it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from heldout.cards.facts import QUERIES, DatasetFacts, SplitFacts, Subject
from heldout.cards.traces import Traces
from heldout.cards.wording import column_words
from heldout.challenge.datasheet import is_form, questions, read_answers, write_form

_COUNTED = re.compile(r"<!-- counted: .*? -->\n.*?\n<!-- until here -->", re.DOTALL)
_FREELY = "motivation-more"
# Whatever the data are, a count answers these.
_ALWAYS = (
    *("instances", "size", "contents", "missing", "relationships", "external", "identifiable"),
    *("software", "means", "versions"),
)


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


def awaited_answers(subject: Subject) -> frozenset[str]:
    """Return the questions that the facts will answer for certain, before anything is counted."""
    known = {"contact": bool(subject.organisers), "licence": bool(subject.license)}
    return frozenset({*_ALWAYS, *(name for name, is_known in known.items() if is_known)})


def _answers(facts: DatasetFacts) -> Iterator[tuple[str, str, str]]:
    of = QUERIES | facts.queries
    yield "instances", _instances(facts), of["columns"]
    yield "size", _size(facts), of["splits"]
    yield "contents", _contents(facts), of["columns"]
    yield "labels", _labels(facts), of["reference"]
    yield "missing", _missing(facts), of["columns"]
    yield "relationships", _relationships(facts), of["groups"]
    yield "splits", _splits(facts), of["split_method"]
    yield "errors", _shared(facts), of["shared"]
    yield "external", _external(facts), f"{of['files']}; {of['traces']}"
    yield "subpopulations", _subgroups(facts), of["people"]
    yield "identifiable", _ways_to_people(facts), of["located"]
    yield "collectors", _makers(facts), of["labelled"]
    yield "timeframe", _times(facts), of["columns"]
    yield "processing", _processing(facts), of["split_method"]
    yield "raw", _origins(facts), of["traces"]
    made = "The splits and this bundle were" if facts.split_method else "This bundle was"
    yield "software", f"{made} made by {facts.software}.", "its version"
    yield "past-uses", _uses(facts), of["splits"]
    yield "recipients", _recipients(facts), of["dates"] if facts.metric else of["site"]
    yield "means", _means(facts), of["files"]
    yield "dates", _dates(facts), of["dates"] if facts.dates else of["editions"]
    yield "licence", _licence(facts), of["item_licences"]
    yield "third-parties", _third_parties(facts), of["item_licences"]
    yield "contact", ", ".join(facts.organisers), "organisers in challenge.toml, or who made it"
    yield "maintainer", facts.maintainer, of["site"]
    yield "errata", _errata(facts), of["editions"]
    yield "versions", _versions(facts), of["editions"] if facts.editions else of["files"]


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
    listed = "\n".join(f"- `{name}` ({column_words(kind)})" for name, kind in columns.items())
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
    said = [f"Examples with the same `{facts.cluster}` belong together."] if facts.cluster else []
    traces = facts.traces or Traces()
    said += [
        f"`{name}` has {one.groups:,} values; the most frequent one stands in {one.most:,} examples."
        for name, one in traces.groups.items()
        if name != facts.cluster
    ]
    if not said and facts.traces is not None:
        said.append("No column has a name that usually tells which examples belong together.")
    if traces.labelled is not None and traces.labelled.examples:
        said.append(
            f"Each annotation names its example: {traces.labelled.examples:,} of {facts.examples:,} "
            f"examples have one or more, one of them {traces.labelled.most:,}."
        )
    return " ".join(said)


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
    inside = f"All {len(facts.files):,} files are in the bundle, with their SHA-256."
    pointing = (facts.traces or Traces()).addresses
    names = ", ".join(f"`{name}` ({sum(hosts.values()):,})" for name, hosts in pointing.items())
    return f"{inside} Cells that hold addresses of things elsewhere: {names}." if names else inside


def _subgroups(facts: DatasetFacts) -> str:
    named = dict.fromkeys(name for names in facts.subgroups for name in names)
    columns = {name: column for name in named if (column := facts.column(name)) is not None}
    declared = _listed({name: column.values for name, column in columns.items()})
    known = (facts.traces or Traces()).people
    others = _listed({name: values for name, values in known.items() if name not in named})
    parts = (("Scores are told apart by:", declared), ("Columns that tell groups apart:", others))
    return "\n\n".join(f"{head}\n\n{lines}" for head, lines in parts if lines)


def _listed(columns: Mapping[str, Mapping[str, int]]) -> str:
    return "\n".join(
        f"- `{name}` ({', '.join(f'{value}: {count:,}' for value, count in values.items())})"
        for name, values in columns.items()
        if values
    )


def _ways_to_people(facts: DatasetFacts) -> str:
    if facts.traces is None:
        return ""
    found = [f"{kind} {count:,}" for kind, count in facts.traces.patterns.items()]
    said = f"Texts that look as if they held a way to reach somebody: {', '.join(found)}."
    if facts.traces.located is not None:
        said += f" Images whose EXIF says where they were taken: {facts.traces.located:,}."
    return f"{said} Who can be recognised in pictures or by other data was not looked at."


def _makers(facts: DatasetFacts) -> str:
    labelled = (facts.traces or Traces()).labelled
    if labelled is None:
        return ""
    origins = ", ".join(f"{name} {count:,}" for name, count in labelled.origins.items())
    said = f"Annotations by origin: {origins}. " if origins else ""
    many = labelled.annotators
    if many:
        said += f"They name {many:,} {'annotator' if many == 1 else 'different annotators'}."
    return said.strip()


def _origins(facts: DatasetFacts) -> str:
    named = (facts.traces or Traces()).addresses
    lines = _listed(named)
    return (
        f"Columns with addresses, by host; nobody has looked whether they answer:\n\n{lines}"
        if lines
        else ""
    )


def _errata(facts: DatasetFacts) -> str:
    if not facts.editions:
        return ""
    noted = [one for one in facts.editions[1:] if one.notes]
    lines = "\n".join(f"- {one.date}, `{one.version}`: {one.notes}" for one in noted)
    head = "In the notes of each revision, on the page of the documents."
    return f"{head} So far:\n\n{lines}" if lines else f"{head} So far there are none."


def _versions(facts: DatasetFacts) -> str:
    said = f"This is version `{facts.version}`."
    if not facts.editions:
        return said
    dates = ", ".join(one.date for one in facts.editions)
    many = len(facts.editions)
    return f"{said} {many:,} {'revision is' if many == 1 else 'revisions are'} kept: {dates}."


def _times(facts: DatasetFacts) -> str:
    spans = dict((facts.traces or Traces()).times)
    for split in facts.splits:
        for one in split.columns:
            if one.kind.startswith("Date") and one.lowest and one.highest:
                low, high = spans.get(one.name, (one.lowest, one.highest))
                spans[one.name] = (min(low, one.lowest), max(high, one.highest))
    told = [f"`{name}` runs from {low} to {high}" for name, (low, high) in spans.items()]
    return f"{'; '.join(told)}." if told else ""


def _processing(facts: DatasetFacts) -> str:
    if facts.media is None:
        return ""
    if not facts.metric:
        return "Images lost their metadata (EXIF) when they were taken in."
    return "Images lost their metadata (EXIF) when the answers were held out."


def _recipients(facts: DatasetFacts) -> str:
    return "Yes: it is the data of a public challenge." if facts.metric else facts.audience


def _uses(facts: DatasetFacts) -> str:
    if not facts.metric:
        return ""
    return f"The challenge “{facts.title}”, ranked by {facts.metric}."


def _means(facts: DatasetFacts) -> str:
    tables = Counter(PurePath(split.file).suffix.removeprefix(".") for split in facts.splits)
    forms = ", ".join(f"{count:,} {name}" for name, count in tables.items())
    size = f"{len(facts.files):,} of them, {facts.total_bytes / 1e6:,.1f} MB"
    return f"As files: {size}{f'; tables: {forms}' if forms else ''}."


def _dates(facts: DatasetFacts) -> str:
    if not facts.dates and facts.editions:
        return f"It has been kept here since {facts.editions[0].date}; this revision is of {facts.editions[-1].date}."
    return "\n".join(f"- {what}: {when}" for what, when in facts.dates.items())


def _licence(facts: DatasetFacts) -> str:
    return f"{facts.license}." if facts.license else ""


def _third_parties(facts: DatasetFacts) -> str:
    if not facts.item_licences:
        return ""
    lines = [f"- {name}: {count:,}" for name, count in facts.item_licences.items()]
    return "Items name licences of their own:\n\n" + "\n".join(lines)
