from heldout.errors import BadInput, Problem
from heldout.site.common.problems import in_sentences


def test_a_refusal_is_told_in_sentences_without_its_place():
    error = BadInput([Problem("rejudging", "two files wait", "apply it later"), Problem("", "no")])
    assert in_sentences(error) == "Two files wait; apply it later. No."
