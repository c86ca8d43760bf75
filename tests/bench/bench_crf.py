"""Speed of the CRF on one CPU thread, against pytorch-crf in the same run: `python tests/bench/bench_crf.py`.

The two programs take turns (A B A B …), so that a busy machine slows both; the ratio travels better than the figures.
"""

import time
from collections.abc import Callable
from statistics import median

import torch
import torchcrf

from seqkit.models.crf import CRF, legal_iob2

TAGS = ["O", *(f"{side}-{kind}" for kind in "ABCDEF" for side in "BI")]


def milliseconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return 1e3 * (time.process_time() - start)


def paired(first: Callable[[], object], second: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median milliseconds of each, run in turns after a warm-up."""
    times = [(milliseconds(first), milliseconds(second)) for _ in range(rounds + 5)][5:]
    return median(a for a, _ in times), median(b for _, b in times)


def learning(batch: int, steps: int, *, ragged: bool) -> None:
    ours, theirs = CRF(*legal_iob2(TAGS)), torchcrf.CRF(len(TAGS), batch_first=True)
    emission_BTK = torch.randn(batch, steps, len(TAGS), requires_grad=True)
    tag_BT = torch.randint(len(TAGS) // 2, (batch, steps)) * 0  # all O: legal
    length_B = torch.randint(1, steps + 1, (batch,)) if ragged else torch.full((batch,), steps)
    length_B[0] = steps
    mask_BT = torch.arange(steps) < length_B[:, None]

    def seqkit() -> None:
        ours.log_likelihood(emission_BTK, tag_BT, length_B).sum().neg().backward()

    def pytorch_crf() -> None:
        theirs(emission_BTK, tag_BT, mask=mask_BT, reduction="sum").neg().backward()

    a, b = paired(seqkit, pytorch_crf, 60)
    shape = f"B {batch}, T {steps}{' ragged' if ragged else ''}, K {len(TAGS)}"
    print(f"log-likelihood + backward  {shape:24}  seqkit {a:6.2f} ms   pytorch-crf {b:6.2f} ms   {b / a:5.1f}x")


def decoding(batch: int, steps: int) -> None:
    ours, theirs = CRF(*legal_iob2(TAGS)), torchcrf.CRF(len(TAGS), batch_first=True)
    emission_BTK = 3 * torch.randn(batch, steps, len(TAGS))
    length_B = torch.full((batch,), steps)
    a, b = paired(lambda: ours.decode(emission_BTK, length_B), lambda: theirs.decode(emission_BTK), 30)
    shape = f"B {batch}, T {steps}, K {len(TAGS)}"
    print(f"decode                     {shape:24}  seqkit {a:6.2f} ms   pytorch-crf {b:6.2f} ms   {b / a:5.1f}x")
    spans = [[(3, 5, 1, 2), (9, 10, 3, 4)]] * batch
    a, b = paired(
        lambda: ours.span_probability(emission_BTK, length_B, spans), lambda: ours.nbest(emission_BTK, length_B, 5), 30
    )
    print(f"confidence of 2 spans each {shape:24}  seqkit {a:6.2f} ms;  5-best {b:6.2f} ms")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(1)
    learning(32, 40, ragged=False)
    learning(32, 40, ragged=True)
    decoding(64, 25)
