"""Axes: B searches, V symbols."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scanners import Constant, Toy

from seqkit.decoding.hypotheses import hypotheses
from seqkit.decoding.sampling import Past, Sample, drawn, penalised
from seqkit.decoding.search import search

PROMPT = torch.tensor([[1, 2]])
LOGITS = [2.0, 1.4, 1.0, 0.3, 0.1, -0.5, -1.0, -3.0]


def text(policy: Sample, model=None, prompt_BT=PROMPT, end: int | None = None, limit: int = 40) -> list[list[int]]:
    model = model or Toy(7, seed=3, sharpness=0.8)
    steps = search(model, model.start(len(prompt_BT)), prompt_BT, policy, end=end, limit=limit)
    return [entry.tokens for (entry,) in hypotheses(steps)]


def filtered(policy: Sample, logits: list[float], seen: set[int]) -> list[float]:
    """The filters by their papers' definitions, symbol by symbol."""
    mean = sum(logits) / len(logits)
    scores = [score - mean for score in logits]
    theta = policy.repetition_penalty
    scores = [(s / theta if s > 0 else s * theta) if v in seen else s for v, s in enumerate(scores)]
    weights = [math.exp(score / policy.temperature) for score in scores]
    order = sorted(range(len(weights)), key=lambda v: (-weights[v], v))
    order = order[: policy.top_k or None]
    nucleus: list[int] = []
    for v in order:
        nucleus.append(v)
        if sum(weights[u] for u in nucleus) >= policy.top_p * sum(weights[u] for u in order):
            break
    alive = [v for v in nucleus if weights[v] >= policy.min_p * weights[order[0]]]
    total = sum(weights[v] for v in alive)
    return [weights[v] / total if v in alive else 0.0 for v in range(len(weights))]


POLICIES = [
    Sample(),
    Sample(temperature=0.5),
    Sample(temperature=3.0),
    Sample(top_k=3),
    Sample(top_p=0.7),
    Sample(min_p=0.2),
    Sample(repetition_penalty=1.8),
    Sample(1.3, 6, 0.9, 0.15, 1.5),
]


def chi_square(counts: Counter[int], expected: list[float]) -> float:
    """In standard deviations above its mean; infinite if an impossible symbol came."""
    draws = sum(counts.values())
    possible = [v for v, share in enumerate(expected) if share > 0]
    if set(counts) - set(possible):
        return math.inf
    statistic = sum((counts[v] - draws * expected[v]) ** 2 / (draws * expected[v]) for v in possible)
    freedom = len(possible) - 1
    return (statistic - freedom) / math.sqrt(2 * freedom)


@pytest.mark.parametrize("policy", POLICIES)
def test_frequencies_over_samples_match_the_filtered_distribution(policy: Sample):
    many = Sample(**{**policy.__dict__, "samples": 3000, "seed": 1})
    counts = Counter(token for (token,) in text(many, Constant(LOGITS), limit=1))
    assert chi_square(counts, filtered(policy, LOGITS, seen={1, 2})) < 4


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy.repetition_penalty == 1])
def test_frequencies_over_steps_match_the_filtered_distribution(policy: Sample):
    model = Constant(LOGITS)
    steps = search(model, model.start(1), PROMPT, policy, end=None, limit=3000)
    counts = Counter(int(step.token_BJ[0, 0]) for step in steps)
    assert chi_square(counts, filtered(policy, LOGITS, set())) < 4


