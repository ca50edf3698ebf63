from heldout.site.challenges.measures import measure
from heldout.site.submissions.pages import matching

ACCURACY = measure("accuracy", "accuracy", "image-classification")
F1 = measure("f1", "macro", "image-classification")


def test_classes_are_shown_by_the_number_of_the_page_where_they_have_it_else_by_their_first():
    assert matching([ACCURACY, F1], F1) == F1
    assert matching([ACCURACY], F1) == ACCURACY
    assert matching([], F1) is None
