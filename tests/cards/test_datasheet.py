"""A datasheet is filled in with what is counted; what people wrote stays."""

from heldout.cards.datasheet import counted_answers, fill_in
from heldout.challenge.datasheet import blanks, read_answers, write_form


def test_about_twenty_answers_come_with_their_query(facts):
    counted = counted_answers(facts)
    assert 17 <= len(counted) <= 25
    assert all(text and query for text, query in counted.values())
    assert "60 examples" in counted["size"][0]
    assert "2 examples have the very image of another" in counted["errors"][0]
    assert "stratified" in counted["splits"][0]


def test_filling_in_again_counts_anew_and_keeps_what_was_written(facts):
    first = fill_in(facts, write_form("Shades", {"size": "More will come.", "purpose": "To see."}))
    assert fill_in(facts, first) == first
    stale = first.replace("60 examples", "59 examples")
    again = read_answers(fill_in(facts, stale))
    assert "60 examples" in again["size"]
    assert "59 examples" not in again["size"]
    assert again["size"].endswith("More will come.")
    assert again["purpose"] == "To see."


def test_a_datasheet_written_freely_is_kept_below_a_question(facts):
    text = fill_in(facts, "# Datasheet\n\n## Motivation\n\nWe wanted to see.")
    kept = read_answers(text)["motivation-more"]
    assert kept == "#### Motivation\n\nWe wanted to see."


def test_what_only_people_know_stays_blank(facts):
    missing = {problem.place.split(": ")[1] for problem in blanks(fill_in(facts))}
    assert missing == {"purpose", "creators", "acquisition", "consent", "unsuitable"}


def test_the_counted_answers_hold_no_held_out_answer(facts, shades):
    labels = counted_answers(facts)["labels"][0]
    public = sum(facts.column("reference").values.values())
    assert public == next(split.examples for split in facts.splits if split.name == "train")
    assert "held out" in labels
