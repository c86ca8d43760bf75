"""What the one search must satisfy, whatever model it drives.

Axes: B prompts, T tokens, V symbols.
"""

import copy

import pytest
import scanners
import torch
from scanners import Found, Toy

from seqkit.decoding.hypotheses import Hypothesis, hypotheses
from seqkit.decoding.policies import AVERAGE, Beam, Greedy, LengthPenalty
from seqkit.decoding.sampling import Sample
from seqkit.decoding.search import Policy, search

PENALTIES = [LengthPenalty(), LengthPenalty(0.7), LengthPenalty(2.0), AVERAGE]
PROMPTS = torch.tensor([[1, 0, 2], [0, 0, 1], [2, 2, 2]])


def found(model, prompt_BT, policy: Policy, end: int | None, limit: int | None, best: int = 1) -> list[list[Hypothesis]]:
    return hypotheses(search(model, model.start(len(prompt_BT)), prompt_BT, policy, end=end, limit=limit), best)


def source(model, row: int):
    return model.start(len(PROMPTS)).select(torch.tensor([row]))


def assert_equal(ours: list[Hypothesis], theirs: list[Found], end: int | None) -> None:
    assert [entry.tokens for entry in ours] == [tokens for _, tokens, _ in theirs]
    assert [entry.ended for entry in ours] == [tokens[-1] == end for _, tokens, _ in theirs]
    for entry, (score, _, logps) in zip(ours, theirs, strict=True):
        assert entry.score == pytest.approx(score, abs=1e-9)
        assert entry.logps == pytest.approx(logps, abs=1e-9)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize(("symbols", "limit", "end"), [(3, 4, 1), (3, 4, None), (4, 3, 0), (5, 1, 2), (1, 3, 0), (2, 6, 1)])
def test_a_wide_beam_is_exhaustive(symbols: int, limit: int, end: int | None, penalty: LengthPenalty):
    model = Toy(symbols, seed=symbols)
    prompt_BT = PROMPTS % symbols
    every = symbols**limit
    for row, ours in enumerate(found(model, prompt_BT, Beam(every, penalty), end, limit, best=every)):
        theirs = scanners.exhaustive(model, prompt_BT[row].tolist(), source(model, row), end, limit, penalty)
        assert_equal(ours, theirs, end)
        assert sum(torch.tensor(entry.logps).exp().prod() for entry in ours) == pytest.approx(1)


@pytest.mark.parametrize("family", scanners.FAMILIES)
def test_a_wide_beam_is_exhaustive_for_every_family(family: str):
    symbols, limit, end = 3, 3, 2
    model = scanners.language_model(family, symbols)
    every = symbols**limit
    for row, ours in enumerate(found(model, PROMPTS, Beam(every, AVERAGE), end, limit, best=every)):
        theirs = scanners.exhaustive(model, PROMPTS[row].tolist(), model.start(1), end, limit, AVERAGE)
        assert_equal(ours, theirs, end)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_a_narrow_beam_follows_its_definition_though_it_stops_early(k: int, penalty: LengthPenalty):
    limit, end, lengths = 9, 0, []
    for seed in range(6):
        model = Toy(5, seed=seed, sharpness=0.8, lean=1.0)
        steps = list(search(model, model.start(3), PROMPTS, Beam(k, penalty), end=end, limit=limit))
        lengths.append(len(steps))
        for row, ours in enumerate(hypotheses(steps, best=k)):
            theirs = scanners.narrow_beam(model, PROMPTS[row].tolist(), source(model, row), end, limit, penalty, k)
            assert_equal(ours, theirs, end)
    assert min(lengths) < limit or penalty.alpha >= 1  # a strong penalty proves little early


@pytest.mark.parametrize("family", scanners.FAMILIES)
def test_greedy_is_the_stepwise_argmax(family: str):
    model, end, limit = scanners.language_model(family, 7), 3, 12
    for row, (ours,) in enumerate(found(model, PROMPTS, Greedy(), end, limit)):
        read = PROMPTS[row].tolist()
        for token, logp in zip(ours.tokens, ours.logps, strict=True):
            logp_V = scanners.next_logp(model, read, model.start(1))
            assert logp_V.index(max(logp_V)) == token
            assert logp == pytest.approx(max(logp_V), abs=1e-9)
            read.append(token)
        assert ours.score == pytest.approx(sum(ours.logps))
        assert ours.ended == (ours.tokens[-1] == end)
        assert end not in ours.tokens[:-1]
        assert ours.ended or len(ours.tokens) == limit


