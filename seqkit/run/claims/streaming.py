"""What one more token costs, in time and in memory, as a stream grows: recurrent networks and Transformers.

Axes: B sequences, T tokens.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field

from seqkit.architecture.language_model import AnyLanguageModelConfig, LanguageModelConfig
from seqkit.config import Config
from seqkit.engine.language_model import LanguageModel as Engine
from seqkit.engine.state import State
from seqkit.engine.weights import Weights
from seqkit.models.language_model import LanguageModel
from seqkit.models.weights import arrays
from seqkit.report.figure import Figure
from seqkit.report.report import Lines, Section, Series, Table
from seqkit.run.claims.measurement import Evidence, Result, Setting
from seqkit.run.claims.probe import SYMBOLS
from seqkit.run.claims.verdict import Check
from seqkit.tasks.language_modeling.generation import Reader
from seqkit.tasks.workloads import read

PIECE = 256  # tokens read at once between two measurements


class StreamingConfig(Config):
    """Latency and state of a growing stream.

    Args:
        systems: language models by name, of equal size as far as possible.
        lengths: tokens read before a measurement, rising.
        rounds: over all lengths.
        steps: single tokens timed one by one at each length, in each round.
        alike: a ratio of latencies up to this is called none, since a busy machine makes as much.
    """

    kind: Literal["streaming"]
    systems: dict[str, LanguageModelConfig] = Field(min_length=1)
    lengths: tuple[int, ...] = Field(default=(1, 16, 256, 1024, 4096, 16384, 65536), min_length=2)
    rounds: int = Field(default=10, ge=1)
    steps: int = Field(default=20, ge=1)
    alike: float = Field(default=1.25, gt=1)


class Streaming:
    """The measurement."""

    shows_itself = False

    def __init__(self, config: StreamingConfig, setting: Setting) -> None:
        self.config = config
        self.setting = setting

    def jobs(self) -> dict[str, Callable[[], Result]]:
        """One: the systems take turns, so that a noisy machine slows all of them alike."""
        return {", ".join(self.config.systems): self.measure}

    def measure(self) -> Result:
        """By system: milliseconds of a single token and bytes of the state after each length, and the number of parameters."""
        torch.manual_seed(1)
        models = {name: LanguageModel(system, SYMBOLS).eval() for name, system in self.config.systems.items()}
        readers = {name: self.reader(system, models[name]) for name, system in self.config.systems.items()}
        states = {(name, length): state for name, reader in readers.items() for length, state in self.stream(reader)}
        times: dict[tuple[str, int], list[float]] = {place: [] for place in states}
        for _ in range(self.config.rounds):
            for (name, length), state in states.items():
                _, after = self.step(readers[name], state)  # may copy a cache that another length has written on
                for _ in range(self.config.steps):
                    seconds, after = self.step(readers[name], after)
                    times[name, length].append(1e3 * seconds)
        return {
            name: {
                "parameters": model.parameter_count,
                "points": [
                    {"length": length, "milliseconds": median(times[name, length]), "state": states[name, length].nbytes}
                    for length in self.config.lengths
                ],
            }
            for name, model in models.items()
        }

    def reader(self, config: AnyLanguageModelConfig, model: LanguageModel) -> Reader:
        """What would write with such a model: the engine, or the module on a GPU."""
        device = self.setting.device
        return Engine(config, Weights(arrays(model)), SYMBOLS) if device.type == "cpu" else model.to(device)

    def stream(self, reader: Reader) -> Iterator[tuple[int, State[Any]]]:
        """The state after each length of one stream."""
        state, done, random = reader.start(1), 0, np.random.default_rng(1)
        for length in self.config.lengths:
            if length > done:
                _, state = read(reader, random.integers(SYMBOLS, size=(1, length - done)), state)
            done = length
            yield length, state

    def step(self, reader: Reader, state: State[Any]) -> tuple[float, State[Any]]:
        """Seconds of one token, and the state after it."""
        token_11 = np.zeros((1, 1), np.int64)
        started = time.perf_counter()
        logit_1V, state = read(reader, token_11, state)
        int(logit_1V.argmax())  # a GPU is waited for
        return time.perf_counter() - started, state

    def evidence(self, results: Mapping[str, Result]) -> Evidence:
        """A check of time and one of memory for each system."""
        (results,) = results.values()
        checks = [check for name, found in results.items() for check in self.checks(name, found["points"])]
        longest = self.config.lengths[-1]
        latest = {name: found["points"][-1] for name, found in results.items()}
        sizes = ", ".join(f"{name} {found['parameters']:,}" for name, found in results.items())
        return Evidence(
            checks=tuple(sorted(checks, key=lambda check: check.part)),
            headline=tuple(
                figure
                for name, point in latest.items()
                for figure in (
                    Figure(f"{name}, one token after {longest:,}", point["milliseconds"] / 1e3, "s"),
                    Figure(f"{name}, state after {longest:,}", point["state"], "bytes"),
                )
            ),
            sections=(
                Section(
                    "As the stream grows",
                    "\n\n".join(self.crossings(results)),
                    (
                        self.table(results),
                        self.plot(results, "Latency of one token", "ms", "milliseconds", 1),
                        self.plot(results, "State", "kB", "state", 1e3),
                    ),
                ),
            ),
            subtitle=f"parameters: {sizes}; batch 1, the median of "
            f"{self.config.rounds * self.config.steps} single tokens at each length, the systems in turns",
            note=f"Latency is alike where it differs by a factor of at most {self.config.alike:g} between the shortest and the "
            "longest stream. Memory: bytes that the state holds, all that is kept of the past.",
        )

    def checks(self, name: str, points: list[dict[str, Any]]) -> list[Check]:
        """A recurrent network keeps its latency and its memory; a Transformer does not."""
        recurrent = self.config.systems[name].family != "transformer"
        slower = points[-1]["milliseconds"] / points[0]["milliseconds"]
        larger = points[-1]["state"] / points[0]["state"]
        who, verb = ("A recurrent network's", "does not grow") if recurrent else ("A Transformer's", "grows")
        return [
            Check(
                f"{who} {what} {verb} with the stream",
                (name,),
                Figure("growth", ratio, "×"),
                (ratio <= bound) if recurrent else (ratio > bound),
            )
            for what, ratio, bound in (("latency", slower, self.config.alike), ("memory", larger, 1.0))
        ]

    def crossings(self, results: Mapping[str, Result]) -> list[str]:
        """From where on each Transformer is slower, and holds more, than each recurrent network."""
        families = {name: self.config.systems[name].family for name in results}
        sentences: list[str] = []
        for attentive in (name for name, family in families.items() if family == "transformer"):
            for recurrent in (name for name, family in families.items() if family != "transformer"):
                pairs = list(zip(results[attentive]["points"], results[recurrent]["points"], strict=True))
                for what, key in (("slower a token", "milliseconds"), ("larger in its state", "state")):
                    larger = [a[key] > r[key] for a, r in pairs]
                    lasting = [a["length"] for at, (a, _) in enumerate(pairs) if all(larger[at:])]
                    where = f"from {lasting[0]:,} token{'s' * (lasting[0] > 1)} on" if lasting else "at no length measured"
                    sentences.append(f"{attentive} is {what} than {recurrent} {where}.")
        return sentences

    def table(self, results: Mapping[str, Result]) -> Table:
        """A row a length."""
        rows: list[tuple[Any, ...]] = []
        for at, length in enumerate(self.config.lengths):
            points = [found["points"][at] for found in results.values()]
            times = (Figure("latency", point["milliseconds"] / 1e3, "s") for point in points)
            rows.append((f"{length:,}", *times, *(Figure("state", point["state"], "bytes") for point in points)))
        heads = *(f"{name}, a token" for name in results), *(f"{name}, state" for name in results)
        return Table("", ("tokens read", *heads), tuple(rows))

    def plot(self, results: Mapping[str, Result], title: str, unit: str, key: str, factor: float) -> Lines:
        """One of the two over the length."""
        series = tuple(
            Series(
                name,
                tuple(point["length"] for point in found["points"]),
                tuple(point[key] / factor for point in found["points"]),
            )
            for name, found in results.items()
        )
        return Lines(title, "tokens read", unit, series, log_x=True, log_y=True)
