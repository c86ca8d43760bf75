"""How many training runs diverge with gradients clipped to a norm (Pascanu et al. 2013), and how many without.

The same network, the same sequences, the same learning rate, with and without: a pair, judged by a sign test over all pairs.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from statistics import fmean
from typing import Any, Literal, NamedTuple, get_args

import torch
from pydantic import Field
from torch import nn

from seqkit.architecture.causal import CausalRecurrentConfig
from seqkit.config import Config
from seqkit.metrics.significance import sign_test
from seqkit.report.figure import Figure
from seqkit.report.report import Bars, Section, Table
from seqkit.run.claims.measurement import Evidence, Result, Setting
from seqkit.run.claims.problems import ProblemName, problem
from seqkit.run.claims.synthetic import Answerer, SyntheticBatches
from seqkit.run.claims.verdict import Check

ALPHA = 0.05
Family = Literal["rnn", "lstm"]
Optimizer = Literal["sgd", "adamw"]
Init = Literal["default", "forget"]
NAMES = {"rnn": "plain RNN", "lstm": "LSTM"}
INITS = {("rnn", "forget"): "identity"}
WITH, WITHOUT = "clipped", "unclipped"


class ClippingConfig(Config):
    """How often training diverges.

    Args:
        seeds: each network is drawn and trained once with each, at every learning rate, with and without clipping.
        clip: the norm that gradients are cut to.
        sgd: learning rates of plain gradient descent, without momentum.
        adamw: of AdamW.
        worse: a run diverged if its loss or gradient stopped being a number, or if its loss over the last tenth of the updates
            is on average more than this many times that of the untrained network.
        span: as the problem knows it.
        width: of the one layer of every network.
    """

    kind: Literal["clipping"]
    seeds: tuple[int, ...] = Field(default=(1, 2, 3, 4, 5), min_length=1)
    problem: ProblemName = "adding"
    clip: float = Field(default=1.0, gt=0)
    sgd: tuple[float, ...] = Field(default=(0.03, 0.1, 0.3, 1.0, 3.0), min_length=1)
    adamw: tuple[float, ...] = Field(default=(0.003, 0.01, 0.03, 0.1, 0.3), min_length=1)
    worse: float = Field(default=1.5, gt=1)
    span: int = Field(default=40, ge=4)
    width: int = Field(default=32, ge=2)
    updates: int = Field(default=100, ge=10)
    batch_size: int = Field(default=16, ge=1)

    def rates(self, optimizer: Optimizer) -> tuple[float, ...]:
        """The learning rates of an optimizer."""
        return self.sgd if optimizer == "sgd" else self.adamw


class Trial(NamedTuple):
    """A family at an initialisation, trained by an optimizer."""

    family: Family
    init: Init
    optimizer: Optimizer

    @property
    def name(self) -> str:
        """`rnn, identity`."""
        return f"{self.family}, {INITS.get((self.family, self.init), self.init)}"


TRIALS = tuple(Trial(*each) for each in product(get_args(Family), get_args(Init), get_args(Optimizer)))


class Clipping:
    """The measurement."""

    shows_itself = False

    def __init__(self, config: ClippingConfig, setting: Setting) -> None:
        self.config = config
        self.setting = setting

    def jobs(self) -> dict[str, Callable[[], Result]]:
        """All learning rates, with and without clipping, of a network, an optimizer and a seed."""
        return {
            job_name(trial, seed): lambda trial=trial, seed=seed: {
                kind: [self.diverges(trial, rate, clip, seed) for rate in self.config.rates(trial.optimizer)]
                for kind, clip in ((WITH, self.config.clip), (WITHOUT, math.inf))
            }
            for seed in self.config.seeds
            for trial in TRIALS
        }

    def diverges(self, trial: Trial, rate: float, clip: float, seed: int) -> bool:
        """Whether one run does."""
        torch.manual_seed(seed)
        config = self.config
        posed = problem(config.problem, config.span)
        body = CausalRecurrentConfig(family=trial.family, layers=1, width=config.width, norm=False, init=trial.init)
        model = Answerer(body, posed).to(self.setting.device)
        task = SyntheticBatches(model, posed, batch_size=config.batch_size, updates=config.updates, seed=seed)
        losses = descend(model, task, trial.optimizer, rate, clip)
        last = losses[-max(config.updates // 10, 1) :]
        return len(losses) < config.updates or fmean(last) > config.worse * losses[0]

    def evidence(self, results: Mapping[str, Result]) -> Evidence:
        """A check for each family, initialisation and optimizer."""
        found = {
            (trial, kind): [one for seed in self.config.seeds for one in results[job_name(trial, seed)][kind]]
            for trial in TRIALS
            for kind in (WITH, WITHOUT)
        }
        checks = [
            Check(
                f"Clipping keeps runs of a{'n' * (family == 'lstm')} {NAMES[family]} from diverging",
                (INITS.get((family, trial.init), trial.init), trial.optimizer),
                counts_figure(found[trial, WITH], found[trial, WITHOUT], WITH, WITHOUT),
                fewer(found[trial, WITH], found[trial, WITHOUT]),
            )
            for family in get_args(Family)
            for trial in TRIALS
            if trial.family == family
        ]
        for init, optimizer in product(get_args(Init), get_args(Optimizer)):
            plain, gated = (found[Trial(family, init, optimizer), WITHOUT] for family in get_args(Family))
            where = f"rnn {INITS['rnn', 'forget']}, lstm forget" if init == "forget" else init
            figure = counts_figure(plain, gated, "rnn", "lstm")
            checks.append(
                Check(
                    "Unclipped, more runs of a plain RNN diverge than of an LSTM",
                    (where, optimizer),
                    figure,
                    fewer(gated, plain),
                )
            )
        runs = len(found[TRIALS[0], WITH])
        return Evidence(
            checks=tuple(checks),
            headline=tuple(
                Figure(f"{NAMES[family]}, {kind}", 100 * share, "% of runs diverged", n=runs * 4)
                for family in get_args(Family)
                for kind in (WITHOUT, WITH)
                for share in [fmean(fmean(found[trial, kind]) for trial in TRIALS if trial.family == family)]
            ),
            sections=(Section("Diverged runs", blocks=(self.table(results), *map(self.plot(found), get_args(Optimizer)))),),
            subtitle=f"{self.config.problem} over {self.config.span} steps, one layer of {self.config.width}, "
            f"{self.config.updates} updates, gradients clipped to a norm of {self.config.clip:g}, seeds "
            f"{', '.join(map(str, self.config.seeds))}",
            note="A run diverged if its loss or gradient stopped being a number, or if its loss over the last tenth of the "
            f"updates was more than {self.config.worse:g} times that of the untrained network. A check pairs runs of equal "
            f"seed and learning rate: it holds where a sign test over the pairs shows the difference (p < {ALPHA:g}), fails "
            "where there were diverged runs and not fewer of them, and is open otherwise.",
        )

    def table(self, results: Mapping[str, Result]) -> Table:
        """How many seeds diverged, by learning rate."""
        rows: list[tuple[Any, ...]] = []
        for trial in TRIALS:
            own = [results[job_name(trial, seed)] for seed in self.config.seeds]
            for at, rate in enumerate(self.config.rates(trial.optimizer)):
                cells = (f"{sum(one[kind][at] for one in own)} of {len(own)}" for kind in (WITHOUT, WITH))
                rows.append((trial.name, trial.optimizer, f"{rate:g}", *cells))
        return Table("", ("network", "optimizer", "learning rate", WITHOUT, WITH), tuple(rows))

    def plot(self, found: Mapping[tuple[Trial, str], Sequence[bool]]) -> Callable[[Optimizer], Bars]:
        """The share of diverged runs of each network."""

        def of(optimizer: Optimizer) -> Bars:
            trials = [trial for trial in TRIALS if trial.optimizer == optimizer]
            groups = tuple((kind, tuple(100 * fmean(found[trial, kind]) for trial in trials)) for kind in (WITHOUT, WITH))
            return Bars(f"Diverged, {optimizer}", "runs, %", tuple(trial.name for trial in trials), groups)

        return of


def job_name(trial: Trial, seed: int) -> str:
    """`rnn, identity, sgd, seed 1`."""
    return f"{trial.name}, {trial.optimizer}, seed {seed}"


def descend(model: nn.Module, task: SyntheticBatches, optimizer: Optimizer, rate: float, clip: float) -> list[float]:
    """The loss before each update; ends early where the loss or the gradient is not a number."""
    build = torch.optim.SGD if optimizer == "sgd" else torch.optim.AdamW
    steps = build(model.parameters(), lr=rate)
    losses: list[float] = []
    for batch in task.batches(0):
        total, count = task.loss(batch)
        loss = total / count
        steps.zero_grad()
        loss.backward()
        norm = float(nn.utils.clip_grad_norm_(model.parameters(), clip))
        if not (math.isfinite(loss.item()) and math.isfinite(norm)):
            break
        losses.append(loss.item())
        steps.step()
    return losses


def fewer(less: Sequence[bool], more: Sequence[bool]) -> bool | None:
    """Whether fewer of the first runs diverged, by a sign test over pairs; None where that is not shown."""
    pairs = [*zip(less, more, strict=True)]
    better, worse = sum(b and not a for a, b in pairs), sum(a and not b for a, b in pairs)
    if better > worse:
        return True if sign_test(better, worse) < ALPHA else None
    return False if any(more) or any(less) else None


def counts_figure(first: Sequence[bool], second: Sequence[bool], one: str, other: str) -> Figure:
    """`0 clipped, 12 unclipped, of 20`."""
    return Figure("diverged", f"{sum(first)} {one}, {sum(second)} {other}", f"of {len(first)} runs")