@settings(max_examples=150, deadline=None)
@example(logits=[0.0] * 5, temperature=1.0, top_k=0, top_p=0.6, min_p=0.0, penalty=1.0, seen=set())
@given(
    logits=st.lists(st.sampled_from([-3.0, -1.0, 0.0, 0.5, 2.0, 2.5]), min_size=2, max_size=9),
    temperature=st.sampled_from([0.3, 1.0, 2.0]),
    top_k=st.integers(0, 10),
    top_p=st.sampled_from([0.05, 0.33, 0.6, 0.91, 1.0]),
    min_p=st.sampled_from([0.0, 0.11, 0.51]),
    penalty=st.sampled_from([0.7, 1.0, 1.7]),
    seen=st.sets(st.integers(0, 8)),
)
def test_weights_are_the_filters_in_their_order(logits, temperature, top_k, top_p, min_p, penalty, seen):
    # A score of zero is not moved by the penalty; which side of zero its last bit puts it on decides between equals.
    mean = sum(logits) / len(logits)
    assume(penalty == 1 or all(abs(logits[v] - mean) > 1e-9 for v in seen if v < len(logits)))
    policy = Sample(temperature, top_k, top_p, min_p, penalty)
    logp_BV = torch.log_softmax(torch.tensor([logits, logits], dtype=torch.float64) + 5, dim=-1).numpy()
    seen_BV = np.array([[v in seen for v in range(len(logits))]] * 2)
    weight_BV = policy.weights(logp_BV, seen_BV)
    # Which of two symbols survives must not hang on the last bit, which the two ways of adding up may set differently.
    nudged = [
        Sample(temperature, top_k, min(1.0, top_p * (1 + nudge)), max(0.0, min_p * (1 - nudge)), penalty)
        for nudge in (0.0, 1e-12, -1e-12)
    ]
    allowed = [pytest.approx(filtered(one, logits, seen), abs=1e-9) for one in nudged]
    for weight_V in weight_BV:
        assert (weight_V / weight_V.sum()).tolist() in allowed


@settings(max_examples=100, deadline=None)
@given(
    logits=st.lists(st.floats(-1e4, 1e4) | st.just(-math.inf), min_size=1, max_size=6).filter(lambda x: max(x) > -math.inf),
    temperature=st.sampled_from([0.0, 5e-324, 1e-300, 1.0, 1e308]),
    top_k=st.integers(0, 3),
    top_p=st.sampled_from([5e-324, 0.5, 1 - 2**-53, 1.0]),
    min_p=st.sampled_from([0.0, 5e-324, 1 - 2**-53]),
    penalty=st.sampled_from([5e-324, 1e-300, 1.0, 1e300, 1.7e308]),
    uniform=st.sampled_from([0.0, 0.5, 1 - 2**-53]),
)
def test_a_possible_symbol_always_survives(logits, temperature, top_k, top_p, min_p, penalty, uniform):
    policy = Sample(temperature, top_k, top_p, min_p, penalty)
    logp_BV = torch.log_softmax(torch.tensor([logits], dtype=torch.float64), dim=-1).numpy()
    for seen_BV in (None, np.ones(logp_BV.shape, dtype=bool), np.zeros(logp_BV.shape, dtype=bool)):
        weight_BV = policy.weights(logp_BV, seen_BV)
        assert np.isfinite(weight_BV).all()
        assert weight_BV.max() == 1
        token = int(drawn(weight_BV, [uniform])[0, 0])
        assert weight_BV[0, token] > 0
        assert logits[token] > -math.inf


def test_a_draw_inverts_the_distribution_function():
    weight_BV = np.array([[0.0, 2.0, 0.0, 1.0, 1.0, 0.0]])
    for uniform, token in [(0.0, 1), (0.49, 1), (0.5, 3), (0.74, 3), (0.75, 4), (1 - 2**-53, 4)]:
        assert drawn(weight_BV, [uniform]).tolist() == [[token]]


def test_the_largest_uniform_still_draws_a_symbol():
    weight_BV = np.random.default_rng(0).random((20_000, 3)) + 0.5
    assert drawn(weight_BV, [1 - 2**-53] * 20_000).max() == 2
    assert drawn(np.nextafter(1, [[2], [0], [1]]), [1 - 2**-53] * 3).max() == 0


# Seeds


def test_the_same_seed_gives_the_same_text_and_another_gives_another():
    policy = Sample(seed=7)
    assert text(policy) == text(policy) == text(Sample(seed=7))
    assert text(policy) != text(Sample(seed=8))


