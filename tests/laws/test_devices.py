"""Every model computes where it is told: on another device than the CPU no operation meets a tensor left behind, nothing
loops over time where the device has a kernel that reads a whole piece, and nothing waits for the device at each update or more
than once a symbol.

The other device is PyTorch's `meta`, which every machine has: tensors of a shape and no content. Where a program asks for
content (which places are real, how long is it), it is told some.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import pytest
import tiny
import torch
from pydantic import TypeAdapter
from test_causal import FAMILIES as CAUSAL
from test_causal import INPUT, RECURRENT
from test_translators import ALL as TRANSLATORS
from test_translators import pairs, translator
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from seqkit.architecture.language_model import LanguageModelConfig
from seqkit.decoding import policies, sampling
from seqkit.decoding.policies import Beam, Greedy
from seqkit.decoding.sampling import Sample
from seqkit.decoding.search import Policy, search
from seqkit.models import forward_backward, recurrent
from seqkit.models.language_model import LanguageModel
from seqkit.training import loop
from seqkit.training.loop import TrainConfig, TrainState, train

ELSEWHERE = "meta"
MOVES = {"aten::copy_", "aten::_to_copy"}
INDEXES = {"aten::index", "aten::index_put_", "aten::_index_put_impl_"}  # a GPU takes indices from the CPU


class OneDevice(TorchDispatchMode):
    """Raises at an operation on tensors of two devices; single numbers of the CPU may go anywhere."""

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        given = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor) and (x.dim() or not x.is_cpu)]
        devices = {x.device.type for x in given}
        assert len(devices) < 2 or func._schema.name in MOVES | INDEXES, f"{func} of tensors on {devices}"
        return func(*args, **(kwargs or {}))


@pytest.fixture(autouse=True)
def _content(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `meta` cannot tell or does not know."""
    autocast = torch.autocast
    monkeypatch.setattr(
        torch, "autocast", lambda device, **how: nullcontext() if device == ELSEWHERE else autocast(device, **how)
    )
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda device: False)
    monkeypatch.setattr(forward_backward, "_is_safe", lambda *measured: True)
    told = torch.library.Library("aten", "IMPL", "Meta")
    told.impl("nonzero", lambda x: torch.empty(x.numel(), x.dim(), dtype=torch.int64, device=ELSEWHERE))
    told.impl("_local_scalar_dense", lambda x: 3)
    yield
    told._destroy()


def trains_elsewhere(loss: Tensor) -> None:
    assert loss.device.type == ELSEWHERE
    loss.backward()


@pytest.mark.parametrize("output", tiny.OUTPUTS)
@pytest.mark.parametrize("name", tiny.FAMILIES)
def test_taggers(name: str, output: str):
    data = tiny.sentences(20)
    words = tiny.vocabulary(data)
    model = tiny.tagger(name, words, output=output).to(ELSEWHERE).train()
    task = tiny.task(model, words, data)
    with OneDevice():
        trains_elsewhere(task.loss(next(task.batches(0)))[0])


@pytest.mark.parametrize("name", TRANSLATORS)
def test_translators(name: str):
    model = translator(name).float().to(ELSEWHERE).train()
    (source_BS, length_B, token_BT), target_length_B = (part.to(ELSEWHERE) for part in pairs()), pairs()[1]
    with OneDevice():
        trains_elsewhere(model.loss(source_BS, length_B, token_BT, token_BT, target_length_B, precision=torch.bfloat16)[0])


@pytest.mark.parametrize("name", CAUSAL)
def test_language_models(name: str):
    model = language_model(name)
    token_BT = torch.zeros(3, 9, dtype=torch.int64, device=ELSEWHERE)
    with OneDevice():
        loss, _, state = model.loss(token_BT, token_BT, model.start(3), precision=torch.bfloat16)
        trains_elsewhere(loss)
        model.loss(token_BT, token_BT, state.detach(), precision=torch.bfloat16)


# Kernels


def stand_in(kernel_outputs: int) -> Any:
    """For a kernel of cuDNN's, which is one operation; here a few, however many steps."""

    def kernel(x_BTD: Tensor, past: Any, weights: list[Tensor], *_: Any) -> tuple[Tensor, ...]:
        past = past if isinstance(past, Tensor) else past[0]
        hidden = past.shape[-1]
        y_BTH = torch.nn.functional.linear(x_BTD, *weights[::2])[..., :hidden] + past[0][:, None]
        return (y_BTH, *[y_BTH[None, :, -1]] * kernel_outputs)

    return kernel


