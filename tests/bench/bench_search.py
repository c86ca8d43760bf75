"""CPU time of one step of the search loop at batch 1, the model's own scan taken off: `python tests/bench/bench_search.py`.

The model gives the same scores at every step; one thread, CPU time, the least of the rounds.
"""

import time
from itertools import islice

import torch
from torch import Tensor

from seqkit.decoding.policies import Beam, Greedy
from seqkit.decoding.sampling import Sample
from seqkit.decoding.search import Policy, search
from seqkit.models.state import State

ROUNDS = 9


class Constant:
    def __init__(self, batch: int, symbols: int) -> None:
        self.logit_BTV = 2 * torch.randn(batch, 1, symbols)

    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        return self.logit_BTV[: len(token_BT)], state


def microseconds(policy: Policy, batch: int, symbols: int, live: int = 1) -> float:
    model, count = Constant(batch * live, symbols), 100_000 // (batch * symbols) + 100
    prompt_BT = torch.zeros((batch, 1), dtype=torch.int64)
    seconds: list[float] = []
    for _ in range(ROUNDS):
        steps = search(model, State({"none": torch.zeros(batch, 1)}), prompt_BT, policy, end=None, limit=None)
        next(steps)
        start = time.process_time()
        for _ in islice(steps, count):
            pass
        seconds.append(time.process_time() - start)
    return 1e6 * min(seconds) / count


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows: list[tuple[str, Policy, int]] = [
        ("greedy", Greedy(), 1),
        ("temperature 0.8", Sample(temperature=0.8), 1),
        ("temperature 0.8, top-k 20", Sample(temperature=0.8, top_k=20), 1),
        ("temperature 0.8, top-p 0.9", Sample(temperature=0.8, top_p=0.9), 1),
        ("temperature 0.8, min-p 0.05", Sample(temperature=0.8, min_p=0.05), 1),
        ("temperature 0.8, repetition penalty 1.2", Sample(temperature=0.8, repetition_penalty=1.2), 1),
        ("all of them", Sample(0.8, 40, 0.9, 0.05, 1.2, 64), 1),
        ("beam 5", Beam(5), 5),
    ]
    for symbols in (65, 8000):
        for batch in (1, 32):
            for name, policy, live in rows:
                print(f"V {symbols:5}, B {batch:2}, {name:40} {microseconds(policy, batch, symbols, live):9.1f} µs a step")
