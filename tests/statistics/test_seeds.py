from heldout.statistics.seeds import derive_seed


def test_a_seed_depends_on_every_part_and_on_their_limits() -> None:
    seeds = {
        derive_seed("digits", "test", 1),
        derive_seed("digits", "test", 2),
        derive_seed("digits", "dev", 1),
        derive_seed("digitstest", 1),
        derive_seed("test", "digits", 1),
    }
    assert len(seeds) == 5


def test_a_seed_is_the_same_on_every_machine_and_fits_a_database_column() -> None:
    assert derive_seed("digits", "test", 2026) == 5838850415182753478
    assert all(0 <= derive_seed(part) < 2**63 for part in range(100))
