"""What every translator must satisfy.

Axes: B sentences, S source tokens, T target tokens, V symbols.
"""

from typing import Any

import pytest
import scanners
import torch
from pydantic import TypeAdapter
from torch import Tensor
from torch.nn.functional import cross_entropy

from seqkit.architecture.translator import TranslatorConfig
from seqkit.decoding.hypotheses import hypotheses
from seqkit.decoding.policies import AVERAGE, Beam, Greedy
from seqkit.decoding.search import search
from seqkit.models.bridges import MatrixBridge, Source
from seqkit.models.recurrent import gather_time, reversal
from seqkit.models.state import State
from seqkit.models.translator import Translator

EXACT = {"rtol": 0.0, "atol": 1e-10}
SYMBOLS = 11
SMALL: dict[str, Any] = {"width": 8, "layers": 2, "heads": 2, "key_width": 3, "value_width": 5}
RECURRENT: dict[str, dict[str, Any]] = {
    f"{family}, {bridge}": {"family": family, "bridge": bridge, **SMALL}
    for family in ("rnn", "lstm", "gru")
    for bridge in ("final", "context", "matrix", "attention")
}
VARIANTS: dict[str, dict[str, Any]] = {
    "matrix, read last": {"bridge": "matrix", "reads": "last", **SMALL},
    "attention, read last": {"bridge": "attention", "reads": "last", **SMALL},
    "matrix, added": {"bridge": "matrix", "delta": False, **SMALL},
    "matrix, never fading": {"bridge": "matrix", "decay": False, **SMALL},
    "matrix, both ways": {"bridge": "matrix", "both_ways": True, **SMALL} | {"heads": 3},
    "no handover": {"bridge": "matrix", "initialise": False, **SMALL},
    "reversed": {"bridge": "final", "reverse": True, **SMALL},
    "one way": {"bridge": "context", "bidirectional": False, **SMALL},
    "wide encoder": {"bridge": "matrix", "encoder_widening": 2.6, "encoder_layers": 2, **SMALL},
    "deep, not tied": {"bridge": "attention", "encoder_layers": 2, "tied": False, "embedding_width": 6, **SMALL},
}
TRANSFORMERS: dict[str, dict[str, Any]] = {"transformer": {"family": "transformer", "layers": 2, "width": 8, "heads": 2}}
ALL = RECURRENT | {name: {"family": "lstm", **table} for name, table in VARIANTS.items()} | TRANSFORMERS
FIXED = [name for name, table in ALL.items() if table.get("bridge") in ("context", "matrix")]
GROWING = [name for name, table in ALL.items() if table.get("bridge") == "attention"] + ["transformer"]


def translator(name: str, symbols: int = SYMBOLS) -> Translator:
    torch.manual_seed(3)
    config = TypeAdapter[Any](TranslatorConfig).validate_python(ALL[name])
    model = Translator(config, symbols, symbols, joint=True).double().eval()
    with torch.no_grad():
        for weight in model.parameters():  # decided opinions
            weight.add_(0.3 * torch.randn_like(weight))
    return model


def test_the_encoder_is_as_wide_as_asked_in_both_directions_alike():
    assert translator("wide encoder").encoder.output_width == 20  # 2.6 × 8, rounded to an even number
    assert translator("lstm, matrix").encoder.output_width == 8


def pairs() -> tuple[Tensor, Tensor, Tensor]:
    """source_BS, its lengths, token_BT."""
    random = torch.Generator().manual_seed(1)
    source_BS = torch.randint(SYMBOLS, (3, 9), generator=random)
    return source_BS, torch.tensor([9, 4, 6]), torch.randint(SYMBOLS, (3, 6), generator=random)


@pytest.mark.parametrize("name", ALL)
@torch.no_grad()
def test_a_scan_is_its_steps_and_is_causal(name: str):
    model, (source_BS, length_B, token_BT) = translator(name), pairs()
    whole_BTV, _ = model.scan(token_BT, model.start(source_BS, length_B))
    state, steps = model.start(source_BS, length_B), []
    for step in range(token_BT.shape[1]):
        logit_B1V, state = model.scan(token_BT[:, step : step + 1], state)
        steps.append(logit_B1V)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole_BTV, **EXACT)
    changed_BT = token_BT.clone()
    changed_BT[:, 4:] = (changed_BT[:, 4:] + 1) % SYMBOLS
    changed_BTV, _ = model.scan(changed_BT, model.start(source_BS, length_B))
    assert torch.equal(changed_BTV[:, :4], whole_BTV[:, :4]) or torch.allclose(changed_BTV[:, :4], whole_BTV[:, :4], **EXACT)
    assert not torch.allclose(changed_BTV[:, 4:], whole_BTV[:, 4:])


@pytest.mark.parametrize("name", ALL)
@torch.no_grad()
def test_a_sentence_does_not_depend_on_its_batch_nor_on_padding(name: str):
    model, (source_BS, length_B, token_BT) = translator(name), pairs()
    together_BTV, _ = model.scan(token_BT, model.start(source_BS, length_B))
    for row, length in enumerate(length_B.tolist()):
        one = slice(row, row + 1)
        alone_1TV, _ = model.scan(token_BT[one], model.start(source_BS[one, :length], length_B[one]))
        torch.testing.assert_close(alone_1TV[0], together_BTV[row], **EXACT)


