from heldout.datasets.identifiers import content_ids, hash_keys, keyed_ids


def test_keys_depend_on_id_and_seed_alone() -> None:
    assert hash_keys(["a", "b"], seed=1) == hash_keys(["b", "a"], seed=1)[::-1]
    assert hash_keys(["a"], seed=1) != hash_keys(["a"], seed=2)


def test_identical_contents_get_numbers_whatever_their_order() -> None:
    digests, paths = ["f" * 64, "f" * 64, "0" * 64], ["cat/1", "dog/1", "dog/2"]
    ids = content_ids(digests, paths)
    assert sorted(ids) == ["0" * 16, "f" * 16, "f" * 16 + "-2"]
    assert content_ids(digests[::-1], paths[::-1]) == ids[::-1]


def test_new_ids_need_the_key() -> None:
    assert keyed_ids(["cat/1"], key=b"x") == keyed_ids(["cat/1"], key=b"x")
    assert keyed_ids(["cat/1"], key=b"x") != keyed_ids(["cat/1"], key=b"y")
