"""The datasheet on the site: counted and written answers, two people at once, and what it holds back."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from heldout.challenge.datasheet import NO_PEOPLE, questions, read_answers, sections, write_form
from heldout.errors import BadInput
from heldout.site.catalog import counting, datasheets
from heldout.site.catalog.datasheets import Given
from heldout.site.catalog.models import DatasheetAnswer
from heldout.site.challenges.services import publish
from heldout.site.worker import drain

PAGE = "/data/pictures/datasheet/"
REQUIRED = {one.id for one in questions() if one.required}


@pytest.fixture
def counted(dataset):
    """A data set whose facts are counted."""
    counting.count_now(dataset.current)
    return dataset


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def seen_in(response) -> dict[str, str]:
    """What a browser would send back of the hidden fields."""
    return dict(re.findall(r'name="(seen-[\w-]+)"\s+value="(\d+)"', response.content.decode()))


def fill(client, section, **answers):
    """Open a section, type answers, press Save."""
    page = f"{PAGE}{section}/"
    typed = {f"answer-{name.replace('_', '-')}": text for name, text in answers.items()}
    return client.post(page, seen_in(client.get(page)) | typed)


def answer(dataset, **given):
    kept = {name.replace("_", "-"): Given(text, 0) for name, text in given.items()}
    return datasheets.save(dataset=dataset, given=kept, by=None, now=timezone.now())


def test_somebody_who_does_not_own_the_data_finds_no_form(dataset, outsider, signed_in, client):
    assert client.get(PAGE).status_code == 200
    assert signed_in(outsider).get(f"{PAGE}motivation/").status_code == 404
    assert signed_in(outsider).post(f"{PAGE}no-people/").status_code == 404
    assert client.post(f"{PAGE}import/").status_code == 302
    assert "Answer questions" not in text_of(signed_in(outsider).get(PAGE))


def test_all_57_questions_are_asked_in_seven_sections(counted, owner, signed_in):
    client, asked = signed_in(owner), []
    for section in sections():
        found = re.findall(
            r'name="answer-([\w-]+)"', client.get(f"{PAGE}{section.id}/").content.decode()
        )
        asked += found
    assert asked == [one.id for one in questions()]
    assert (len(asked), len(sections())) == (57, 7)
    assert client.get(f"{PAGE}nothing/").status_code == 404


def test_what_is_counted_stands_there_with_its_query_after_a_worker_counted(dataset, client):
    assert "being counted" in text_of(client.get(PAGE))
    drain()
    text = text_of(client.get(PAGE))
    assert "60 examples." in text
    assert "Counted: rows of data/&lt;split&gt; by table" in text
    assert "annotations (object: 40)" in text


def test_what_a_worker_is_about_to_count_is_not_listed_as_open(dataset, owner, signed_in):
    client = signed_in(owner)
    before = client.get(PAGE)
    open_before = {one.question.id for _, one in before.context["missing"]}
    assert not open_before & {"instances", "size", "licence", "contact"}
    assert "Being counted." in text_of(before)
    assert "Being counted: what the count tells" in text_of(client.get(f"{PAGE}composition/"))
    waited = before.context["awaited"]
    drain()
    after = client.get(PAGE)
    assert "Being counted" not in text_of(after)
    assert {one.question.id for _, one in after.context["missing"]} == open_before
    assert after.context["answered"] >= waited >= 10


def test_when_a_count_was_given_up_its_questions_are_open(dataset, monkeypatch):
    monkeypatch.setattr(counting, "failure_of", lambda revision: "It failed.")
    asked = [one for part in datasheets.parts_of(dataset.current, None) for one in part.asked]
    assert not any(one.awaited for one in asked)
    assert {one.question.id for one in asked if one.is_missing} == REQUIRED


def test_the_site_knows_who_keeps_the_data_and_their_revisions(counted):
    facts = counting.facts_of(counted.current)
    said = {
        one.question.id: one.counted
        for part in datasheets.parts_of(counted.current, facts)
        for one in part.asked
    }
    assert said["maintainer"].startswith(counted.owner.handle)
    assert "1 revision is kept" in said["versions"]
    assert "everybody may browse" in said["recipients"]
    assert "So far there are none" in said["errata"]
    assert sum(bool(text) for text in said.values()) >= 19


def test_about_a_third_of_the_questions_of_a_challenge_are_counted(challenge):
    revision = challenge.dataset.current
    facts = counting.count_now(revision)
    asked = [one for part in datasheets.parts_of(revision, facts) for one in part.asked]
    assert sum(bool(one.counted) for one in asked) >= 17
    assert all(one.query for one in asked if one.counted)


def test_a_section_is_saved_and_shown(counted, owner, signed_in):
    client = signed_in(owner)
    assert fill(client, "motivation", purpose="To *test*.", funding="Nobody.").status_code == 302
    text = text_of(client.get(PAGE))
    assert "To <em>test</em>." in text
    assert "2 of 4" in text_of(client.get(f"{PAGE}motivation/"))


def test_save_and_go_on_leads_through_all_sections_to_the_whole(counted, owner, signed_in):
    client, address, visited = signed_in(owner), f"{PAGE}motivation/", []
    while address != PAGE:
        visited.append(address)
        address = client.post(address, {"next": "1"}).url
    assert [one.split("/")[-2] for one in visited] == [one.id for one in sections()]


def test_two_who_answer_different_questions_at_once_lose_nothing(counted, owner, signed_in):
    first, second = signed_in(owner), signed_in(owner)
    page = f"{PAGE}motivation/"
    seen = seen_in(first.get(page))
    both = {"answer-purpose": "", "answer-funding": "", "answer-creators": ""}
    first.post(page, seen | both | {"answer-purpose": "Ours."})
    assert second.post(page, seen | both | {"answer-funding": "Us."}).status_code == 302
    standing = datasheets.answers_of(counted.current)
    # The second form had the purpose blank as it was, so it does not blank the first one's.
    assert (standing["purpose"].text, standing["funding"].text) == ("Ours.", "Us.")


def test_two_who_answer_one_question_at_once_see_both_answers(counted, owner, signed_in):
    client, page = signed_in(owner), f"{PAGE}motivation/"
    seen = seen_in(client.get(page))
    client.post(page, seen | {"answer-purpose": "The first."})
    response = client.post(
        page, seen | {"answer-purpose": "The second.", "answer-funding": "Nobody."}
    )
    assert response.status_code == 409
    text = text_of(response)
    assert "The first." in text
    assert ">The second.</textarea>" in text
    assert "1 answer saved, but" in text
    standing = datasheets.answers_of(counted.current)
    assert (standing["purpose"].text, standing["funding"].text) == ("The first.", "Nobody.")
    again = client.post(page, seen_in(response) | {"answer-purpose": "Both."})
    assert again.status_code == 302
    assert datasheets.answers_of(counted.current)["purpose"].text == "Both."


def test_what_was_written_over_is_still_kept(counted):
    answer(counted, purpose="One.")
    datasheets.save(
        dataset=counted, given={"purpose": Given("Two.", 1)}, by=None, now=timezone.now()
    )
    kept = DatasheetAnswer.objects.filter(question="purpose").order_by("number")
    assert [one.text for one in kept] == ["One.", "Two."]


def test_an_answer_too_long_is_refused_and_stays_in_its_field(counted, owner, signed_in):
    long = "x" * (datasheets.LONGEST + 1)
    response = fill(signed_in(owner), "motivation", purpose=long)
    assert response.status_code == 422
    assert long in response.content.decode()
    assert not DatasheetAnswer.objects.exists()


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 30])
def test_a_form_that_was_tampered_with_changes_nothing(counted, owner, signed_in, seen):
    given = {"answer-purpose": "Here.", "seen-purpose": seen}
    assert signed_in(owner).post(f"{PAGE}motivation/", given).status_code == 302
    assert not DatasheetAnswer.objects.exists()


def test_a_null_character_is_left_out(counted, owner, signed_in):
    fill(signed_in(owner), "motivation", purpose="a\0b")
    assert DatasheetAnswer.objects.get().text == "ab"


def test_questions_about_people_are_answered_at_once_where_there_are_none(
    counted, owner, signed_in
):
    answer(counted, consent="They signed.")
    signed_in(owner).post(f"{PAGE}no-people/")
    standing = datasheets.answers_of(counted.current)
    people = [one.id for one in questions() if one.people]
    assert standing["consent"].text == "They signed."
    assert all(standing[name].text for name in people)
    assert standing["notice"].text == NO_PEOPLE


def test_a_datasheet_goes_out_as_a_file_and_comes_back(counted, owner, signed_in, add_dataset):
    answer(counted, purpose="To test.", consent="## Not a mark\n\nnone")
    client = signed_in(owner)
    exported = client.get(f"/data/pictures/documents/{counted.current.pk}/datasheet.md").content
    other = add_dataset("other", built=False)
    file = SimpleUploadedFile("datasheet.md", exported)
    assert client.post("/data/other/datasheet/import/", {"file": file}).status_code == 302
    standing = datasheets.answers_of(other.current)
    assert standing["purpose"].text == "To test."
    assert standing["consent"].text == "## Not a mark\n\nnone"
    # What was counted of the first is not taken over as words about the second.
    assert "size" not in standing


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"# Freely written", "is no datasheet with the questions"),
        (b"\xff\xfe", "is not text in UTF-8"),
        (b"### x <!-- question: purposse -->\nhere", "is not a question of the datasheet"),
    ],
)
def test_a_file_that_is_no_datasheet_is_refused(counted, owner, signed_in, content, words):
    file = SimpleUploadedFile("datasheet.md", content)
    response = signed_in(owner).post(f"{PAGE}import/", {"file": file})
    assert response.status_code == 422
    assert words.lower() in text_of(response).lower()
    assert not DatasheetAnswer.objects.exists()


def test_the_page_names_every_blank_required_question_and_leads_to_it(counted, owner, signed_in):
    text = signed_in(owner).get(PAGE).content.decode()
    led = set(re.findall(r'href="/data/pictures/datasheet/[a-z]+/#([\w-]+)"', text))
    assert led
    assert led <= REQUIRED
    assert "size" not in led
    blank = {
        one.id
        for one in datasheets.still_blank(counted.current, counting.facts_of(counted.current))
    }
    assert led == blank


def test_a_data_set_is_not_shown_to_everybody_while_a_required_answer_is_blank(
    add_dataset, owner, signed_in, complete
):
    dataset = add_dataset(visibility="private")
    counting.count_now(dataset.current)
    said = {"title": "Pictures", "visibility": "public", "license": "CC-BY-4.0"}
    client = signed_in(owner)
    refused = client.post("/data/pictures/edit/", said)
    assert refused.status_code == 422
    assert "/data/pictures/datasheet/motivation/#purpose" in refused.content.decode()
    complete(dataset)
    assert client.post("/data/pictures/edit/", said).status_code == 302
    dataset.refresh_from_db()
    assert dataset.visibility == "public"


def test_a_challenges_datasheet_is_shown_and_answered_on(
    write_challenge, tmp_path, organiser, signed_in
):
    made = write_challenge(tmp_path / "cats", about='datasheet = "datasheet.md"')
    required = dict.fromkeys(REQUIRED, "As said.")
    (made.folder / "datasheet.md").write_text(write_form("Cats", required))
    dataset = publish(source=made.folder, by=None, now=timezone.now()).dataset
    standing = datasheets.answers_of(dataset.current)
    assert (standing["purpose"].text, standing["purpose"].number) == ("As said.", 0)
    answer(dataset, funding="Nobody.")
    counted = datasheets.datasheet(dataset.current, counting.count_now(dataset.current))
    answers = read_answers(counted)
    assert answers["purpose"] == "As said."
    assert answers["funding"] == "Nobody."
    assert "The challenge “Cats and others”" in answers["past-uses"]
    assert signed_in(organiser).get("/data/cats/datasheet/uses/").status_code == 200


def test_the_sheet_of_an_earlier_revision_stays_as_it_was(counted, add_dataset, pictures, tmp_path):
    from shutil import copytree

    from heldout.site.catalog.services import Table, add_revision, store

    earlier = counted.current
    answer(counted, purpose="Then.")
    folder = copytree(pictures, tmp_path / "more")
    (folder / "test.parquet").unlink()
    digest, place = store(slug="pictures", source=folder)
    tables = {"train.parquet": Table("train.parquet", "train", 40)}
    add_revision(dataset=counted, digest=digest, folder=place, tables=tables, now=timezone.now())
    datasheets.save(
        dataset=counted, given={"purpose": Given("Now.", 1)}, by=None, now=timezone.now()
    )
    earlier.refresh_from_db()
    assert datasheets.answers_of(earlier)["purpose"].text == "Then."
    assert datasheets.answers_of(counted.current)["purpose"].text == "Now."


def test_an_answer_to_a_question_there_is_none_is_refused_by_the_verb(counted):
    with pytest.raises(AssertionError):
        answer(counted, nonsense="x")
    with pytest.raises(BadInput, match="has more than"):
        answer(counted, purpose="x" * 30_000)
