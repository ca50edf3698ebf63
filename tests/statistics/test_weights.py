import numpy as np
import pytest

from heldout.statistics.weights import Resampling


def all_weights(resampling: Resampling, size: int | None = None) -> np.ndarray:
    return np.concatenate(list(resampling.blocks(size)))


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_weights_are_the_same_whatever_the_block_size(size: int) -> None:
    resampling = Resampling(31, seed=5, replicates=50)
    np.testing.assert_array_equal(all_weights(resampling, size), all_weights(resampling))


def test_more_replicates_begin_with_the_same_ones() -> None:
    few, many = (all_weights(Resampling(9, seed=2, replicates=count)) for count in (10, 25))
    np.testing.assert_array_equal(few, many[:10])


def test_each_resample_draws_as_many_examples_as_there_are() -> None:
    weights = all_weights(Resampling(100, seed=1, replicates=200))
    assert weights.shape == (200, 100)
    assert (weights.sum(axis=1) == 100).all()
    assert (weights == weights.round()).all()


def test_another_seed_draws_otherwise() -> None:
    assert (all_weights(Resampling(50, seed=1)) != all_weights(Resampling(50, seed=2))).any()


def test_the_weight_of_an_example_is_binomial() -> None:
    n = 20
    weights = all_weights(Resampling(n, seed=3, replicates=20_000))
    assert weights.mean() == pytest.approx(1)
    assert weights.var(axis=0).mean() == pytest.approx(1 - 1 / n, rel=0.02)
    assert np.cov(weights[:, 0], weights[:, 1])[0, 1] == pytest.approx(-1 / n, abs=0.02)


def test_examples_of_a_cluster_are_drawn_together() -> None:
    clusters = ["ann", "ben", "ann", "cas", "ben", "ann"]
    resampling = Resampling(6, seed=4, replicates=300, clusters=clusters)
    weights = all_weights(resampling)
    assert resampling.units == 3
    assert (weights[:, [0, 2]] == weights[:, [5]]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_clusters_must_be_one_per_example() -> None:
    with pytest.raises(ValueError, match="2 clusters for 3 examples"):
        list(Resampling(3, seed=0, clusters=[1, 2]).blocks())


def test_no_examples_have_no_weights() -> None:
    assert all_weights(Resampling(0, seed=1, replicates=3)).shape == (3, 0)


@pytest.mark.parametrize("sizes", [[3, 1, 96], [50, 50], [2] * 50, [100], [40, 35, 10, 10, 5]])
def test_counts_of_groups_are_distributed_like_summed_weights(sizes: list[int]) -> None:
    resampling = Resampling(100, seed=8, replicates=20_000)
    counts = np.concatenate(list(resampling.group_blocks(np.array(sizes))))
    starts = np.cumsum([0, *sizes[:-1]])
    summed = np.add.reduceat(all_weights(resampling), starts, axis=1)
    assert (counts.sum(axis=1) == 100).all()
    np.testing.assert_allclose(counts.mean(axis=0), sizes, rtol=0.05)
    np.testing.assert_allclose(np.cov(counts.T), np.cov(summed.T), atol=1.0)


def test_groups_cannot_be_counted_where_examples_hang_together_in_clusters() -> None:
    resampling = Resampling(4, seed=0, clusters=[0, 0, 1, 1])
    with pytest.raises(ValueError, match="not interchangeable"):
        next(resampling.group_blocks(np.array([2, 2])))
