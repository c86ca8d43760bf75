from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from seqkit.metrics.calibration import brier_score, expected_calibration_error, reliability

PREDICTIONS = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.35, 0.6, 0.7, 1.0]), st.booleans()), min_size=1)


@pytest.mark.parametrize("by", ["width", "count"])
@given(predictions=PREDICTIONS, bins=st.integers(1, 12))
def test_bins_partition_the_predictions(by: str, predictions: list[tuple[float, bool]], bins: int) -> None:
    confidence, correct = [p[0] for p in predictions], [p[1] for p in predictions]
    diagram = reliability(confidence, correct, bins=bins, by=by)  # type: ignore[arg-type]
    assert sum(one.count for one in diagram) == len(predictions)
    assert sum(one.count * one.accuracy for one in diagram) == pytest.approx(sum(correct))
    assert sum(one.count * one.confidence for one in diagram) == pytest.approx(sum(confidence))
    assert len(diagram) <= bins
    assert all(one.low - 1e-12 <= one.confidence <= one.high + 1e-12 for one in diagram)
    assert all(before.high <= after.low for before, after in pairwise(diagram))
    error = expected_calibration_error(diagram)
    assert error is not None
    assert 0 <= error <= 1


@pytest.mark.parametrize("by", ["width", "count"])
@given(predictions=PREDICTIONS, seed=st.integers(0, 99))
def test_the_order_of_the_predictions_does_not_matter(by: str, predictions: list[tuple[float, bool]], seed: int) -> None:
    rows = np.array(predictions)
    mixed = np.random.default_rng(seed).permutation(rows)
    one, other = (reliability(r[:, 0], r[:, 1], by=by) for r in (rows, mixed))  # type: ignore[arg-type]
    assert [b.count for b in one] == [b.count for b in other]
    assert [b.accuracy for b in one] == pytest.approx([b.accuracy for b in other])


def test_equal_width_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    confidence = generator.random(500)
    correct = generator.random(500) < confidence**2
    accuracy, mean = calibration_curve(correct, confidence, n_bins=10)
    diagram = reliability(confidence, correct)
    assert [one.accuracy for one in diagram] == pytest.approx(accuracy.tolist())
    assert [one.confidence for one in diagram] == pytest.approx(mean.tolist())
    assert brier_score(confidence, correct) == pytest.approx(brier_score_loss(correct, confidence))


def test_equal_counts() -> None:
    confidence = np.linspace(0.01, 1, 100)
    diagram = reliability(confidence, confidence > 0.5, bins=5, by="count")
    assert [one.count for one in diagram] == [20] * 5


def test_a_calibrated_forecaster_has_little_error_and_an_overconfident_one_its_excess() -> None:
    generator = np.random.default_rng(1)
    confidence = generator.random(20_000)
    calibrated = expected_calibration_error(reliability(confidence, generator.random(20_000) < confidence))
    assert calibrated == pytest.approx(0, abs=0.02)
    sure = expected_calibration_error(reliability(np.full(1000, 0.9), np.arange(1000) < 600))
    assert sure == pytest.approx(0.3)


def test_by_hand() -> None:
    diagram = reliability([0.2, 0.4, 0.9, 1.0], [False, True, True, False], bins=2)
    assert [(one.low, one.high, one.count) for one in diagram] == [(0, 0.5, 2), (0.5, 1, 2)]
    assert expected_calibration_error(diagram) == pytest.approx((2 * abs(0.3 - 0.5) + 2 * abs(0.95 - 0.5)) / 4)
    assert brier_score([0.2, 1.0], [False, False]) == pytest.approx((0.04 + 1) / 2)


def test_nothing_to_measure_is_none_not_perfect() -> None:
    assert reliability([], []) == []
    assert expected_calibration_error([]) is None
    assert brier_score([], []) is None


def test_rounding_is_cut_off_and_nonsense_refused() -> None:
    assert reliability([1 + 1e-6], [True])[0].confidence == 1.0
    for odd in (1.1, -0.1, float("nan")):
        with pytest.raises(ValueError, match="not a probability"):
            brier_score([odd], [True])
    with pytest.raises(ValueError, match="shape"):
        reliability([0.5], [True, False])
    with pytest.raises(ValueError, match="bins"):
        reliability([0.5], [True], bins=0)