def test_sample_numbers_are_seeds_of_their_own():
    model, prompt_BT = Toy(7, seed=3, sharpness=0.8), torch.tensor([[1, 2], [1, 2], [4, 5]])
    five = text(Sample(seed=7, samples=5), model)
    assert len(set(map(tuple, five))) == 5
    assert text(Sample(seed=7, samples=2), model) == five[:2]
    model.source_H.zero_()  # so that rows 0 and 1 are the same prompt indeed
    batch = text(Sample(seed=7, samples=2), model, prompt_BT)
    assert batch[0:2] == batch[2:4] == text(Sample(seed=7, samples=2), model)
    assert batch[4:6] == text(Sample(seed=7, samples=2), model, prompt_BT[2:])


def test_rounding_of_the_scores_does_not_change_the_text():
    model = Toy(7, seed=3, sharpness=0.8)
    expected = text(Sample(), model, limit=200)
    for matrix in (model.recurrent_HH, model.embedding_VH, model.output_HV):
        matrix.copy_(matrix.float().double())
    assert text(Sample(), model, limit=200) == expected


# The repetition penalty


@pytest.mark.parametrize("window", [0, 1, 4, 1000])
@pytest.mark.parametrize("end", [None, 3, 99])
def test_the_past_is_the_last_symbols(window: int, end: int | None):
    random = np.random.default_rng(window)
    history_BT = random.integers(6, size=(3, 30))
    past = Past(history_BT[:, :5], 6, window, end)
    rows = np.arange(3)
    for now in range(5, 30):
        if now == 17:
            past.drop(np.array([False, True, False]))
            rows = rows[[0, 2]]
        for row, seen_V in zip(rows, past.seen(), strict=True):
            recent = history_BT[row, max(0, now - window) if window else 0 : now]
            assert set(np.nonzero(seen_V)[0].tolist()) == set(recent.tolist()) - {end}
        past.add(history_BT[rows, now][:, None])


def test_the_penalty_is_keskars_on_centred_logits():
    logit_BV = np.array([[3.0, -1.0, 1.0, -3.0]])  # of mean zero
    logp_BV = torch.log_softmax(torch.tensor(logit_BV), dim=-1).numpy()
    seen_BV = np.array([[True, True, False, False]])
    score_BV = penalised(logp_BV, seen_BV, 2.0)
    assert score_BV[0].tolist() == pytest.approx([1.5, -2.0, 1.0, -3.0])
    assert penalised(logp_BV, seen_BV, 1.0)[0].tolist() == pytest.approx(logit_BV[0].tolist())


def test_a_penalty_breaks_a_loop():
    model = Constant([2.0, 1.8, 1.6, 1.4, -6.8])
    assert text(Sample(0), model, PROMPT, limit=8) == [[0] * 8]
    looped = text(Sample(0, repetition_penalty=1.5, repetition_window=2), model, PROMPT, limit=30)[0]
    assert all(looped[step] not in looped[step - 2 : step] for step in range(2, 30))


def test_logps_are_the_models_own():
    model = Constant(LOGITS)
    step = next(search(model, model.start(1), PROMPT, Sample(0.5, 3, 0.9, 0.1, 1.5), end=None, limit=1))
    logp_V = torch.log_softmax(model.logit_V, dim=-1)
    assert step.logp_BJ[0, 0] == pytest.approx(float(logp_V[step.token_BJ[0, 0]]))


# Bad settings


@pytest.mark.parametrize(
    ("setting", "values", "message"),
    [
        ("temperature", [-0.1, math.nan, math.inf, -math.inf], "the temperature must be 0"),
        ("top_k", [-1, math.nan], "top-k must be 0"),
        ("top_p", [0.0, -0.5, 1.01, math.nan, math.inf], "top-p must be above 0 and at most 1"),
        ("min_p", [-0.01, 1.0, math.nan], "min-p must be from 0"),
        ("repetition_penalty", [0.0, -1.0, math.nan, math.inf], "the repetition penalty must be above 0"),
        ("repetition_window", [-1, math.nan], "the repetition window must be 0"),
        ("seed", [-1], "the seed must be 0"),
        ("samples", [0, -3], "the number of samples must be at least 1"),
    ],
)
def test_settings_outside_their_range(setting: str, values: list[float], message: str):
    for value in values:
        with pytest.raises(ValueError, match=message):
            Sample(**{setting: value})
