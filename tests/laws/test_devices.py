"""Every model computes where it is told: on another device than the CPU no operation meets a tensor left behind.

The other device is PyTorch's `meta`, which every machine has: tensors of a shape and no content. Where a program asks for
content (which places are real, how long is it), it is told some.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import tiny
import torch
from pydantic import TypeAdapter
from test_causal import FAMILIES as CAUSAL
from test_causal import INPUT
from test_translators import ALL as TRANSLATORS
from test_translators import pairs, translator
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from seqkit.models import forward_backward
from seqkit.models.language_model import LanguageModel, LanguageModelConfig

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
    source_BS, length_B, token_BT = (part.to(ELSEWHERE) for part in pairs())
    with OneDevice():
        trains_elsewhere(model.loss(source_BS, length_B, token_BT, token_BT, length_B, precision=torch.bfloat16)[0])


@pytest.mark.parametrize("name", CAUSAL)
def test_language_models(name: str):
    table = CAUSAL[name] | {"embedding_width": INPUT if "input" in name else 0, "dropout": 0.1, "embedding_dropout": 0.1}
    model = LanguageModel(TypeAdapter[Any](LanguageModelConfig).validate_python(table), 11).to(ELSEWHERE).train()
    token_BT = torch.zeros(3, 9, dtype=torch.int64, device=ELSEWHERE)
    with OneDevice():
        loss, _, state = model.loss(token_BT, token_BT, model.start(3), precision=torch.bfloat16)
        trains_elsewhere(loss)
        model.loss(token_BT, token_BT, state.detach(), precision=torch.bfloat16)


def test_a_tensor_left_behind_is_noticed():
    with pytest.raises(AssertionError, match="mm"), OneDevice():
        torch.empty(3, 4, device=ELSEWHERE) @ torch.ones(4, 2)
