"""Speeds of language models of about 0.8 M parameters on one thread: `python tests/bench/bench_language_model.py [FAMILY ...]`.

Prints, asserts nothing. Training: characters a CPU-second of whole updates at a vocabulary of 65, pieces of 64, the state
carried. Generation: characters a CPU-second of embedding, step, output and a draw, one sequence; and of an LSTM of 512 units.
The text is random symbols: an untrained model costs what a trained one does.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from pydantic import TypeAdapter

from seqkit.models.language_model import LanguageModel, LanguageModelConfig
from seqkit.models.state import State

VOCABULARY, PIECE = 65, 64
MODELS: dict[str, tuple[int, dict[str, Any]]] = {
    "lstm": (32, {"family": "lstm", "layers": 2, "width": 220}),
    "gru": (32, {"family": "gru", "layers": 2, "width": 254}),
    "rnn": (32, {"family": "rnn", "layers": 2, "width": 440}),
    "mingru": (32, {"family": "mingru", "layers": 6, "width": 254, "residual": True}),
    "transformer": (12, {"family": "transformer", "layers": 4, "heads": 4, "width": 128, "window": PIECE}),
}


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(f"1 thread, torch {torch.__version__}; characters a CPU-second\n")
    print(f"{'model':14} {'parameters':>10} {'batch':>5} {'train fp32':>11} {'train bf16':>11} {'generate':>9}")
    for name in sys.argv[1:] or MODELS:
        batch, table = MODELS[name]
        model = build(table)
        rates = [rate(updates(model, batch, precision), batch * PIECE) for precision in (torch.float32, torch.bfloat16)]
        generating = rate(generation(model), PIECE)
        print(f"{name:14} {model.parameter_count:10,} {batch:5} {rates[0]:11,.0f} {rates[1]:11,.0f} {generating:9,.0f}")
    for norm in (True, False):
        model = build({"family": "lstm", "layers": 1, "width": 512, "norm": norm})
        name = "1 × 512 lstm" + (", norm" if norm else "")
        print(f"{name:20} {model.parameter_count:,} parameters: generates {rate(generation(model), PIECE):,.0f}")


def build(table: dict[str, Any]) -> LanguageModel:
    """An untrained model."""
    torch.manual_seed(1)
    return LanguageModel(TypeAdapter[Any](LanguageModelConfig).validate_python(table), VOCABULARY)


def rate(piece: Callable[[], None], characters: int, seconds: float = 4.0) -> float:
    """Characters a CPU-second over about so many seconds, the first few pieces left out."""
    for _ in range(3):
        piece()
    count, started = 0, time.process_time()
    while time.process_time() - started < seconds:
        piece()
        count += 1
    return count * characters / (time.process_time() - started)


def updates(model: LanguageModel, batch: int, precision: torch.dtype) -> Callable[[], None]:
    """Whole updates: loss, gradient, clipping, AdamW. A recurrent state is carried, a Transformer reads each window afresh."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    text_BT = torch.randint(VOCABULARY, (batch, PIECE + 1))
    state = model.train().start(batch)

    def update() -> None:
        nonlocal state
        past: State = model.start(batch) if state.caches else state.detach()
        nats, count, state = model.loss(text_BT[:, :-1], text_BT[:, 1:], past, precision=precision)
        optimizer.zero_grad()
        (nats / count).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()

    return update


def generation(model: LanguageModel) -> Callable[[], None]:
    """A piece drawn symbol by symbol."""
    state = model.eval().start(1)
    token_BT = torch.zeros(1, 1, dtype=torch.int64)

    @torch.inference_mode()
    def generate() -> None:
        nonlocal state, token_BT
        for _ in range(PIECE):
            logit_BTV, state = model.scan(token_BT, state)
            token_BT = torch.multinomial(logit_BTV[:, -1].softmax(dim=-1), 1)

    return generate


if __name__ == "__main__":
    main()
