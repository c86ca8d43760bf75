"""Laws of the CRF: it equals brute-force enumeration, and what is illegal never comes out."""

import math
from collections.abc import Iterator
from itertools import pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor
from torch.testing import assert_close

from seqkit.models import forward_backward
from seqkit.models.crf import CRF, legal_iob2
from seqkit.models.forward_backward import Lattice, logarithmic, scaled

TAGS = ("O", "B-A", "I-A", "B-B", "I-B")
LENGTHS = (5, 1, 3, 2, 4)
STEPS = 6  # one column is padding in every sentence

EXACT = {"rtol": 0.0, "atol": 1e-10}


def follows(last: str, tag: str) -> bool:
    """IOB2, said in another way than the package says it; `^` stands before the first tag."""
    return not tag.startswith("I") or last in ("B" + tag[1:], "I" + tag[1:])


def is_legal(tags: list[int]) -> bool:
    return all(follows(a, b) for a, b in pairwise(["^", *(TAGS[tag] for tag in tags)]))


def new_crf(seed: int = 0, scale: float = 1.0) -> CRF:
    generator = torch.Generator().manual_seed(seed)
    crf = CRF(*legal_iob2(TAGS)).double()
    with torch.no_grad():
        crf.weight_SS.normal_(0, scale, generator=generator)
        crf.weight_SS[-1, -1] = 0
    return crf


def new_batch(seed: int = 0, scale: float = 2.0) -> tuple[Tensor, Tensor, Tensor]:
    """(emission_BTK, tag_BT, length_B), NaN and impossible tags in the padding."""
    generator = torch.Generator().manual_seed(seed)
    emission_BTK = scale * torch.randn(len(LENGTHS), STEPS, len(TAGS), dtype=torch.float64, generator=generator)
    tag_BT = torch.full((len(LENGTHS), STEPS), -100)
    for row, length in enumerate(LENGTHS):
        emission_BTK[row, length:] = math.nan
        legal = [tags for tags in product(range(len(TAGS)), repeat=length) if is_legal(list(tags))]
        chosen = int(torch.randint(len(legal), (), generator=generator))
        tag_BT[row, :length] = torch.tensor(legal[chosen])
    return emission_BTK, tag_BT, torch.tensor(LENGTHS)


def enumerate_legal(crf: CRF, emission_TK: Tensor, length: int) -> list[tuple[float, list[int]]]:
    """(score, tags) of all legal sequences, best first."""
    weight, emission = crf.weight_SS.tolist(), emission_TK.tolist()
    found: list[tuple[float, list[int]]] = []
    for tags in map(list, product(range(len(TAGS)), repeat=length)):
        if is_legal(tags):
            steps = sum(weight[a][b] for a, b in pairwise([-1, *tags, -1]))
            found.append((steps + sum(emission[t][tag] for t, tag in enumerate(tags)), tags))
    return sorted(found, reverse=True)


def probabilities(crf: CRF, emission_TK: Tensor, length: int) -> list[tuple[float, list[int]]]:
    """(probability, tags) of all legal sequences."""
    found = enumerate_legal(crf, emission_TK, length)
    top = found[0][0]
    total = math.fsum(math.exp(score - top) for score, _ in found)
    return [(math.exp(score - top) / total, tags) for score, tags in found]


def log_partition(crf: CRF, emission_TK: Tensor, length: int) -> float:
    found = enumerate_legal(crf, emission_TK, length)
    return found[0][0] + math.log(math.fsum(math.exp(score - found[0][0]) for score, _ in found))


