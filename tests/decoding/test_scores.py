"""What a search asks of scores is the same of arrays and of tensors.

Axes: B rows, K hypotheses, V symbols.
"""

import numpy as np
import pytest
import torch

from seqkit.decoding import scores

SHAPES = [(1, 1, 5), (3, 2, 64), (2, 3, 700), (1, 4, 9001)]


@pytest.fixture(name="logit_BKV", params=SHAPES, ids=str)
def _logits(request: pytest.FixtureRequest) -> np.ndarray:
    return np.random.default_rng(3).normal(scale=4, size=request.param)


def test_log_softmax(logit_BKV: np.ndarray):
    expected = scores.log_softmax(torch.from_numpy(logit_BKV)).numpy()
    np.testing.assert_allclose(scores.log_softmax(logit_BKV.copy()), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("wanted", [1, 2, 5, 11])
@pytest.mark.parametrize("ties", [False, True])
def test_the_best(logit_BKV: np.ndarray, wanted: int, ties: bool):
    wanted = min(wanted, logit_BKV.shape[-1])
    if ties:
        logit_BKV = logit_BKV.round()
    value, token = scores.best(logit_BKV, wanted)
    expected, _ = scores.best(torch.from_numpy(logit_BKV), wanted)
    assert np.array_equal(value, expected.numpy())
    assert np.array_equal(value, np.take_along_axis(logit_BKV, token, axis=-1))
    assert all(len(set(row)) == wanted for row in token.reshape(-1, wanted).tolist())


def test_ranks_the_likeliest_and_one_in_each_row(logit_BKV: np.ndarray):
    rounded = logit_BKV.round()
    tensor = torch.from_numpy(rounded)
    for ours, theirs in zip(scores.ranked(rounded), scores.ranked(tensor), strict=True):
        assert np.array_equal(ours, theirs.numpy())
    for ours, theirs in zip(scores.likeliest(rounded), scores.likeliest(tensor), strict=True):
        assert np.array_equal(ours, theirs.numpy())
    rows, token = rounded[:, 0], np.arange(len(rounded))
    assert np.array_equal(scores.at(rows, token), scores.at(tensor[:, 0], token))
    assert np.array_equal(scores.repeated(rows, 3), scores.repeated(tensor[:, 0], 3).numpy())
