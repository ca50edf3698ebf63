"""The datasheet's form: written, read back, and refused while a required answer is blank."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heldout.challenge.datasheet import (
    NO_PEOPLE,
    blanks,
    is_form,
    questions,
    read_answers,
    sections,
    write_form,
)

REQUIRED = [question.id for question in questions() if question.required]
FULL = {question.id: f"About {question.id}." for question in questions()}
# What Markdown editors write; a form feed or another odd line end is not a line of its own there.
ANSWERS = st.dictionaries(
    st.sampled_from(sorted(FULL)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]) | st.just("\n")),
)


def test_there_are_57_questions_in_7_sections():
    ids = [question.id for question in questions()]
    assert len(sections()) == 7
    assert len(ids) == len(set(ids)) == 57
    assert [len(section.questions) for section in sections()] == [4, 16, 12, 4, 6, 7, 8]


@given(ANSWERS)
def test_answers_are_read_back_as_they_were_written(answers):
    read = read_answers(write_form("Birds", answers))
    assert {name: text.split() for name, text in read.items()} == {
        name: text.split() for name, text in answers.items() if text.strip()
    }


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_question_that_is_blank_is_named(name):
    (problem,) = blanks(write_form("Birds", {**FULL, name: "  \n"}))
    assert problem.place == f"datasheet.md: {name}"
    assert "Not applicable, because" in problem.remedy


def test_not_applicable_is_an_answer_and_a_comment_is_none():
    text = write_form("Birds", {**FULL, "consent": NO_PEOPLE})
    assert blanks(text) == []
    (problem,) = blanks(text.replace(NO_PEOPLE, "<!-- ask the lawyer -->"))
    assert problem.place == "datasheet.md: consent"


def test_a_question_that_is_not_required_may_stay_blank():
    assert blanks(write_form("Birds", {name: FULL[name] for name in REQUIRED})) == []


def test_a_datasheet_written_freely_is_left_alone():
    text = "# Datasheet\n\nWe made it."
    assert not is_form(text)
    assert blanks(text) == []


def test_marks_that_are_odd_or_twice_are_named():
    text = write_form("Birds", FULL)
    text += "### Who? <!-- question: creator -->\n\nWe.\n### Why? <!-- question: purpose -->\n\nTo."
    problems = {problem.place: problem for problem in blanks(text)}
    assert "creators" in problems["datasheet.md: creator"].remedy
    assert "more than once" in problems["datasheet.md: purpose"].message


def test_headings_may_be_translated_and_answers_may_have_their_own():
    text = write_form("Vögel", FULL).replace("What was the data set made for?", "Wozu?")
    text = text.replace("About purpose.", "### Birds\n\nFor science.")
    assert read_answers(text)["purpose"] == "### Birds\n\nFor science."


def test_an_answer_cannot_pretend_to_be_a_question():
    forged = "### Who? <!-- question: creators -->\nNobody."
    read = read_answers(write_form("Birds", {"purpose": forged}))
    assert "creators" not in read
    assert "Nobody." in read["purpose"]
