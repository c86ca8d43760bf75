"""Axes: B sequences, N heads, S steps, K features of a key, V features of a value."""

import pytest
import torch
from torch import Tensor

from seqkit.models import delta_memory
from seqkit.models.delta_memory import delta_write

EXACT = {"rtol": 0.0, "atol": 1e-10}


def inputs(steps: int, *, keys: int = 5, values: int = 7) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(steps)
    shape = (2, 3, steps)
    key_BNSK = torch.randn(*shape, keys, generator=random, dtype=torch.float64)
    value_BNSV = torch.randn(*shape, values, generator=random, dtype=torch.float64)
    beta_BNS = torch.rand(shape, generator=random, dtype=torch.float64)
    log_decay_BNS = -0.2 * torch.rand(shape, generator=random, dtype=torch.float64)
    return torch.nn.functional.normalize(key_BNSK, dim=-1), value_BNSV, beta_BNS, log_decay_BNS


def step_by_step(key_BNSK: Tensor, value_BNSV: Tensor, beta_BNS: Tensor, log_decay_BNS: Tensor) -> Tensor:
    batch, heads, steps, keys = key_BNSK.shape
    state_BNKV = key_BNSK.new_zeros(batch, heads, keys, value_BNSV.shape[-1])
    for step in range(steps):
        key_BNK1, value_BN1V = key_BNSK[:, :, step, :, None], value_BNSV[:, :, step, None]
        beta_BN11 = beta_BNS[:, :, step, None, None]
        erased_BNKV = state_BNKV - beta_BN11 * key_BNK1 @ (key_BNK1.transpose(-1, -2) @ state_BNKV)
        state_BNKV = log_decay_BNS[:, :, step, None, None].exp() * erased_BNKV + beta_BN11 * key_BNK1 @ value_BN1V
    return state_BNKV


@pytest.mark.parametrize("steps", [1, 5, 64, 65, 150])
def test_it_is_the_gated_delta_rule(steps: int):
    given = inputs(steps)
    torch.testing.assert_close(delta_write(*given), step_by_step(*given), **EXACT)


def test_the_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch):
    given = inputs(23)
    whole = delta_write(*given)
    for chunk in (1, 4, 7):
        monkeypatch.setattr(delta_memory, "CHUNK", chunk)
        torch.testing.assert_close(delta_write(*given), whole, **EXACT)


def test_gradients(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delta_memory, "CHUNK", 3)
    key_BNSK, *rest = (part[:1, :2] for part in inputs(5, keys=2, values=2))
    given = [part.clone().requires_grad_() for part in (key_BNSK, *rest)]
    assert torch.autograd.gradcheck(delta_write, given)


def test_a_step_of_no_strength_that_keeps_all_changes_nothing():
    key_BNSK, value_BNSV, beta_BNS, log_decay_BNS = inputs(9)
    beta_BNS[:, :, 6:] = 0
    log_decay_BNS[:, :, 6:] = 0
    short = delta_write(key_BNSK[:, :, :6], value_BNSV[:, :, :6], beta_BNS[:, :, :6], log_decay_BNS[:, :, :6])
    torch.testing.assert_close(delta_write(key_BNSK, value_BNSV, beta_BNS, log_decay_BNS), short, **EXACT)


def test_single_precision_is_near():
    given = inputs(150)
    near = delta_write(*(part.float() for part in given))
    torch.testing.assert_close(near.double(), delta_write(*given), rtol=1e-4, atol=1e-4)


def test_what_was_stored_under_orthogonal_keys_is_read_back_and_a_key_written_again_holds_the_newer_value():
    key_11SK = torch.eye(4, dtype=torch.float64)[[0, 1, 2, 3, 1]][None, None]
    value_11SV = torch.randn(1, 1, 5, 6, dtype=torch.float64)
    ones, zeros = torch.ones(1, 1, 5, dtype=torch.float64), torch.zeros(1, 1, 5, dtype=torch.float64)
    read_KV = delta_write(key_11SK, value_11SV, ones, zeros)[0, 0]
    torch.testing.assert_close(read_KV, value_11SV[0, 0, [0, 4, 2, 3]], **EXACT)