@pytest.mark.parametrize("name", ALL)
@torch.no_grad()
def test_the_source_matters(name: str):
    model, (source_BS, length_B, token_BT) = translator(name), pairs()
    before_BTV, _ = model.scan(token_BT, model.start(source_BS, length_B))
    for place in (0, 3):
        other_BS = source_BS.clone()
        other_BS[:, place] = (other_BS[:, place] + 1) % SYMBOLS
        after_BTV, _ = model.scan(token_BT, model.start(other_BS, length_B))
        assert (after_BTV - before_BTV).abs().amax(dim=(1, 2)).min() > 1e-6


def memory_bytes(model: Translator, symbols: int) -> int:
    state = model.start(torch.zeros(1, symbols, dtype=torch.int64), torch.tensor([symbols]))
    return sum(part.nbytes for part in state.memory.values())


@pytest.mark.parametrize("name", FIXED)
@torch.no_grad()
def test_an_attention_free_memory_has_one_size(name: str):
    assert memory_bytes(translator(name), 3) == memory_bytes(translator(name), 300) > 0


@pytest.mark.parametrize("name", GROWING)
@torch.no_grad()
def test_attention_remembers_a_row_a_source_token(name: str):
    model = translator(name)
    assert memory_bytes(model, 30) * 10 == memory_bytes(model, 300) > 0


@pytest.mark.parametrize("name", ALL)
@torch.no_grad()
def test_states_are_selected_with_their_sources(name: str):
    model, (source_BS, length_B, token_BT) = translator(name), pairs()
    _, state = model.scan(token_BT[:, :2], model.start(source_BS, length_B))
    rows_B = torch.tensor([2, 0, 0, 1])
    logit_BTV, _ = model.scan(token_BT[rows_B, 2:], state.select(rows_B))
    whole_BTV, _ = model.scan(token_BT, model.start(source_BS, length_B))
    torch.testing.assert_close(logit_BTV, whole_BTV[rows_B, 2:], **EXACT)


@pytest.mark.parametrize("name", ALL)
@torch.no_grad()
def test_a_beam_shares_its_sources_memory(name: str):
    model, (source_BS, length_B, token_BT) = translator(name), pairs()
    _, state = model.scan(token_BT[:, :2], model.start(source_BS, length_B))
    rows_GK = torch.tensor([[0, 0], [1, 1], [2, 2]])
    beam = state.branch(rows_GK)
    assert all(beam.memory[part] is whole for part, whole in state.memory.items())
    expected_BTV, _ = model.scan(token_BT[rows_GK.flatten(), 2:4], state.select(rows_GK.flatten()))
    found_BTV, beam = model.scan(token_BT[rows_GK.flatten(), 2:4], beam)
    torch.testing.assert_close(found_BTV, expected_BTV, **EXACT)
    # The first sentence leaves, and the others' beams change in width and order.
    fewer_GK = torch.tensor([[3, 2, 2], [4, 5, 4]])
    source_B, later_BT = torch.tensor([1, 1, 1, 2, 2, 2]), token_BT[[0, 1, 2, 0, 1, 2], 4:]
    found_BTV, _ = model.scan(later_BT, beam.branch(fewer_GK))
    read_BT = torch.cat([token_BT[source_B, :4], later_BT], dim=1)
    expected_BTV, _ = model.scan(read_BT, model.start(source_BS, length_B).select(source_B))
    torch.testing.assert_close(found_BTV, expected_BTV[:, 4:], **EXACT)


@pytest.mark.parametrize("name", ["lstm, matrix", "transformer"])
def test_the_loss_is_that_of_the_real_targets(name: str):
    model, (source_BS, length_B, token_BT) = translator(name), pairs()
    target_BT, real_B = token_BT.roll(-1, dims=1), torch.tensor([6, 2, 4])
    nats, count = model.loss(source_BS, length_B, token_BT, target_BT, real_B, precision=torch.float32)
    assert count == 12
    logit_BTV, _ = model.scan(token_BT, model.start(source_BS, length_B))
    rows = [(logit_BTV[row, :n], target_BT[row, :n]) for row, n in enumerate(real_B.tolist())]
    by_hand = torch.stack([-one.log_softmax(-1).gather(1, wanted[:, None]).sum() for one, wanted in rows]).sum()
    assert nats.item() == pytest.approx(float(by_hand.detach()), abs=1e-10)


