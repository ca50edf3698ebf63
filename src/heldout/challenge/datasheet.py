"""The datasheet of a data set: 57 questions in 7 sections, as a form and as `datasheet.md`.

The questions follow Gebru et al., "Datasheets for Datasets", Communications of the ACM 64 (2021).
In the file every question is a heading with a hidden mark, so that headings can be translated and
answers can hold headings of their own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from heldout.errors import Problem, did_you_mean

_MARK = re.compile(r"^### .*<!-- question: ([a-z-]+) -->[ \t]*$", re.MULTILINE)
_SECTION = re.compile(r"^## [^#\n]*<!-- section: [a-z-]+ -->[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
NO_PEOPLE = "Not applicable, because there are no people in the data."


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        id: Its name in the file and in a form.
        required: Whether nothing is published while it is blank.
        people: Whether it is about people in the data.
    """

    id: str
    text: str
    required: bool = False
    people: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One of the seven parts."""

    id: str
    title: str
    questions: tuple[Question, ...]


@cache
def sections() -> tuple[Section, ...]:
    """Return the questionnaire, in its order."""
    text = resources.files("heldout.challenge").joinpath("data/datasheet.toml").read_text("utf-8")
    return tuple(
        Section(one["id"], one["title"], tuple(Question(**given) for given in one["questions"]))
        for one in tomllib.loads(text)["sections"]
    )


def questions() -> Iterator[Question]:
    """Yield all questions, in their order."""
    for section in sections():
        yield from section.questions


def is_form(text: str) -> bool:
    """Return whether a datasheet has the form; one written freely has not, which is allowed."""
    return _MARK.search(text) is not None


def read_answers(text: str) -> dict[str, str]:
    """Return the answers of a `datasheet.md` by question; blank ones are left out.

    A comment is no answer; "not applicable, because …" is one.
    """
    marks = list(_MARK.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), *([len(text)] if marks else [])]
    answers = {}
    for mark, end in zip(marks, ends, strict=True):
        answer = _SECTION.split(text[mark.end() : end])[0].strip()
        if _COMMENT.sub("", answer).strip():
            answers[mark[1]] = answer
    return answers


def write_form(title: str, answers: Mapping[str, str]) -> str:
    """Return `datasheet.md` with the answers given; `read_answers` reads them back."""
    parts = [f"# Datasheet: {title}\n"]
    for section in sections():
        parts.append(f"## {section.title} <!-- section: {section.id} -->\n")
        for question in section.questions:
            parts.append(f"### {question.text} <!-- question: {question.id} -->\n")
            if answers.get(question.id, "").strip():
                parts.append(f"{_without_marks(answers[question.id])}\n")
    return "\n".join(parts)


def _without_marks(answer: str) -> str:
    """An answer with lines that would read as marks is quoted, so that it stays one answer."""
    lines = answer.strip().replace("\r\n", "\n").split("\n")
    return "\n".join(
        f"> {line}" if _MARK.match(line) or _SECTION.match(line) else line for line in lines
    )


def blanks(text: str) -> list[Problem]:
    """Return what keeps a datasheet in the form from being published: required answers, odd marks.

    A datasheet that was written freely has none.
    """
    if not is_form(text):
        return []
    answers, known = read_answers(text), {question.id: question for question in questions()}
    problems = [
        Problem(
            f"datasheet.md: {question.id}",
            f"is not answered: {question.text}",
            'answer it, or write "Not applicable, because …"',
        )
        for question in known.values()
        if question.required and question.id not in answers
    ]
    marks = [mark[1] for mark in _MARK.finditer(text)]
    for odd in dict.fromkeys(mark for mark in marks if mark not in known):
        message = "is not a question of the datasheet"
        problems.append(Problem(f"datasheet.md: {odd}", message, did_you_mean(odd, known)))
    for twice in dict.fromkeys(mark for mark in marks if marks.count(mark) > 1):
        message = "stands there more than once"
        problems.append(Problem(f"datasheet.md: {twice}", message, "keep one of them"))
    return problems
