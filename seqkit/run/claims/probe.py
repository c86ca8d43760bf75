"""One point of a memory measurement, in a process of its own: `python -m seqkit.run.claims.probe OPTIONS`.

A fresh process, since memory that was freed need not go back to the system. Peak resident memory above what the process held
before the work began; on a GPU, peak memory allocated above what was.

Axes: B sequences, T tokens, D features.
"""

import json
import math
import resource
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import TypeAdapter
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from seqkit.models.language_model import AnyLanguageModelConfig, LanguageModel, LanguageModelConfig
from seqkit.run.machine import peak_memory, prepare_machine

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
    limit_memory(options["limit"])
    with sdpa_kernel(SDPBackend.MATH) if options["materialised"] else nullcontext():
        work(model, random_tokens(WARM, device), options["piece"])
        token_1T = random_tokens(options["length"], device)
        before = forget_peak(device)
        limit_time(options["seconds"])
        started = time.process_time()
        try:
            state_bytes = work(model, token_1T, options["piece"])
        except (MemoryError, RuntimeError) as error:
            if not any(word in str(error).lower() for word in ("memory", "bad_alloc")):
                raise
            return {"failure": f"out of memory at a limit of {options['limit'] / 1e9:.3g} GB"}
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


def limit_memory(limit: float) -> None:
    """Let this process take so many bytes more and none beyond; on Linux alone is it known what it has."""
    with suppress(OSError):
        size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + int(limit), resource.RLIM_INFINITY))


def limit_time(seconds: float) -> None:
    """Let this process work for so many seconds more, of processor time, so that a busy machine does not count."""
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), resource.RLIM_INFINITY))


def forget_peak(device: torch.device) -> int:
    """Start to look for the peak anew; returns the bytes held now, or as near as the system lets one come."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak(device)


def peak(device: torch.device) -> int:
    """The most bytes held since `forget_peak`."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").split("\n"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return peak_memory()


if __name__ == "__main__":
    print(json.dumps(probe(json.loads(sys.argv[1]))))
