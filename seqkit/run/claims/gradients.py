"""How far back gradients reach in plain RNNs, LSTMs and GRUs, by initialisation, before and after training.

The gradient of the loss at one step with respect to the state k steps before it, relative to k = 0 (Hochreiter 1991, Bengio
et al. 1994), on the copying and the adding problem and on running text.

Axes: K distances.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median_low
from typing import Any, Literal, get_args

import numpy as np
import torch
from pydantic import Field

from seqkit.architecture.causal import CausalRecurrentConfig
from seqkit.architecture.language_model import RecurrentLanguageModelConfig
from seqkit.config import Config
from seqkit.data.sources import Sources
from seqkit.models.inspection.gradients import Reach
from seqkit.report.figure import Figure
from seqkit.report.report import Lines, Section, Series, Table
from seqkit.run.claims.measurement import Evidence, Result, Setting
from seqkit.run.claims.problems import ProblemName, problem
from seqkit.run.claims.synthetic import Answerer, SyntheticBatches, answer_reach
from seqkit.run.claims.verdict import BY_SEED, Check, by_seed
from seqkit.run.experiment import Experiment
from seqkit.tasks.language_modeling.batches import TextBatches
from seqkit.tasks.language_modeling.reach import state_reach
from seqkit.tasks.language_modeling.recipe import BatchConfig, TextRecipe
from seqkit.training.loop import Evaluated, Trainable, TrainConfig, TrainState, train

Family = Literal["rnn", "lstm", "gru"]
Init = Literal["default", "forget", "chrono"]
NAMES = {"rnn": "a plain RNN", "lstm": "an LSTM", "gru": "a GRU"}
STAGES = ("untrained", "trained")
POINTS = 100  # of a curve, at most
FLOOR = -6.0  # decades shown; what is smaller is nothing


class GradientsConfig(Config):
    """How far gradients reach.

    Args:
        seeds: each network is drawn and trained once with each.
        problems: what the networks read.
        corpus: of running text, for `text`, read character by character.
        vanished: steps within which a plain RNN's gradient is to fall below 1 %.
        carried: steps over which that of an LSTM or a GRU is not to.
        longest: the longest distance looked at.
        width: of the one layer of every network.
        span: blanks of the copying problem that is trained on; the adding problem is as long altogether, and so is a piece of
            text. Gradients are measured on longer sequences of the same kind.
        updates: of training.
    """

    kind: Literal["gradients"]
    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1)
    problems: tuple[Literal["copying", "adding", "text"], ...] = Field(default=("copying", "adding", "text"), min_length=1)
    corpus: str = "lm/pydoc"
    vanished: int = Field(default=20, ge=1)
    carried: int = Field(default=200, ge=1)
    longest: int = Field(default=250, ge=2)
    width: int = Field(default=48, ge=2)
    span: int = Field(default=30, ge=4)
    updates: int = Field(default=400, ge=1)
    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=1e-2, gt=0)


@dataclass(frozen=True)
class Network:
    """A cell at an initialisation; a plain RNN has two, the others three."""

    family: Family
    init: Init

    @property
    def condition(self) -> str:
        """The initialisation, as shown."""
        return "identity" if (self.family, self.init) == ("rnn", "forget") else self.init


NETWORKS = tuple(
    Network(family, init) for family in get_args(Family) for init in get_args(Init) if (family, init) != ("rnn", "chrono")
)


class Gradients:
    """The measurement."""

    shows_itself = False

    def __init__(self, config: GradientsConfig, setting: Setting) -> None:
        self.config = config
        self.setting = setting

    def jobs(self) -> dict[str, Callable[[], Result]]:
        """A network, a problem and a seed each."""
        return {
            job_name(network, name, seed): lambda network=network, name=name, seed=seed: self.measure(network, name, seed)
            for seed in self.config.seeds
            for name in self.config.problems
            for network in NETWORKS
        }

    def measure(self, network: Network, name: ProblemName | Literal["text"], seed: int) -> Result:
        """The reach before and after training, and what the training achieved."""
        torch.manual_seed(seed)
        config = self.config
        model: dict[str, Any] = {
            "family": network.family, "layers": 1, "width": config.width, "norm": False, "init": network.init,
            "longest": config.longest,
        }  # fmt: skip
        settings = TrainConfig(
            epochs=1, batch_size=config.batch_size, learning_rate=config.learning_rate, schedule="constant", warmup=0,
            weight_decay=0, average=0, seed=seed,
        )  # fmt: skip
        if name == "text":
            return self.on_text(RecurrentLanguageModelConfig(**model, tied=False), settings)
        task_problem, long = problem(name, config.span), problem(name, config.longest)
        answerer = Answerer(CausalRecurrentConfig(**model), task_problem).to(self.setting.device)
        task = SyntheticBatches(answerer, task_problem, batch_size=config.batch_size, updates=config.updates, seed=seed)

        def reach() -> Reach:
            return answer_reach(answerer, long, longest=config.longest, seed=seed)

        return before_and_after(answerer, task, settings, reach) | {"blind": task_problem.blind, "unit": task_problem.unit}

    def on_text(self, model_config: RecurrentLanguageModelConfig, settings: TrainConfig) -> dict[str, Any]:
        """The same of a language model of characters."""
        recipe = TextRecipe(
            task="generate", corpus=self.config.corpus, model=model_config, batches=BatchConfig(window=self.config.span),
            train=settings,
        )  # fmt: skip
        experiment = self.experiment
        tokenizer = experiment.tokenizer(recipe)
        model = experiment.build(recipe).to(self.setting.device)
        batches = experiment.task.trainable(recipe, experiment.corpus, tokenizer, model, self.setting.out)
        assert isinstance(batches, TextBatches)
        epochs = self.config.updates / batches.batches_per_epoch()
        settings = settings.model_copy(update={"epochs": epochs, "evaluate_every": 1e6})

        def reach() -> Reach:
            found = state_reach(batches.model, batches.dev, longest=self.config.longest)
            assert found is not None, "a recurrent state"
            return found

        return before_and_after(model, batches, settings, reach) | {"blind": math.log(tokenizer.size), "unit": "nats/character"}

    @cached_property
    def experiment(self) -> Experiment:
        """On the running text."""
        return Experiment(TextRecipe(task="generate", corpus=self.config.corpus), Sources(), self.setting.console)

    def evidence(self, results: Mapping[str, Result]) -> Evidence:
        """A check for each cell, initialisation, problem and stage; seeds must agree."""
        config = self.config
        reaches = {
            (network, name, stage): [
                Reach.of(np.power(10.0, results[job_name(network, name, seed)][stage])) for seed in config.seeds
            ]
            for network in NETWORKS
            for name in config.problems
            for stage in STAGES
        }
        checks = [
            Check(
                self.part(network),
                (network.condition, stage, name),
                self.figure(found),
                by_seed([*map(self.as_claimed(network), found)]),
            )
            for (network, name, stage), found in reaches.items()
        ]
        return Evidence(
            checks=tuple(checks),
            headline=tuple(
                self.figure(reaches[network, name, stage], f"{network.family}, {network.condition}, {stage} on {name}")
                for network in NETWORKS
                for name, stage in [(config.problems[-1], "trained")]
            ),
            sections=(
                Section("How far gradients reach", blocks=(self.table(reaches, results),)),
                *(
                    Section(
                        f"On {name}",
                        blocks=tuple(self.plot(reaches, family, name) for family in get_args(Family)),
                        detail=name != config.problems[-1],
                    )
                    for name in reversed(config.problems)
                ),
            ),
            subtitle=f"one layer of {config.width}, {config.updates} updates of AdamW on sequences of {config.span}, seeds "
            f"{', '.join(map(str, config.seeds))}",
            note="Steps: the distance from which on the gradient of one step's loss with respect to the state stays below 1 % "
            f"of that at the last step; the median over seeds. {BY_SEED}",
        )  # fmt: skip

    def part(self, network: Network) -> str:
        """The sentence that is tested."""
        if network.family == "rnn":
            return f"The gradient of {NAMES['rnn']} vanishes within {self.config.vanished} steps"
        return f"The gradient of {NAMES[network.family]} is carried over {self.config.carried} steps"

    def as_claimed(self, network: Network) -> Callable[[Reach], bool]:
        """Whether a reach is what the textbook says of the cell."""

        def vanishes(reach: Reach) -> bool:
            return reach.steps is not None and reach.steps <= self.config.vanished

        def is_carried(reach: Reach) -> bool:
            return reach.steps is None or reach.steps >= self.config.carried

        return vanishes if network.family == "rnn" else is_carried

    def figure(self, reaches: Sequence[Reach], name: str = "reach") -> Figure:
        """The median over seeds."""
        beyond = self.config.longest + 1
        steps = median_low([beyond if reach.steps is None else reach.steps for reach in reaches])
        return Figure(name, f"> {self.config.longest}" if steps == beyond else steps, "steps", seeds=self.config.seeds)

    def table(self, reaches: Mapping[tuple[Network, str, str], Sequence[Reach]], results: Mapping[str, Result]) -> Table:
        """A row a network and problem."""
        rows: list[tuple[Any, ...]] = []
        for name in self.config.problems:
            for network in NETWORKS:
                own = [results[job_name(network, name, seed)] for seed in self.config.seeds]
                rows.append((
                    f"{network.family}, {network.condition}", name,
                    *(self.figure(reaches[network, name, stage]) for stage in STAGES),
                    Figure("loss", fmean(one["loss"] for one in own), own[0]["unit"]),
                    Figure("blind", own[0]["blind"], own[0]["unit"]),
                ))  # fmt: skip
        return Table(
            "",
            ("network", "problem", "untrained", "trained", "loss, trained", "loss without memory"),
            tuple(rows),
            "Without memory: of answering the same whatever was read; of text, of a symbol at random.",
        )

    def plot(self, reaches: Mapping[tuple[Network, str, str], Sequence[Reach]], family: Family, name: str) -> Lines:
        """The gradient over the distance, by initialisation and stage."""
        series: list[Series] = []
        for network in NETWORKS:
            for stage in STAGES if network.family == family else ():
                every = -(-self.config.longest // POINTS)
                relative_SK = np.array([reach.relative_K[::every] for reach in reaches[network, name, stage]])
                places = tuple(range(0, self.config.longest, every))
                low, middle, high = (of(relative_SK, axis=0) for of in (np.min, np.median, np.max))
                band = tuple(low.tolist()), tuple(high.tolist())
                series.append(Series(f"{network.condition}, {stage}", places, tuple(middle.tolist()), *band))
        note = "Median over seeds; the band spans them."
        label = "gradient relative to 0 steps back"
        return Lines(f"{NAMES[family]}, {name}", "steps back", label, tuple(series), note, log_y=True)


def job_name(network: Network, name: str, seed: int) -> str:
    """`lstm, chrono, copying, seed 1`."""
    return f"{network.family}, {network.condition}, {name}, seed {seed}"


def before_and_after(
    model: torch.nn.Module, task: Trainable, settings: TrainConfig, reach: Callable[[], Reach]
) -> dict[str, Any]:
    """log10 of the relative gradient over the distance, untrained and trained, and the trained loss on what was held out."""
    untrained = decades(reach())
    loss = math.nan
    for event in train(task, TrainState(model, settings)):
        loss = -event.dev_score if isinstance(event, Evaluated) else loss
    return {"untrained": untrained, "trained": decades(reach()), "loss": loss}


def decades(reach: Reach) -> list[float]:
    """log10 of the gradient by distance, not below the least shown."""
    return np.log10(np.maximum(reach.relative_K, 10.0**FLOOR)).round(4).tolist()
