"""Speeds of language models of about 0.8 M parameters on one thread: `python tests/bench/bench_language_model.py [FAMILY ...]`.

Beside each stands what plain PyTorch makes of the same work in the same minute, so that the ratio holds on any processor.

Prints, asserts nothing. Training: characters a CPU-second of whole updates at a vocabulary of 65, pieces of 64, the state
carried. Generation: characters a CPU-second of embedding, step, output and a draw, one sequence; and of an LSTM of 512 units.
The text is random symbols: an untrained model costs what a trained one does.
"""

import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from seqkit.architecture.language_model import LanguageModelConfig
from seqkit.decoding.sampling import Sample
from seqkit.decoding.search import search
from seqkit.engine.language_model import LanguageModel as Engine
from seqkit.engine.weights import Weights
from seqkit.models.language_model import LanguageModel
from seqkit.models.precision import multiplies_in_bfloat16, products_in
from seqkit.models.state import State
from seqkit.models.weights import arrays

VOCABULARY, PIECE = 65, 64
MODELS: dict[str, tuple[int, dict[str, Any]]] = {
    "lstm": (32, {"family": "lstm", "layers": 2, "width": 220}),
    "gru": (32, {"family": "gru", "layers": 2, "width": 254}),
    "rnn": (32, {"family": "rnn", "layers": 2, "width": 440}),
    "mingru": (32, {"family": "mingru", "layers": 6, "width": 254, "residual": True}),
    "transformer": (12, {"family": "transformer", "layers": 4, "heads": 4, "width": 128, "window": PIECE}),
}


