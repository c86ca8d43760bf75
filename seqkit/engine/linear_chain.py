"""The tags of one sentence under a conditional random field, as `models.crf` finds them.

Axes: T tokens, K tags, S = K + 1 states (the tags and, last, being outside the sentence). Scores are in nats.
"""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

HUGE = 1e30  # stands for infinite scores, so that only an illegal step is infinitely bad


def finite(scores: npt.NDArray[np.floating]) -> Doubles:
    """Float64 and finite: NaN counts as 0, infinite as ±1e30."""
    found = np.clip(scores, -HUGE, HUGE, dtype=np.float64)
    found[np.isnan(found)] = 0.0
    return found


class LinearChain:
    """Scores of neighbouring tags.

    Args:
        weight_SS: from before to; row -1 starts a sentence, column -1 ends it.
        legal_SS: False where a step is impossible.
    """

    def __init__(self, weight_SS: npt.NDArray[np.floating], legal_SS: npt.NDArray[np.bool_]) -> None:
        weight_SS = np.where(legal_SS, finite(weight_SS), -np.inf)
        self.start_K, self.end_K = weight_SS[-1, :-1].copy(), weight_SS[:-1, -1].copy()
        self.step_KK = weight_SS[:-1, :-1].copy()
        self.into_KK = self.step_KK.T.copy()

    def best(self, emission_TK: npt.NDArray[np.floating]) -> tuple[list[int], float]:
        """The best legal tags (Viterbi 1967) and their score.

        The best predecessor is found anew on the way back, for the chosen tag alone.
        """
        emission_TK = finite(emission_TK)
        score_TK = np.empty_like(emission_TK)
        np.add(emission_TK[0], self.start_K, out=score_TK[0])
        arriving_KK = np.empty_like(self.into_KK)
        for before_K, here_K, emission_K in zip(score_TK, score_TK[1:], emission_TK[1:], strict=False):
            np.add(self.into_KK, before_K, out=arriving_KK)
            np.maximum.reduce(arriving_KK, axis=1, out=here_K)
            here_K += emission_K
        final_K = score_TK[-1] + self.end_K
        tags = [int(final_K.argmax())]
        for before_K in score_TK[-2::-1]:
            tags.append(int((before_K + self.into_KK[tags[-1]]).argmax()))
        return tags[::-1], float(final_K[tags[0]])

    def posterior(self, emission_TK: npt.NDArray[np.floating]) -> tuple[Doubles, Doubles]:
        """(marginal_TK, next_TKK): the probability of each tag, and of each following tag given a tag (Rabiner 1989).

        `next_TKK` of the last token is zero.
        """
        emission_TK = finite(emission_TK)
        ahead_TK, behind_TK = np.empty_like(emission_TK), np.empty_like(emission_TK)
        ahead_TK[0] = self.start_K + emission_TK[0]
        for t in range(1, len(emission_TK)):
            ahead_TK[t] = log_sum(self.into_KK + ahead_TK[t - 1]) + emission_TK[t]
        behind_TK[-1] = self.end_K
        for t in range(len(emission_TK) - 2, -1, -1):
            behind_TK[t] = log_sum(self.step_KK + (emission_TK[t + 1] + behind_TK[t + 1]))
        next_TKK = np.zeros((*emission_TK.shape, emission_TK.shape[1]))
        next_TKK[:-1] = softmax(self.step_KK + (emission_TK + behind_TK)[1:, None])
        return softmax(ahead_TK + behind_TK), next_TKK

    def span_probability(self, emission_TK: npt.NDArray[np.floating], spans: list[tuple[int, int, int, int]]) -> list[float]:
        """As `CRF.span_probability` of one sentence."""
        if not spans:
            return []
        marginal_TK, next_TKK = self.posterior(emission_TK)
        found: list[float] = []
        for start, end, first, inside in spans:
            probability = marginal_TK[start, first]
            for t in range(start, end - 1):
                probability *= next_TKK[t, first if t == start else inside, inside]
            beyond = next_TKK[end - 1, first if end == start + 1 else inside, inside] if inside >= 0 else 0.0
            found.append(float(probability * (1 - beyond)))
        return found


def log_sum(x_XK: Doubles) -> Doubles:
    """log Σ e^x over the last axis; -inf where all are."""
    peak_X = np.maximum(x_XK.max(axis=-1), -HUGE)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(x_XK - peak_X[..., None]).sum(axis=-1)) + peak_X


def softmax(x_XK: Doubles) -> Doubles:
    """Over the last axis; zeros where nothing is possible."""
    return np.exp(x_XK - np.maximum(log_sum(x_XK), -HUGE)[..., None])
