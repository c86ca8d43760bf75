"""Which examples share a batch."""

from collections.abc import Iterable, Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.batches import pooled_batches, sorted_batches, token_batches

LENGTHS = st.lists(st.integers(0, 60), max_size=200)


@given(LENGTHS, st.integers(1, 40), st.integers(1, 5), st.integers(0, 9))
def test_each_example_stands_in_exactly_one_batch(lengths: list[int], size: int, pool: int, epoch: int):
    batches = list(pooled_batches(lengths, size, seed=1, epoch=epoch, pool=pool))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= size for batch in batches)
    assert len(batches) == -(-len(lengths) // size)


@given(LENGTHS, st.integers(1, 40))
def test_batches_for_prediction_go_from_long_to_short(lengths: list[int], size: int):
    batches = list(sorted_batches(lengths, size))
    flat = [place for batch in batches for place in batch]
    assert sorted(flat) == list(range(len(lengths)))
    assert [lengths[place] for place in flat] == sorted(lengths, reverse=True)
    assert all(len(batch) == size for batch in batches[:-1])


def test_batches_follow_seed_and_epoch_alone():
    lengths = np.random.default_rng(0).integers(1, 50, 500).tolist()

    def batches(seed: int, epoch: int) -> list[list[int]]:
        return list(pooled_batches(lengths, 16, seed=seed, epoch=epoch))

    assert batches(1, 0) == batches(1, 0)
    different = [batches(1, 0), batches(1, 1), batches(2, 0), batches(2, 1)]
    assert all(one != other for place, one in enumerate(different) for other in different[:place])
    # Not only the order of batches changes: who shares one changes too.
    assert {frozenset(batch) for batch in different[0]} != {frozenset(batch) for batch in different[1]}
    # Short and long batches alternate by chance, else training sees all short sentences first.
    means = [np.mean([lengths[place] for place in batch]) for batch in different[0]]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.5


def padding_share(lengths: Sequence[int], batches: Iterable[list[int]]) -> float:
    """The share of cells in the padded batches that hold no token."""
    cells = tokens = 0
    for batch in batches:
        cells += len(batch) * max(lengths[place] for place in batch)
        tokens += sum(lengths[place] for place in batch)
    return 1 - tokens / cells if cells else 0.0


def test_pooling_keeps_padding_small():
    # As many sentences as WNUT-17 has for training, with the mean, spread and ends of their lengths.
    random = np.random.default_rng(1)
    lengths = np.clip(random.normal(18.5, 8.0, 3394).round().astype(int), 1, 41).tolist()
    order = random.permutation(len(lengths)).tolist()
    at_random = padding_share(lengths, (order[first : first + 32] for first in range(0, len(order), 32)))
    pooled = padding_share(lengths, pooled_batches(lengths, 32, seed=1, epoch=0, pool=50))
    assert at_random > 0.20
    assert pooled <= 0.04
    assert padding_share(lengths, sorted_batches(lengths, 32)) <= pooled


def test_padding_share_by_hand():
    assert padding_share([3, 1, 2], iter([[0, 1], [2]])) == 1 - 6 / 8
    assert padding_share([], iter([])) == 0.0


PAIRS = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=200)


@given(PAIRS, st.integers(1, 400), st.integers(0, 9))
def test_each_pair_stands_in_exactly_one_batch_of_bounded_size(pairs: list[tuple[int, int]], tokens: int, epoch: int):
    sources, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    batches = list(token_batches(sources, targets, tokens, seed=1, epoch=epoch))
    assert sorted(place for batch in batches for place in batch) == list(range(len(pairs)))
    for batch in batches:
        for lengths, most in ((sources, 2 * tokens), (targets, tokens)):
            assert len(batch) * max(lengths[place] for place in batch) <= most or len(batch) == 1
    # The schedule of learning rates and resumed runs count on it.
    assert len(batches) == len(list(token_batches(sources, targets, tokens, seed=2, epoch=epoch + 1)))


def pair_lengths(count: int = 5000) -> tuple[list[int], list[int]]:
    """Lengths as of Multi30k in pieces: the two sides go together."""
    random = np.random.default_rng(1)
    sources = np.clip(random.gamma(9, 1.6, count).round(), 4, 50).astype(int)
    targets = np.clip(sources + random.normal(0, 2.5, count).round().astype(int), 3, 55)
    return sources.tolist(), targets.tolist()


def test_batches_of_tokens_are_full_and_hardly_padded():
    sources, targets = pair_lengths()
    batches = list(token_batches(sources, targets, 1000, seed=1, epoch=0))
    mean = sum(targets) / len(batches)
    assert 900 <= mean <= 1000
    assert padding_share(targets, batches) < 0.02
    assert padding_share(sources, batches) < 0.12
    order = np.random.default_rng(1).permutation(len(targets)).tolist()
    at_random = [order[first : first + 64] for first in range(0, len(order), 64)]
    assert padding_share(targets, at_random) > 0.4


def test_batches_of_tokens_follow_seed_and_epoch_alone():
    sources, targets = pair_lengths(1000)

    def batches(seed: int, epoch: int) -> list[list[int]]:
        return list(token_batches(sources, targets, 500, seed=seed, epoch=epoch))

    assert batches(1, 0) == batches(1, 0)
    different = [batches(1, 0), batches(1, 1), batches(2, 0), batches(2, 1)]
    assert all(one != other for place, one in enumerate(different) for other in different[:place])
    assert {frozenset(batch) for batch in different[0]} != {frozenset(batch) for batch in different[1]}
    means = [np.mean([targets[place] for place in batch]) for batch in different[0]]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.5


def test_a_pair_that_is_too_long_is_alone():
    batches = list(token_batches([3, 100, 3], [3, 3, 3], 10, seed=1, epoch=0))
    assert sorted(map(sorted, batches)) == [[0, 2], [1]]
    assert list(token_batches([], [], 10, seed=1, epoch=0)) == []
