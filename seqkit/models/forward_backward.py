"""Forward–backward over a linear chain of tags: its partition function, marginals and expected transitions.

Axes: B sentences, T tokens, P = T + 2 places (the tokens, one place before and one after), K tags, S = K + 1 states (the
tags and, last, being outside the sentence), Q questions, 2 directions of reading. In `_SS` from comes before to.

Every place holds a state: outside at both ends and in the padding, a tag at each token. So all sentences of a batch are
chains of one length, and starting and ending are transitions like any other. Weights are in nats, -inf where illegal.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

# Within these bounds the recursion by probabilities loses nothing. From one rescaling to the next a mass falls by at most
# 6·(10 + 75) nats, from 115 below the sum, while the sum grows by at most 6·(10 + log S): within the 744 nats below 1 that
# float64 reaches. Products of two masses may underflow, but weigh less than 1e-100 of their sum. Beyond them: logarithms.
STRIDE = 6  # places between two rescalings
LARGEST_WEIGHT = 10.0  # |transition| in nats
SMALLEST_TOKEN = math.exp(-75)  # weight of a tag by its emission alone, against the token's best
SMALLEST_MASS = 1e-50  # of the sequences that lead to a certain state, just after a rescaling
SMALLEST_NORM = 1e-200  # of all sequences through a place


@dataclass(frozen=True, slots=True)
class Posterior:
    """What the emissions of a batch leave to know about its tags.

    Args:
        log_partition_B: log of the summed weight of all legal sequences.
        marginal_PBS: the probability of each state of each place.
        pair_BSS: how often each transition is expected to occur.
        suffix_PBS: the weight of all that may follow from a state on, its own emission included; up to a factor of (p, b).
        logarithmic: suffix_PBS holds logarithms.
    """

    log_partition_B: Tensor
    marginal_PBS: Tensor
    pair_BSS: Tensor
    suffix_PBS: Tensor
    logarithmic: bool


class Lattice:
    """All tag sequences of a batch, with their weights, in float64 where the device has it.

    Args:
        emission_BTK: any floating dtype.
        length_B: real tokens of each sentence, at least 1; the padding after them is never read.
        transition_SS: row -1 starts a sentence, column -1 ends it, and transition_SS[-1, -1] is 0.
    """

    def __init__(self, emission_BTK: Tensor, length_B: Tensor, transition_SS: Tensor) -> None:
        device, (batch, steps, tags) = emission_BTK.device, emission_BTK.shape
        exact = torch.float32 if device.type == "mps" else torch.float64  # Apple's GPUs have no float64
        place_P1 = torch.arange(steps + 2, device=device)[:, None]
        self.outside_PB = (place_P1 == 0) | (place_P1 > length_B.to(device))
        self.emission_TBK = torch.empty((steps, batch, tags), dtype=exact, device=device)
        self.emission_TBK.copy_(emission_BTK.transpose(0, 1)).masked_fill_(self.outside_PB[1:-1, :, None], 0.0)
        self.transition_SS = transition_SS.to(exact)

    def states(self, tag_BT: Tensor) -> Tensor:
        """state_PB of given tags."""
        outside = self.emission_TBK.shape[-1]
        return F.pad(tag_BT.T, (0, 0, 1, 1)).masked_fill_(self.outside_PB, outside)

    def pairs(self, state_PB: Tensor) -> Tensor:
        """pair_EB: the place of each of the E = T + 1 transitions in a flattened `_SS`."""
        return state_PB[:-1] * len(self.transition_SS) + state_PB[1:]

    def score(self, state_PB: Tensor, pair_EB: Tensor) -> Tensor:
        """score_B of one sequence each, -inf if illegal."""
        tag_TB1 = state_PB[1:-1, :, None].clamp(max=self.emission_TBK.shape[-1] - 1)
        emission_B = self.emission_TBK.gather(2, tag_TB1).sum(dim=(0, 2))
        return emission_B + self.transition_SS.take(pair_EB).sum(dim=0)

    def posterior(self) -> Posterior:
        """Exact for finite emissions of any size."""
        posterior = scaled(self) if self.emission_TBK.dtype == torch.float64 else None
        return logarithmic(self) if posterior is None else posterior

    def next_state(self, posterior: Posterior, sentence_Q: Tensor, place_Q: Tensor, state_Q: Tensor) -> Tensor:
        """p_QS: the probability of each state of the place after place_Q, if that has state_Q."""
        suffix_QS = posterior.suffix_PBS[place_Q + 1, sentence_Q]
        log_suffix_QS = suffix_QS if posterior.logarithmic else suffix_QS.log()
        # NaN: nothing can follow, so state_Q is impossible there, and any answer will do.
        return (self.transition_SS[state_Q] + log_suffix_QS).softmax(dim=-1).nan_to_num(nan=0.0)


def scaled(lattice: Lattice) -> Posterior | None:
    """The posterior by probabilities, rescaled now and then (Rabiner 1989); None where that might underflow.

    Backward is forward from the other end, over the transposed transitions: both run in the same few calls.
    """
    emission_TBK, outside_PB1 = lattice.emission_TBK, lattice.outside_PB[:, :, None]
    steps, batch, tags = emission_TBK.shape
    peak_TB1 = emission_TBK.amax(dim=-1, keepdim=True)
    token_TBK = (emission_TBK - peak_TB1).exp_()
    smallest = token_TBK.amin()
    # First the weight of each state by its emission alone; then, place by place, of all that leads to it too.
    mass_2PBS = emission_TBK.new_zeros((2, steps + 2, batch, tags + 1))
    mass_2PBS[0, 1:-1, :, :-1] = token_TBK.masked_fill_(outside_PB1[1:-1], 0.0)
    mass_2PBS[0, :, :, -1:] = outside_PB1
    mass_2PBS[1] = mass_2PBS[0].flip(0)
    transition_SS = lattice.transition_SS.exp()
    scales = _recur(mass_2PBS, torch.stack([transition_SS, transition_SS.T]))

    prefix_PBS, suffix_PBS = mass_2PBS[0], mass_2PBS[1].flip(0)
    marginal_PBS = torch.empty_like(prefix_PBS)
    marginal_PBS[0] = prefix_PBS[0]
    torch.matmul(prefix_PBS[:-1], transition_SS, out=marginal_PBS[1:])
    marginal_PBS.mul_(suffix_PBS)
    norm_PB1 = marginal_PBS.sum(dim=-1, keepdim=True)
    if not _is_safe(lattice.transition_SS, smallest, mass_2PBS[:, ::STRIDE], norm_PB1):
        return None

    marginal_PBS.div_(norm_PB1)
    suffix_PBS.div_(norm_PB1)
    pair_BSS = torch.bmm(prefix_PBS[:-1].permute(1, 2, 0), suffix_PBS[1:].transpose(0, 1)).mul_(transition_SS)
    # At place 0 the norm is the weight of all sequences, but for what suffixes and emissions were divided by.
    log_partition_B = torch.cat([norm_PB1[:1], *scales]).log_().sum(dim=(0, 2)) + peak_TB1.sum(dim=(0, 2))
    return Posterior(log_partition_B, marginal_PBS, pair_BSS, suffix_PBS, False)


def _recur(mass_2PBS: Tensor, transition_2SS: Tensor) -> list[Tensor]:
    """Adds to each mass what leads to it, in place; returns what the second direction was divided by, each scale_1B1."""
    mass = mass_2PBS.unbind(dim=1)
    scales: list[Tensor] = []
    arriving_2BS = torch.empty_like(mass[0])
    for place, (before_2BS, here_2BS) in enumerate(pairwise(mass), start=1):
        torch.bmm(before_2BS, transition_2SS, out=arriving_2BS)
        here_2BS.mul_(arriving_2BS)
        if place % STRIDE == 0:
            scale_2B1 = here_2BS.sum(dim=-1, keepdim=True)
            here_2BS.div_(scale_2B1)
            scales.append(scale_2B1[1:])
    return scales


def _is_safe(transition_SS: Tensor, smallest: Tensor, rescaled: Tensor, norm_PB1: Tensor) -> bool:
    """Whether nothing that counts has underflowed; a NaN is not safe."""
    weight_SS = transition_SS.nan_to_num(nan=torch.inf, neginf=0.0).abs_()
    positive = torch.where(rescaled > 0, rescaled, 1.0)  # within these bounds only what is illegal has mass 0
    extremes = torch.stack([weight_SS.amax(), smallest, positive.amin(), norm_PB1.amin()])
    weight, token, mass, norm = extremes.tolist()
    return weight <= LARGEST_WEIGHT and token >= SMALLEST_TOKEN and mass >= SMALLEST_MASS and norm >= SMALLEST_NORM


def logarithmic(lattice: Lattice) -> Posterior:
    """The posterior by logarithms: slower, and right for emissions of any size."""
    outside_PB1, transition_SS = lattice.outside_PB[:, :, None], lattice.transition_SS
    token_PBS = F.pad(lattice.emission_TBK, (0, 1, 0, 0, 1, 1)).masked_fill_(outside_PB1, -torch.inf)
    token_PBS[:, :, -1:] = torch.where(outside_PB1, 0.0, -torch.inf)
    token_P2BS = torch.stack([token_PBS, token_PBS.flip(0)], dim=1)
    transition_21SS = torch.stack([transition_SS, transition_SS.T])[:, None]
    arriving = [torch.zeros_like(token_P2BS[0])]
    for token_2BS in token_P2BS[:-1]:
        mass_2BS = arriving[-1] + token_2BS
        arriving.append(torch.logsumexp(mass_2BS[..., None] + transition_21SS, dim=-2))
    arriving_P2BS = torch.stack(arriving)
    prefix_PBS = arriving_P2BS[:, 0] + token_PBS
    suffix_PBS = arriving_P2BS[:, 1].flip(0) + token_PBS

    log_partition_B = prefix_PBS[-1, :, -1]
    rest_PBS = suffix_PBS - log_partition_B[:, None]
    marginal_PBS = (arriving_P2BS[:, 0] + rest_PBS).exp()
    pair_BSS = torch.zeros_like(prefix_PBS[0, :, :, None] * transition_SS)
    for before_BS, rest_BS in zip(prefix_PBS[:-1], rest_PBS[1:], strict=True):
        pair_BSS += (before_BS[:, :, None] + transition_SS + rest_BS[:, None]).exp()
    return Posterior(log_partition_B, marginal_PBS, pair_BSS, suffix_PBS, True)
