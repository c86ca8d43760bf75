"""Speed of the scans on one CPU thread, beside `nn.GRU` in the same run: `python tests/bench/bench_scans.py`. Asserts nothing.

Contenders take turns (A B A B …), so that a busy machine slows all alike; CPU time, medians over the turns.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear

from seqkit.models.gru_scan import gru_scan
from seqkit.models.linear_scan import linear_scan

BATCH, STEPS, HIDDEN, SYMBOLS = 32, 64, 250, 65
ROUNDS, WARM_UP = 12, 2

Recurrence = Callable[[nn.GRU, Tensor], Tensor]


def by_torch(network: nn.GRU, x_TBH: Tensor) -> Tensor:
    return network(x_TBH)[0]


def by_scan(network: nn.GRU, x_TBH: Tensor) -> Tensor:
    weight_GH, recurrent_GH, input_bias_G, bias_G = network.parameters()
    gate_TBG = linear(x_TBH, weight_GH, input_bias_G)
    h_BH = recurrent_GH.new_zeros(x_TBH.shape[1], network.hidden_size)
    return gru_scan(gate_TBG.transpose(0, 1), h_BH, recurrent_GH, bias_G).transpose(0, 1)


def layer(recurrence: Recurrence, precision: torch.dtype) -> Callable[[], object]:
    """Forward and backward of one layer, its products with the input included."""
    network = nn.GRU(HIDDEN, HIDDEN)
    x_TBH, dy_TBH = torch.randn(STEPS, BATCH, HIDDEN, requires_grad=True), torch.randn(STEPS, BATCH, HIDDEN)

    def run() -> object:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
            y_TBH = recurrence(network, x_TBH)
        return torch.autograd.grad(y_TBH, [x_TBH, *network.parameters()], dy_TBH.to(y_TBH.dtype))

    return run


def training(recurrence: Recurrence, precision: torch.dtype) -> Callable[[], object]:
    """A step of a character model: tied embeddings, two layers, clipping, AdamW; 0.77 M parameters."""
    embedding, layers = nn.Embedding(SYMBOLS, HIDDEN), [nn.GRU(HIDDEN, HIDDEN) for _ in range(2)]
    weights = [weight for part in (embedding, *layers) for weight in part.parameters()]
    optimizer = torch.optim.AdamW(weights, fused=True)
    token_TB, target_TB = torch.randint(SYMBOLS, (2, STEPS, BATCH))

    def run() -> object:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
            x_TBH = embedding(token_TB)
            for network in layers:
                x_TBH = recurrence(network, x_TBH)
            logit_TBV = linear(x_TBH, embedding.weight)
        cross_entropy(logit_TBV.float().flatten(0, 1), target_TB.flatten()).backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return None

    return run


def linear_layer(parallel: bool, *, time_major: bool) -> Callable[[], object]:
    """Forward and backward of the linear scan alone: it has no weights."""
    keep_BTH, add_BTH, dy_BTH = torch.rand(3, BATCH, STEPS, HIDDEN)
    if time_major:
        keep_BTH, add_BTH, dy_BTH = (x.transpose(0, 1).contiguous().transpose(0, 1) for x in (keep_BTH, add_BTH, dy_BTH))
    inputs = [x.requires_grad_() for x in (keep_BTH, add_BTH, torch.zeros(BATCH, HIDDEN))]
    return lambda: torch.autograd.grad(linear_scan(*inputs, parallel=parallel), inputs, dy_BTH)


def milliseconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return 1e3 * (time.process_time() - start)


def compare(what: str, contenders: dict[str, Callable[[], object]]) -> None:
    """The first contender is the measure of the others."""
    turns = [[milliseconds(run) for run in contenders.values()] for _ in range(ROUNDS + WARM_UP)][WARM_UP:]
    print(f"\n{what}: B {BATCH}, T {STEPS}, H {HIDDEN}")
    for number, name in enumerate(contenders):
        ratio = median(turn[0] / turn[number] for turn in turns)
        taken = median(turn[number] for turn in turns)
        print(f"  {name:40} {taken:7.1f} ms  {BATCH * STEPS / taken:6.1f} k steps/s  {ratio:5.2f}x")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch.ones(3_000_000)  # as in training, where larger blocks teach the allocator to keep memory
    single, half = torch.float32, torch.bfloat16
    for what, made in (("one layer, forward and backward", layer), ("training step, two layers", training)):
        rivals = {f"{name}, {kind}": made(recurrence, dtype) for kind, dtype in (("float32", single), ("autocast", half))
                  for name, recurrence in (("nn.GRU", by_torch), ("gru_scan", by_scan))}  # fmt: skip
        compare(what, rivals)
    scans = {"nn.GRU, float32": layer(by_torch, single)}
    for parallel, time_major in ((False, False), (False, True), (True, False)):
        name = f"linear_scan by {'doubling' if parallel else 'steps'}{', time-major' if time_major else ''}"
        scans[name] = linear_layer(parallel, time_major=time_major)
    compare("linear scan alone, forward and backward", scans)
