import polars as pl
import pytest

from heldout.datasets.index.engine import SqliteIndex
from heldout.datasets.index.query import Query
from heldout.datasets.index.views import Access, Part, Role, view_for
from tests.datasets.index.conftest import INTERNAL, MEMBERS, SECRET


def contents(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


@pytest.mark.parametrize("planted", [SECRET, SECRET.split("-")[0], INTERNAL, MEMBERS, "member"])
def test_no_byte_of_the_public_index_tells_what_the_public_may_not_see(folders, planted):
    assert planted.encode() not in contents(folders[Role.PUBLIC])


def test_the_participants_index_has_their_columns_and_no_answer(folders):
    found = contents(folders[Role.PARTICIPANT])
    assert MEMBERS.encode() in found
    assert SECRET.encode() not in found
    assert INTERNAL.encode() not in found


def test_the_organisers_index_has_everything(folders):
    found = contents(folders[Role.ORGANISER])
    assert all(one.encode() in found for one in (SECRET, INTERNAL, MEMBERS))


def test_a_held_out_answer_is_not_found_by_searching_for_it(folders):
    public, own = (SqliteIndex(folders[role]) for role in (Role.PUBLIC, Role.ORGANISER))
    assert public.count(Query.of(SECRET)) == 0
    assert own.count(Query.of(SECRET)) == 40


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.PARTICIPANT])
def test_answers_are_refused_for_anybody_but_organisers(parts, answers, role):
    with pytest.raises(ValueError, match="held-out answers"):
        view_for(role, parts, answers=answers)


def test_a_hidden_split_is_not_there_for_others(parts):
    view = view_for(Role.PUBLIC, parts, access=Access(splits={"test": Role.ORGANISER}))
    assert [one.split for one in view.parts] == ["train"]


def test_hidden_annotations_are_not_there_for_others(parts):
    rule = Access(annotations={"train": Role.ORGANISER})
    assert len(view_for(Role.PUBLIC, parts, access=rule).parts[0].annotations) == 0
    assert len(view_for(Role.ORGANISER, parts, access=rule).parts[0].annotations) == 40


def test_answers_are_matched_by_id_and_change_no_public_cell():
    shown = Part("test", pl.DataFrame({"example_id": ["b", "a"], "size": [1, 2]}))
    hidden = pl.DataFrame({"example_id": ["a", "b"], "size": [9, 9], "reference": ["x", "y"]})
    (part,) = view_for(Role.ORGANISER, [shown], answers=[Part("test", hidden)]).parts
    assert part.frame.rows() == [("b", 1, "y"), ("a", 2, "x")]
