"""Speed of the CRF on one CPU thread, against pytorch-crf in the same run: `python tests/bench/bench_crf.py`.

The two programs take turns (A B A B …), so that a busy machine slows both; times are CPU time, medians over the turns. With
one call a turn each call finds the caches full of the other's code and data; with ten most calls find them warm.
"""

import time
from collections.abc import Callable
from statistics import median

import torch
import torchcrf

from seqkit.models.crf import CRF, legal_iob2

TAGS = ["O", *(f"{side}-{kind}" for kind in "ABCDEF" for side in "BI")]
ROUNDS = 40


def milliseconds(run: Callable[[], object], calls: int = 1) -> float:
    start = time.process_time()
    for _ in range(calls):
        run()
    return 1e3 * (time.process_time() - start) / calls


def compare(what: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    for calls in (1, 10):
        turns = [(milliseconds(ours, calls), milliseconds(theirs, calls)) for _ in range(ROUNDS + 3)][3:]
        a, b = median(a for a, _ in turns), median(b for _, b in turns)
        print(f"{what:60} {calls:2} calls a turn: {a:6.2f} ms, pytorch-crf {b:6.2f} ms, {b / a:4.1f}x")


def learning(batch: int, steps: int, *, ragged: bool) -> None:
    ours, theirs = CRF(*legal_iob2(TAGS)), torchcrf.CRF(len(TAGS), batch_first=True)
    emission_BTK = torch.randn(batch, steps, len(TAGS), requires_grad=True)
    tag_BT = torch.zeros((batch, steps), dtype=torch.int64)
    length_B = torch.randint(1, steps + 1, (batch,)) if ragged else torch.full((batch,), steps)
    length_B[0] = steps
    mask_BT = torch.arange(steps) < length_B[:, None]
    compare(
        f"log-likelihood + backward, B {batch}, T {steps}{' ragged' if ragged else ''}, K {len(TAGS)}",
        lambda: torch.autograd.grad(
            ours.log_likelihood(emission_BTK, tag_BT, length_B).sum(), [emission_BTK, *ours.parameters()]
        ),
        lambda: torch.autograd.grad(theirs(emission_BTK, tag_BT, mask=mask_BT), [emission_BTK, *theirs.parameters()]),
    )


def decoding(batch: int, steps: int) -> None:
    ours, theirs = CRF(*legal_iob2(TAGS)), torchcrf.CRF(len(TAGS), batch_first=True)
    emission_BTK = 3 * torch.randn(batch, steps, len(TAGS))
    length_B = torch.full((batch,), steps)
    shape = f"B {batch}, T {steps}, K {len(TAGS)}"
    compare(f"decode, {shape}", lambda: ours.decode(emission_BTK, length_B), lambda: theirs.decode(emission_BTK))
    spans = [[(3, 5, 1, 2), (9, 10, 3, 4)]] * batch
    for what, run in (("confidence of 2 spans a sentence", lambda: ours.span_probability(emission_BTK, length_B, spans)),):
        print(f"{f'{what}, {shape}':60} {median(milliseconds(run) for _ in range(ROUNDS)):6.2f} ms")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(1)
    torch.ones(3_000_000)  # as in training, where larger blocks teach the allocator to keep memory
    learning(32, 40, ragged=False)
    learning(32, 40, ragged=True)
    decoding(64, 25)
