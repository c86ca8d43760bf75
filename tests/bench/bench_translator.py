"""Speeds of translators of width 256 with 8,000 symbols: `python tests/bench/bench_translator.py [NAME ...]`.

Prints, asserts nothing. Decoding, one thread: sentences a CPU-second of 14 symbols in and 14 out, 32 at a time, whatever the
model would rather say: reading the source, every step and the list of hypotheses. Training, two threads: source and target
symbols a second of whole updates, with lengths like those of Multi30k's captions and batches of 1,200 target symbols.

The weights and symbols are random: an untrained model costs what a trained one does.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from seqkit.architecture.translator import TranslatorConfig
from seqkit.data.batches import token_batches
from seqkit.decoding.hypotheses import hypotheses
from seqkit.decoding.policies import Beam, Greedy, LengthPenalty
from seqkit.decoding.search import Policy, search
from seqkit.engine.translator import Translator as Engine
from seqkit.engine.weights import Weights
from seqkit.models.translator import Translator
from seqkit.models.weights import arrays

SYMBOLS, LENGTH, BATCH = 8000, 14, 32
RECURRENT: dict[str, Any] = {"family": "lstm", "width": 256, "value_width": 256}
MODELS: dict[str, dict[str, Any]] = {
    "transformer 3+3": {"family": "transformer", "layers": 3, "width": 256, "heads": 4, "feedforward": 4.0},
    "lstm attention 3+3": {**RECURRENT, "bridge": "attention", "encoder_layers": 3, "layers": 3, "reads": "last"},
    "lstm attention 1+1": {**RECURRENT, "bridge": "attention", "layers": 1},
    "lstm matrix 3+3": {"family": "lstm", "width": 256, "bridge": "matrix", "encoder_layers": 3, "layers": 3},
    "lstm matrix 1+2": {"family": "lstm", "width": 256, "bridge": "matrix", "layers": 2},
}
TRAINED = ("transformer 3+3", "lstm attention 1+1", "lstm matrix 1+2")
Work = Callable[[], int]


def main() -> None:
    """Print the tables."""
    names = sys.argv[1:] or list(MODELS)
    print(f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}\n")
    torch.set_num_threads(1)
    print(f"{'decoding, 1 thread, sentences a CPU-second':44} {'parameters':>10} {'greedy':>8} {'beam 5':>8}")
    for name in names:
        model = build(MODELS[name])
        speeds = in_turns([decoding(model, Greedy()), decoding(model, Beam(5, LengthPenalty(0.6)))], time.process_time)
        print(f"{name:44} {model.parameter_count:10,} " + " ".join(f"{speed:8.1f}" for speed in speeds))
    torch.set_num_threads(2)
    print(f"\n{'training, 2 threads, symbols a second':44} {'parameters':>10} {'float32':>8} {'bfloat16':>8}")
    for name in filter(names.__contains__, TRAINED):
        model = build(MODELS[name])
        speeds = in_turns([updates(model, torch.float32), updates(model, torch.bfloat16)], time.perf_counter)
        print(f"{name:44} {model.parameter_count:10,} " + " ".join(f"{speed:8,.0f}" for speed in speeds))


def build(table: dict[str, Any]) -> Translator:
    """An untrained model."""
    torch.manual_seed(1)
    config = TypeAdapter[Any](TranslatorConfig).validate_python(table)
    return Translator(config, SYMBOLS, SYMBOLS, joint=True)


def in_turns(work: list[Work], clock: Callable[[], float], turns: int = 5, seconds: float = 1.5) -> list[float]:
    """Units a second of each, the median over turns A B A B, so that a noisy machine hits all alike."""
    for piece in work:
        piece()
    rates: list[list[float]] = [[] for _ in work]
    for _ in range(turns):
        for piece, found in zip(work, rates, strict=True):
            count, started = 0, clock()
            while clock() - started < seconds:
                count += piece()
            found.append(count / (clock() - started))
    return [statistics.median(found) for found in rates]


def decoding(model: Translator, policy: Policy) -> Work:
    """One batch of translations."""
    source_BS = np.random.default_rng(1).integers(SYMBOLS, size=(BATCH, LENGTH))
    prompt_B1 = np.zeros((BATCH, 1), np.int64)
    writer = Engine(model.config, Weights(arrays(model)), SYMBOLS, SYMBOLS, joint=True)

    def translate() -> int:
        state = writer.start(source_BS)
        return len(hypotheses(search(writer, state, prompt_B1, policy, end=None, limit=LENGTH)))

    return translate


def updates(model: Translator, precision: torch.dtype) -> Work:
    """Whole updates: loss, gradient, clipping, AdamW."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    batches = [padded_batch(places) for places in caption_batches(100)]
    model.train()
    number = 0

    def update() -> int:
        nonlocal number
        source_BS, source_length_B, target_BT, target_length_B = batches[number % len(batches)]
        number += 1
        nats, count = model.loss(source_BS, source_length_B, target_BT, target_BT, target_length_B, precision=precision)
        optimizer.zero_grad()
        (nats / count).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()
        return int(source_length_B.sum()) + count

    return update


def caption_batches(count: int) -> list[list[tuple[int, int]]]:
    """Pairs of lengths, batch by batch: about 14 symbols a side, few above 30, both sides alike."""
    random = np.random.default_rng(1)
    source_P = np.clip(np.rint(random.lognormal(np.log(13.5), 0.3, 100 * count)), 5, 45).astype(int)
    target_P = np.clip(np.rint(source_P * random.lognormal(0.0, 0.15, len(source_P))), 5, 45).astype(int)
    batches = token_batches(source_P.tolist(), target_P.tolist(), 1200, seed=1, epoch=0)
    found = [[(int(source_P[place]), int(target_P[place])) for place in places] for places in batches]
    return found[:count]


def padded_batch(pairs: list[tuple[int, int]]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """source_BS, its lengths, target_BT, its lengths."""
    source_length_B, target_length_B = torch.tensor(pairs).unbind(dim=1)
    shapes = (len(pairs), int(source_length_B.max())), (len(pairs), int(target_length_B.max()))
    source_BS, target_BT = (torch.randint(SYMBOLS, shape) for shape in shapes)
    return source_BS, source_length_B, target_BT, target_length_B


if __name__ == "__main__":
    with threadpool_limits(limits=1, user_api="blas"):  # NumPy's products, as `--threads 1` does
        main()
