"""A linear-chain conditional random field over tags (Lafferty, McCallum & Pereira 2001).

The score of tags y is start[y_0] + Σ_t emission[t, y_t] + Σ_t transition[y_t-1, y_t] + end[y_last], -inf if illegal.

Axes: B sentences, T tokens, K tags, S = K + 1 states (the tags and, last, being outside the sentence), N sequences of an
n-best list, Q questions. In `_KK` and `_SS` from comes before to. `length_B` counts the real tokens of each sentence, at
least 1; the padding after them is never read. Emissions are in nats, of any floating dtype; scores come back in the same,
or in float32 where that is narrower.
"""

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from seqkit.data.schemes import may_follow
from seqkit.engine.linear_chain import LinearChain
from seqkit.models.forward_backward import Lattice

_HUGE = 1e30  # stands for infinite emissions when decoding, so that only an illegal step is infinitely bad


def legal_iob2(tags: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Boolean masks (start_K, transition_KK) of what IOB2 allows, as `may_follow`."""
    start_K = torch.tensor([may_follow(None, tag) for tag in tags])
    return start_K, torch.tensor([[may_follow(last, tag) for tag in tags] for last in tags])


class CRF(nn.Module):
    """Scores, decodes and gives probabilities of tag sequences; an illegal sequence has probability 0.

    Args:
        start_K: True where a sentence may begin.
        transition_KK: True where the second tag may follow the first.
        end_K: True where a sentence may end; everywhere if None.

    Raises:
        ValueError: some length of sentence has no legal tag sequence.
    """

    legal_SS: Tensor

    def __init__(self, start_K: Tensor, transition_KK: Tensor, end_K: Tensor | None = None) -> None:
        super().__init__()
        end_K = torch.ones_like(start_K) if end_K is None else end_K
        if not start_K.is_meta:  # which has a shape alone
            _check_every_length(start_K, transition_KK, end_K)
        tags = len(start_K)
        legal_SS = torch.ones((tags + 1, tags + 1), dtype=torch.bool)
        legal_SS[-1, :-1], legal_SS[:-1, -1], legal_SS[:-1, :-1] = start_K, end_K, transition_KK
        # The mask follows from the tags, so a saved model need not hold it.
        self.register_buffer("legal_SS", legal_SS, persistent=False)
        weight_SS = torch.empty(legal_SS.shape).uniform_(-0.1, 0.1)
        weight_SS[-1, -1] = 0.0  # outside to outside, which only padding does: stays 0, its gradient is 0
        self.weight_SS = nn.Parameter(weight_SS)

    def transitions(self) -> Tensor:
        """transition_SS in nats, -inf where illegal; row -1 starts a sentence, column -1 ends it."""
        return self.weight_SS.masked_fill(~self.legal_SS, -torch.inf)

    def log_likelihood(self, emission_BTK: Tensor, tag_BT: Tensor, length_B: Tensor) -> Tensor:
        """loglik_B: log p(tags | emissions) in nats; -inf for an illegal sequence.

        Its gradient is what the gold tags count less what the model expects; it can be taken once, not twice.
        """
        return _LogLikelihood.apply(emission_BTK, tag_BT, length_B, self.transitions())

    def marginals(self, emission_BTK: Tensor, length_B: Tensor) -> Tensor:
        """p_BTK: the probability of each tag of each token; 0 in the padding."""
        marginal_PBS = self._lattice(emission_BTK, length_B).posterior().marginal_PBS
        return _as_scores(marginal_PBS[1:-1, :, :-1].transpose(0, 1), emission_BTK)

    def span_probability(
        self, emission_BTK: Tensor, length_B: Tensor, spans: Sequence[Sequence[tuple[int, int, int, int]]]
    ) -> list[list[float]]:
        """The exact probability of each span, by sentence: a calibrated confidence for an entity.

        Args:
            spans: (start, end, first_tag, inside_tag), 0 <= start < end <= the sentence's length. A span holds if token
                start has first_tag, the others up to end - 1 have inside_tag and token end, if any, has not. Where no
                tag continues a span, inside_tag is negative and end is start + 1.

        Given the emissions, the tags are a Markov chain: p(first) Π p(inside | tag before) · (1 - p(inside | last tag)).
        """
        # A question a token: of which sentence and place, with which tag there, and which tag we ask for next.
        questions = [
            (sentence, token + 1, first if token == start else inside, inside)
            for sentence, row in enumerate(spans)
            for start, end, first, inside in row
            for token in range(start, end)
        ]
        if not questions:
            return [[] for _ in spans]
        sentence_Q, place_Q, tag_Q, next_Q = torch.tensor(questions, device=emission_BTK.device).T
        lattice = self._lattice(emission_BTK, length_B)
        posterior = lattice.posterior()
        next_QS = lattice.next_state(posterior, sentence_Q, place_Q, tag_Q)
        next_p_Q = next_QS.gather(1, next_Q.clamp(min=0)[:, None])[:, 0].masked_fill(next_Q < 0, 0.0)
        here = iter(posterior.marginal_PBS[place_Q, sentence_Q, tag_Q].tolist())
        goes_on = iter(next_p_Q.tolist())

        def probability(length: int) -> float:
            first, *_ = islice(here, length)
            *inside, beyond = islice(goes_on, length)
            return first * math.prod(inside) * (1 - beyond)

        return [[probability(end - start) for start, end, _, _ in row] for row in spans]

    def decode(self, emission_BTK: Tensor, length_B: Tensor) -> tuple[Tensor, Tensor]:
        """(tag_BT, score_B): the best legal sequence (Viterbi 1967), 0 in the padding, and its score in nats.

        Works in numpy on the CPU: the arrays are too small to be worth a kernel launch. No back pointers are kept; on the
        way back the best predecessor of the one tag chosen is found anew, K times less work than for all tags.
        Emissions that are NaN count as 0, infinite ones as ±1e30.
        """
        emission_TKB = _finite(emission_BTK).permute(1, 2, 0).contiguous().numpy()
        start_K, end_K, transition_KK = (weight.numpy() for weight in self._finite_weights())
        last_B = length_B.cpu().numpy() - 1
        every_B = np.arange(len(last_B))
        steps, tags, batch = emission_TKB.shape

        score_TKB = np.empty_like(emission_TKB)
        np.add(emission_TKB[0], start_K[:, None], out=score_TKB[0])
        candidate_KKB = np.empty((tags, tags, batch))
        for before, now, emission_KB in zip(score_TKB, score_TKB[1:], emission_TKB[1:], strict=False):
            np.add(transition_KK[:, :, None], before[:, None], out=candidate_KKB)
            candidate_KKB.max(axis=0, out=now)
            now += emission_KB

        final_BK = score_TKB[last_B, :, every_B] + end_K
        tag_TB = np.empty((steps, batch), dtype=np.int64)
        tag_TB[-1] = final_BK.argmax(axis=1)  # waits there until the walk back reaches the last token
        for t in range(steps - 2, -1, -1):
            best_B = (score_TKB[t] + transition_KK[:, tag_TB[t + 1]]).argmax(axis=0)
            tag_TB[t] = np.where(t < last_B, best_B, tag_TB[t + 1])
        tag_TB[np.arange(steps)[:, None] > last_B] = 0
        return (
            torch.from_numpy(np.ascontiguousarray(tag_TB.T)).to(emission_BTK.device),
            _as_scores(torch.from_numpy(final_BK.max(axis=1)), emission_BTK),
        )

    def chain(self) -> LinearChain:
        """The weights as they stand, for decoding one sentence at a time without what a batch costs."""
        return LinearChain(self.weight_SS.double().numpy(force=True), self.legal_SS.numpy(force=True))

    @torch.no_grad()
    def _lattice(self, emission_BTK: Tensor, length_B: Tensor) -> Lattice:
        return Lattice(emission_BTK, length_B, self.transitions())

    def _finite_weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """(start_K, end_K, transition_KK) on the CPU, in float64: finite where legal, else -inf."""
        weight_SS = _finite(self.weight_SS).masked_fill_(~self.legal_SS.cpu(), -torch.inf)
        return weight_SS[-1, :-1], weight_SS[:-1, -1], weight_SS[:-1, :-1]


def _check_every_length(start_K: Tensor, transition_KK: Tensor, end_K: Tensor) -> None:
    """Follows the set of tags that can stand at each place until a set comes back."""
    seen: set[tuple[bool, ...]] = set()
    here_K = start_K
    while (key := tuple(here_K.tolist())) not in seen:
        if not bool((here_K & end_K).any()):
            raise ValueError(f"no legal tag sequence has length {len(seen) + 1}")
        seen.add(key)
        here_K = (here_K[:, None] & transition_KK).any(dim=0)


def _finite(x: Tensor) -> Tensor:
    """Float64 on the CPU, finite."""
    return x.detach().cpu().double().nan_to_num(nan=0.0).clamp(-_HUGE, _HUGE)


def _as_scores(x: Tensor, emission_BTK: Tensor) -> Tensor:
    """Where the emissions are, and in no narrower dtype than float32."""
    return x.to(torch.promote_types(emission_BTK.dtype, torch.float32)).to(emission_BTK.device)


class _LogLikelihood(torch.autograd.Function):
    """log p(tags | emissions) with its gradient in closed form: gold counts less expected counts."""

    @staticmethod
    def forward(ctx: Any, emission_BTK: Tensor, tag_BT: Tensor, length_B: Tensor, transition_SS: Tensor) -> Tensor:
        lattice = Lattice(emission_BTK, length_B, transition_SS)
        posterior = lattice.posterior()
        state_PB = lattice.states(tag_BT)
        pair_EB = lattice.pairs(state_PB)
        minus_PB = posterior.marginal_PBS.new_full(state_PB.shape, -1.0)
        excess_PBS = posterior.marginal_PBS.scatter_add_(2, state_PB[:, :, None], minus_PB[:, :, None])
        excess_BSS = posterior.pair_BSS
        excess_BSS.flatten(1).scatter_add_(1, pair_EB.T, minus_PB[1:].T)
        excess_BSS[:, -1, -1] = 0.0  # only padding goes from outside to outside
        excess_BTK = _as_scores(excess_PBS[1:-1, :, :-1].transpose(0, 1), emission_BTK)
        ctx.save_for_backward(excess_BTK, excess_BSS)
        ctx.dtypes = emission_BTK.dtype, transition_SS.dtype
        return _as_scores(lattice.score(state_PB, pair_EB) - posterior.log_partition_B, emission_BTK)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_B: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        excess_BTK, excess_BSS = ctx.saved_tensors
        emission_dtype, transition_dtype = ctx.dtypes
        emission_grad_BTK = excess_BTK * -grad_B[:, None, None]
        transition_grad_SS = (-grad_B.to(excess_BSS.dtype) @ excess_BSS.flatten(1)).view(excess_BSS.shape[1:])
        return emission_grad_BTK.to(emission_dtype), None, None, transition_grad_SS.to(transition_dtype)
