from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqkit.metrics import significance
from seqkit.metrics.significance import (
    accuracy,
    approximate_randomisation,
    bootstrap_interval,
    detectable_difference,
    f1,
    holm,
    paired_bootstrap,
    sign_test,
)

Units = NDArray[np.int64]


def entity_units(seed: int, sentences: int, rate: float = 0.6) -> Units:
    """Random (correct, predicted, gold) rows of a system that finds `rate` of its entities."""
    generator = np.random.default_rng(seed)
    gold = generator.integers(0, 4, sentences)
    correct = generator.binomial(gold, rate)
    return np.stack([correct, correct + generator.integers(0, 2, sentences), gold], axis=1)


def tag_units(correct: NDArray[np.bool_]) -> Units:
    """One token a sentence, right or wrong."""
    return np.stack([correct, np.ones_like(correct)], axis=1).astype(np.int64)


def test_statistics_by_hand() -> None:
    counts = np.array([[2.0, 4.0, 5.0], [0.0, 0.0, 0.0]])
    assert f1(counts).tolist() == pytest.approx([4 / 9, 0])
    assert accuracy(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [0.75, 0]


def test_the_interval_of_an_accuracy_is_the_binomial_one() -> None:
    units = tag_units(np.arange(1000) < 700)
    found = bootstrap_interval(units, accuracy, samples=4000, seed=1)
    half = 1.96 * np.sqrt(0.7 * 0.3 / 1000)
    assert found.value == pytest.approx(0.7)
    assert (found.low, found.high) == pytest.approx((0.7 - half, 0.7 + half), abs=0.003)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    truth = f1(entity_units(0, 200_000).sum(axis=0).astype(float))
    hits = 0
    for seed in range(200):
        found = bootstrap_interval(entity_units(seed + 1, 150), f1, samples=300, seed=seed)
        hits += found.low <= truth <= found.high
    assert 0.90 <= hits / 200 <= 0.985  # 95 % ± 2 standard errors, and a little less for the percentile method


def test_a_resample_weighs_like_repeating_its_sentences() -> None:
    units = entity_units(3, 7).astype(float)[None]
    for weights in significance._resamples(7, 5, seed=0):
        assert weights.sum(axis=1).tolist() == [7] * 5
        for row, score in zip(weights, significance._score(weights, units, f1), strict=True):
            repeated = np.repeat(units[0], row.astype(int), axis=0)
            assert score == pytest.approx(float(f1(repeated.sum(axis=0))))


def test_a_bootstrap_equals_the_enumeration_of_all_resamples() -> None:
    a, b = entity_units(5, 4), entity_units(6, 4, rate=0.2)
    every = np.array(list(product(range(4), repeat=4)))
    differences = f1(a[every].sum(axis=1).astype(float)) - f1(b[every].sum(axis=1).astype(float))
    observed = float(f1(a.sum(axis=0).astype(float)) - f1(b.sum(axis=0).astype(float)))
    exact = np.mean(np.abs(differences - observed) >= abs(observed) - 1e-12)
    found = paired_bootstrap(a, b, f1, samples=20_000, seed=0)
    assert found.difference == pytest.approx(observed)
    assert found.p == pytest.approx(exact, abs=0.015)
    assert found.standard_error == pytest.approx(differences.std(), rel=0.03)


@pytest.mark.parametrize("seeds", [1, 2])
def test_randomisation_equals_the_enumeration_of_all_swaps(seeds: int) -> None:
    a = np.stack([entity_units(seed, 10, rate=0.8) for seed in range(seeds)])
    b = np.stack([entity_units(seed, 10, rate=0.5) for seed in range(seeds)])

    def difference(first: NDArray[np.generic], second: NDArray[np.generic]) -> float:
        return float((f1(first.sum(axis=1).astype(float)) - f1(second.sum(axis=1).astype(float))).mean())

    observed = abs(difference(a, b))
    as_large = 0
    for swap in product([False, True], repeat=10):
        mask = np.array(swap)[None, :, None]
        as_large += abs(difference(np.where(mask, b, a), np.where(mask, a, b))) >= observed - 1e-12
    p = approximate_randomisation(a, b, f1, trials=20_000, seed=4)
    assert p == pytest.approx(as_large / 2**10, abs=0.012)


def test_randomisation_is_the_sign_test_on_tokens() -> None:
    """8 of 8 discordant tokens for one system: two-sided binomial p = 2 / 2^8."""
    a, b = tag_units(np.arange(30) < 20), tag_units(np.arange(30) < 12)
    assert approximate_randomisation(a, b, accuracy, trials=50_000, seed=0) == pytest.approx(2 / 2**8, abs=0.0015)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), sentences=st.integers(1, 30))
def test_identical_systems_have_p_one_and_no_difference(seed: int, sentences: int) -> None:
    units = entity_units(seed, sentences)
    found = paired_bootstrap(units, units, f1, samples=50, seed=seed)
    assert (found.difference, found.low, found.high, found.p, found.standard_error) == (0, 0, 0, 1, 0)
    assert approximate_randomisation(units, units, f1, trials=50, seed=seed) == 1


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_exchanging_the_systems_mirrors_the_result(seed: int) -> None:
    a, b = entity_units(seed, 20), entity_units(seed + 1, 20)
    one, other = (paired_bootstrap(*pair, f1, samples=100, seed=seed) for pair in ((a, b), (b, a)))
    assert one.difference == pytest.approx(-other.difference)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert (one.p, one.standard_error) == pytest.approx((other.p, other.standard_error))
    p, mirrored = (approximate_randomisation(*pair, f1, trials=100, seed=seed) for pair in ((a, b), (b, a)))
    assert p == mirrored


