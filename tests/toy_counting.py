"""A task of its own, as anyone may add one: how often does `a` stand in each of B lines? Rows of `text TAB count`."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from rich.console import Console
from torch import Tensor, nn

from seqkit.architecture.description import description
from seqkit.architecture.families import RecurrentFamily
from seqkit.data.lines import read_lines
from seqkit.data.sources import Sources
from seqkit.inspection.findings import Findings
from seqkit.recipe.recipe import Recipe
from seqkit.report.figure import Figure
from seqkit.tasks.scores import Scores, Speed
from seqkit.tasks.task import Summary, Task, Use
from seqkit.tasks.trained import Trained
from seqkit.training.dev_score import DevScore

Line = tuple[str, int]
Counts = tuple[str, list[tuple[int, int]]]  # of a split: for each line whether it is right, and 1


class CountingConfig(RecurrentFamily):
    family: Literal["rnn", "gru"] = "gru"
    width: int = 8


class CountingRecipe(Recipe):
    model: CountingConfig = CountingConfig()


class Counter(nn.Module):
    """One recurrent layer over bytes, and scores of the counts 0 to 7 from its last state."""

    def __init__(self, config: CountingConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(256, config.width)
        self.cell = {"rnn": nn.RNN, "gru": nn.GRU}[config.family](config.width, config.width, batch_first=True)
        self.output = nn.Linear(config.width, 8)

    def forward(self, texts: list[str]) -> Tensor:
        """score_BK; a line at a time, so that none is padded."""
        rows = [torch.tensor([[*text.encode()]]) for text in texts]
        return torch.cat([self.output(self.cell(self.embedding(byte_1T))[0][:, -1]) for byte_1T in rows])

    def right(self, lines: list[Line]) -> list[tuple[int, int]]:
        return [(int(int(self([text]).argmax()) == count), 1) for text, count in lines]


@dataclass(frozen=True)
class Lines:
    splits: dict[str, list[Line]]
    name: str = "lines"
    title: str = "lines"

    def describe(self) -> list[str]:
        return [f"{split}: {len(lines)} lines" for split, lines in self.splits.items()]


@dataclass
class Batches:
    model: Counter
    corpus: Lines
    recipe: CountingRecipe
    carried: dict[str, Tensor] = field(default_factory=dict)

    def batches_per_epoch(self) -> int:
        return -(-len(self.corpus.splits["train"]) // self.recipe.train.batch_size)

    def batches(self, epoch: int, start: int = 0) -> Iterator[list[Line]]:
        lines, size = self.corpus.splits["train"], self.recipe.train.batch_size
        order = np.random.default_rng((self.recipe.train.seed, epoch)).permutation(len(lines))
        yield from ([lines[at] for at in order[first : first + size]] for first in range(start * size, len(order), size))

    def loss(self, batch: list[Line]) -> tuple[Tensor, int]:
        score_BK, target_B = self.model([text for text, _ in batch]), torch.tensor([count for _, count in batch])
        return nn.functional.cross_entropy(score_BK, target_B, reduction="sum"), len(batch)

    def dev_score(self) -> float:
        return float(np.mean([right for right, _ in self.model.right(self.corpus.splits["dev"])]))


class TrainedCounter(Trained[Counter, None]):
    refusal = "cannot count"

    def untrained(self) -> Counter:
        return Counter(self.config)

    @classmethod
    def described_by(cls, files: Mapping[str, bytes], weights: Mapping[str, Any], device: str) -> "TrainedCounter":
        table, metadata = description(files)
        return cls(weights, CountingConfig(**table), None, metadata, device=device)


class Counting(Task[CountingRecipe, Lines, None, Counter, TrainedCounter, Counts]):
    recipe, trained, noun = CountingRecipe, TrainedCounter, "a counter"

    def read(self, recipe: CountingRecipe, sources: Sources, console: Console | None = None) -> Lines:
        rows = {s: [line.split("\t") for _, line in read_lines(path)] for s, path in sources.own.paths().items()}
        return Lines({split: [(text, int(count)) for text, count in found] for split, found in rows.items()})

    def fit_tokenizer(self, recipe: CountingRecipe, corpus: Lines) -> None: ...

    def build(self, recipe: CountingRecipe, corpus: Lines, tokenizer: None) -> Counter:
        return Counter(recipe.model)

    def trainable(self, recipe: CountingRecipe, corpus: Lines, tokenizer: None, model: Counter, folder: Path) -> Batches:
        return Batches(model, corpus, recipe)

    def dev_score(self, recipe: CountingRecipe, corpus: Lines) -> DevScore:
        return DevScore("accuracy", unit="lines")

    def finish(self, recipe: CountingRecipe, corpus: Lines, tokenizer: None, model: Counter, trainable: Any) -> TrainedCounter:
        return TrainedCounter(model, recipe.model, None, recipe.metadata(corpus.name))

    def evaluate(self, trained: TrainedCounter, corpus: Lines, split: str, recipe: Any, *, trained_on: bool) -> Counts:
        return split, trained.model.right(corpus.splits[split])

    def scores(self, trained: TrainedCounter, measured: Counts) -> Scores:
        return Scores(measure="accuracy", split=measured[0], units=measured[1], speeds={"alone": Speed(value=1, unit="/s")})

    def summary(self, trained: TrainedCounter, measured: Counts) -> Summary:
        percent = 100 * float(np.mean([right for right, _ in measured[1]]))
        return Summary(Figure(f"{measured[0]} accuracy", percent, "%"), "Counted.", ())

    def workload(self, trained: TrainedCounter) -> "OneLine":
        return OneLine(trained.model)

    def inspect(self, trained: TrainedCounter, text: str, target: str | None, layers: Collection[int]) -> Findings:
        return Findings((f"{int(trained.model([text]).argmax())} times",), (), ())


@dataclass
class OneLine:
    model: Counter
    waits: str = "one line"

    def use(self, length: int) -> Use:
        return Use(float(self.model(["a" * length])[0, 0]), None)

    def train(self, length: int) -> None:
        self.model(["a" * length]).sum().backward()


TASK = Counting()
