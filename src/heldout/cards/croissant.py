"""A data set described in Croissant 1.1 with its RAI terms, as JSON-LD.

Source: MLCommons, "Croissant Format Specification" 1.1 and "Croissant RAI" 1.0. The namespace of the
terms is http://mlcommons.org/croissant/; with another one readers see no terms at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import PurePosixPath
from typing import Any

import msgspec

from heldout.cards.facts import ColumnFacts, DatasetFacts, SplitFacts

NAME = "croissant.json"
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
RAI = "http://mlcommons.org/croissant/RAI/1.0"

_TERMS = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileProperty fileObject fileSet "
    "format isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated "
    "replace samplingRate separator source subField transform includes"
)
#: Which words mean which terms. Readers compare it with the specification's own.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}

_ENCODINGS = {
    ".parquet": "application/x-parquet",
    ".csv": "text/csv",
    ".jsonl": "application/jsonlines",
    ".ndjson": "application/jsonlines",
}
_IMAGE_ENCODINGS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
}
#: RAI terms and the questions of the datasheet whose answers they hold.
RAI_ANSWERS = {
    "rai:dataCollection": ("acquisition", "mechanisms", "sampling"),
    "rai:dataCollectionTimeframe": ("timeframe",),
    "rai:dataCollectionMissingData": ("missing",),
    "rai:dataCollectionRawData": ("raw",),
    "rai:dataPreprocessingProtocol": ("processing",),
    "rai:dataAnnotationProtocol": ("collectors", "labels"),
    "rai:personalSensitiveInformation": ("identifiable", "sensitive", "confidential"),
    "rai:dataBiases": ("sample", "subpopulations", "errors"),
    "rai:dataLimitations": ("limits", "unsuitable"),
    "rai:dataUseCases": ("past-uses", "other-uses"),
    "rai:dataSocialImpact": ("impact",),
    "rai:dataReleaseMaintenancePlan": ("updates", "versions", "maintainer"),
}
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def croissant(
    facts: DatasetFacts, *, url: str, published: date, answers: Mapping[str, str]
) -> dict[str, Any]:
    """Return the description of a bundle that holds the data folder as `data/`.

    Args:
        facts: Of the version.
        url: Where the data set is at home.
        published: When it was handed out.
        answers: Of the datasheet, by question.
    """
    described: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [CONFORMS_TO, RAI],
        "name": facts.title,
        "description": facts.summary or f"The data set {facts.title}.",
        "url": url,
        "version": f"1.0.0+{facts.version}",
        "citeAs": f"{facts.title}, version {facts.version}, {published.year}. {url}",
        "datePublished": published.isoformat(),
        "license": _licence_url(facts.license),
        "creator": [_creator(name) for name in facts.organisers],
        "isLiveDataset": False,
        **_rai(answers),
        "distribution": list(_distribution(facts)),
        "recordSet": [
            *(_record_set(split) for split in facts.splits),
            *([_annotation_set(facts.annotations)] if facts.annotations else ()),
        ],
    }
    return {key: value for key, value in described.items() if value not in ("", [], None)}


def to_json(description: Mapping[str, Any]) -> bytes:
    """Return `croissant.json`."""
    return msgspec.json.format(msgspec.json.encode(description), indent=2) + b"\n"


def _creator(name: str) -> dict[str, str]:
    """An organiser is known by an address, the maker of other data by a name."""
    if "@" not in name:
        return {"@type": "sc:Organization", "name": name}
    return {"@type": "sc:Organization", "name": name.split("@")[0], "email": name}


def _licence_url(name: str) -> str:
    """Croissant asks for a URL; an SPDX name has one."""
    if not name or name.startswith("http"):
        return name
    return f"https://spdx.org/licenses/{name}" if re.fullmatch(r"[\w.+-]+", name) else name


def _rai(answers: Mapping[str, str]) -> dict[str, str]:
    found = {
        term: "\n\n".join(
            _COMMENT.sub("", answers[name]).strip() for name in names if answers.get(name)
        )
        for term, names in RAI_ANSWERS.items()
    }
    return {term: text for term, text in found.items() if text}


def _distribution(facts: DatasetFacts) -> Iterator[dict[str, Any]]:
    for split in facts.splits:
        yield _table(facts, split, f"The split {split.name}, {split.examples:,} examples.")
    if facts.annotations is not None:
        words = f"{facts.annotations.examples:,} annotations of the examples of all splits."
        yield _table(facts, facts.annotations, words)
    if facts.media is not None:
        yield {
            "@type": "cr:FileSet",
            "@id": "media",
            "name": "media",
            "description": f"{facts.media.files:,} images, named by the hash of their content.",
            "encodingFormat": sorted(
                _IMAGE_ENCODINGS.get(name, "application/octet-stream")
                for name in facts.media.formats
            ),
            "includes": "data/media/*",
        }


def _table(facts: DatasetFacts, table: SplitFacts, description: str) -> dict[str, Any]:
    size, digest = facts.files[table.file]
    return {
        "@type": "cr:FileObject",
        "@id": _file_id(table),
        "name": PurePosixPath(table.file).name,
        "description": description,
        "contentUrl": f"data/{table.file}",
        "contentSize": f"{size} B",
        "encodingFormat": _ENCODINGS[PurePosixPath(table.file).suffix],
        "sha256": digest,
    }


def _file_id(split: SplitFacts) -> str:
    return f"{split.name}-table"


def _record_set(split: SplitFacts) -> dict[str, Any]:
    said = "their answers are held out" if split.held_out else "with what is known of them"
    return _records(split, f"{split.examples:,} examples, {said}.")


def _annotation_set(annotations: SplitFacts) -> dict[str, Any]:
    words = "of the examples, named by example_id: boxes, outlines, labels, captions, answers"
    return _records(annotations, f"{annotations.examples:,} annotations {words}.")


def _records(table: SplitFacts, description: str) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": description,
        "field": [_field(table, column) for column in table.columns],
    }


def _field(split: SplitFacts, column: ColumnFacts) -> dict[str, Any]:
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{split.name}/{column.name}",
        "name": column.name,
        "description": _describe(column),
        "dataType": data_type(column.kind),
        "source": {"fileObject": {"@id": _file_id(split)}, "extract": {"column": column.name}},
    }
    if column.kind.startswith(("List", "Array")):
        field |= {"isArray": True, "arrayShape": "-1"}
    return field


def _describe(column: ColumnFacts) -> str:
    said = f"{column.distinct:,} distinct values"
    if column.lowest is not None:
        said += f" from {column.lowest} to {column.highest}"
    return f"{said}, {column.missing:,} missing."


def data_type(kind: str) -> str:
    """Return the Croissant type of a polars type; that of its items for a list."""
    inner = re.sub(r"^(?:List|Array)\((.*?)(?:, .*)?\)$", r"\1", kind)
    for prefixes, name in _TYPES:
        if inner.startswith(prefixes):
            return name
    return "sc:Text"


_TYPES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("Int", "UInt"), "sc:Integer"),
    (("Float", "Decimal"), "sc:Float"),
    (("Boolean",), "sc:Boolean"),
    (("Datetime",), "sc:DateTime"),
    (("Date",), "sc:Date"),
)
