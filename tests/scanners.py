"""Small models that a search can drive, and what it should find, by means that share nothing with it.

Axes: B sequences, T tokens, H features, V symbols.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from pydantic import TypeAdapter
from torch import Tensor

from seqkit.architecture.language_model import LanguageModelConfig
from seqkit.models.language_model import LanguageModel
from seqkit.models.state import State

FAMILIES = {
    "rnn": {"family": "rnn", "width": 12},
    "lstm": {"family": "lstm", "width": 12},
    "gru": {"family": "gru", "width": 12},
    "mingru": {"family": "mingru", "width": 12},
    "transformer": {"family": "transformer", "width": 12, "heads": 2, "layers": 2, "window": 0},
    "sliding": {"family": "transformer", "width": 12, "heads": 2, "layers": 2, "window": 4, "positions": "alibi"},
}


@dataclass
class Toy:
    """h = tanh(h W + source + E[token]): what comes next depends on all that was read, and on a source fixed at the start.

    `lean` is added to the score of symbol 0.
    """

    symbols: int
    seed: int = 0
    sharpness: float = 1.5
    lean: float = 0.0
    scanned: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        random = torch.Generator().manual_seed(self.seed)

        def matrix(*shape: int) -> Tensor:
            return torch.randn(*shape, dtype=torch.float64, generator=random)

        width = 6
        self.recurrent_HH, self.embedding_VH = 0.6 * matrix(width, width), 1.5 * matrix(self.symbols, width)
        self.output_HV, self.source_H = self.sharpness * matrix(width, self.symbols), matrix(width)

    def start(self, batch: int) -> State:
        """Each sequence has a source of its own."""
        source_BH = self.source_H * torch.arange(1, batch + 1)[:, None] / batch
        return State({"h": torch.zeros(batch, 6, dtype=torch.float64)}, memory={"source": source_BH})

    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        self.scanned.append(tuple(token_BT.shape))
        assert state.batch == len(token_BT)
        h_BH, logits = state.carry["h"], []
        source_BH = state.memory["source"].repeat_interleave(state.batch // state.sources, dim=0)
        for token_B in token_BT.unbind(dim=1):
            h_BH = torch.tanh(h_BH @ self.recurrent_HH + source_BH + self.embedding_VH[token_B])
            logits.append(h_BH @ self.output_HV + self.lean * torch.eye(self.symbols)[0])
        return torch.stack(logits, dim=1), State({"h": h_BH}, memory=state.memory)


class Constant:
    """The same scores at every step."""

    def __init__(self, logits: list[float]) -> None:
        self.logit_V = torch.tensor(logits, dtype=torch.float64)

    def start(self, batch: int) -> State:
        return State({"none": torch.zeros(batch, 1)})

    def scan(self, token_BT: Tensor, state: State) -> tuple[Tensor, State]:
        return self.logit_V.expand(*token_BT.shape, -1), state


def language_model(name: str, symbols: int) -> LanguageModel:
    """An untrained one with decided opinions, in float64, in evaluation."""
    torch.manual_seed(5)
    config = TypeAdapter(LanguageModelConfig).validate_python(FAMILIES[name])
    model = LanguageModel(config, symbols).double().eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.4 * torch.randn_like(weight))
    return model


Model = Toy | Constant | LanguageModel
Found = tuple[float, list[int], list[float]]
"""A score, the symbols and their log-probabilities."""


def next_logp(model: Model, read: list[int], source: State) -> list[float]:
    """Read everything from the start, alone."""
    with torch.no_grad():
        logit_BTV, _ = model.scan(torch.tensor([read]), source)
    return torch.log_softmax(logit_BTV[0, -1], dim=-1).tolist()


def exhaustive(
    model: Model, prompt: list[int], source: State, end: int | None, limit: int, penalty: Callable[[int], float]
) -> list[Found]:
    """Every hypothesis, best first: those that end within the limit and those that it cuts off."""

    def grown(tokens: list[int], logps: list[float]) -> Iterator[Found]:
        if tokens and (tokens[-1] == end or len(tokens) == limit):
            yield math.fsum(logps) / penalty(len(tokens)), tokens, logps
            return
        for token, logp in enumerate(next_logp(model, prompt + tokens, source)):
            yield from grown([*tokens, token], [*logps, logp])

    return sorted(grown([], []), reverse=True)


def narrow_beam(
    model: Model, prompt: list[int], source: State, end: int, limit: int, penalty: Callable[[int], float], k: int
) -> list[Found]:
    """A monotonic beam as it is defined, which never stops before the limit."""
    live: list[Found] = [(0.0, [], [])]
    complete: list[Found] = []
    for length in range(1, limit + 1):
        places: list[Found] = []
        grown: list[Found] = []
        for place in range(k):
            if place < len(live):
                total, tokens, logps = live[place]
                after = enumerate(next_logp(model, prompt + tokens, source))
                grown += [(total + logp, [*tokens, token], [*logps, logp]) for token, logp in after]
            grown.sort(reverse=True)
            while grown and grown[0][1][-1] == end:
                total, *rest = grown.pop(0)
                complete.append((total / penalty(length), *rest))
            places += grown[:1]
            del grown[:1]
        live = places
    complete += [(total / penalty(limit), *rest) for total, *rest in live]
    return sorted(complete, reverse=True)[:k]
