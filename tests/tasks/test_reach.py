import math

import numpy as np
import pytest
import torch
from toys import END, Fading, Text, text

from seqkit.architecture.language_model import RecurrentLanguageModelConfig, TransformerLanguageModelConfig
from seqkit.errors import UserError
from seqkit.models.inspection.gradients import Reach
from seqkit.models.language_model import LanguageModel
from seqkit.models.state import State
from seqkit.tasks.language_modeling import protocols
from seqkit.tasks.language_modeling.protocols import token_nats
from seqkit.tasks.language_modeling.reach import input_reach, state_bytes, state_reach


def lstm(**changes: object) -> LanguageModel:
    torch.manual_seed(1)
    config = RecurrentLanguageModelConfig.model_validate({"family": "lstm", "width": 6, "dropout": 0.4} | changes)
    return LanguageModel(config, END + 1).double()


def transformer(**changes: object) -> LanguageModel:
    torch.manual_seed(1)
    config = {"family": "transformer", "width": 8, "heads": 2, "layers": 2, "window": 4} | changes
    return LanguageModel(TransformerLanguageModelConfig.model_validate(config), END + 1).double()


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_linear_memory_forgets_by_its_own_rate(keep: float) -> None:
    model = Fading(keep=keep)
    for found in (state_reach(model, text(300), longest=60), input_reach(model, text(300), longest=60)):
        assert found is not None
        np.testing.assert_allclose(found.relative_K, keep ** np.arange(60), rtol=1e-9)
        assert found.steps == math.ceil(math.log(0.01) / math.log(keep))
    assert input_reach(Fading(keep=1.0), text(300), longest=60).steps is None


def test_steps_count_the_last_distance_that_is_felt() -> None:
    assert Reach(np.array([1.0, 0.1, 0.001, 0.0001])).steps == 2
    assert Reach(np.array([1.0, 0.001, 0.2, 0.001])).steps == 3  # attention may skip what is near
    assert Reach(np.array([1.0, 0.1, 0.001, 0.02])).steps is None
    assert Reach(np.array([0.0, 0.0])).steps == 0


def test_a_state_gradient_equals_finite_differences() -> None:
    model, tokens = lstm(), text(21)
    found = state_reach(model.train(), tokens, longest=10, texts=1)
    assert found is not None
    assert model.training
    model.eval()
    read_1T = torch.tensor(tokens.tokens[None].astype(np.int64))

    def loss(state: State, first: int) -> float:
        logit_1TV, _ = model.scan(read_1T[:, first:-1], state)
        return float(token_nats(logit_1TV[:, -1:], read_1T[:, -1:]))

    norms: list[float] = []
    with torch.no_grad():
        for first in range(19, 9, -1):  # the state before token `first` is read
            _, state = model.scan(read_1T[:, :first], model.start(1))
            squared = 0.0
            for name, part in state.carry.items():
                for unit in range(part.shape[1]):
                    step = torch.zeros_like(part)
                    step[0, unit] = 1e-5
                    ends = [loss(State({**state.carry, name: part + sign * step}), first) for sign in (1, -1)]
                    squared += ((ends[0] - ends[1]) / 2e-5) ** 2
            norms.append(squared**0.5)
    np.testing.assert_allclose(found.relative_K, np.array(norms) / norms[0], rtol=1e-5)


def test_norms_are_averaged_before_they_are_compared() -> None:
    model, tokens = lstm(), text(41)
    together = input_reach(model, tokens, longest=10, texts=2)
    model.eval()
    norms: list[torch.Tensor] = []
    for start in (0, 20):
        part = tokens.tokens[start : start + 21].astype(np.int64)
        x_1TE = model.embed(torch.tensor(part[None, :-1])).detach().requires_grad_()
        y_1TD, _ = model.body.scan(x_1TE, model.start(1))
        logit_1V = y_1TD[:, -1] @ model.output_weight.T + model.output_bias
        nats = torch.nn.functional.cross_entropy(logit_1V, torch.tensor(part[-1:]))
        (gradient_1TE,) = torch.autograd.grad(nats, x_1TE)
        norms.append(gradient_1TE[0, 10:].norm(dim=-1).flip(0))
    expected = torch.stack(norms).mean(dim=0)
    np.testing.assert_allclose(together.relative_K, expected / expected[0], rtol=1e-8)
    assert not np.allclose(together.relative_K, torch.stack([norm / norm[0] for norm in norms]).mean(dim=0), rtol=1e-3)


def test_attention_reaches_its_windows_and_no_further() -> None:
    """Two layers that look at 4 tokens each: 3 + 3 tokens back."""
    model = transformer()
    found = input_reach(model, text(100), longest=20)
    assert (found.relative_K[:7] > 0).all()
    assert (found.relative_K[7:] == 0).all()
    assert state_reach(model, text(100), longest=20) is None


@pytest.mark.parametrize("model", [lstm(), transformer(window=64)], ids=["lstm", "transformer"])
def test_pieces_change_nothing_and_nothing_stays_behind(model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = input_reach(model, text(200), longest=30, texts=3)
    monkeypatch.setattr(protocols, "LOGIT_BYTES", 3 * 7 * 5 * 8)  # seven tokens of three texts
    parts = input_reach(model, text(200), longest=30, texts=3)
    np.testing.assert_allclose(parts.relative_K, whole.relative_K, atol=1e-12)
    assert all(weight.grad is None for weight in model.parameters())
    assert not model.embedding._forward_hooks


def test_a_recurrent_state_stays_and_a_cache_grows_to_its_window() -> None:
    lengths = [1, 10, 100, 1000]
    small = state_bytes(lstm(layers=2), lengths)
    assert small == [2 * 2 * 6 * 8] * 4  # h and c of two layers in float64
    unlimited, windowed = (state_bytes(transformer(window=window), lengths) for window in (0, 100))
    row = (unlimited[1] - unlimited[0]) / 9
    assert row == 2 * 2 * 8 * 8  # keys and values of two layers
    assert [size - unlimited[0] for size in unlimited] == [row * (length - 1) for length in lengths]
    assert windowed[:3] == unlimited[:3]
    assert windowed[3] == windowed[2]


def test_a_short_text_is_refused() -> None:
    with pytest.raises(UserError, match="needs a text of 21 tokens, not 20"):
        input_reach(lstm(), text(20), longest=10)
    assert len(input_reach(lstm(), Text([0] * 21), longest=10).relative_K) == 10