@pytest.fixture
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = {"rnn_tanh": stand_in(1), "gru": stand_in(1), "lstm": stand_in(2)}
    for name, kernel in kernels.items():
        monkeypatch.setattr(torch, name, kernel)
    read = {torch.nn.RNN: kernels["rnn_tanh"], torch.nn.LSTM: kernels["lstm"], torch.nn.GRU: kernels["gru"]}
    monkeypatch.setattr(recurrent, "READ", read)


class Counting(TorchDispatchMode):
    """Counts operations, those of the gradient too."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


def language_model(name: str) -> LanguageModel:
    table = CAUSAL[name] | {"embedding_width": INPUT if "input" in name else 0, "dropout": 0.1, "embedding_dropout": 0.1}
    return LanguageModel(TypeAdapter[Any](LanguageModelConfig).validate_python(table), 11).to(ELSEWHERE).train()


def operations(name: str, steps: int) -> int:
    """Of one gradient through a piece."""
    model, token_BT = language_model(name), torch.zeros(3, steps, dtype=torch.int64, device=ELSEWHERE)
    with Counting() as counted:
        model.loss(token_BT, token_BT, model.start(3), precision=torch.float32)[0].backward()
    return counted.count


@pytest.mark.usefixtures("_stand_ins")
@pytest.mark.parametrize("name", RECURRENT)
def test_reading_twice_as_much_takes_no_more_operations(name: str):
    # A linear recurrence joins twice as many steps by one pass more, in each layer and direction.
    passes = 2 * CAUSAL[name]["layers"] if "mingru" in name else 0
    assert operations(name, 128) - operations(name, 64) <= 16 * passes


@pytest.mark.usefixtures("_stand_ins")
@pytest.mark.parametrize("name", [name for name in TRANSLATORS if "transformer" not in name.lower()])
def test_translating_twice_as_much_takes_no_more_operations(name: str):
    def counted(steps: int) -> int:
        model = translator(name).float().to(ELSEWHERE).train()
        token_BT = torch.zeros(3, steps, dtype=torch.int64, device=ELSEWHERE)
        length_B = torch.full((3,), steps)
        with Counting() as counting:
            model.loss(token_BT, length_B.to(ELSEWHERE), token_BT, token_BT, length_B, precision=torch.float32)[0].backward()
        return counting.count

    assert counted(60) - counted(30) <= (64 if "mingru" in name else 0)


# Waiting

WAITS = {"aten::_local_scalar_dense", "aten::nonzero", "aten::equal", "aten::masked_select", "aten::is_nonzero"}


class Waiting(AssertionError):
    """The device was waited for."""


class NeverWaiting(TorchDispatchMode):
    """Raises where a GPU would be waited for: its content is asked for, or a copy to or from it is not left to itself."""

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name
        given = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
        if name in WAITS and any(x.device.type == ELSEWHERE for x in given):
            raise Waiting(name)
        if name in INDEXES and not given[0].is_cpu and any(x.is_cpu or x.dtype == torch.bool for x in given[1:]):
            raise Waiting(f"{name} by indices of the CPU, or by a mask that is to be counted")
        made = func(*args, **kwargs)
        if name in MOVES and len({x.device.type for x in (*given, made)}) > 1:
            left = kwargs.get("non_blocking") or any(arg is True for arg in args[2:])
            if not left:
                raise Waiting(name)
        return made


class Unread(loop.Readings):
    """Loss and norm that are never fetched: the first update alone is looked at, and then every twentieth."""

    read_at: ClassVar[list[int]] = []

    def read(self) -> tuple[float, float]:
        assert {values.device.type for values in self.unread} == {ELSEWHERE}
        Unread.read_at.append(len(self.unread))
        self.unread.clear()
        return 1.0, 1.0


class Updates:
    """A task whose batches are on the device."""

    def __init__(self, model: Any, loss: Any) -> None:
        self.model, self.loss, self.carried = model, lambda _: loss(), {}

    def batches_per_epoch(self) -> int:
        return 100

    def batches(self, epoch: int, start: int = 0) -> Iterator[int]:
        return iter(range(100))


def train_without_waiting(model: Any, loss: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three updates by THE loop."""
    monkeypatch.setattr(loop, "Readings", Unread)
    monkeypatch.setattr(Unread, "read_at", [])
    adamw = torch.optim.AdamW  # the fused one has no kernel here
    monkeypatch.setattr(torch.optim, "AdamW", lambda groups, lr, weight_decay, fused: Foreach(adamw, groups, lr=lr))
    clip = torch.nn.utils.clip_grad_norm_
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda weights, limit, foreach: clip(weights, limit))
    state = TrainState(model, TrainConfig(epochs=1))
    with NeverWaiting():
        steps = list(islice(train(Updates(model, loss), state), 3))
    assert [step.step for step in steps] == [1, 2, 3]
    assert state.step == 3
    assert Unread.read_at == [1]