@pytest.mark.parametrize("name", ALL)
def test_training_smooths_labels_and_reaches_every_weight(name: str):
    table = ALL[name] | {"dropout": 0.0, "input_dropout": 0.0, "output_dropout": 0.0}
    torch.manual_seed(3)
    config = TypeAdapter[Any](TranslatorConfig).validate_python(table)
    model = Translator(config, SYMBOLS, SYMBOLS, joint=False).double().train()
    source_BS, length_B, token_BT = pairs()
    nats, count = model.loss(source_BS, length_B, token_BT, token_BT, torch.full((3,), 6), precision=torch.float32)
    logit_BTV, _ = model.scan(token_BT, model.start(source_BS, length_B))
    wanted = cross_entropy(logit_BTV.flatten(0, 1), token_BT.flatten(), reduction="sum", label_smoothing=0.1)
    assert nats.item() == pytest.approx(wanted.item())
    assert count == token_BT.numel()
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    found = torch.autograd.grad(nats, list(weights.values()))
    for one, other in zip(found, torch.autograd.grad(wanted, list(weights.values())), strict=True):
        torch.testing.assert_close(one, other)
    assert [name for name, gradient in zip(weights, found, strict=True) if not gradient.any()] == []


def test_one_vocabulary_is_one_table():
    model = translator("lstm, matrix")
    assert model.source is model.target
    assert model.output_weight is model.target.weight
    assert model.parameter_count == sum(weight.numel() for weight in model.parameters())
    with pytest.raises(ValueError, match="joint"):
        Translator(model.config, 5, 6, joint=True)


class Bound:
    """A translator as the searches of these tests see a model: its source given."""

    def __init__(self, model: Translator, source_BS: Tensor, length_B: Tensor) -> None:
        self.model = model
        self.state = model.start(source_BS, length_B)

    def row(self, row: int) -> State:
        return self.state.select(torch.tensor([row]))

    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        return self.model.scan(token_BT, state)


@pytest.mark.parametrize("name", ["lstm, final", "gru, context", "lstm, matrix", "lstm, attention", "transformer"])
@torch.no_grad()
def test_a_wide_beam_is_exhaustive_and_greedy_the_stepwise_argmax(name: str):
    symbols, limit, end = 3, 3, 0
    source_BS, length_B, _ = pairs()
    model = Bound(translator(name, symbols), source_BS % symbols, length_B)
    prompt_B1 = torch.zeros(3, 1, dtype=torch.int64)
    every = symbols**limit
    found = hypotheses(search(model, model.state, prompt_B1, Beam(every, AVERAGE), end=end, limit=limit), every)
    greedy = hypotheses(search(model, model.state, prompt_B1, Greedy(), end=end, limit=limit))
    for row, ours in enumerate(found):
        theirs = scanners.exhaustive(model, [0], model.row(row), end, limit, AVERAGE)
        assert [entry.tokens for entry in ours] == [tokens for _, tokens, _ in theirs]
        assert [entry.score for entry in ours] == pytest.approx([score for score, _, _ in theirs], abs=1e-9)
        read = [0]
        for token in greedy[row][0].tokens:
            logp_V = scanners.next_logp(model, read, model.row(row))
            assert logp_V.index(max(logp_V)) == token
            read.append(token)
    assert len({entry.score for (entry, *_) in found}) == 3  # the sources differ


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lstm, matrix", "lstm, attention", "gru, matrix", "transformer"])
def test_it_learns_to_copy(name: str):
    torch.manual_seed(1)
    wide = {"width": 64, "dropout": 0.0, "input_dropout": 0.0, "output_dropout": 0.0, "label_smoothing": 0.0}
    table = ALL[name] | wide | ({"heads": 4} if name == "transformer" else {"heads": 2, "key_width": 16, "value_width": 32})
    model = Translator(TypeAdapter[Any](TranslatorConfig).validate_python(table), 9, 9, joint=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    lengths = torch.full((64,), 6)
    right = 0.0
    for step in range(1200):
        text_BT = torch.cat([torch.randint(1, 9, (64, 5)), torch.zeros(64, 1, dtype=torch.int64)], dim=1)
        token_BT = text_BT.roll(1, dims=1)
        nats, count = model.loss(text_BT, lengths, token_BT, text_BT, lengths, precision=torch.float32)
        optimizer.zero_grad()
        (nats / count).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            with torch.no_grad():
                logit_BTV, _ = model.scan(token_BT, model.start(text_BT, lengths))
            right = (logit_BTV.argmax(dim=-1) == text_BT).double().mean().item()
            if right > 0.99:
                break
    assert right > 0.99


def test_backward_heads_write_as_forward_heads_do_of_the_reversed_source():
    source_BS, length_B, _ = pairs()
    written: list[torch.Tensor] = []
    for both_ways in (False, True):
        torch.manual_seed(3)
        bridge = MatrixBridge(6, 4, heads=2, keys=3, values=5, delta=True, decay=True, both_ways=both_ways).double()
        x_BSX = torch.randn(*source_BS.shape, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        turned_BSX = gather_time(x_BSX, reversal(length_B, x_BSX.shape[1]))
        written += [bridge.write(Source(x, length_B, x[:, 0]))["state"] for x in (x_BSX, turned_BSX)]
    ahead, turned, both, _ = written
    torch.testing.assert_close(both, torch.stack([ahead[:, 0], turned[:, 1]], dim=1))
    assert not torch.allclose(ahead[:, 1], turned[:, 1])


def test_one_head_cannot_write_both_ways():
    with pytest.raises(ValueError, match="each way takes half"):
        TypeAdapter[Any](TranslatorConfig).validate_python({"family": "lstm", "heads": 1, "both_ways": True})
