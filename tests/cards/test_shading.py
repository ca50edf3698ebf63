from heldout.cards.shading import confusion_squares, intersection_squares
from heldout.cards.wording import number
from heldout.evaluation.confusion import Cell, Confusion
from heldout.evaluation.subgroups import SubgroupScore


def group(sex: str, tone: str, value: float | None) -> SubgroupScore:
    n = None if value is None else 40
    ends = (None, None) if value is None else (value - 0.1, value + 0.1)
    return SubgroupScore(
        {"sex": sex, "tone": tone}, "accuracy", "accuracy", value, *ends, n, value is None
    )


def test_a_cell_is_as_dark_as_its_share_of_the_row() -> None:
    found = confusion_squares(
        Confusion(("a", "b"), (Cell("a", "a", 30), Cell("a", "b", 10), Cell("b", None, 5)))
    )
    assert {(one.row, one.column): one.shade for one in found.squares} == {
        ("a", "a"): 0.75,
        ("a", "b"): 0.25,
        ("b", "(missing)"): 1,
    }
    assert found.columns == ["a", "b", "(missing)"]


def test_many_classes_are_shaded_and_not_written() -> None:
    names = tuple(f"c{i}" for i in range(20))
    found = confusion_squares(Confusion(names, (Cell("c0", "c0", 30),)))
    assert found.squares[0].lines == ()


def test_an_intersection_is_a_table_with_score_interval_and_n_in_each_cell() -> None:
    rows = [group("woman", "dark", 0.5), group("woman", "light", 0.7), group("man", "dark", None)]
    found = intersection_squares(rows, write=number)
    assert (found.rows, found.columns) == (["woman", "man"], ["dark", "light"])
    assert [one.lines for one in found.squares] == [
        ("0.500", "0.400–0.600", "n 40"),
        ("0.700", "0.600–0.800", "n 40"),
        ("–",),
    ]
    shades = [one.shade for one in found.squares]
    assert shades[1] == 1 > shades[0] > shades[2] == 0


def test_without_scores_or_with_too_many_columns_there_is_no_table() -> None:
    assert intersection_squares([group("woman", "dark", None)], write=number) is None
    many = [group("woman", f"t{i}", 0.5) for i in range(30)]
    assert intersection_squares(many, write=number) is None