@pytest.mark.parametrize(
    "policy", [Beam(1), Sample(temperature=0), Sample(top_k=1, seed=4), Sample(top_p=1e-9), Sample(1e-300)]
)
@pytest.mark.parametrize("seed", range(5))
def test_these_are_greedy(policy: Policy, seed: int):
    model = Toy(6, seed=seed)
    ours, greedy = found(model, PROMPTS, policy, 0, 15), found(model, PROMPTS, Greedy(), 0, 15)
    assert [entry.tokens for (entry,) in ours] == [entry.tokens for (entry,) in greedy]
    assert [entry.score for (entry,) in ours] == pytest.approx([entry.score for (entry,) in greedy])


@pytest.mark.parametrize("policy", [Greedy(), Beam(1), Beam(3), Sample(temperature=0), Sample(top_k=1), Sample(top_p=1e-9)])
def test_of_equal_symbols_the_lowest_is_taken(policy: Policy):
    ours = found(scanners.Constant([0.0, 1.0, 1.0, 1.0, 1.0, 0.5, 1.0, 1.0]), PROMPTS, policy, None, 4)
    assert [entry.tokens for (entry,) in ours] == [[1, 1, 1, 1]] * 3


@pytest.mark.parametrize("policy", [Beam(3), Beam(4, AVERAGE), Sample(seed=2), Sample(0.7, 4, 0.9, 0.01, 1.3, 5), Greedy()])
def test_a_batch_is_its_prompts_one_by_one(policy: Policy):
    model, k = Toy(6, seed=8, sharpness=0.7, lean=1.5), getattr(policy, "k", 1)
    prompt_BT = torch.randint(6, (12, 4), generator=torch.Generator().manual_seed(0))
    together = found(model, prompt_BT, policy, 0, 14, best=k)
    assert len({len(entry.tokens) for entry, *_ in together}) > 1  # they do not all end together
    for row, ours in enumerate(together):
        start = model.start(12).select(torch.tensor([row]))
        (alone,) = hypotheses(search(model, start, prompt_BT[row : row + 1], policy, end=0, limit=14), best=k)
        assert [entry.tokens for entry in ours] == [entry.tokens for entry in alone]
        assert [entry.score for entry in ours] == pytest.approx([entry.score for entry in alone])


@pytest.mark.parametrize("family", scanners.FAMILIES)
def test_a_batch_of_samples_is_its_prompts_one_by_one_for_every_family(family: str):
    model, policy = scanners.language_model(family, 7), Sample(1.2, seed=1, samples=2)
    together = found(model, PROMPTS, policy, 0, 12)
    alone = [entry for row in range(3) for entry in found(model, PROMPTS[row : row + 1], policy, 0, 12)]
    assert [entry.tokens for (entry,) in together] == [entry.tokens for (entry,) in alone]


@pytest.mark.parametrize("policy", [Greedy(), Beam(4), Sample(samples=3)])
def test_no_prefix_is_read_twice_and_what_ended_is_not_read_on(policy: Policy):
    model, lengths = Toy(5, seed=2, sharpness=0.5, lean=1.0), []
    steps = list(search(model, model.start(3), PROMPTS, policy, end=0, limit=20))
    assert model.scanned[0] == (3, 3)
    assert all(tokens == 1 for _, tokens in model.scanned[1:])
    assert len(model.scanned) == len(steps)  # the last symbol is not read
    for step, (batch, _) in zip(steps, model.scanned[1:], strict=False):
        lengths.append(batch)
        assert batch == (~step.done_B).sum() * step.live
    assert lengths[-1] < max(lengths)  # not all ended together


@pytest.mark.parametrize("family", scanners.FAMILIES)
@pytest.mark.parametrize("policy", [Greedy(), Beam(3), Sample(repetition_penalty=1.2)])
def test_the_callers_state_is_left_alone(family: str, policy: Policy):
    model = scanners.language_model(family, 7)
    with torch.no_grad():
        _, state = model.scan(PROMPTS, model.start(3))
    before = copy.deepcopy(state)
    first = hypotheses(search(model, state, PROMPTS[:, :1], policy, end=0, limit=6), 3)
    assert hypotheses(search(model, state, PROMPTS[:, :1], policy, end=0, limit=6), 3) == first
    assert hypotheses(search(model, before, PROMPTS[:, :1], policy, end=0, limit=6), 3) == first
    assert all(torch.equal(part, before.carry[name]) for name, part in state.carry.items())


@pytest.mark.parametrize("family", scanners.FAMILIES)
def test_a_prompt_read_before_is_a_prompt(family: str):
    model = scanners.language_model(family, 7)
    with torch.no_grad():
        _, state = model.scan(PROMPTS[:, :2], model.start(3))
    ours = hypotheses(search(model, state, PROMPTS[:, 2:], Sample(), end=0, limit=9))
    assert [entry.tokens for (entry,) in ours] == [entry.tokens for (entry,) in found(model, PROMPTS, Sample(), 0, 9)]