PLAIN: dict[str, type[nn.LSTM] | type[nn.GRU] | type[nn.RNN]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
Work = Callable[[], None]


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    print(f"1 thread, torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}; characters a CPU-second\n")
    heading = f"{'parameters':>10} {'seqkit':>8} {'torch':>8} {'ratio':>6}"
    print(f"{'training':26} {heading}")
    names = sys.argv[1:] or list(MODELS)
    precisions = [torch.float32] + [torch.bfloat16] * multiplies_in_bfloat16("cpu")
    for name in names:
        batch, table = MODELS[name]
        for precision in precisions:
            model = build(table)
            work = {"seqkit": updates(model, batch, precision)}
            if name in PLAIN:
                work["torch"] = plain_updates(name, table["width"], batch, precision)
            line(f"{name}, batch {batch}, {'fp32' if precision == torch.float32 else 'bf16'}", model, work, batch * PIECE)
    print(f"\n{'writing, one text':26} {heading}")
    for name in names:
        model = build(MODELS[name][1])
        work = {"seqkit": generation(model)}
        if name == "transformer":
            work["torch"] = rereading(model)
        line(name, model, work, PIECE)
    model = build({"family": "lstm", "layers": 1, "width": 512, "norm": False})
    for other, layer in ("nn.LSTM", nn.LSTM(512, 512, batch_first=True)), ("nn.LSTMCell", nn.LSTMCell(512, 512)):
        line(f"1 × 512 lstm, {other}", model, {"seqkit": generation(model), "torch": plain_generation(layer)}, PIECE)


def line(name: str, model: LanguageModel, work: dict[str, Work], characters: int) -> None:
    """Of a table: seqkit's speed, plain PyTorch's if there is such a thing, and their ratio."""
    speeds = in_turns(work, characters)
    theirs = f"{speeds['torch']:8,.0f} {speeds['seqkit'] / speeds['torch']:6.2f}" if "torch" in speeds else f"{'–':>8} {'–':>6}"
    print(f"{name:26} {model.parameter_count:10,} {speeds['seqkit']:8,.0f} {theirs}", flush=True)


def build(table: dict[str, Any]) -> LanguageModel:
    """An untrained model."""
    torch.manual_seed(1)
    return LanguageModel(TypeAdapter[Any](LanguageModelConfig).validate_python(table), VOCABULARY)


def in_turns(work: dict[str, Work], characters: int, turns: int = 6, seconds: float = 0.7) -> dict[str, float]:
    """Characters a CPU-second of each, the median over turns A B A B, so that a noisy machine hits all alike."""
    for piece in work.values():
        piece()
    rates: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(turns):
        for name, piece in work.items():
            rates[name].append(rate(piece, characters, seconds))
    return {name: statistics.median(found) for name, found in rates.items()}


def rate(piece: Work, characters: int, seconds: float) -> float:
    """Characters a CPU-second over about so many seconds."""
    count, started = 0, time.process_time()
    while time.process_time() - started < seconds:
        piece()
        count += 1
    return count * characters / (time.process_time() - started)


def updates(model: LanguageModel, batch: int, precision: torch.dtype) -> Work:
    """Whole updates: loss, gradient, clipping, AdamW. A recurrent state is carried, a Transformer reads each window afresh."""
    text_BT = torch.randint(VOCABULARY, (batch, PIECE + 1))
    state = model.train().start(batch)

    def loss() -> Tensor:
        nonlocal state
        past: State = model.start(batch) if state.caches else state.detach()
        nats, count, state = model.loss(text_BT[:, :-1], text_BT[:, 1:], past, precision=precision)
        return nats / count

    return descent(model, loss)


def plain_updates(name: str, width: int, batch: int, precision: torch.dtype) -> Work:
    """The same with `nn.Embedding`, `nn.LSTM` or another, and `nn.Linear`."""
    torch.manual_seed(1)
    layers = PLAIN[name](width, width, num_layers=2, batch_first=True)
    model = nn.ModuleList([nn.Embedding(VOCABULARY, width), layers, nn.Linear(width, VOCABULARY)])
    text_BT = torch.randint(VOCABULARY, (batch, PIECE + 1))
    state: Any = None

    def loss() -> Tensor:
        nonlocal state
        with products_in(precision, "cpu"):
            y_BTH, state = layers(model[0](text_BT[:, :-1]), state)
            logit_BTV = model[2](y_BTH)
        state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
        return nn.functional.cross_entropy(logit_BTV.float().flatten(0, 1), text_BT[:, 1:].flatten())

    return descent(model, loss)


def descent(model: nn.Module, loss: Callable[[], Tensor]) -> Work:
    """One update."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)

    def update() -> None:
        nats = loss()
        optimizer.zero_grad()
        nats.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()

    return update


def generation(model: LanguageModel) -> Work:
    """A piece drawn symbol by symbol."""
    reader = Engine(model.config, Weights(arrays(model)), len(model.output_bias))
    steps = search(reader, reader.start(1), np.zeros((1, 1), np.int64), Sample(seed=1), end=None, limit=None)

    def generate() -> None:
        for _ in islice(steps, PIECE):
            pass

    return generate


def rereading(model: LanguageModel) -> Work:
    """A piece drawn by a Transformer without a cache: the whole window is read again for each symbol."""
    text_1T = torch.zeros(1, PIECE, dtype=torch.int64)
    model.eval()

    @torch.inference_mode()
    def generate() -> None:
        nonlocal text_1T
        for _ in range(PIECE):
            logit_BTV, _ = model.scan(text_1T, model.start(1))
            text_1T = torch.cat([text_1T[:, 1:], torch.multinomial(logit_BTV[:, -1].softmax(dim=-1), 1)], dim=1)

    return generate


def plain_generation(layer: nn.LSTM | nn.LSTMCell) -> Work:
    """A piece drawn with PyTorch's own layer, called at each symbol."""
    embed, leave = nn.Embedding(VOCABULARY, 512), nn.Linear(512, VOCABULARY)
    token_BT = torch.zeros(1, 1, dtype=torch.int64)
    state: Any = None

    @torch.inference_mode()
    def generate() -> None:
        nonlocal state, token_BT
        for _ in range(PIECE):
            if isinstance(layer, nn.LSTMCell):
                state = layer(embed(token_BT[:, 0]), state)
                y_BH = state[0]
            else:
                y_BTH, state = layer(embed(token_BT), state)
                y_BH = y_BTH[:, -1]
            token_BT = torch.multinomial(leave(y_BH).softmax(dim=-1), 1)

    return generate


if __name__ == "__main__":
    with threadpool_limits(limits=1, user_api="blas"):  # NumPy's products, as `--threads 1` does
        main()
