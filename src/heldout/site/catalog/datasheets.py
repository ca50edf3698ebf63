"""The datasheet of a data set: what was counted, and what people answered, question by question.

Every answer is a row of its own and none is changed, so two people who write at once lose nothing, and
the datasheet of an earlier revision can still be read as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction

from heldout.cards.datasheet import awaited_answers, counted_answers, fill_in, without_counted
from heldout.cards.facts import DatasetFacts
from heldout.challenge.datasheet import (
    NO_PEOPLE,
    Question,
    Section,
    blanks,
    is_form,
    questions,
    read_answers,
    sections,
    write_form,
)
from heldout.errors import BadInput, Problem
from heldout.site.accounts.models import User
from heldout.site.catalog import counting
from heldout.site.catalog.models import DataRevision, DataSet, DatasheetAnswer
from heldout.site.catalog.suppliers import supplier_of
from heldout.site.common import audit

LONGEST = 20_000
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


class Answer(NamedTuple):
    """What stands for a question, and its number; 0 came with the data."""

    text: str
    number: int
    by: str = ""
    at: datetime | None = None


class Given(NamedTuple):
    """An answer somebody hands in, and the number of the one they saw."""

    text: str
    seen: int


class Saved(NamedTuple):
    """Which questions were answered anew, and which somebody else answered meanwhile."""

    saved: tuple[str, ...]
    conflicts: Mapping[str, Answer]


def answers_of(revision: DataRevision) -> dict[str, Answer]:
    """What people answered: on the site up to the next revision, else in what came with the data."""
    brought = read_answers(supplier_of(revision.dataset).datasheet(revision))
    found = {name: Answer(without_counted(text), 0) for name, text in brought.items()}
    known = DatasheetAnswer.objects.filter(dataset=revision.dataset).select_related("by")
    if until := _until(revision):
        known = known.filter(at__lt=until)
    for row in known.order_by("number"):
        handle = row.by.handle if row.by else ""
        found[row.question] = Answer(row.text, row.number, handle, row.at)
    return found


def _until(revision: DataRevision) -> datetime | None:
    """When the next revision came; the current one is described as of today."""
    if revision.dataset.current_id == revision.pk:
        return None
    later = revision.dataset.revisions.filter(pk__gt=revision.pk).order_by("pk").first()
    return later.created_at if later else None


def written(revision: DataRevision) -> str:
    """What people wrote, as `datasheet.md`."""
    brought = supplier_of(revision.dataset).datasheet(revision)
    given = {name: one.text for name, one in answers_of(revision).items()}
    if brought.strip() and not is_form(brought) and not any(given.values()):
        return brought
    return write_form(revision.dataset.title, given)


def datasheet(revision: DataRevision, facts: DatasetFacts | None) -> str:
    """The whole `datasheet.md`; without facts, only what people wrote."""
    text = written(revision)
    return fill_in(facts, text) if facts is not None else text


def still_blank(revision: DataRevision, facts: DatasetFacts | None) -> list[Question]:
    """The required questions that have no answer."""
    missing = {problem.place.rpartition(" ")[2] for problem in blanks(datasheet(revision, facts))}
    return [one for one in questions() if one.id in missing]


def save(*, dataset: DataSet, given: Mapping[str, Given], by: User | None, now: datetime) -> Saved:
    """Keep the answers that were changed, unless somebody else changed the same ones meanwhile.

    Raises:
        BadInput: One is too long.
    """
    _check(given)
    assert dataset.current is not None
    standing = answers_of(dataset.current)
    saved, taken = [], []
    with transaction.atomic():
        for question, one in given.items():
            before = standing.get(question, Answer("", 0))
            text = _plain(one.text)
            if text in (before.text, _was(dataset.current, question, one.seen)):
                continue
            if one.seen != before.number or not _add(dataset, question, text, before, by, now):
                taken.append(question)
            else:
                saved.append(question)
        if saved:
            audit.record("datasheet answered", by=by, on=dataset, now=now, questions=saved)
    standing = answers_of(dataset.current) if taken else {}
    return Saved(tuple(saved), {name: standing.get(name, Answer("", 0)) for name in taken})


def _was(revision: DataRevision, question: str, number: int) -> str:
    """The answer somebody saw: who did not change it does not undo what another made of it."""
    if number == 0:
        brought = read_answers(supplier_of(revision.dataset).datasheet(revision))
        return without_counted(brought.get(question, ""))
    row = revision.dataset.answers.filter(question=question, number=number).first()
    return row.text if row else ""


def _check(given: Mapping[str, Given]) -> None:
    known = {one.id for one in questions()}
    assert given.keys() <= known
    problems = [
        Problem(
            name, f"has more than {LONGEST:,} characters", "put the rest into a file of its own"
        )
        for name, one in given.items()
        if len(one.text) > LONGEST
    ]
    if problems:
        raise BadInput(problems)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "").strip()


def _add(
    dataset: DataSet, question: str, text: str, before: Answer, by: User | None, now: datetime
) -> bool:
    """Whether nobody was first."""
    row = DatasheetAnswer(
        dataset=dataset, question=question, number=before.number + 1, text=text, by=by, at=now
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def no_people(*, dataset: DataSet, by: User, now: datetime) -> int:
    """Answer every blank question about people at once; returns how many there were."""
    assert dataset.current is not None
    standing = answers_of(dataset.current)
    asked = [one.id for one in questions() if one.people]
    open_ones = [name for name in asked if not standing.get(name, Answer("", 0)).text]
    given = {name: Given(NO_PEOPLE, standing.get(name, Answer("", 0)).number) for name in open_ones}
    return len(save(dataset=dataset, given=given, by=by, now=now).saved)


def bring(*, dataset: DataSet, text: str, by: User | None, now: datetime) -> int:
    """Take over the answers of a `datasheet.md`; returns how many differ from what stood there.

    Raises:
        BadInput: It is not in the form, or has marks that are none.
    """
    if not is_form(text):
        message = "is no datasheet with the questions as headings"
        raise BadInput([Problem("file", message, "export datasheet.md here and fill that in")])
    odd = [one for one in blanks(text) if "is not answered" not in one.message]
    if odd:
        raise BadInput(odd)
    assert dataset.current is not None
    standing = answers_of(dataset.current)
    given = {
        name: Given(without_counted(answer), standing.get(name, Answer("", 0)).number)
        for name, answer in read_answers(text).items()
    }
    return len(save(dataset=dataset, given=given, by=by, now=now).saved)


class Asked(NamedTuple):
    """A question as the form asks it: what was counted with its query, and what people wrote.

    `awaited`: a worker is about to count the answer.
    """

    question: Question
    counted: str
    query: str
    text: str
    number: int
    by: str
    at: datetime | None
    awaited: bool = False

    @property
    def is_answered(self) -> bool:
        return bool(self.counted or _COMMENT.sub("", self.text).strip())

    @property
    def is_missing(self) -> bool:
        return self.question.required and not self.is_answered and not self.awaited


class Part(NamedTuple):
    section: Section
    number: int
    asked: tuple[Asked, ...]

    @property
    def answered(self) -> int:
        return sum(one.is_answered for one in self.asked)

    @property
    def missing(self) -> int:
        return sum(one.is_missing for one in self.asked)


def parts_of(revision: DataRevision, facts: DatasetFacts | None) -> list[Part]:
    """The seven sections, each question with what stands for it."""
    standing = answers_of(revision)
    counted = counted_answers(facts) if facts is not None else {}
    waits = facts is None and not counting.failure_of(revision)
    awaited = awaited_answers(counting.subject_of(revision)) if waits else frozenset()
    return [
        Part(
            section,
            place,
            tuple(
                _asked(one, counted, standing)._replace(awaited=one.id in awaited)
                for one in section.questions
            ),
        )
        for place, section in enumerate(sections(), 1)
    ]


def _asked(
    question: Question, counted: Mapping[str, tuple[str, str]], standing: Mapping[str, Answer]
) -> Asked:
    text, query = counted.get(question.id, ("", ""))
    found = standing.get(question.id, Answer("", 0))
    return Asked(question, text, query, found.text, found.number, found.by, found.at)


def publishing_problems(dataset: DataSet) -> list[Problem]:
    """What keeps data from being shown to everybody: required answers that are blank.

    The facts answer some of the questions: while they are not counted, publishing waits.
    """
    revision = dataset.current
    facts = counting.facts_of(revision) if revision is not None else None
    if revision is None or facts is None:
        return [Problem("data", "are not counted yet", "come back when a worker is done")]
    return [
        Problem(
            one.id,
            f"is not answered: {one.text}",
            'answer it, or write "Not applicable, because …"',
        )
        for one in still_blank(revision, facts)
    ]
