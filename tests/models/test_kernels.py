"""What a GPU does, done on a CPU: the same mathematics as the CPU's own, in float64.

Axes: B sequences, T steps, D input features, H features.
"""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seqkit.architecture.causal import CausalRecurrentConfig
from seqkit.architecture.encoders import RecurrentConfig
from seqkit.models import causal_recurrent, kernels, linear_scan, recurrent
from seqkit.models.causal_recurrent import CausalRecurrent
from seqkit.models.initialisation import CellWeights, weights_of
from seqkit.models.kernels import in_one_block, kernel_dtype, scan_by_kernel
from seqkit.models.recurrent import RecurrentEncoder

EXACT = {"rtol": 0.0, "atol": 1e-10}
FAMILIES = ["rnn", "lstm", "gru", "mingru"]


def take_fused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All scans read as on a GPU from here on; returns the names of the kernels as they are called."""
    called: list[str] = []
    for module in (kernels, causal_recurrent, recurrent, linear_scan):
        monkeypatch.setattr(module, "takes_fused", lambda device: True)

    def spied(name: str) -> Any:
        kernel = getattr(torch, name)
        return lambda *given: called.append(name) or kernel(*given)

    spies = {name: spied(name) for name in ("rnn_tanh", "lstm", "gru")}
    for name, spy in spies.items():
        monkeypatch.setattr(torch, name, spy)
    read = {nn.RNN: spies["rnn_tanh"], nn.LSTM: spies["lstm"], nn.GRU: spies["gru"]}
    monkeypatch.setattr(recurrent, "READ", read)
    return called


KERNEL = {"rnn": ["rnn_tanh"], "lstm": ["lstm"], "gru": ["gru"], "mingru": []}


def outcome(y_BTH: Tensor, rest: list[Tensor], inputs: list[Tensor]) -> list[Tensor]:
    """Outputs, and the gradients of all that went in."""
    loss = (y_BTH * torch.linspace(-1, 1, y_BTH.numel(), dtype=y_BTH.dtype).view_as(y_BTH)).sum() + sum(r.sum() for r in rest)
    return [y_BTH.detach(), *(part.detach() for part in rest), *torch.autograd.grad(loss, inputs)]


@pytest.mark.parametrize("steps", [1, 2, 31])
@pytest.mark.parametrize("weight_drop", [0.0, 0.5])
@pytest.mark.parametrize("family", FAMILIES)
def test_causal_layers(family: str, weight_drop: float, steps: int, monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(3)
    weight_drop *= family != "mingru"
    network = CausalRecurrent(CausalRecurrentConfig(family=family, width=6, weight_drop=weight_drop), 5).double().train()
    x_BTD = torch.randn(3, steps, 5, dtype=torch.float64, requires_grad=True)
    state = network.start(3)
    for part in state.carry.values():
        part.normal_().requires_grad_()

    def read() -> list[Tensor]:
        torch.manual_seed(7)  # the mask of the weights
        y_BTH, after = network.scan(x_BTD, state)
        return outcome(y_BTH, list(after.carry.values()), [x_BTD, *state.carry.values(), *network.parameters()])

    expected = read()
    called = take_fused(monkeypatch)
    torch.testing.assert_close(read(), expected, **EXACT)
    assert called == KERNEL[family] * 2  # one call a layer, however many steps


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_encoders(family: str, bidirectional: bool, monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(3)
    config = RecurrentConfig(family=family, width=8, layers=2, dropout=0.0, bidirectional=bidirectional)
    network = RecurrentEncoder(config, 5).double()
    x_BTD, length_B = torch.randn(3, 9, 5, dtype=torch.float64, requires_grad=True), torch.tensor([9, 1, 4])

    def read() -> list[Tensor]:
        return outcome(network(x_BTD, length_B), [], [x_BTD, *network.parameters()])

    expected = read()
    called = take_fused(monkeypatch)
    torch.testing.assert_close(read(), expected, **EXACT)
    assert called == KERNEL[family] * (4 if bidirectional else 2)


def weights(dtype: torch.dtype) -> CellWeights:
    return weights_of(nn.LSTM(3, 2, dtype=dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_lie_one_after_the_other_from_the_start_of_a_block_of_their_own(dtype: torch.dtype):
    given = weights(torch.float32)
    block = in_one_block(given, dtype)
    storage, place = block[0].untyped_storage(), 0
    for weight, like in zip(block, given, strict=True):
        assert weight.untyped_storage().data_ptr() == storage.data_ptr()
        assert weight.storage_offset() == place
        assert weight.is_contiguous()
        assert torch.equal(weight, like.to(dtype))
        place += weight.numel()
    assert storage.nbytes() == place * dtype.itemsize


def test_under_autocast_a_kernel_is_given_its_dtype_and_casts_nothing_itself(monkeypatch: pytest.MonkeyPatch):
    take_fused(monkeypatch)
    seen: list[Any] = []

    def kernel(x_BTD: Tensor, past: list[Tensor], weights: list[Tensor], *_: Any) -> tuple[Tensor, Tensor, Tensor]:
        seen.append(({x_BTD.dtype, *(part.dtype for part in (*past, *weights))}, torch.is_autocast_enabled("cpu")))
        return x_BTD, past[0], past[1]

    given = torch.randn(1, 4, 3), (torch.zeros(1, 2), torch.zeros(1, 2)), weights(torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scan_by_kernel(kernel, *given)
    scan_by_kernel(kernel, *given)
    assert seen == [({torch.bfloat16}, False), ({torch.float32}, False)]


@pytest.mark.parametrize("has", [False, True])
def test_without_a_kernel_in_bfloat16_cudnn_gets_float32_and_never_float16(has: bool, monkeypatch: pytest.MonkeyPatch):
    class Elsewhere:
        """As much of a tensor on a GPU as is asked of it."""

        device, is_cuda = torch.device("cuda"), True

        def new_empty(self, _: int, dtype: torch.dtype) -> torch.dtype:
            return dtype

    monkeypatch.setattr(torch, "is_autocast_enabled", lambda device: True)
    monkeypatch.setattr(torch, "get_autocast_dtype", lambda device: torch.bfloat16)
    monkeypatch.setattr(torch, "cudnn_is_acceptable", lambda dtype: has or dtype != torch.bfloat16)
    assert kernel_dtype(Elsewhere(), torch.float32) == (torch.bfloat16 if has else torch.float32)
