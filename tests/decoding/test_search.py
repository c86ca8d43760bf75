"""Axes: B prompts, K hypotheses, C candidates, V symbols."""

import math
import tracemalloc
from collections import deque
from itertools import islice

import numpy as np
import pytest
import scanners
import torch
from scanners import Constant, Toy

from seqkit.decoding.hypotheses import hypotheses
from seqkit.decoding.policies import AVERAGE, Beam, Greedy, LengthPenalty, best_symbols
from seqkit.decoding.sampling import Sample
from seqkit.decoding.search import PIECE, Policy, search
from seqkit.errors import UserError

PROMPT = torch.tensor([[1, 2]])


def test_steps_come_as_they_are_chosen():
    model = Toy(5)
    steps = search(model, model.start(1), PROMPT, Greedy(), end=None, limit=None)
    for chosen in range(1, 6):
        next(steps)
        assert len(model.scanned) == chosen  # the prompt, and every symbol chosen before this one
    steps.close()


@pytest.mark.parametrize("policy", [Greedy(), Beam(2), Sample()])
def test_the_callers_gradients_are_its_own(policy: Policy):
    model = scanners.language_model("lstm", 5)
    for _ in search(model, model.start(1), PROMPT, policy, end=None, limit=3):
        assert torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_a_long_prompt_is_read_in_pieces():
    model, tokens = Toy(5), 2 * PIECE + 3
    prompt_BT = torch.randint(5, (2, tokens), generator=torch.Generator().manual_seed(0))
    ours = hypotheses(search(model, model.start(2), prompt_BT, Greedy(), end=None, limit=4))
    assert model.scanned[:3] == [(2, PIECE), (2, PIECE), (2, 3)]
    for row, (entry,) in enumerate(ours):
        source = model.start(2).select(torch.tensor([row]))
        (theirs,) = scanners.narrow_beam(model, prompt_BT[row].tolist(), source, -1, 4, LengthPenalty(), 1)
        assert entry.tokens == theirs[1]


def test_a_caller_that_stops_has_what_was_found():
    model = Toy(5)
    steps = search(model, model.start(1), PROMPT, Greedy(), end=None, limit=None)
    (((tokens, logps, score, ended),),) = hypotheses(islice(steps, 7))
    assert len(tokens) == len(logps) == 7
    assert score == pytest.approx(sum(logps))
    assert not ended


@pytest.mark.parametrize("policy", [Greedy(), Sample(seed=3)])
def test_one_hypothesis_is_one_however_many_are_asked_for(policy: Policy):
    model = Toy(5, lean=1.0)
    ours = hypotheses(search(model, model.start(4), PROMPT.repeat(4, 1), policy, end=0, limit=12), best=9)
    assert [len(entries) for entries in ours] == [1] * 4
    assert any(entry.ended for (entry,) in ours)


@pytest.mark.parametrize("policy", [Greedy(), Beam(2), Sample(), Sample(0.5, 1, 0.9, 0.1)])
@pytest.mark.parametrize("logits", [[0.0, math.nan], [math.nan, 0.0], [math.inf, 0.0], [0.0, math.inf], [-math.inf] * 2])
def test_scores_that_are_no_numbers(logits: list[float], policy: Policy):
    model = Constant(logits)
    with pytest.raises(UserError, match="not numbers"):
        list(search(model, model.start(1), PROMPT, policy, end=None, limit=2))


