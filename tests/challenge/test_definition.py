import pytest

from heldout.challenge.parsing import parse_definition
from heldout.errors import BadInput


def with_forum(example, address):
    return parse_definition(
        example.replace('title = "H', f'forum = "{address}"\ntitle = "H', 1)
    ).challenge.forum


@pytest.mark.parametrize(
    "address", ["https://forum.example.org/digits", "http://f.example:8080", "https://a.b/?q=1#x"]
)
def test_a_forum_is_the_address_of_a_page(example, address):
    assert with_forum(example, address) == address


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "forum.example.org", "https://", "https://a b", "//a.b/c"]
)
def test_what_is_no_address_of_a_page_is_no_forum(example, address):
    with pytest.raises(BadInput, match="is not the address of a page") as refusal:
        with_forum(example, address)
    assert "https://forum.example.org" in str(refusal.value)


def test_a_challenge_has_no_forum_unless_it_names_one(example):
    assert parse_definition(example).challenge.forum == ""