@pytest.fixture(params=["probabilities", "logarithms"])
def recursion(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both ways of forward–backward; either takes over where the other is refused."""
    if request.param == "logarithms":
        monkeypatch.setattr(forward_backward, "scaled", lambda lattice: None)
    else:
        monkeypatch.delattr(forward_backward, "logarithmic")
    return request.param


# Equal to enumeration


@pytest.mark.parametrize("seed", range(3))
def test_log_likelihood_equals_enumeration(recursion: str, seed: int):
    crf, (emission_BTK, tag_BT, length_B) = new_crf(seed), new_batch(seed)
    expected: list[float] = []
    for emission_TK, tags, length in zip(emission_BTK, tag_BT.tolist(), LENGTHS, strict=True):
        score = next(score for score, other in enumerate_legal(crf, emission_TK, length) if other == tags[:length])
        expected.append(score - log_partition(crf, emission_TK, length))
    assert_close(crf.log_likelihood(emission_BTK, tag_BT, length_B).tolist(), expected, **EXACT)


@pytest.mark.parametrize("seed", range(3))
def test_marginals_equal_enumeration(recursion: str, seed: int):
    crf, (emission_BTK, _, length_B) = new_crf(seed), new_batch(seed)
    expected_BTK = torch.zeros_like(emission_BTK)
    for row, length in enumerate(LENGTHS):
        for probability, tags in probabilities(crf, emission_BTK[row], length):
            for t, tag in enumerate(tags):
                expected_BTK[row, t, tag] += probability
    assert_close(crf.marginals(emission_BTK, length_B), expected_BTK, **EXACT)


@pytest.mark.parametrize("seed", range(3))
def test_span_probability_equals_enumeration(recursion: str, seed: int):
    crf, (emission_BTK, _, length_B) = new_crf(seed), new_batch(seed)
    spans: list[list[tuple[int, int, int, int]]] = []
    expected: list[list[float]] = []
    for emission_TK, length in zip(emission_BTK, LENGTHS, strict=True):
        every = [(a, b, first, first + 1) for a in range(length) for b in range(a + 1, length + 1) for first in (1, 3)]
        every += [(a, a + 1, 0, -1) for a in range(length)]  # a single tag that nothing continues
        found = probabilities(crf, emission_TK, length)
        spans.append(every)
        expected.append(
            [
                math.fsum(
                    probability
                    for probability, tags in found
                    if tags[a:b] == [first] + [inside] * (b - a - 1) and (b == length or tags[b] != inside)
                )
                for a, b, first, inside in every
            ]
        )
    for got, wanted in zip(crf.span_probability(emission_BTK, length_B, spans), expected, strict=True):
        assert_close(got, wanted, **EXACT)


def test_span_probability_without_spans():
    crf, (emission_BTK, _, length_B) = new_crf(), new_batch()
    assert crf.span_probability(emission_BTK, length_B, [[]] * 5) == [[]] * 5
    one = crf.span_probability(emission_BTK, length_B, [[], [], [(0, 2, 1, 2)], [], []])
    assert [len(row) for row in one] == [0, 0, 1, 0, 0]


@pytest.mark.parametrize("seed", range(3))
def test_decode_equals_enumeration(seed: int):
    crf, (emission_BTK, _, length_B) = new_crf(seed), new_batch(seed)
    tag_BT, score_B = crf.decode(emission_BTK, length_B)
    for row, length in enumerate(LENGTHS):
        score, tags = enumerate_legal(crf, emission_BTK[row], length)[0]
        assert tag_BT[row].tolist() == tags + [0] * (STEPS - length)
        assert_close(score_B[row].item(), score, **EXACT)


# Gradients


def test_gradients_in_closed_form_are_right(recursion: str):
    crf, (emission_BTK, tag_BT, length_B) = new_crf(), new_batch()
    emission_BTK = emission_BTK.nan_to_num(nan=0.0).requires_grad_()

    def log_likelihood(emission_BTK: Tensor, weight_SS: Tensor) -> Tensor:
        weights = {"crf.weight_SS": weight_SS}
        return torch.func.functional_call(Scorer(crf), weights, (emission_BTK, tag_BT, length_B))

    # Outside to outside is no parameter: padding does it, and it has to stay 0.
    free_SS = torch.ones_like(crf.weight_SS)
    free_SS[-1, -1] = 0
    weight_SS = crf.weight_SS.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda e, w: log_likelihood(e, w * free_SS), (emission_BTK, weight_SS))


class Scorer(torch.nn.Module):
    def __init__(self, crf: CRF) -> None:
        super().__init__()
        self.crf = crf

    def forward(self, emission_BTK: Tensor, tag_BT: Tensor, length_B: Tensor) -> Tensor:
        return self.crf.log_likelihood(emission_BTK, tag_BT, length_B)


def test_illegal_and_outside_weights_get_no_gradient():
    crf, generator = new_crf(), torch.Generator().manual_seed(0)
    emission_BTK = torch.randn(99, 5, len(TAGS), dtype=torch.float64, generator=generator)
    tag_BT = torch.zeros((99, 5), dtype=torch.int64)
    crf.log_likelihood(emission_BTK, tag_BT, torch.full((99,), 4)).sum().backward()
    assert crf.weight_SS.grad is not None
    assert not crf.weight_SS.grad[~crf.legal_SS].any()
    assert crf.weight_SS.grad[-1, -1] == 0  # exactly, as rounding is all that Adam would see there
    assert crf.weight_SS.grad[:, :2].all()


def test_a_second_derivative_is_refused_rather_than_wrong():
    crf, (emission_BTK, tag_BT, length_B) = new_crf(), new_batch()
    emission_BTK.requires_grad_()
    log_likelihood_B = crf.log_likelihood(emission_BTK, tag_BT, length_B)
    (first,) = torch.autograd.grad(log_likelihood_B.square().sum(), emission_BTK, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.nan_to_num(nan=0.0).square().sum().backward()


# Batches and padding


def test_a_sentence_does_not_depend_on_its_batch_or_padding():
    crf, (emission_BTK, tag_BT, length_B) = new_crf(), new_batch()
    emission_BTK.requires_grad_()
    log_likelihood_B = crf.log_likelihood(emission_BTK, tag_BT, length_B)
    grad_BTK = torch.autograd.grad(log_likelihood_B.sum(), emission_BTK)[0]
    marginal_BTK = crf.marginals(emission_BTK, length_B)
    tag_best_BT, score_B = crf.decode(emission_BTK, length_B)
    probability = crf.span_probability(emission_BTK, length_B, [[(0, 1, 1, 2)]] * 5)
    for row, length in enumerate(LENGTHS):
        alone_BTK = emission_BTK[row : row + 1, :length].detach().requires_grad_()
        length_1 = length_B[row : row + 1]
        alone_B = crf.log_likelihood(alone_BTK, tag_BT[row : row + 1, :length], length_1)
        assert_close(alone_B[0], log_likelihood_B[row], **EXACT)
        assert_close(torch.autograd.grad(alone_B.sum(), alone_BTK)[0][0], grad_BTK[row, :length], **EXACT)
        assert not grad_BTK[row, length:].any()
        assert_close(crf.marginals(alone_BTK, length_1)[0], marginal_BTK[row, :length], **EXACT)
        assert not marginal_BTK[row, length:].any()
        tags, score = crf.decode(alone_BTK, length_1)
        assert tags[0].tolist() == tag_best_BT[row, :length].tolist()
        assert_close(score[0], score_B[row], **EXACT)
        assert_close(crf.span_probability(alone_BTK, length_1, [[(0, 1, 1, 2)]])[0], probability[row], **EXACT)


# What is illegal

anything = st.floats(width=32, allow_nan=True, allow_infinity=True) | st.sampled_from([1e30, -1e30, math.inf])


@settings(max_examples=60, deadline=None)
@given(emission=arrays("float32", (3, 7, len(TAGS)), elements=anything), weight=arrays("float32", (6, 6), elements=anything))
def test_illegal_sequences_never_come_out(emission, weight):
    crf = CRF(*legal_iob2(TAGS))
    with torch.no_grad():
        crf.weight_SS.copy_(torch.from_numpy(weight))
    length_B = torch.tensor([7, 1, 4])
    tag_BT, _ = crf.decode(torch.from_numpy(emission), length_B)
    for row, length in enumerate(length_B.tolist()):
        assert is_legal(tag_BT[row, :length].tolist())
        assert not tag_BT[row, length:].any()


def test_a_strong_illegal_reading_has_no_probability():
    crf = new_crf()
    emission_BTK = torch.zeros(1, 2, 5, dtype=torch.float64)
    emission_BTK[0, :, 2] = 40.0  # I-A, twice
    length_B = torch.tensor([2])
    assert crf.marginals(emission_BTK, length_B)[0, 0, 2] == 0
    assert crf.decode(emission_BTK, length_B)[0].tolist() == [[1, 2]]
    assert crf.log_likelihood(emission_BTK, torch.tensor([[2, 2]]), length_B).item() == -math.inf


def test_legal_iob2():
    start_K, transition_KK = legal_iob2(TAGS)
    assert start_K.tolist() == [follows("^", tag) for tag in TAGS]
    assert transition_KK.tolist() == [[follows(last, tag) for tag in TAGS] for last in TAGS]


def test_parts_of_speech_are_legal_everywhere():
    start_K, transition_KK = legal_iob2(["NOUN", "VERB", "INTJ", "X"])
    assert start_K.all()
    assert transition_KK.all()


def test_tags_that_leave_a_length_without_a_sequence_are_refused():
    with pytest.raises(ValueError, match="length 1"):
        CRF(*legal_iob2(["I-A", "I-B"]))
    with pytest.raises(ValueError, match="length 3"):  # a chain that stops after two tags
        CRF(torch.tensor([True, False]), torch.tensor([[False, True], [False, False]]))


# Numbers of any size


@pytest.mark.parametrize("size", [30.0, 1e2, 1e3, 1e5])
@pytest.mark.parametrize("seed", range(4))
def test_large_emissions_are_finite_and_right(size: float, seed: int):
    crf, (emission_BTK, tag_BT, length_B) = new_crf(seed), new_batch(seed)
    emission_BTK = (size * emission_BTK.sign()).requires_grad_()
    log_likelihood_B = crf.log_likelihood(emission_BTK, tag_BT, length_B)
    log_likelihood_B.sum().backward()
    assert log_likelihood_B.isfinite().all()
    assert emission_BTK.grad is not None
    assert emission_BTK.grad.isfinite().all()
    for row, length in enumerate(LENGTHS):
        found = enumerate_legal(crf, emission_BTK[row], length)
        score = next(score for score, tags in found if tags == tag_BT[row, :length].tolist())
        expected = score - log_partition(crf, emission_BTK[row], length)
        assert_close(log_likelihood_B[row].item(), expected, rtol=1e-12, atol=1e-10 * max(1, size / 1e2))


def keep_one_tag(tags: int) -> CRF:
    """The first tag settles all others, so a sentence has as many readings as there are tags."""
    crf = CRF(torch.ones(tags).bool(), torch.eye(tags).bool()).double()
    torch.nn.init.zeros_(crf.weight_SS)
    return crf


@pytest.mark.parametrize("step", [5.0, 20.0, 45.0, 200.0])
def test_a_garden_path_has_its_closed_form(step: float):
    crf = keep_one_tag(2)
    emission_BTK = torch.zeros(1, 60, 2, dtype=torch.float64)
    emission_BTK[0, :20, 0], emission_BTK[0, 20:40, 1], emission_BTK[0, 40:, 0] = step, 2.5 * step, step
    length_B = torch.tensor([60])  # tag 1 leads by 10 steps in the end, having trailed by 20
    assert crf.decode(emission_BTK, length_B)[0].unique().tolist() == [1]
    assert_close(crf.marginals(emission_BTK, length_B)[0, 30, 0].item(), math.exp(-10 * step), rtol=1e-9, atol=1e-300)
    log_likelihood_B = crf.log_likelihood(emission_BTK, torch.zeros((1, 60), dtype=torch.int64), length_B)
    assert_close(log_likelihood_B.item(), -10 * step, rtol=1e-12, atol=0)


@pytest.mark.parametrize("by", ["one emission", "many emissions", "transitions"])
def test_what_both_ends_all_but_rule_out_may_still_be_the_best(by: str):
    """Of four readings A and D hold one end each, C is middling and B, hopeless at both ends, wins by the middle.

    A recursion that lets B's mass underflow from either side is left with C, and with nothing to show for it.
    """
    crf, steps = keep_one_tag(4), 250
    emission_BTK = torch.zeros(1, steps, 4, dtype=torch.float64)
    emission_BTK[0, 40:-40] = torch.tensor([-20.0, 0.0, -20.0, -20.0])  # A, B, C, D: C ends 3400 behind B
    if by == "one emission":
        emission_BTK[0, 39] = torch.tensor([0.0, -800.0, -50.0, -800.0])
        emission_BTK[0, -40] = torch.tensor([-800.0, -800.0, -50.0, 0.0])
    elif by == "many emissions":
        emission_BTK[0, :40] = torch.tensor([0.0, -30.0, -1.0, -30.0])
        emission_BTK[0, -40:] = torch.tensor([-30.0, -30.0, -1.0, 0.0])
    else:
        with torch.no_grad():
            crf.weight_SS[-1, :-1] = torch.tensor([0.0, -800.0, -50.0, -800.0])
            crf.weight_SS[:-1, -1] = torch.tensor([-800.0, -800.0, -50.0, 0.0])
    total_K = emission_BTK[0].sum(dim=0) + crf.weight_SS[-1, :-1] + crf.weight_SS[:-1, -1]
    assert total_K.argmax() == 1
    log_likelihood_B = crf.log_likelihood(emission_BTK, torch.full((1, steps), 2), torch.tensor([steps]))
    assert_close(log_likelihood_B.item(), (total_K[2] - total_K.logsumexp(dim=0)).item(), rtol=1e-12, atol=0)
    assert_close(crf.marginals(emission_BTK, torch.tensor([steps]))[0, :, 1], torch.ones(steps).double(), **EXACT)


def test_the_only_reading_may_look_bad_at_every_token():
    possible_K = torch.tensor([True, False])  # tag 1 can neither start a sentence, nor follow another tag, nor end
    crf = CRF(possible_K, torch.eye(2).bool(), possible_K).double()
    with torch.no_grad():
        crf.weight_SS.fill_(-9.0)
        crf.weight_SS[-1, -1] = 0.0
    for length in range(50, 60):  # any phase of the rescaling
        emission_BTK = torch.tensor([-74.0, 0.0], dtype=torch.float64).expand(1, length, 2)
        tag_BT, length_B = torch.zeros((1, length), dtype=torch.int64), torch.tensor([length])
        assert_close(crf.log_likelihood(emission_BTK, tag_BT, length_B).item(), 0.0, **EXACT)
        assert_close(crf.marginals(emission_BTK, length_B)[0, :, 0], torch.ones(length).double(), **EXACT)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.sampled_from([1.0, 5.0, 12.0, 25.0]),
    weight=st.sampled_from([0.1, 1.0, 3.0]),
    cycle=st.booleans(),
)
def test_where_probabilities_are_used_they_equal_logarithms(seed: int, size: float, weight: float, cycle: bool):
    generator = torch.Generator().manual_seed(seed)
    tags = 5
    legal_KK = torch.eye(tags).roll(1, dims=1).bool() if cycle else torch.rand(tags, tags, generator=generator) < 0.5
    legal_KK |= torch.eye(tags).bool()
    crf = CRF(torch.ones(tags).bool(), legal_KK).double()
    transition_SS = (crf.transitions() * 10 * weight).detach()
    emission_BTK = size * torch.randn(3, 50, tags, dtype=torch.float64, generator=generator)
    lattice = Lattice(emission_BTK, torch.tensor([50, 1, 23]), transition_SS)
    fast, slow = scaled(lattice), logarithmic(lattice)
    if fast is not None:
        assert_close(fast.log_partition_B, slow.log_partition_B, rtol=1e-12, atol=1e-10)
        assert_close(fast.marginal_PBS, slow.marginal_PBS, **EXACT)
        assert_close(fast.pair_BSS, slow.pair_BSS, **EXACT)


def test_ordinary_emissions_take_the_fast_way():
    crf = new_crf(scale=2.0)
    emission_BTK = 6 * torch.randn(8, 2000, 5, generator=torch.Generator().manual_seed(0))
    assert scaled(Lattice(emission_BTK, torch.full((8,), 2000), crf.transitions().detach())) is not None


def test_dtypes_and_autocast():
    crf, (emission_BTK, tag_BT, length_B) = new_crf(), new_batch()
    expected_B = crf.log_likelihood(emission_BTK, tag_BT, length_B)
    crf.float()
    single_BTK = emission_BTK.float().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        log_likelihood_B = crf.log_likelihood(single_BTK, tag_BT, length_B)
        log_likelihood_B.sum().backward()
    assert log_likelihood_B.dtype == torch.float32
    assert_close(log_likelihood_B.double(), expected_B, rtol=1e-6, atol=1e-5)
    half_BTK = emission_BTK.bfloat16().requires_grad_()
    log_likelihood_B = crf.log_likelihood(half_BTK, tag_BT, length_B)
    log_likelihood_B.sum().backward()
    assert log_likelihood_B.dtype == torch.float32
    assert half_BTK.grad is not None
    assert half_BTK.grad.dtype == torch.bfloat16
    assert_close(log_likelihood_B.double(), expected_B, rtol=2e-2, atol=1e-1)
    assert crf.decode(half_BTK, length_B)[1].dtype == torch.float32


# A second opinion


def test_log_likelihood_equals_pytorch_crf():
    torchcrf = pytest.importorskip("torchcrf")
    theirs = torchcrf.CRF(4, batch_first=True).double()
    ours = CRF(torch.ones(4).bool(), torch.ones(4, 4).bool()).double()
    with torch.no_grad():
        ours.weight_SS[-1, :-1] = theirs.start_transitions
        ours.weight_SS[:-1, -1] = theirs.end_transitions
        ours.weight_SS[:-1, :-1] = theirs.transitions
    generator = torch.Generator().manual_seed(0)
    emission_BTK = torch.randn(6, 30, 4, dtype=torch.float64, generator=generator).requires_grad_()
    tag_BT = torch.randint(4, (6, 30), generator=generator)
    length_B = torch.tensor([30, 1, 2, 17, 8, 25])
    mask_BT = torch.arange(30) < length_B[:, None]
    expected_B = theirs(emission_BTK, tag_BT, mask=mask_BT, reduction="none")
    log_likelihood_B = ours.log_likelihood(emission_BTK, tag_BT, length_B)
    assert_close(log_likelihood_B, expected_B, **EXACT)
    assert_close(
        torch.autograd.grad(log_likelihood_B.sum(), [emission_BTK, ours.weight_SS])[0],
        torch.autograd.grad(expected_B.sum(), emission_BTK)[0],
        **EXACT,
    )