@pytest.mark.parametrize("policy", [Greedy(), Beam(9), Beam(9, AVERAGE), Sample(), Sample(repetition_penalty=2)])
def test_impossible_symbols_are_never_chosen(policy: Policy):
    model = Constant([-math.inf, 0.3, 0.1, -math.inf])
    (ours,) = hypotheses(search(model, model.start(1), PROMPT, policy, end=3, limit=3), best=9)
    assert {token for entry in ours for token in entry.tokens} <= {1, 2}
    assert len(ours) == (8 if isinstance(policy, Beam) else 1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_scores_are_normalised_in_single(dtype: torch.dtype):
    model = Constant([1.0, 2.0, 3.0])
    model.logit_V = model.logit_V.to(dtype)
    step = next(search(model, model.start(1), PROMPT, Greedy(), end=None, limit=1))
    assert step.logp_BJ[0, 0] == pytest.approx(3 - math.log(math.e + math.e**2 + math.e**3), abs=1e-6)


@pytest.mark.parametrize(
    ("prompt_BT", "limit", "message"),
    [
        (torch.zeros((1, 0), dtype=torch.int64), 1, "at least one symbol"),
        (torch.zeros((0, 1), dtype=torch.int64), 1, "at least one prompt"),
        (torch.zeros(1, dtype=torch.int64), 1, "at least one prompt"),
        (PROMPT, 0, "limit must be at least 1"),
        (PROMPT.repeat(2, 1), 1, "2 prompts but a state of 1"),
    ],
)
def test_what_cannot_be_searched_is_refused_at_the_call(prompt_BT, limit: int, message: str):
    model = Toy(5)
    with pytest.raises(ValueError, match=message):
        search(model, model.start(1), prompt_BT, Greedy(), end=None, limit=limit)


# Beams


def test_wu_and_average_penalties():
    assert LengthPenalty()(17) == 1
    assert LengthPenalty(0.6)(7) == pytest.approx((12 / 6) ** 0.6)
    assert AVERAGE(7) == 7


def test_beams_refuse_what_makes_no_sense():
    for settings in ({"alpha": -0.1}, {"alpha": math.nan}, {"alpha": math.inf}, {"offset": -1}, {"offset": math.nan}):
        with pytest.raises(ValueError, match="length penalty"):
            LengthPenalty(**settings)
    with pytest.raises(ValueError, match="at least 1"):
        Beam(0)
    model = Toy(5)
    with pytest.raises(ValueError, match="needs a limit"):
        search(model, model.start(1), PROMPT, Beam(2, AVERAGE), end=0, limit=None)


def test_a_beam_without_a_limit_stops_when_nothing_can_overtake():
    model = Constant([1.0, 0.0, 0.0])  # the end symbol is the likeliest
    steps = list(search(model, model.start(1), PROMPT, Beam(2), end=0, limit=None))
    # p(end) = 0.58: [0], then [1, 0] and [2, 0] with 0.21 * 0.58; after two steps no live one, 0.21², can overtake them.
    assert len(steps) == 2
    (ours,) = hypotheses(steps, best=2)
    assert [entry.tokens for entry in ours] == [[0], [1, 0]]


def test_a_length_penalty_can_prefer_the_longer():
    model = Constant([0.0, 0.4])  # probabilities 0.4 and 0.6
    by_total, by_mean = (
        hypotheses(search(model, model.start(1), PROMPT, Beam(8, penalty), end=0, limit=6))[0][0].tokens
        for penalty in (LengthPenalty(), AVERAGE)
    )
    assert by_total == [0]  # 0.4 > 0.6 * 0.4 > … and 0.4 > 0.6^6
    assert by_mean == [1] * 6  # every 0.4 would lower the mean


@pytest.mark.parametrize("wanted", [1, 2, 3, 5, 8])
def test_best_symbols_are_those_of_a_stable_sort(wanted: int):
    logp_BKV = torch.randint(3, (40, 2, 8), generator=torch.Generator().manual_seed(1)).double()  # many that are equal
    value_BKC, token_BKC = best_symbols(logp_BKV, wanted)
    order_BKV = np.argsort(-logp_BKV.numpy(), axis=-1, kind="stable")[..., :wanted]
    assert np.array_equal(token_BKC, order_BKV)
    assert np.array_equal(value_BKC, np.take_along_axis(logp_BKV.numpy(), order_BKV, axis=-1))


# Memory


@pytest.mark.parametrize(
    ("policy", "steps"),
    [(Sample(0.8), 20_000), (Greedy(), 1000), (Beam(3), 1000), (Sample(0.8, 20, 0.9, 0.01, 1.2, 16), 1000)],
)
def test_endless_search_holds_memory_flat(policy: Policy, steps: int):
    model = Constant(np.random.default_rng(0).normal(size=65).tolist())
    endless = search(model, model.start(1), PROMPT, policy, end=None, limit=None)
    deque(islice(endless, 200), maxlen=0)
    tracemalloc.start()
    try:
        deque(islice(endless, 50), maxlen=0)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        deque(islice(endless, steps), maxlen=0)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 10_000
    assert peak - before < 50_000


def test_hypotheses_that_no_one_continues_are_freed():
    model = Toy(5)
    steps = search(model, model.start(1), PROMPT, Beam(4), end=None, limit=600)
    tracemalloc.start()
    try:
        (ours,) = hypotheses(steps, best=4)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(ours[0].tokens) == 600
    assert peak < 600 * 300  # one shared past, not four


@pytest.mark.parametrize("penalty", [LengthPenalty(), LengthPenalty(0.6), AVERAGE])
def test_a_wider_beam_never_finds_a_worse_hypothesis(penalty: LengthPenalty):
    gained = 0
    for seed in range(8):
        model = Toy(6, seed=seed, sharpness=1.5, lean=0.5)
        prompt_BT = torch.randint(6, (8, 3), generator=torch.Generator().manual_seed(seed))
        before = [-math.inf] * 8
        for k in range(1, 7):
            steps = search(model, model.start(8), prompt_BT, Beam(k, penalty), end=0, limit=10)
            scores = [entry.score for (entry, *_) in hypotheses(steps)]
            assert all(score >= old - 1e-9 for score, old in zip(scores, before, strict=True))
            gained += sum(score > old + 1e-9 for score, old in zip(scores, before, strict=True)) * (k > 1)
            before = scores
    assert gained > 10  # the law is not empty
