"""One point of a memory measurement, in a process of its own: `python -m seqkit.run.claims.probe OPTIONS`.

A fresh process, since memory that was freed need not go back to the system. Peak resident memory above what the process held
before the work began; on a GPU, peak memory allocated above what was.

Axes: B sequences, T tokens, D features.
"""

import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Literal

import torch
from pydantic import TypeAdapter
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from seqkit.architecture.language_model import AnyLanguageModelConfig, LanguageModelConfig
from seqkit.models.language_model import LanguageModel
from seqkit.run.child import given
from seqkit.run.limits import forget_peak, limit_memory, limit_time, out_of_memory, peak
from seqkit.run.machine import prepare_machine, wait_for

SYMBOLS = 96
WARM = 32  # tokens; kernels are chosen and buffers taken before anything counts
Way = Literal["reading", "one pass", "training", "truncated"]


def probe(options: dict[str, Any]) -> dict[str, Any]:
    """Peak memory, bytes of the state left, and processor seconds of one piece of work; or why it failed.

    Where the work takes more than its seconds the process ends by SIGXCPU.

    Args:
        options: `model`, `way`, `length`, `piece`, `materialised`, `limit` in bytes, `seconds`, `device`, `threads`.
    """
    device = prepare_machine(options["device"], options["threads"])
    torch.manual_seed(1)
    config: AnyLanguageModelConfig = TypeAdapter[Any](LanguageModelConfig).validate_python(options["model"])
    model = LanguageModel(config, SYMBOLS).to(device)
    work = WAYS[options["way"]]
    limit_memory(options["limit"], device)
    with sdpa_kernel(SDPBackend.MATH) if options["materialised"] else nullcontext():
        work(model, random_tokens(WARM, device), options["piece"])
        token_1T = random_tokens(options["length"], device)
        before = forget_peak(device)
        limit_time(options["seconds"])
        started = time.process_time()
        try:
            state_bytes = work(model, token_1T, options["piece"])
            wait_for(device)
        except (MemoryError, RuntimeError) as error:
            return {"failure": out_of_memory(error, options["limit"])}
    seconds = time.process_time() - started
    return {"bytes": peak(device) - before, "state": state_bytes, "seconds": seconds, "parameters": model.parameter_count}


def random_tokens(length: int, device: torch.device) -> Tensor:
    """token_1T."""
    return torch.randint(SYMBOLS, (1, length), generator=torch.Generator().manual_seed(1)).to(device)


@torch.inference_mode()
def read(model: LanguageModel, token_1T: Tensor, piece: int) -> int:
    """Read piece by piece, the state carried."""
    state = model.eval().start(1)
    for part_1T in token_1T.split(piece, dim=1):
        _, state = model.scan(part_1T, state)
    return state.nbytes


@torch.inference_mode()
def read_at_once(model: LanguageModel, token_1T: Tensor, piece: int) -> int:
    """Read in one pass; the scores of the last token alone are asked for."""
    y_1TD, state = model.eval().body.scan(model.embed(token_1T), model.start(1))
    model.output_dropout(y_1TD[:, -1:])
    return state.nbytes


def train_whole(model: LanguageModel, token_1T: Tensor, piece: int) -> int:
    """One gradient through the whole text: full back-propagation through time."""
    nats, count, state = model.train().loss(token_1T[:, :-1], token_1T[:, 1:], model.start(1), precision=torch.float32)
    (nats / count).backward()
    return state.nbytes


def train_truncated(model: LanguageModel, token_1T: Tensor, piece: int) -> int:
    """A gradient a piece, the state carried and cut (Williams & Peng 1990)."""
    state = model.train().start(1)
    for token_1P, target_1P in zip(token_1T[:, :-1].split(piece, dim=1), token_1T[:, 1:].split(piece, dim=1), strict=True):
        nats, count, state = model.loss(token_1P, target_1P, state, precision=torch.float32)
        model.zero_grad()
        (nats / count).backward()
        state = state.detach()
    return state.nbytes


WAYS: dict[Way, Callable[[LanguageModel, Tensor, int], int]] = {
    "reading": read,
    "one pass": read_at_once,
    "training": train_whole,
    "truncated": train_truncated,
}


if __name__ == "__main__":
    print(json.dumps(probe(given())))
