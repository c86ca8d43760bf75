"""How good translations are: BLEU, chrF and TER from counts of each sentence, which add up to those of a corpus.

So corpus scores, their intervals and tests (`significance`), and scores of a part of the corpus all come from one array; the
scores equal those of sacreBLEU (Post 2018, arXiv:1804.08771), whose tokenisation and counting is used. There is one reference a
sentence.

Axes: N sentences, C counts; a statistic takes any axes before C.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BLEU_ORDER = 4
CHRF_ORDER = 6
_BETA = 2  # recall counts twice as much as precision (Popović 2016)

LENGTH_BUCKETS = (8, 11, 15)
"""Source words: up to 8, up to 11, up to 15, more; thirds and a tail of image captions."""


# BLEU


def bleu_counts(outputs: Sequence[str], references: Sequence[str], *, lowercase: bool = False) -> NDArray[np.int64]:
    """Words of the output and of the reference, then matching n-grams and n-grams of the output for n = 1 … 4: (N, 10).

    Args:
        outputs: detokenised text.
        references: one for each.
        lowercase: compare small letters only.

    Raises:
        ValueError: not as many references as outputs.
    """
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(lowercase=lowercase, effective_order=True)
    found = (metric.sentence_score(output, [reference]) for output, reference in zip(outputs, references, strict=True))
    rows = [(score.sys_len, score.ref_len, *score.counts, *score.totals) for score in found]
    return np.array(rows, dtype=np.int64).reshape(-1, 2 + 2 * BLEU_ORDER)


def bleu(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """BLEU from 0 to 100 (Papineni et al. 2002) of `bleu_counts` on the last axis, summed over sentences.

    An order without a match counts as a half, a quarter, … of one match (`smooth:exp`), so that the score of few sentences is
    seldom 0; it is where no word matches or no output has 4 words.
    """
    counts = np.asarray(counts, dtype=np.float64)
    written, wanted = counts[..., 0], counts[..., 1]
    match_O, total_O = counts[..., 2 : 2 + BLEU_ORDER], counts[..., 2 + BLEU_ORDER :]
    smoothed_O = np.where(match_O == 0, 0.5 ** np.cumsum(match_O == 0, axis=-1), match_O)
    precision_O = smoothed_O / np.where(total_O > 0, total_O, 1)
    brevity = np.where(written < wanted, 1 - wanted / np.where(written > 0, written, 1), 0.0)
    scored = (match_O[..., 0] > 0) & (total_O > 0).all(axis=-1)
    return np.where(scored, 100 * np.exp(np.log(precision_O).mean(axis=-1) + brevity), 0.0)


def bleu_signature(*, lowercase: bool = False) -> str:
    """What sacreBLEU calls this BLEU, to be told beside every score."""
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(lowercase=lowercase)
    metric.corpus_score(["a"], [["a"]])  # which has it know that there is one reference
    return str(metric.get_signature())


def length_ratio(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Words of the output over words of the reference, of `bleu_counts` on the last axis; 0 where the reference has none."""
    return counts[..., 0] / np.where(counts[..., 1] > 0, counts[..., 1], 1)


# chrF


def chrf_counts(outputs: Sequence[str], references: Sequence[str], *, lowercase: bool = False) -> NDArray[np.int64]:
    """For character n-grams of n = 1 … 6, white space left out: those of the output, of the reference, and matches, (N, 18).

    Raises:
        ValueError: not as many references as outputs.
    """
    rows = [
        [count for order in range(1, CHRF_ORDER + 1) for count in _overlap(_squeezed(output), _squeezed(reference), order)]
        for output, reference in zip(
            (output.lower() if lowercase else output for output in outputs),
            (reference.lower() if lowercase else reference for reference in references),
            strict=True,
        )
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 3 * CHRF_ORDER)


def chrf(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """chrF from 0 to 100 (Popović 2015) of `chrf_counts` on the last axis, summed over sentences."""
    counts = np.asarray(counts, dtype=np.float64)
    written_O, wanted_O, match_O = (counts[..., place::3] for place in range(3))
    there_O = (written_O > 0) & (wanted_O > 0)
    orders = np.maximum(there_O.sum(axis=-1), 1)
    precision = (match_O / np.where(there_O, written_O, 1) * there_O).sum(axis=-1) / orders
    recall = (match_O / np.where(there_O, wanted_O, 1) * there_O).sum(axis=-1) / orders
    both = _BETA**2 * precision + recall
    return 100 * (1 + _BETA**2) * precision * recall / np.where(both > 0, both, 1)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _overlap(output: str, reference: str, order: int) -> tuple[int, int, int]:
    written, wanted = (
        Counter(text[start : start + order] for start in range(len(text) - order + 1)) for text in (output, reference)
    )
    # An output's n-grams do not count where the reference is too short to have any, as in sacreBLEU.
    return written.total() if wanted else 0, wanted.total(), (written & wanted).total()


# TER


def ter_counts(outputs: Sequence[str], references: Sequence[str]) -> NDArray[np.int64]:
    """Edits of words, and words of the reference, (N, 2); small letters only, as TER is defined.

    Raises:
        ValueError: not as many references as outputs.
    """
    from sacrebleu.metrics.ter import TER

    metric = TER()
    found = (metric.sentence_score(output, [reference]) for output, reference in zip(outputs, references, strict=True))
    return np.array([(score.num_edits, score.ref_length) for score in found], dtype=np.int64).reshape(-1, 2)


def ter(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edits in a hundred words of the reference (Snover et al. 2006), of `ter_counts` on the last axis: less is better.

    100 where there are edits but no reference, as in sacreBLEU.
    """
    counts = np.asarray(counts, dtype=np.float64)
    edits, words = counts[..., 0], counts[..., 1]
    return 100 * np.where(words > 0, edits / np.where(words > 0, words, 1), (edits > 0).astype(np.float64))


# What else to look at


def copy_counts(sources: Sequence[str], outputs: Sequence[str]) -> NDArray[np.int64]:
    """Words of the output that stand in the source, each as often as there at most, and words of the output, (N, 2).

    `significance.accuracy` of these is the copy rate. Words are parted by white space, capitals kept.

    Raises:
        ValueError: not as many outputs as sources.
    """
    rows: list[tuple[int, int]] = []
    for source, output in zip(sources, outputs, strict=True):
        words = Counter(output.split())
        rows.append(((words & Counter(source.split())).total(), words.total()))
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def length_buckets(lengths: Sequence[int], bounds: Sequence[int] = LENGTH_BUCKETS) -> dict[str, NDArray[np.intp]]:
    """The positions of the sentences of such a length: `1–8`, `9–11`, `12–15`, `16+`; empty buckets are left out.

    The score of a bucket is that of the summed counts: `bleu(counts_NC[places].sum(axis=0))`.

    Args:
        lengths: of each sentence, in words of the source or what else it is measured in.
        bounds: the greatest length of each bucket but the last, rising.
    """
    length_N = np.array(lengths, dtype=np.int64)
    edges = [0, *bounds]
    buckets = {
        (f"{low + 1}–{high}" if low + 1 < high else str(high)): np.flatnonzero((length_N > low) & (length_N <= high))
        for low, high in pairwise(edges)
    }
    buckets[f"{edges[-1] + 1}+"] = np.flatnonzero(length_N > edges[-1])
    return {name: places for name, places in buckets.items() if len(places)}


def bleu_by_length(counts_NC: NDArray[np.int64], buckets: Mapping[str, NDArray[np.intp]]) -> dict[str, float]:
    """BLEU of the sentences in each bucket."""
    return {name: float(bleu(counts_NC[places].sum(axis=0))) for name, places in buckets.items()}