class Foreach:
    """AdamW that takes the switch of the fused one and leaves it."""

    def __init__(self, adamw: Any, groups: Any, lr: float) -> None:
        self.inner = adamw(groups, lr=lr, foreach=True)
        self.param_groups, self.zero_grad, self.step = self.inner.param_groups, self.inner.zero_grad, self.inner.step


@pytest.mark.parametrize("name", CAUSAL)
def test_language_models_are_trained_without_waiting(name: str, monkeypatch: pytest.MonkeyPatch):
    model = language_model(name)
    token_BT = torch.zeros(3, 9, dtype=torch.int64, device=ELSEWHERE)

    def loss() -> tuple[Tensor, int]:
        return model.loss(token_BT, token_BT, model.start(3), precision=torch.bfloat16)[:2]

    train_without_waiting(model, loss, monkeypatch)


@pytest.mark.parametrize("name", TRANSLATORS)
def test_translators_are_trained_without_waiting(name: str, monkeypatch: pytest.MonkeyPatch):
    model = translator(name).float().to(ELSEWHERE).train()
    (source_BS, length_B, token_BT), target_length_B = (part.to(ELSEWHERE) for part in pairs()), pairs()[1]

    def loss() -> tuple[Tensor, int]:
        return model.loss(source_BS, length_B, token_BT, token_BT, target_length_B, precision=torch.bfloat16)

    train_without_waiting(model, loss, monkeypatch)


@pytest.mark.parametrize("policy", [Greedy(), Beam(3), Sample(), Sample(0.8, 3, 0.9, 0.01, 1.2, samples=2)])
@pytest.mark.parametrize("name", ["lstm", "gru", "rnn", "mingru", "rotary"])
def test_a_symbol_waits_once(name: str, policy: Policy, monkeypatch: pytest.MonkeyPatch):
    model = language_model(name).eval()
    random, looked = np.random.default_rng(1), []

    def fetched(*parts: Tensor) -> list[Any]:
        looked.append(len(parts))
        scores = -np.sort(random.random(parts[0].shape), axis=-1) - 1
        return [scores, *(np.broadcast_to(np.arange(part.shape[-1]) + 1.0, part.shape) for part in parts[1:])]

    for module in (policies, sampling):
        monkeypatch.setattr(module, "on_host", fetched)
    prompt_BT = np.zeros((2, 3), np.int64)
    steps = search(model, model.start(2), prompt_BT, policy, end=None, limit=9)
    monkeypatch.setattr(Tensor, "cpu", lambda self: pytest.fail("looked at beside `on_host`") if self.is_meta else self)
    with NeverWaiting():
        assert len(list(steps)) == len(looked) == 9


def test_waiting_is_noticed():
    x_N = torch.zeros(3, device=ELSEWHERE)
    for wait in (
        lambda: x_N.sum().item(),
        lambda: x_N[x_N > 0],
        lambda: torch.equal(x_N, x_N),
        lambda: torch.zeros(3).to(ELSEWHERE),
        lambda: x_N[torch.tensor([1])],
        lambda: x_N.copy_(torch.zeros(3)),
    ):
        with pytest.raises(Waiting), NeverWaiting():
            wait()
    with NeverWaiting():
        torch.zeros(3).to(ELSEWHERE, non_blocking=True)
        x_N.copy_(torch.zeros(3), non_blocking=True)


def test_a_tensor_left_behind_is_noticed():
    with pytest.raises(AssertionError, match="mm"), OneDevice():
        torch.empty(3, 4, device=ELSEWHERE) @ torch.ones(4, 2)