def test_equal_systems_seldom_differ_and_p_is_uniform() -> None:
    """Under the null a test at 5 % rejects about 5 % of the time."""
    randomised, bootstrapped = [], []
    for seed in range(150):
        a, b = entity_units(2 * seed, 100), entity_units(2 * seed + 1, 100)
        randomised.append(approximate_randomisation(a, b, f1, trials=200, seed=seed))
        bootstrapped.append(paired_bootstrap(a, b, f1, samples=200, seed=seed).p)
    for p_values in (randomised, bootstrapped):
        assert np.mean(np.array(p_values) <= 0.05) <= 0.10
        assert np.mean(p_values) == pytest.approx(0.5, abs=0.09)


def test_a_detectable_difference_is_found_four_times_in_five() -> None:
    """Accuracies 0.80 against 0.80 + the detectable difference: 80 % power by its definition."""
    sentences, generator = 400, np.random.default_rng(0)

    def systems(lead: float) -> tuple[Units, Units]:
        first, second = generator.random(sentences) < 0.8, generator.random(sentences) < 0.8 - lead
        return tag_units(first), tag_units(second)

    error = np.sqrt(2 * 0.8 * 0.2 / sentences)
    lead = detectable_difference(error)
    assert lead == pytest.approx(2.8016 * error, rel=1e-4)
    found = [paired_bootstrap(*systems(lead), accuracy, samples=300, seed=seed) for seed in range(200)]
    shown = np.mean([one.low > 0 for one in found])
    assert shown == pytest.approx(0.8, abs=0.09)
    assert np.mean([one.standard_error for one in found]) == pytest.approx(error, rel=0.06)


def test_seeds_share_their_resampled_sentences() -> None:
    units = entity_units(0, 40)
    once = bootstrap_interval(units, f1, samples=200, seed=7)
    thrice = bootstrap_interval(np.stack([units] * 3), f1, samples=200, seed=7)
    assert (thrice.value, thrice.low, thrice.high) == pytest.approx((once.value, once.low, once.high))
    first, second = entity_units(1, 40), entity_units(2, 40)
    both = bootstrap_interval(np.stack([first, second]), f1, samples=10, seed=0)
    assert both.value == pytest.approx((f1(first.sum(axis=0) * 1.0) + f1(second.sum(axis=0) * 1.0)) / 2)
    more = paired_bootstrap(np.stack([units] * 3), np.stack([first] * 2), f1, samples=100, seed=1)
    assert more.difference == pytest.approx(paired_bootstrap(units, first, f1, samples=100, seed=1).difference)


def test_chunks_bound_the_memory_and_cover_all_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = entity_units(1, 50), entity_units(2, 50)
    whole = paired_bootstrap(a, b, f1, samples=333, seed=0), approximate_randomisation(a, b, f1, trials=333, seed=0)
    monkeypatch.setattr(significance, "CHUNK", 500)
    assert list(significance._chunks(333, 50)) == [10] * 33 + [3]
    assert list(significance._chunks(2, 10**6)) == [1, 1]
    parts = paired_bootstrap(a, b, f1, samples=333, seed=0), approximate_randomisation(a, b, f1, trials=333, seed=0)
    assert parts[0].difference == whole[0].difference
    assert parts[0].standard_error == pytest.approx(whole[0].standard_error, rel=0.15)
    assert parts[1] == pytest.approx(whole[1], abs=0.1)


def test_a_seed_repeats_the_result() -> None:
    units = entity_units(1, 50)
    assert bootstrap_interval(units, f1, seed=3) == bootstrap_interval(units, f1, seed=3)
    assert bootstrap_interval(units, f1, seed=3) != bootstrap_interval(units, f1, seed=4)


def test_holm_by_hand() -> None:
    """Holm's step-down: 4·0.005, 3·0.01, 2·0.03, 1·0.04, each at least the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.zeros((3, 3)), np.zeros((4, 3))),
        (np.zeros((3, 3)), np.zeros((3, 2))),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (np.zeros(3), np.zeros(3)),
    ],
)
def test_units_that_do_not_fit_are_refused(a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError):
        paired_bootstrap(a, b, f1, seed=0)
    with pytest.raises(ValueError):
        approximate_randomisation(a, b, f1, seed=0)


def test_swapping_needs_as_many_seeds() -> None:
    with pytest.raises(ValueError, match="as many seeds"):
        approximate_randomisation(np.ones((2, 3, 3)), np.ones((3, 3, 3)), f1, seed=0)


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (1, 0), (5, 0), (6, 0), (3, 3), (2, 7), (8, 1)])
def test_a_sign_test_counts_the_throws_of_a_coin(wins: int, losses: int) -> None:
    throws = [sum(heads) for heads in product((0, 1), repeat=wins + losses)]
    as_far = sum(abs(2 * heads - wins - losses) >= abs(wins - losses) for heads in throws)
    assert sign_test(wins, losses) == sign_test(losses, wins) == pytest.approx(as_far / len(throws))
